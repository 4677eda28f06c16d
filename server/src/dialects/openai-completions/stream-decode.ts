import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { choiceFinished, finished, opened, partClosed, partGrown, partOpened, text } from "../../canonical/events.ts";
import { mergeExtra } from "../../canonical/extra.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { StreamDecoder } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { decodeFinish } from "../openai-chat/finish.ts";
import { isError } from "../openai-chat/stream-decode.ts";
import { decodeUsage } from "../openai-chat/usage.ts";
import { decoderOf, garbage } from "../stream-decoder.ts";
import { countIn, fieldsBeside, listIn, objectIn, parseObject, stringIn } from "../wire.ts";

interface OpenChoice {
  hasWords: boolean;
  native: string;
  logprobs: JsonObject | undefined;
  extra: JsonObject | undefined;
}

/** Chunks to events: each holds a piece of the text of one choice. The usage comes last, in a chunk of its own. */
export function createDecoder(): StreamDecoder {
  const choices = new Map<number, OpenChoice>();
  let isOpen = false;
  let usage: Usage | undefined;
  let first: JsonObject = {};
  let later: JsonObject | undefined;

  function readChunk(chunk: JsonObject, events: GenerateEvent[]): void {
    usage = decodeUsage(chunk.usage) ?? usage;
    const extra = fieldsBeside(chunk, chunkWords);
    if (!isOpen) {
      isOpen = true;
      first = extra ?? {};
      events.push(
        opened({
          id: stringIn(chunk.id) ?? "",
          model: stringIn(chunk.model) ?? "",
          createTimeSeconds: countIn(chunk.created) ?? 0,
          dialect: "openai-completions",
          extra,
        }),
      );
    } else if (extra) {
      // Most chunks repeat the same fields.
      const fresh = Object.entries(extra).filter(([field, value]) => first[field] !== value);
      if (fresh.length > 0) later = { ...later, ...Object.fromEntries(fresh) };
    }
    for (const item of listIn(chunk.choices) ?? []) readChoice(objectIn(item) ?? {}, events);
  }

  function readChoice(wire: JsonObject, events: GenerateEvent[]): void {
    const index = countIn(wire.index) ?? 0;
    const choice = choices.get(index) ?? { hasWords: false, native: "", logprobs: undefined, extra: undefined };
    choices.set(index, choice);
    const words = stringIn(wire.text) ?? "";
    if (words !== "" && choice.hasWords) events.push(partGrown(index, 0, { case: "text", value: words }));
    else if (words !== "") events.push(partOpened(index, 0, text(words)));
    choice.hasWords ||= words !== "";
    choice.native = stringIn(wire.finish_reason) ?? choice.native;
    // Lists of what is known of each token, which go on in every chunk.
    choice.logprobs = mergeExtra(choice.logprobs, objectIn(wire.logprobs));
    choice.extra = mergeExtra(choice.extra, fieldsBeside(wire, choiceWords));
  }

  function finish(events: GenerateEvent[]): void {
    if (!isOpen) readChunk({}, events);
    for (const [index, choice] of [...choices].sort(([a], [b]) => a - b)) {
      const { native, logprobs, extra } = choice;
      if (choice.hasWords) events.push(partClosed(index, 0));
      events.push(
        choiceFinished({
          choice: index,
          finishReason: decodeFinish(native),
          nativeFinishReason: native,
          extra: logprobs ? { ...extra, logprobs } : extra,
        }),
      );
    }
    events.push(finished(usage, later));
  }

  return decoderOf((frame, events) => {
    if (frame.data === "[DONE]") return finish(events);
    const chunk = parseObject(frame.data);
    if (chunk === undefined) throw garbage("holds an event that is not a JSON object");
    if (isError(frame, chunk)) throw errorInAnswer(chunk);
    readChunk(chunk, events);
  });
}

const chunkWords = new Set(["id", "object", "created", "model", "choices"]);
const choiceWords = new Set(["text", "index", "finish_reason", "logprobs"]);
