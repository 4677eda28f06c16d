import type { JsonObject } from "@bufbuild/protobuf";
import type { ChoiceFinished, Opened, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { GatewayError } from "../../canonical/error.ts";
import { copyOf, grow } from "../../canonical/fold.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import { Crossing } from "../crossing.ts";
import type { StreamContext, StreamEncoder } from "../dialect.ts";
import { replyPath } from "../reply-path.ts";
import { oneAnswerEncoderOf } from "../stream-encoder.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { listIn, objectIn } from "../wire.ts";
import { encodeAnswerPart, encodeOutputItem, inventedItemId, itemIdOf } from "./answer-items.ts";
import { failureFrames } from "./error.ts";
import { encodeFinish } from "./finish.ts";
import { continuesItem, type Item, kindOf } from "./items.ts";
import { markOf } from "./mark.ts";
import { isSpeaking } from "./reply.ts";
import { fieldsOf } from "./response.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

/** The item that is open on the wire. */
interface OpenItem extends Item {
  readonly id: string;
  readonly index: number;
  readonly path: string;
  /** Entries of its content, or of its summary, so far. */
  entries: number;
}

/** The part that is open on the wire. */
interface OpenPart {
  readonly number: number;
  /** A copy that grows: the vendor repeats everything when it is complete. */
  readonly part: Part;
  /** The name of its deltas. */
  event: string;
  /** Around the text of a delta, ready to be joined: this runs once per token. */
  before: string;
  after: string;
  /** Which entry it is. Thoughts have none before their first word. */
  entry: number | undefined;
}

/** A part that began while another one was open, and all that has happened to it. */
interface WaitingPart {
  readonly number: number;
  readonly part: Part;
  readonly deltas: PartGrown["delta"][];
  closed: boolean;
}

/**
 * Canonical events to events of Responses, in the vendor's order: items one after the other, everything said in pieces, then
 * whole, and the whole answer once more at the end. Parts that grow side by side elsewhere wait for their turn.
 */
export function createEncoder(context: StreamContext): StreamEncoder {
  let crossing = new Crossing("", "openai-responses", context.losses);
  let sequenceNumber = 0;
  let isOpen = false;
  let replyId = context.id;
  /** What every event with a response in it says of it. */
  let head: JsonObject = {};
  let fields: JsonObject = {};
  const output: JsonObject[] = [];
  let item: OpenItem | undefined;
  let current: OpenPart | undefined;
  const waiting: WaitingPart[] = [];
  let ending: ChoiceFinished | undefined;
  /** The usage as its origin says it; it is told at the end. */
  let saidUsage: JsonObject | undefined;
  let frames: Frame[] = [];

  function emit(type: string, body: JsonObject): void {
    frames.push({ event: type, data: JSON.stringify({ type, ...body, sequence_number: sequenceNumber }) });
    sequenceNumber += 1;
  }

  function emitResponse(type: string, more: JsonObject): void {
    const said = { error: null, incomplete_details: null, ...more, ...fields, usage: more.usage ?? null };
    emit(type, { response: { ...head, ...said } });
  }

  function open(event: Opened): void {
    isOpen = true;
    crossing = new Crossing(event.dialect, "openai-responses", context.losses);
    replyId = event.id || context.id;
    head = {
      id: replyId,
      object: "response",
      created_at: Number(event.createTimeSeconds) || context.createTimeSeconds,
      model: event.model || context.model,
    };
    const { usage, ...extra } = event.extra ?? {};
    saidUsage = objectIn(usage);
    fields = fieldsOf(extra, crossing, context.echo);
    emitResponse("response.created", { status: "in_progress", output: [] });
    emitResponse("response.in_progress", { status: "in_progress", output: [] });
  }

  function openPart(number: number, part: Part): void {
    if (current || waiting.length > 0) waiting.push({ number, part, deltas: [], closed: false });
    else startPart(number, part);
  }

  function startPart(number: number, part: Part): void {
    const path = replyPath(crossing.from, 0, number);
    if (!isSpeaking(part, path, crossing)) return;
    const copy = copyOf(part);
    const last = item?.parts.at(-1)?.part;
    if (item === undefined || last === undefined || !continuesItem(copy, last, crossing.same)) {
      closeItem("completed");
      item = openItem(number, copy, path);
    } else item.parts.push({ part: copy, at: number });
    current = { number, part: copy, event: "", before: "", after: "", entry: undefined };
    startEntry(copy);
  }

  function openItem(number: number, part: Part, path: string): OpenItem {
    const index = output.length;
    const kind = kindOf(part, crossing.same);
    const bare: Item = { kind, parts: [{ part, at: number }] };
    const id = itemIdOf(bare, crossing.same) ?? inventedItemId(kind, replyId, index);
    const opened: OpenItem = { ...bare, id, index, path, entries: 0 };
    const whole = encodeOutputItem(bare, id, "in_progress", path, crossing);
    emit("response.output_item.added", { item: kind === "whole" ? whole : begun(whole), output_index: index });
    return opened;
  }

  /** Begins what the words of the part will be: an entry of the content, or the arguments. */
  function startEntry(part: Part): void {
    const { kind } = part;
    switch (kind.case) {
      case "text":
        startContent(part, "response.output_text.delta", ',"logprobs":[]');
        if (kind.value.text !== "") delta(kind.value.text);
        return;
      case "refusal":
        startContent(part, "response.refusal.delta", "");
        if (kind.value.text !== "") delta(kind.value.text);
        return;
      case "toolCall": {
        Object.assign(current!, around("response.function_call_arguments.delta", ""));
        if (kind.value.arguments !== "") delta(kind.value.arguments);
        return;
      }
      case "reasoning":
        if (kind.value.text !== "") think(kind.value.text);
        return;
      default:
        // An entry that only this dialect understands comes whole.
        if (item!.kind === "message") startContent(part, "", "");
    }
  }

  function startContent(part: Part, deltaType: string, more: string): void {
    const entry = nextEntry();
    const isProse = part.kind.case === "text" || part.kind.case === "refusal";
    const whole = encodeAnswerPart(part, item!.path, crossing) ?? {};
    emitEntry("response.content_part.added", "content_index", entry, { part: isProse ? begun(whole) : whole });
    Object.assign(current!, around(deltaType, `"content_index":${entry},`, more));
  }

  function nextEntry(): number {
    const entry = item!.entries;
    item!.entries += 1;
    current!.entry = entry;
    return entry;
  }

  function around(type: string, place: string, more = ""): Pick<OpenPart, "event" | "before" | "after"> {
    const { id, index } = item!;
    return {
      event: type,
      before: `{"type":"${type}",${place}"delta":`,
      after: `,"item_id":${JSON.stringify(id)}${more},"output_index":${index},"sequence_number":`,
    };
  }

  /** Thoughts have an entry from their first word on: often there is none to be seen. */
  function think(words: string): void {
    if (current!.entry === undefined) {
      const entry = nextEntry();
      if (isContent(current!.part)) {
        emitEntry("response.content_part.added", "content_index", entry, {
          part: { type: "reasoning_text", text: "" },
        });
        Object.assign(current!, around("response.reasoning_text.delta", `"content_index":${entry},`));
      } else {
        const part = { type: "summary_text", text: "" };
        emitEntry("response.reasoning_summary_part.added", "summary_index", entry, { part });
        Object.assign(current!, around("response.reasoning_summary_text.delta", `"summary_index":${entry},`));
      }
    }
    delta(words);
  }

  function isContent(part: Part): boolean {
    return (crossing.same && markOf(part.extra)?.content) ?? false;
  }

  function emitEntry(type: string, place: string, entry: number, body: JsonObject): void {
    emit(type, { [place]: entry, item_id: item!.id, output_index: item!.index, ...body });
  }

  function delta(words: string): void {
    const { event, before, after } = current!;
    // What only this dialect understands has been said whole.
    if (event === "") return;
    frames.push({ event, data: `${before}${JSON.stringify(words)}${after}${sequenceNumber}}` });
    sequenceNumber += 1;
  }

  function growPart(number: number, change: PartGrown["delta"]): void {
    if (current?.number === number) growCurrent(change);
    else waiting.find((part) => part.number === number)?.deltas.push(change);
  }

  function growCurrent(change: PartGrown["delta"]): void {
    const { part } = current!;
    grow(part, change);
    if (change.case === "arguments") delta(change.value);
    else if (change.case === "text") {
      if (part.kind.case === "reasoning") think(change.value);
      else delta(change.value);
    }
  }

  function closePart(number: number): void {
    if (current?.number === number) {
      finishPart();
      resume();
      return;
    }
    const part = waiting.find((part) => part.number === number);
    if (part) part.closed = true;
  }

  /** Says the whole of what was said in pieces. */
  function finishPart(): void {
    if (!current || !item) return;
    const { part, entry = 0 } = current;
    const { kind } = part;
    if (item.kind === "message") {
      const whole = encodeAnswerPart(part, item.path, crossing) ?? {};
      if (kind.case === "text") {
        for (const [annotation_index, annotation] of (listIn(whole.annotations) ?? []).entries()) {
          const added = { annotation_index, annotation };
          emitEntry("response.output_text.annotation.added", "content_index", entry, added);
        }
        const said = { logprobs: whole.logprobs ?? [], text: kind.value.text };
        emitEntry("response.output_text.done", "content_index", entry, said);
      } else if (kind.case === "refusal") {
        emitEntry("response.refusal.done", "content_index", entry, { refusal: kind.value.text });
      }
      emitEntry("response.content_part.done", "content_index", entry, { part: whole });
    } else if (kind.case === "reasoning" && current.entry !== undefined) {
      const { text } = kind.value;
      if (isContent(part)) {
        emitEntry("response.reasoning_text.done", "content_index", entry, { text });
        emitEntry("response.content_part.done", "content_index", entry, { part: { type: "reasoning_text", text } });
      } else {
        emitEntry("response.reasoning_summary_text.done", "summary_index", entry, { text });
        const whole = { type: "summary_text", text };
        emitEntry("response.reasoning_summary_part.done", "summary_index", entry, { part: whole });
      }
    } else if (kind.case === "toolCall") {
      const said = { arguments: kind.value.arguments, item_id: item.id, output_index: item.index };
      emit("response.function_call_arguments.done", said);
    }
    current = undefined;
  }

  function closeItem(status: string): void {
    if (!item) return;
    const whole = encodeOutputItem(item, item.id, status, item.path, crossing);
    emit("response.output_item.done", { item: whole, output_index: item.index });
    output.push(whole);
    item = undefined;
  }

  function resume(): void {
    while (!current && waiting.length > 0) {
      const next = waiting.shift()!;
      startPart(next.number, next.part);
      if (current === undefined) continue;
      for (const change of next.deltas) growCurrent(change);
      if (next.closed) finishPart();
    }
  }

  function finish(usage: Usage | undefined, said: JsonObject | undefined): void {
    for (const part of waiting) part.closed = true;
    finishPart();
    resume();
    const { status, ...rest } = encodeFinish(ending, output.some(isCall) || item?.kind === "call", crossing);
    const isCut = status === "incomplete";
    // An answer that was cut short was cut short in its last item.
    closeItem(isCut ? "incomplete" : "completed");
    const { usage: raw = saidUsage, ...extra } = said ?? {};
    if (said) fields = { ...fields, ...fieldsOf(extra, crossing, context.echo) };
    const counted = (crossing.same && usageAsSaid(raw, usage, decodeUsage)) || (usage && encodeUsage(usage));
    const type = isCut ? "response.incomplete" : "response.completed";
    emitResponse(type, { status: status ?? "completed", ...rest, output, usage: counted ?? null });
  }

  /** What was said until then stays said. */
  function fail(error: GatewayError): void {
    if (!isOpen) {
      frames.push(...failureFrames(error, sequenceNumber));
      return;
    }
    if (item) output.push(encodeOutputItem(item, item.id, "incomplete", item.path, crossing));
    const response = { ...head, incomplete_details: null, output, ...fields, usage: null };
    frames.push(...failureFrames(error, sequenceNumber, response));
  }

  return oneAnswerEncoderOf(
    {
      open,
      openPart,
      growPart,
      cite(number, { citations }) {
        for (const value of citations) growPart(number, { case: "citation", value });
      },
      closePart,
      finishChoice(event) {
        ending = event;
        crossing.extra(event.extra, "");
      },
      finish,
      fail,
      take() {
        const taken = frames;
        frames = [];
        return taken;
      },
    },
    context.losses,
  );
}

function isCall({ type }: JsonObject): boolean {
  return type === "function_call";
}

/** A thing as it begins: without the words that come in pieces. */
function begun(whole: JsonObject): JsonObject {
  const { encrypted_content: _, ...start } = whole;
  if (Array.isArray(start.content)) start.content = [];
  if (Array.isArray(start.summary)) start.summary = [];
  if (Array.isArray(start.annotations)) start.annotations = [];
  for (const words of ["text", "refusal", "arguments"]) if (typeof start[words] === "string") start[words] = "";
  return start;
}
