import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GenerateEvent, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import {
  choiceFinished,
  failed,
  finished,
  opened,
  partClosed,
  partGrown,
  partOpened,
  reasoning,
  text,
} from "../../canonical/events.ts";
import { mergeExtra } from "../../canonical/extra.ts";
import type { StreamDecoder } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { fieldsBeside, listIn, objectIn, parseObject, stringIn } from "../wire.ts";
import { callIdInAnswer } from "./call-id.ts";
import { decodeCall } from "./calls.ts";
import { secondsOf } from "./created-at.ts";
import { decodeFinish } from "./finish.ts";
import { choiceExtra, messageWords, replyExtra, replyWords } from "./reply.ts";
import { decodeUsage } from "./usage.ts";

/** Lines to events. Each line is an answer of its own in form, with a piece of the message in it; the last one is `done`. */
export function createDecoder(): StreamDecoder {
  let createdAt: string | undefined;
  let isOver = false;
  let nextPart = 0;
  let calls = 0;
  let prose: { readonly kind: string; readonly index: number } | undefined;
  let logprobs: JsonValue[] | undefined;
  let beside: JsonObject | undefined;
  let extra: JsonObject | undefined;

  function open(part: Part, events: GenerateEvent[]): number {
    const index = nextPart;
    nextPart += 1;
    events.push(partOpened(0, index, part));
    return index;
  }

  function closeProse(events: GenerateEvent[]): void {
    if (prose) events.push(partClosed(0, prose.index));
    prose = undefined;
  }

  function growProse(kind: string, words: string, make: (words: string) => Part, events: GenerateEvent[]): void {
    if (prose?.kind === kind) {
      events.push(partGrown(0, prose.index, { case: "text", value: words }));
      return;
    }
    closeProse(events);
    prose = { kind, index: open(make(words), events) };
  }

  function readMessage(message: JsonObject, events: GenerateEvent[]): void {
    const thought = stringIn(message.thinking);
    if (thought) growProse("thinking", thought, (words) => reasoning({ text: words }), events);
    const words = stringIn(message.content);
    if (words) growProse("content", words, (said) => text(said), events);
    for (const call of listIn(message.tool_calls) ?? []) {
      closeProse(events);
      const id = callIdInAnswer(createdAt ?? "", calls);
      calls += 1;
      // A call is never said in pieces here.
      events.push(partClosed(0, open(decodeCall(objectIn(call) ?? {}, id), events)));
    }
    beside = mergeExtra(beside, fieldsBeside(message, messageWords));
  }

  function read(line: JsonObject, events: GenerateEvent[]): void {
    if (createdAt === undefined) {
      createdAt = stringIn(line.created_at) ?? "";
      events.push(
        opened({
          id: "",
          model: stringIn(line.model) ?? "",
          createTimeSeconds: secondsOf(createdAt),
          dialect: "ollama-chat",
          extra: replyExtra(createdAt, undefined),
        }),
      );
    }
    const message = objectIn(line.message);
    if (message) readMessage(message, events);
    const more = listIn(line.logprobs);
    if (more) logprobs = [...(logprobs ?? []), ...more];
    const other = fieldsBeside(line, replyWords);
    if (other) extra = { ...extra, ...other };
    if (line.done === true) finish(line, events);
  }

  function finish(line: JsonObject, events: GenerateEvent[]): void {
    isOver = true;
    closeProse(events);
    const native = stringIn(line.done_reason) ?? "";
    events.push(
      choiceFinished({
        choice: 0,
        finishReason: decodeFinish(native),
        nativeFinishReason: native,
        extra: choiceExtra(logprobs, beside),
      }),
      finished(decodeUsage(line), extra),
    );
  }

  return {
    push(frame) {
      if (isOver) return [];
      const line = parseObject(frame.data);
      const events: GenerateEvent[] = [];
      if (line && !line.error) {
        read(line, events);
        return events;
      }
      isOver = true;
      const garbage = "The provider's stream holds a line that is not a JSON object.";
      return [failed(line ? errorInAnswer(line) : new GatewayError(Reason.UPSTREAM_GARBAGE, garbage))];
    },
    end() {
      if (isOver) return [];
      isOver = true;
      return [failed(new GatewayError(Reason.UPSTREAM_TRUNCATED, "The stream ended before the answer was complete."))];
    },
  };
}
