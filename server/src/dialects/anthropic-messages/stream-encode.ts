import type { JsonObject } from "@bufbuild/protobuf";
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
import { objectIn } from "../wire.ts";
import { citingFor } from "./citations.ts";
import { errorFrame } from "./error.ts";
import { encodeFinish } from "./finish.ts";
import { encodeAnswerPart } from "./reply.ts";
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
  /** It ends with a signature, which encrypted thoughts do not. */
  readonly isThought: boolean;
  /** Who made the signature, where that was said. */
  readonly origin: string | undefined;
}

/** A part that began while another block was open, and all that has happened to it. */
interface WaitingPart {
  readonly index: number;
  readonly part: Part;
  readonly deltas: PartGrown["delta"][];
  closed: boolean;
}

/**
 * Canonical events to events of Messages: blocks are numbered without gaps and one is open at a time. Parts that grow side
 * by side elsewhere wait for their turn.
 */
export function createEncoder(context: StreamContext): StreamEncoder {
  let crossing = new Crossing("", "anthropic-messages", context.losses);
  let current: OpenBlock | undefined;
  const waiting: WaitingPart[] = [];
  let nextBlock = 0;
  let ending: ChoiceFinished | undefined;
  const kinds = new Set<Part["kind"]["case"]>();
  /** The usage as its origin says it; it is told at the end. */
  let saidUsage: JsonObject | undefined;
  let frames: Frame[] = [];

  function emit(event: string, body: JsonObject): void {
    frames.push({ event, data: JSON.stringify({ type: event, ...body }) });
  }

  function open(event: Opened): void {
    crossing = new Crossing(event.dialect, "anthropic-messages", context.losses);
    const message: JsonObject = {
      id: event.id || context.id,
      type: "message",
      role: "assistant",
      model: event.model || context.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: encodeUsage(event.usage),
    };
    const { usage, ...extra } = event.extra ?? {};
    saidUsage = objectIn(usage);
    emit("message_start", { message: { ...message, ...crossing.extra(extra, "") } });
  }

  function openPart(index: number, part: Part): void {
    kinds.add(part.kind.case);
    if (current || waiting.length > 0) waiting.push({ index, part, deltas: [], closed: false });
    else startBlock(index, part);
  }

  function startBlock(index: number, said: Part): void {
    const path = replyPath(crossing.from, 0, index, said);
    const part = said.kind.case === "reasoning" ? said : crossing.withoutForeignSignature(said, path);
    if (part === undefined) return;
    const { kind } = part;
    const block = encodeAnswerPart(startOf(part), path, crossing, true);
    if (block === undefined) return;
    const isThought = kind.case === "reasoning" && kind.value.redacted === "";
    // The signature comes last, and so does the seal around it.
    if (isThought) block.signature = "";
    const { type, field } = deltaOf(kind.case);
    const head = `{"type":"content_block_delta","index":${nextBlock},"delta":{"type":"${type}","${field}":`;
    const { origin } = part;
    current = { part: index, kind: kind.case, path, before: head, after: "}}", signature: "", isThought, origin };
    emit("content_block_start", { index: nextBlock, content_block: block });
    if (kind.case === "toolCall") {
      // The vendor always begins with an empty piece.
      delta("");
      if (kind.value.arguments !== "") delta(kind.value.arguments);
    } else if (kind.case === "text" || kind.case === "refusal") {
      if (kind.value.text !== "") delta(kind.value.text);
    } else if (kind.case === "reasoning" && kind.value.redacted === "") {
      if (kind.value.text !== "") delta(kind.value.text);
      current.signature = kind.value.signature;
    }
  }

  function delta(text: string): void {
    if (!current) return;
    frames.push({ event: "content_block_delta", data: current.before + JSON.stringify(text) + current.after });
  }

  function emitDelta(body: JsonObject): void {
    emit("content_block_delta", { index: nextBlock, delta: body });
  }

  function grow(change: PartGrown["delta"]): void {
    if (!current) return;
    switch (change.case) {
      case "text":
      case "arguments":
        delta(change.value);
        return;
      case "signature":
        current.signature += change.value;
        return;
      case "extra":
        crossing.extra(change.value, current.path);
        return;
      case "citation":
        if (change.value.extra) emitDelta({ type: "citations_delta", citation: change.value.extra });
    }
  }

  function stopBlock(): void {
    if (!current) return;
    // A thought without its signature is not accepted back, so the signature always comes, if only to say there is none.
    if (current.isThought) {
      const { origin, signature } = current;
      emitDelta({ type: "signature_delta", signature: sealedSecret(origin, { signature, redacted: "" }, crossing) });
    }
    emit("content_block_stop", { index: nextBlock });
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

  function waitingAt(index: number): WaitingPart | undefined {
    return waiting.find((part) => part.index === index);
  }

  function growPart(index: number, change: PartGrown["delta"]): void {
    if (current?.part === index) grow(change);
    else waitingAt(index)?.deltas.push(change);
  }

  function closePart(index: number): void {
    if (current?.part === index) {
      stopBlock();
      resume();
      return;
    }
    const part = waitingAt(index);
    if (part) part.closed = true;
  }

  function finish(usage: Usage | undefined, said: JsonObject | undefined): void {
    stopBlock();
    for (const part of waiting) part.closed = true;
    resume();
    const { usage: raw = saidUsage, ...extra } = said ?? {};
    const wire = (crossing.same && usageAsSaid(raw, usage, decodeUsage)) || encodeUsage(usage);
    emit("message_delta", { delta: endingOf(ending), usage: wire, ...crossing.extra(extra, "") });
    emit("message_stop", {});
  }

  function endingOf(event: ChoiceFinished | undefined): JsonObject {
    if (event === undefined) return { stop_reason: "end_turn", stop_sequence: null };
    return { ...encodeFinish(event, kinds, crossing), ...crossing.extra(event.extra, "") };
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
      fail: (error) => frames.push(errorFrame(error, context.id)),
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
  switch (kind.case) {
    case "text":
    case "refusal":
      return { ...part, kind: { ...kind, value: { ...kind.value, text: "" } } };
    case "toolCall":
      return { ...part, kind: { ...kind, value: { ...kind.value, arguments: "{}" } } };
    case "reasoning":
      return { ...part, kind: { ...kind, value: { ...kind.value, text: "", signature: "" } } };
    default:
      return part;
  }
}

function deltaOf(kind: Part["kind"]["case"]): { type: string; field: string } {
  if (kind === "toolCall") return { type: "input_json_delta", field: "partial_json" };
  if (kind === "reasoning") return { type: "thinking_delta", field: "thinking" };
  return { type: "text_delta", field: "text" };
}
