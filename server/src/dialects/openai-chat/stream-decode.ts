import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { finished, opened } from "../../canonical/events.ts";
import { setField } from "../../canonical/extra.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import type { StreamDecoder } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { decoderOf, garbage } from "../stream-decoder.ts";
import { countIn, listIn, objectIn, parseObject, stringIn } from "../wire.ts";
import { type ChoiceDecoder, createChoiceDecoder } from "./choice-decode.ts";
import { decodeSearchResults, searchResultsIn, withSearchResults } from "./search-results.ts";
import { decodeUsage } from "./usage.ts";

const dialect = "openai-chat";

/**
 * Chunks to events. Parts open when their first piece comes. Finish reasons are kept until the end: some servers repeat
 * them and go on, and the usage comes later still.
 */
export function createDecoder(): StreamDecoder {
  const choices = new Map<number, ChoiceDecoder>();
  let head: JsonObject = {};
  let isOpen = false;
  let usage: Usage | undefined;
  const openedExtra: JsonObject = {};
  let laterExtra: JsonObject | undefined;

  function open(events: GenerateEvent[]): void {
    if (isOpen) return;
    isOpen = true;
    events.push(
      opened({
        id: stringIn(head.id) ?? "",
        model: stringIn(head.model) ?? "",
        createTimeSeconds: countIn(head.created) ?? 0,
        dialect,
        extra:
          Object.keys(openedExtra).length > 0
            ? withSearchResults(openedExtra, searchResultsIn(openedExtra))
            : undefined,
      }),
    );
  }

  /** Most chunks repeat the same fields; only what is new since the opening is kept for the end. */
  function keepExtra(chunk: JsonObject): void {
    for (const field in chunk) {
      const value = chunk[field];
      if (value === null || value === undefined || chunkWords.has(field) || value === openedExtra[field]) continue;
      if (!isOpen) setField(openedExtra, field, value);
      else {
        laterExtra ??= {};
        setField(laterExtra, field, value);
      }
    }
  }

  function readChunk(chunk: JsonObject, events: GenerateEvent[]): void {
    const list = listIn(chunk.choices) ?? [];
    usage = decodeUsage(chunk.usage) ?? usage;
    keepExtra(chunk);
    // Azure begins with a chunk of empty id and no choices: the answer opens with the first that has some.
    if (!isOpen) head = chunk;
    if (list.length > 0) open(events);
    for (const item of list) {
      const choice = objectIn(item);
      if (choice === undefined) continue;
      const index = countIn(choice.index) ?? 0;
      let decoder = choices.get(index);
      if (decoder === undefined) {
        decoder = createChoiceDecoder(index, stringIn(head.id) ?? "");
        choices.set(index, decoder);
      }
      decoder.push(choice, events);
    }
    if (chunk.object === "chat.completion.done") finish(events);
  }

  function finish(events: GenerateEvent[]): void {
    open(events);
    const ordered = [...choices].sort(([a], [b]) => a - b).map(([, choice]) => choice);
    let extra = laterExtra;
    const lists = searchResultsIn({ ...openedExtra, ...laterExtra });
    if (lists) {
      const citations = decodeSearchResults(lists);
      const isCited = ordered.map((choice) => choice.cite(citations, events)).includes(true);
      // Where no text has them they are fields like others.
      extra = isCited ? withSearchResults(laterExtra, lists) : { ...laterExtra, ...lists };
    }
    for (const choice of ordered) choice.finish(events);
    events.push(finished(usage, extra));
  }

  function read(frame: Frame, events: GenerateEvent[]): void {
    if (frame.data === "[DONE]") {
      finish(events);
      return;
    }
    const chunk = parseObject(frame.data);
    if (chunk === undefined) {
      throw garbage("holds an event that is not a JSON object");
    }
    if (isError(frame, chunk)) throw errorInAnswer(chunk);
    readChunk(chunk, events);
  }

  return decoderOf(read);
}

/** An error inside the stream: an `error` field in a chunk, an event of that name, or Mistral's flat error object. */
export function isError(frame: Frame, chunk: JsonObject): boolean {
  return Boolean(chunk.error) || frame.event === "error" || chunk.object === "error";
}

/** `obfuscation` is padding against eavesdroppers who measure lengths. */
const chunkWords = new Set(["id", "object", "created", "model", "choices", "obfuscation"]);
