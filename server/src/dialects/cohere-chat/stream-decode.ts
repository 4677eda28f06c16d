import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GenerateEvent, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import {
  choiceFinished,
  finished,
  opened,
  partClosed,
  partGrown,
  partOpened,
  reasoning,
  text,
  toolCall,
} from "../../canonical/events.ts";
import type { Frame } from "../../framing/frame.ts";
import { cite, kept } from "../citations.ts";
import type { StreamDecoder } from "../dialect.ts";
import { decoderOf, garbage } from "../stream-decoder.ts";
import { countIn, fieldsBeside, objectIn, parseObject, stringIn } from "../wire.ts";
import { decodeCitations, isOfText } from "./citations.ts";
import { failureTold } from "./error.ts";
import { decodeFinish } from "./finish.ts";
import { callWords, decodePart, decodePlan } from "./parts.ts";
import { choiceExtra, readable } from "./reply.ts";
import { decodeUsage } from "./usage.ts";

interface OpenText {
  words: string;
  readonly citations: JsonObject[];
}

/** What an event is: its data says so, and its name too. */
export function typeOf(frame: Frame, wire: JsonObject): string {
  return stringIn(wire.type) ?? frame.event;
}

/** Named events to canonical ones. Contents and calls are numbered apart; the plan has no number. */
export function createDecoder(): StreamDecoder {
  let isOpen = false;
  let nextPart = 0;
  let id = "";
  /** The open parts, by the wire's name and number of each. */
  const parts = new Map<string, number>();
  const logprobs: JsonValue[] = [];
  const citations: JsonValue[] = [];
  /** The texts that are open, by the part's number. */
  const texts = new Map<number, OpenText>();

  function open(events: GenerateEvent[]): void {
    if (isOpen) return;
    isOpen = true;
    events.push(opened({ id, model: "", createTimeSeconds: 0, dialect: "cohere-chat" }));
  }

  function openPart(name: string, part: Part, events: GenerateEvent[]): void {
    if (name !== "plan") closePart("plan", events);
    closePart(name, events);
    events.push(partOpened(0, nextPart, part));
    parts.set(name, nextPart);
    if (part.kind.case === "text") texts.set(nextPart, { words: part.kind.value.text, citations: [] });
    nextPart += 1;
  }

  function closePart(name: string, events: GenerateEvent[]): void {
    const index = parts.get(name);
    parts.delete(name);
    if (index === undefined) return;
    const text = texts.get(index);
    if (text && text.citations.length > 0) cite(0, index, decodeCitations(text.citations, text.words), events);
    texts.delete(index);
    events.push(partClosed(0, index));
  }

  function growText(name: string, words: string, make: (words: string) => Part, events: GenerateEvent[]): void {
    const index = parts.get(name);
    if (words === "") return;
    const open = index === undefined ? undefined : texts.get(index);
    if (open) open.words = kept(open.words, words);
    if (index === undefined) openPart(name, make(words), events);
    else events.push(partGrown(0, index, { case: "text", value: words }));
  }

  function readContentDelta(name: string, content: JsonObject, events: GenerateEvent[]): void {
    growText(name, stringIn(content.thinking) ?? "", (words) => reasoning({ text: words }), events);
    growText(name, stringIn(content.text) ?? "", (words) => text(words), events);
  }

  function startCall(name: string, wire: JsonObject, events: GenerateEvent[]): void {
    const called = objectIn(wire.function) ?? {};
    const call = {
      id: stringIn(wire.id) ?? "",
      name: stringIn(called.name) ?? "",
      arguments: stringIn(called.arguments) ?? "",
    };
    openPart(name, toolCall(call, fieldsBeside(wire, callWords)), events);
  }

  /** They come among the words; those of thoughts and plans, and those that come too late, stay beside the message. */
  function readCitation(said: JsonValue | undefined): void {
    const wire = objectIn(said);
    const place = countIn(wire?.content_index);
    const named = place === undefined ? undefined : parts.get(`content ${place}`);
    const text = place === undefined ? texts.values().next().value : texts.get(named ?? -1);
    if (wire && text && isOfText(wire)) text.citations.push(wire);
    else if (said) citations.push(said);
  }

  function read(frame: Frame, wire: JsonObject, events: GenerateEvent[]): void {
    const type = typeOf(frame, wire);
    const delta = objectIn(wire.delta) ?? {};
    const message = objectIn(delta.message) ?? {};
    const place = countIn(wire.index) ?? 0;
    if (!isOpen) id = stringIn(wire.id) ?? "";
    const failure = failureTold(type, wire);
    if (failure) throw failure;
    open(events);
    if (wire.logprobs) logprobs.push(wire.logprobs);
    switch (type) {
      case "content-start":
        openPart(
          `content ${place}`,
          readable(() => decodePart(objectIn(message.content) ?? {}, "content")),
          events,
        );
        break;
      case "content-delta":
        readContentDelta(`content ${place}`, objectIn(message.content) ?? {}, events);
        break;
      case "content-end":
        closePart(`content ${place}`, events);
        break;
      case "tool-plan-delta":
        growText("plan", stringIn(message.tool_plan) ?? "", decodePlan, events);
        break;
      case "tool-call-start":
        startCall(`call ${place}`, objectIn(message.tool_calls) ?? {}, events);
        break;
      case "tool-call-delta": {
        const index = parts.get(`call ${place}`);
        const more = stringIn(objectIn(objectIn(message.tool_calls)?.function)?.arguments);
        if (index !== undefined && more) events.push(partGrown(0, index, { case: "arguments", value: more }));
        break;
      }
      case "tool-call-end":
        closePart(`call ${place}`, events);
        break;
      case "citation-start":
        readCitation(message.citations);
        break;
      case "message-end":
        finish(delta, events);
        break;
    }
  }

  function finish(ending: JsonObject, events: GenerateEvent[]): void {
    for (const name of [...parts.keys()]) closePart(name, events);
    const native = stringIn(ending.finish_reason) ?? "";
    const extra = choiceExtra(logprobs.length > 0 ? logprobs : undefined, citations, undefined);
    events.push(
      choiceFinished({ choice: 0, finishReason: decodeFinish(native), nativeFinishReason: native, extra }),
      finished(decodeUsage(ending.usage), ending.usage ? { usage: ending.usage } : undefined),
    );
  }

  return decoderOf((frame, events) => {
    const wire = parseObject(frame.data);
    if (wire === undefined) throw garbage("holds an event that is not a JSON object");
    read(frame, wire, events);
  });
}
