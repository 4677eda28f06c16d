import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ChoiceFinished, Opened, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { citation } from "../../canonical/events.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import { encodeCitations } from "../citations.ts";
import { Crossing } from "../crossing.ts";
import type { StreamContext, StreamEncoder } from "../dialect.ts";
import { replyPath } from "../reply-path.ts";
import { sealedSecret } from "../seal.ts";
import { oneAnswerEncoderOf } from "../stream-encoder.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { listIn, objectIn } from "../wire.ts";
import { citingFor } from "./citations.ts";
import { errorFrame } from "./error.ts";
import { encodeFinish } from "./finish.ts";
import { answerContext, encodeAnswerPart, withoutUsage } from "./reply.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

/** The block that is open on the wire. */
interface OpenBlock {
  /** The part it writes. */
  readonly part: number;
  readonly kind: Part["kind"]["case"];
  readonly path: string;
  /** Around the text of a delta, ready to be joined: this runs once per token. */
  readonly before: string;
  readonly after: string;
  signature: string;
  /** Thoughts that are not encrypted, and who made their signature, where that was said. */
  readonly thought: { readonly origin: string | undefined } | undefined;
  /** Something has been written of it. A block of text that says nothing must be said. */
  isShown: boolean;
}

/** A part that began while another block was open, and all that has happened to it. */
interface WaitingPart {
  readonly index: number;
  readonly part: Part;
  readonly deltas: PartGrown["delta"][];
  closed: boolean;
}

/**
 * Canonical events to events of ConverseStream: blocks are numbered without gaps and one is open at a time. Parts that grow
 * side by side elsewhere wait for their turn.
 */
export function createEncoder(context: StreamContext): StreamEncoder {
  let crossing = new Crossing("", "bedrock-converse", context.losses);
  let blockContext = answerContext(crossing, true);
  let current: OpenBlock | undefined;
  const waiting: WaitingPart[] = [];
  let nextBlock = 0;
  let ending: ChoiceFinished | undefined;
  const kinds = new Set<Part["kind"]["case"]>();
  /** What the origin says of the whole answer; there is a place for it at the end only. */
  let saved: JsonObject | undefined;
  let frames: Frame[] = [];

  function emit(event: string, body: JsonObject): void {
    frames.push({ event, data: JSON.stringify(body) });
  }

  function emitDelta(delta: JsonObject): void {
    emit("contentBlockDelta", { contentBlockIndex: nextBlock, delta });
  }

  function open(event: Opened): void {
    crossing = new Crossing(event.dialect, "bedrock-converse", context.losses);
    blockContext = answerContext(crossing, true);
    saved = event.extra;
    emit("messageStart", { role: "assistant" });
  }

  function openPart(index: number, part: Part): void {
    kinds.add(part.kind.case);
    if (current || waiting.length > 0) waiting.push({ index, part, deltas: [], closed: false });
    else startBlock(index, part);
  }

  function startBlock(index: number, part: Part): void {
    const path = replyPath(crossing.from, 0, index);
    const block = encodeAnswerPart(startOf(part), path, blockContext);
    if (block === undefined) return;
    const { before, after } = deltaOf(part.kind.case, nextBlock);
    const thought =
      part.kind.case === "reasoning" && part.kind.value.redacted === "" ? { origin: part.origin } : undefined;
    current = { part: index, kind: part.kind.case, path, before, after, signature: "", thought, isShown: false };
    writeStart(block, part);
  }

  function writeStart(block: JsonObject, { kind, extra }: Part): void {
    switch (kind.case) {
      case "text":
      case "refusal":
        if (kind.value.text !== "") delta(kind.value.text);
        if (kind.case === "text") cite(extra);
        return;
      case "reasoning":
        if (kind.value.redacted !== "") {
          writeWhole(block);
          return;
        }
        if (kind.value.text !== "") delta(kind.value.text);
        current!.signature = kind.value.signature;
        return;
      case "toolCall": {
        const { input: _, ...start } = objectIn(block.toolUse) ?? {};
        emit("contentBlockStart", { contentBlockIndex: nextBlock, start: { toolUse: start } });
        current!.isShown = true;
        if (kind.value.arguments !== "") delta(kind.value.arguments);
        return;
      }
      default:
        writeWhole(block);
    }
  }

  /** A block that does not grow. */
  function writeWhole(block: JsonObject): void {
    const [kind = ""] = Object.keys(block);
    const inner = objectIn(block[kind]) ?? {};
    current!.isShown = true;
    if (kind === "reasoningContent") {
      emitDelta({ reasoningContent: inner });
      return;
    }
    const { content, input, source, ...start } = inner;
    emit("contentBlockStart", { contentBlockIndex: nextBlock, start: { [kind]: start } });
    if (kind === "toolUse") emitDelta({ toolUse: { input: JSON.stringify(input ?? {}) } });
    else if (content !== undefined) emitDelta({ [kind]: content });
    else if (source !== undefined) emitDelta({ [kind]: { source } });
  }

  function delta(text: string): void {
    if (!current) return;
    current.isShown = true;
    frames.push({ event: "contentBlockDelta", data: current.before + JSON.stringify(text) + current.after });
  }

  function cite(extra: JsonObject | undefined): void {
    if (!current || extra === undefined) return;
    const own = crossing.extra(extra, current.path);
    for (const citation of listIn(own?.citations) ?? []) showCitation(citation);
  }

  function showCitation(citation: JsonValue): void {
    current!.isShown = true;
    emitDelta({ citation });
  }

  function grow(change: PartGrown["delta"]): void {
    if (!current) return;
    switch (change.case) {
      case "text":
      case "arguments":
        delta(change.value);
        return;
      case "signature":
        if (current.thought) current.signature += change.value;
        else crossing.lose(`${current.path}.signature`);
        return;
      case "extra":
        cite(change.value);
        return;
      case "citation":
        if (change.value.extra) showCitation(change.value.extra);
    }
  }

  function stopBlock(): void {
    if (!current) return;
    const { thought } = current;
    const signature = thought && sealedSecret(thought.origin, { signature: current.signature, redacted: "" }, crossing);
    if (signature) {
      emitDelta({ reasoningContent: { signature } });
      current.isShown = true;
    }
    if (!current.isShown) delta("");
    emit("contentBlockStop", { contentBlockIndex: nextBlock });
    nextBlock += 1;
    current = undefined;
  }

  /** Writes the parts whose turn has come. */
  function resume(): void {
    while (!current && waiting.length > 0) {
      const next = waiting.shift()!;
      startBlock(next.index, next.part);
      for (const change of next.deltas) grow(change);
      if (next.closed) stopBlock();
    }
  }

  function growPart(index: number, change: PartGrown["delta"]): void {
    if (current?.part === index) grow(change);
    else waiting.find((part) => part.index === index)?.deltas.push(change);
  }

  function closePart(index: number): void {
    if (current?.part === index) {
      stopBlock();
      resume();
      return;
    }
    const part = waiting.find((one) => one.index === index);
    if (part) part.closed = true;
  }

  function finish(usage: Usage | undefined, said: JsonObject | undefined): void {
    stopBlock();
    for (const part of waiting) part.closed = true;
    resume();
    const { usage: raw, ...extra } = { ...saved, ...said };
    const own = crossing.extra(withoutUsage(extra), "");
    emit("messageStop", ending ? encodeFinish(ending, kinds, crossing) : { stopReason: "end_turn" });
    const wire = (crossing.same && usageAsSaid(raw, usage, decodeUsage)) || (usage && encodeUsage(usage, crossing));
    emit("metadata", { ...(wire ? { usage: wire } : {}), ...own });
  }

  return oneAnswerEncoderOf(
    {
      open,
      openPart,
      growPart,
      cite(index, { citations, text }) {
        const path = replyPath(crossing.from, 0, index);
        for (const wire of encodeCitations({ citations, text }, path, crossing, citingFor)) {
          growPart(index, { case: "citation", value: citation({ extra: wire }) });
        }
      },
      closePart,
      finishChoice(event) {
        ending = event;
      },
      finish,
      fail: (error) => frames.push(errorFrame(error)),
      take() {
        const taken = frames;
        frames = [];
        return taken;
      },
    },
    context.losses,
  );
}

/** The part as its block starts: without the words that come in deltas. */
function startOf(part: Part): Part {
  const { kind } = part;
  if (kind.case === "toolCall") return { ...part, kind: { ...kind, value: { ...kind.value, arguments: "{}" } } };
  // Its citations come in deltas too.
  return kind.case === "text" ? { ...part, extra: undefined } : part;
}

function deltaOf(kind: Part["kind"]["case"], block: number): { before: string; after: string } {
  const head = `{"contentBlockIndex":${block},"delta":{`;
  if (kind === "toolCall") return { before: `${head}"toolUse":{"input":`, after: "}}}" };
  if (kind === "reasoning") return { before: `${head}"reasoningContent":{"text":`, after: "}}}" };
  return { before: `${head}"text":`, after: "}}" };
}
