import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { choiceFinished, finished, opened, part, partClosed, partGrown, partOpened } from "../../canonical/events.ts";
import type { Frame } from "../../framing/frame.ts";
import { cite } from "../citations.ts";
import type { StreamDecoder } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { opaqueOf } from "../opaque.ts";
import { decoderOf, garbage } from "../stream-decoder.ts";
import { countIn, fieldsBeside, objectIn, parseObject, stringIn } from "../wire.ts";
import { decodeCitation } from "./citations.ts";
import { decodeFinish } from "./finish.ts";
import { decodeAnswerBlock, explanation } from "./reply.ts";
import { decodeUsage, mergeUsage } from "./usage.ts";

const dialect = "anthropic-messages";

interface OpenBlock {
  /** The part's number: blocks of the wire that are held back or skipped leave no gap. */
  readonly index: number;
  readonly part: Part;
  /** A block that only this dialect understands is gathered whole. */
  readonly gathered: JsonObject | undefined;
  /** Arguments said at the start of the block, until it shows whether they are said again in pieces. */
  startArguments: string;
  grown: boolean;
  json: string;
}

/** Events of Messages to canonical ones. Order and nesting are nearly the same; unknown events and pings are skipped. */
export function createDecoder(): StreamDecoder {
  const blocks = new Map<number, OpenBlock>();
  let nextPart = 0;
  let isOpen = false;
  let usage: JsonObject | undefined;
  let native = "";
  let stopSequence = "";
  let stopDetails: JsonObject | undefined;
  let extra: JsonObject | undefined;

  function start(wire: JsonObject, events: GenerateEvent[]): void {
    if (isOpen) return;
    isOpen = true;
    const message = objectIn(wire.message) ?? {};
    usage = mergeUsage(usage, message.usage);
    events.push(
      opened({
        id: stringIn(message.id) ?? "",
        model: stringIn(message.model) ?? "",
        createTimeSeconds: 0,
        dialect,
        usage: decodeUsage(usage),
        extra: fieldsBeside(message, messageWords),
      }),
    );
  }

  function startBlock(wire: JsonObject, events: GenerateEvent[]): void {
    const block = objectIn(wire.content_block) ?? {};
    const at = countIn(wire.index) ?? 0;
    if (!isOpen) start({}, events);
    if (blocks.has(at)) throw garbage("starts a block that is open already");
    const whole = decodeAnswerBlock(
      block.type === "tool_use" && block.input === undefined ? { ...block, input: {} } : block,
    );
    const isOpaque = whole.kind.case === "opaque";
    let startArguments = "";
    if (whole.kind.case === "toolCall") {
      startArguments = whole.kind.value.arguments;
      whole.kind.value.arguments = "";
    }
    const open: OpenBlock = {
      index: isOpaque ? -1 : nextPart,
      part: whole,
      gathered: isOpaque ? { ...block } : undefined,
      startArguments,
      grown: false,
      json: "",
    };
    blocks.set(at, open);
    if (isOpaque) return;
    nextPart += 1;
    events.push(partOpened(0, open.index, whole));
  }

  function growBlock(wire: JsonObject, events: GenerateEvent[]): void {
    const block = blocks.get(countIn(wire.index) ?? 0);
    const delta = objectIn(wire.delta);
    if (block === undefined || delta === undefined) throw garbage("grows a block that is not open");
    if (block.gathered) {
      gather(block, delta);
      return;
    }
    switch (delta.type) {
      case "text_delta":
        grow(block, "text", delta.text, events);
        return;
      case "thinking_delta":
        grow(block, "text", delta.thinking, events);
        return;
      case "input_json_delta":
        grow(block, "arguments", delta.partial_json, events);
        return;
      case "signature_delta":
        grow(block, "signature", delta.signature, events);
        return;
      case "citations_delta": {
        const citation = objectIn(delta.citation);
        if (citation) cite(0, block.index, [decodeCitation(citation)], events);
      }
    }
  }

  function grow(
    block: OpenBlock,
    kind: "text" | "arguments" | "signature",
    more: unknown,
    events: GenerateEvent[],
  ): void {
    const value = stringIn(more);
    if (!value) return;
    block.grown = true;
    events.push(partGrown(0, block.index, { case: kind, value }));
  }

  /** Deltas of a block that is not understood: JSON is joined and read at the end, text is appended, the rest replaced. */
  function gather(block: OpenBlock, delta: JsonObject): void {
    const gathered = block.gathered!;
    for (const [field, value] of Object.entries(delta)) {
      if (field === "type") continue;
      if (field === "partial_json") block.json += stringIn(value) ?? "";
      else if (typeof value === "string" && typeof gathered[field] === "string") gathered[field] += value;
      else gathered[field] = value;
    }
  }

  function stopBlock(wire: JsonObject, events: GenerateEvent[]): void {
    const at = countIn(wire.index) ?? 0;
    const block = blocks.get(at);
    if (block === undefined) return;
    blocks.delete(at);
    if (block.gathered) {
      if (block.json !== "") block.gathered.input = parseObject(block.json) ?? block.json;
      const index = nextPart;
      nextPart += 1;
      const whole = part({ case: "opaque", value: opaqueOf(dialect, block.gathered) });
      events.push(partOpened(0, index, whole), partClosed(0, index));
      return;
    }
    if (block.part.kind.case === "toolCall" && !block.grown && block.startArguments !== "") {
      events.push(partGrown(0, block.index, { case: "arguments", value: block.startArguments }));
    }
    events.push(partClosed(0, block.index));
  }

  function readEnding(wire: JsonObject): void {
    const delta = objectIn(wire.delta) ?? {};
    usage = mergeUsage(usage, wire.usage);
    native = stringIn(delta.stop_reason) ?? native;
    stopSequence = stringIn(delta.stop_sequence) ?? stopSequence;
    stopDetails = objectIn(delta.stop_details) ?? stopDetails;
    extra = { ...extra, ...fieldsBeside(delta, deltaWords), ...fieldsBeside(wire, endingWords) };
  }

  function stop(events: GenerateEvent[]): void {
    if (!isOpen) start({}, events);
    for (const at of [...blocks.keys()]) stopBlock({ index: at }, events);
    const why = explanation(native, stopDetails);
    if (why) events.push(partOpened(0, nextPart, why), partClosed(0, nextPart));
    events.push(
      choiceFinished({
        choice: 0,
        finishReason: decodeFinish(native),
        nativeFinishReason: native,
        stopSequence,
        extra: stopDetails && { stop_details: stopDetails },
      }),
    );
    const all = { ...extra, ...(usage ? { usage } : {}) };
    events.push(finished(decodeUsage(usage), Object.keys(all).length > 0 ? all : undefined));
  }

  function read(frame: Frame, events: GenerateEvent[]): void {
    const wire = parseObject(frame.data);
    if (wire === undefined) throw garbage("holds an event that is not a JSON object");
    switch (wire.type) {
      case "content_block_delta":
        growBlock(wire, events);
        return;
      case "message_start":
        start(wire, events);
        return;
      case "content_block_start":
        startBlock(wire, events);
        return;
      case "content_block_stop":
        stopBlock(wire, events);
        return;
      case "message_delta":
        readEnding(wire);
        return;
      case "message_stop":
        stop(events);
        return;
      default:
        if (wire.type === "error" || frame.event === "error") throw errorInAnswer(wire);
    }
  }

  return decoderOf(read);
}

const messageWords = new Set([
  "id",
  "type",
  "role",
  "model",
  "content",
  "stop_reason",
  "stop_sequence",
  "stop_details",
  "usage",
]);
const deltaWords = new Set(["type", "stop_reason", "stop_sequence", "stop_details"]);
const endingWords = new Set(["type", "delta", "usage"]);
