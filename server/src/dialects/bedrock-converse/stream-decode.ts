import { Buffer } from "node:buffer";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GenerateEvent, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import {
  choiceFinished,
  finished,
  opened,
  part,
  partClosed,
  partGrown,
  partOpened,
  reasoning,
  text,
} from "../../canonical/events.ts";
import type { Frame } from "../../framing/frame.ts";
import { cite } from "../citations.ts";
import type { StreamDecoder } from "../dialect.ts";
import { opaqueOf } from "../opaque.ts";
import { decoderOf, garbage } from "../stream-decoder.ts";
import { countIn, fieldsBeside, listIn, objectIn, parseObject, stringIn } from "../wire.ts";
import { decodeRedacted } from "./blocks.ts";
import { decodeCitation } from "./citations.ts";
import { frameError, isFailure } from "./error.ts";
import { decodeFinish, stopSequenceIn } from "./finish.ts";
import { decodeAnswerBlock, fieldsOfChoice } from "./reply.ts";
import { decodeUsage } from "./usage.ts";

const dialect = "bedrock-converse";

interface OpenBlock {
  /** The part's number; -1 while the block is gathered whole. */
  readonly index: number;
  readonly kind: Part["kind"]["case"];
  /** A block that cannot be shown before it is whole. */
  readonly gathered: Gathered | undefined;
  grown: boolean;
}

interface Gathered {
  /** The block's kind, and what its start said. */
  readonly kind: string;
  readonly start: JsonObject;
  json: string;
  readonly pieces: JsonValue[];
  readonly bytes: Buffer[];
}

/**
 * Events of ConverseStream to canonical ones. A block of text has no start: its first delta is one. The usage comes after
 * the ending, and only then is the stream complete.
 */
export function createDecoder(): StreamDecoder {
  const blocks = new Map<number, OpenBlock>();
  /** Calls that closed without a word of arguments. Whether that means none is known when the answer has ended. */
  const silent: number[] = [];
  let nextPart = 0;
  let isOpen = false;
  let ending: JsonObject | undefined;
  let metadata: JsonObject | undefined;

  function start(wire: JsonObject, events: GenerateEvent[]): void {
    if (isOpen) return;
    isOpen = true;
    const extra = fieldsBeside(wire, startWords);
    events.push(opened({ id: "", model: "", createTimeSeconds: 0, dialect, extra }));
  }

  function open(at: number, whole: Part, events: GenerateEvent[]): OpenBlock {
    const block = { index: nextPart, kind: whole.kind.case, gathered: undefined, grown: false };
    nextPart += 1;
    blocks.set(at, block);
    events.push(partOpened(0, block.index, whole));
    return block;
  }

  function gather(at: number, kind: string, said: JsonObject): OpenBlock {
    const gathered: Gathered = { kind, start: said, json: "", pieces: [], bytes: [] };
    const block: OpenBlock = { index: -1, kind: undefined, gathered, grown: false };
    blocks.set(at, block);
    return block;
  }

  function startBlock(wire: JsonObject, events: GenerateEvent[]): void {
    const at = countIn(wire.contentBlockIndex) ?? 0;
    if (blocks.has(at)) throw garbage("starts a block that is open already");
    const said = objectIn(wire.start) ?? {};
    const [kind = "unknown"] = Object.keys(said);
    const inner = objectIn(said[kind]) ?? {};
    const whole = kind === "toolUse" ? decodeAnswerBlock({ toolUse: { ...inner, input: "" } }) : undefined;
    if (whole?.kind.case === "toolCall") open(at, whole, events);
    else gather(at, kind, inner);
  }

  function growBlock(wire: JsonObject, events: GenerateEvent[]): void {
    const at = countIn(wire.contentBlockIndex) ?? 0;
    const delta = objectIn(wire.delta);
    if (delta === undefined || ending) throw garbage("grows a block that is not open");
    const block = blocks.get(at);
    if (block?.gathered) {
      gatherMore(block.gathered, delta);
      return;
    }
    if (typeof delta.text === "string") {
      grow(block ?? open(at, text(""), events), "text", "text", delta.text, events);
    } else if (delta.toolUse !== undefined) {
      if (block === undefined) throw garbage("grows a call that is not open");
      grow(block, "toolCall", "arguments", objectIn(delta.toolUse)?.input, events);
    } else if (delta.citation !== undefined) {
      const citation = objectIn(delta.citation);
      const cited = block ?? open(at, text(""), events);
      if (citation) cite(0, cited.index, [decodeCitation(citation)], events);
    } else if (delta.reasoningContent !== undefined) {
      growThought(at, block, objectIn(delta.reasoningContent) ?? {}, events);
    } else if (block === undefined) {
      gatherMore(gather(at, Object.keys(delta)[0] ?? "unknown", {}).gathered!, delta);
    }
  }

  function growThought(at: number, block: OpenBlock | undefined, delta: JsonObject, events: GenerateEvent[]): void {
    if (delta.redactedContent !== undefined && block === undefined) {
      gatherMore(gather(at, "reasoningContent", {}).gathered!, { reasoningContent: delta });
      return;
    }
    const thought = block ?? open(at, reasoning({}), events);
    if (delta.text !== undefined) grow(thought, "reasoning", "text", delta.text, events);
    if (delta.signature !== undefined) grow(thought, "reasoning", "signature", delta.signature, events);
  }

  function grow(
    block: OpenBlock,
    kind: Part["kind"]["case"],
    field: "text" | "arguments" | "signature",
    more: unknown,
    events: GenerateEvent[],
  ): void {
    const value = stringIn(more);
    if (!value) return;
    if (block.kind !== kind) throw garbage("grows a block with what it does not hold");
    block.grown = true;
    events.push(partGrown(0, block.index, { case: field, value }));
  }

  /** Deltas of a block that is held back: JSON and bytes are joined, pieces are listed, other fields are replaced. */
  function gatherMore(gathered: Gathered, delta: JsonObject): void {
    const [kind = ""] = Object.keys(delta);
    const value = delta[kind];
    const inner = objectIn(value) ?? {};
    if (Array.isArray(value)) gathered.pieces.push(...value);
    else if (kind === "toolUse") gathered.json += stringIn(inner.input) ?? "";
    else if (typeof inner.redactedContent === "string") {
      gathered.bytes.push(Buffer.from(inner.redactedContent, "base64"));
    } else Object.assign(gathered.start, inner);
  }

  function stopBlock(at: number, events: GenerateEvent[]): void {
    const block = blocks.get(at);
    if (block === undefined) return;
    blocks.delete(at);
    if (block.gathered) {
      const whole = wholeOf(block.gathered);
      events.push(partOpened(0, nextPart, whole), partClosed(0, nextPart));
      nextPart += 1;
    } else if (block.kind === "toolCall" && !block.grown) silent.push(block.index);
    else events.push(partClosed(0, block.index));
  }

  /** The ending has been said and so has the usage, in whichever order. */
  function finish(events: GenerateEvent[]): void {
    if (ending === undefined || metadata === undefined) return;
    if (!isOpen) start({}, events);
    for (const at of [...blocks.keys()]) stopBlock(at, events);
    const native = stringIn(ending.stopReason) ?? "";
    for (const index of silent) {
      if (native === "tool_use") events.push(partGrown(0, index, { case: "arguments", value: "{}" }));
      events.push(partClosed(0, index));
    }
    events.push(
      choiceFinished({
        choice: 0,
        finishReason: decodeFinish(native),
        nativeFinishReason: native,
        stopSequence: stopSequenceIn(ending.additionalModelResponseFields),
        extra: fieldsOfChoice(ending),
      }),
    );
    events.push(finished(decodeUsage(metadata.usage), fieldsBeside(metadata, padding)));
  }

  function read(frame: Frame, events: GenerateEvent[]): void {
    if (isFailure(frame)) throw frameError(frame);
    const wire = parseObject(frame.data);
    if (wire === undefined) throw garbage("holds an event that is not a JSON object");
    switch (frame.event) {
      case "contentBlockDelta":
        start({}, events);
        growBlock(wire, events);
        return;
      case "messageStart":
        start(wire, events);
        return;
      case "contentBlockStart":
        start({}, events);
        startBlock(wire, events);
        return;
      case "contentBlockStop":
        stopBlock(countIn(wire.contentBlockIndex) ?? 0, events);
        return;
      case "messageStop":
        ending = wire;
        finish(events);
        return;
      case "metadata":
        metadata = wire;
        finish(events);
    }
  }

  return decoderOf(read);
}

/** The part a held-back block has become. */
function wholeOf({ kind, start, json, pieces, bytes }: Gathered): Part {
  if (bytes.length > 0) return decodeRedacted(Buffer.concat(bytes).toString("base64"));
  const inner: JsonObject = { ...start };
  if (json !== "") inner.input = parseObject(json) ?? json;
  else if (kind === "toolUse") inner.input = {};
  if (pieces.length > 0 || kind === "toolResult") inner.content = [...(listIn(inner.content) ?? []), ...pieces];
  const block = { [kind]: inner };
  return kind === "image" ? decodeAnswerBlock(block) : part({ case: "opaque", value: opaqueOf(dialect, block) });
}

/** `p` makes all events nearly the same length, so that nobody can guess words from outside. It says nothing. */
const padding = new Set(["p"]);
const startWords = new Set(["role", "p"]);
