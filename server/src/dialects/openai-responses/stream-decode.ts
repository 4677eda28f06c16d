import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { choiceFinished, finished, opened } from "../../canonical/events.ts";
import type { Frame } from "../../framing/frame.ts";
import type { StreamDecoder } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { decoderOf, garbage } from "../stream-decoder.ts";
import { countIn, listIn, objectIn, parseObject, stringIn } from "../wire.ts";
import { decodeFinish, nativeEnding } from "./finish.ts";
import { createItemDecoder, type ItemDecoder } from "./item-decode.ts";
import { createTime } from "./reply.ts";
import { extraOf } from "./response.ts";
import { failureIn, typeOf } from "./tally.ts";
import { decodeUsage } from "./usage.ts";

const dialect = "openai-responses";

/** Events of Responses to canonical ones. Unknown events, and those that only repeat what was said, are skipped. */
export function createDecoder(): StreamDecoder {
  /** By `output_index`. */
  const items = new Map<number, ItemDecoder>();
  let nextPart = 0;
  let calls = false;
  let isOpen = false;

  const partNumber = (part: Part): number => {
    calls ||= part.kind.case === "toolCall";
    nextPart += 1;
    return nextPart - 1;
  };

  function start(response: JsonObject, events: GenerateEvent[]): void {
    if (isOpen) return;
    isOpen = true;
    events.push(
      opened({
        id: stringIn(response.id) ?? "",
        model: stringIn(response.model) ?? "",
        createTimeSeconds: createTime(response),
        dialect,
        usage: decodeUsage(response.usage),
        extra: extraOf(response),
      }),
    );
  }

  /** The item an event belongs to. Some servers begin one without saying so. */
  function itemOf(wire: JsonObject, type: string, events: GenerateEvent[]): ItemDecoder {
    start({}, events);
    const index = countIn(wire.output_index) ?? Math.max(items.size - 1, 0);
    let item = items.get(index);
    if (item === undefined) {
      item = createItemDecoder(items.size, { type, id: wire.item_id ?? null }, partNumber);
      items.set(index, item);
    }
    return item;
  }

  function addItem(wire: JsonObject, events: GenerateEvent[]): void {
    start({}, events);
    const index = countIn(wire.output_index) ?? items.size;
    if (items.has(index)) throw garbage("begins an item that has begun already");
    const item = createItemDecoder(items.size, objectIn(wire.item) ?? {}, partNumber);
    items.set(index, item);
    item.begin(events);
  }

  function finishItem(wire: JsonObject, events: GenerateEvent[]): void {
    const whole = objectIn(wire.item);
    itemOf(wire, stringIn(whole?.type) ?? "", events).finish(whole, events);
  }

  function finish(response: JsonObject, type: string, events: GenerateEvent[]): void {
    start(response, events);
    const output = listIn(response.output) ?? [];
    // A server may say nothing until the end.
    if (items.size === 0) {
      for (const [index, item] of output.entries()) addItem({ output_index: index, item }, events);
    }
    for (const [index, item] of items) item.finish(objectIn(output[index]), events);
    const native = nativeEnding(response) || type.slice("response.".length);
    events.push(choiceFinished({ choice: 0, finishReason: decodeFinish(native, calls), nativeFinishReason: native }));
    events.push(finished(decodeUsage(response.usage), extraOf(response)));
  }

  function read(frame: Frame, events: GenerateEvent[]): void {
    // Not the vendor's way to end, but that of some servers and of the open text of this dialect.
    if (frame.data === "[DONE]") return;
    const wire = parseObject(frame.data);
    if (wire === undefined) throw garbage("holds an event that is not a JSON object");
    const type = typeOf(frame, wire);
    switch (type) {
      case "response.output_text.delta":
        itemOf(wire, "message", events).growText("output_text", countIn(wire.content_index) ?? 0, wire, events);
        return;
      case "response.refusal.delta":
        itemOf(wire, "message", events).growText("refusal", countIn(wire.content_index) ?? 0, wire, events);
        return;
      case "response.function_call_arguments.delta":
        itemOf(wire, "function_call", events).growArguments(wire, events);
        return;
      case "response.reasoning_summary_text.delta":
        itemOf(wire, "reasoning", events).growThought(false, countIn(wire.summary_index) ?? 0, wire, events);
        return;
      case "response.reasoning_text.delta":
        itemOf(wire, "reasoning", events).growThought(true, countIn(wire.content_index) ?? 0, wire, events);
        return;
      case "response.output_text.annotation.added":
        itemOf(wire, "message", events).annotate(countIn(wire.content_index) ?? 0, wire);
        return;
      case "response.content_part.added":
        itemOf(wire, "message", events).beginPart(countIn(wire.content_index) ?? 0, objectIn(wire.part), events);
        return;
      case "response.output_item.added":
        addItem(wire, events);
        return;
      case "response.output_item.done":
        finishItem(wire, events);
        return;
      case "response.created":
      case "response.queued":
      case "response.in_progress":
        start(objectIn(wire.response) ?? {}, events);
        return;
      case "response.completed":
      case "response.incomplete":
        finish(objectIn(wire.response) ?? {}, type, events);
        return;
      case "response.failed":
        throw failureIn(wire);
      case "error":
        throw errorInAnswer(wire);
    }
  }

  return decoderOf(read);
}
