import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GenerateEvent, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { partClosed, partGrown, partOpened, reasoning, refusal, text } from "../../canonical/events.ts";
import { mergeExtra } from "../../canonical/extra.ts";
import { cite } from "../citations.ts";
import { decodeAnnotations } from "../openai-chat/annotations.ts";
import { listIn, objectIn, stringIn } from "../wire.ts";
import { decodeAnswerPart, decodeCall, decodeOutputItem, messageFields } from "./answer-items.ts";
import { type ItemMark, itemFacts, marked, markOf, namesOf } from "./mark.ts";
import { betweenPieces } from "./reasoning.ts";

/** Decodes the events of one item of one stream. */
export interface ItemDecoder {
  /** The item has been announced. */
  begin(events: GenerateEvent[]): void;
  beginPart(at: number, wire: JsonObject | undefined, events: GenerateEvent[]): void;
  growText(type: "output_text" | "refusal", at: number, wire: JsonObject, events: GenerateEvent[]): void;
  growArguments(wire: JsonObject, events: GenerateEvent[]): void;
  /** `piece` numbers the pieces of the thoughts, or of their summary. */
  growThought(isContent: boolean, piece: number, wire: JsonObject, events: GenerateEvent[]): void;
  annotate(at: number, wire: JsonObject): void;
  /** The item as it is said in the end, where it is. What the events left out is taken from there. */
  finish(wire: JsonObject | undefined, events: GenerateEvent[]): void;
}

interface OpenPart {
  /** Which part of the item it is: its place in the content, or which kind of thoughts. */
  readonly key: string;
  readonly index: number;
  readonly kind: Part["kind"]["case"];
  /** The words so far. */
  said: string;
  extra: JsonObject | undefined;
  piece: number;
  readonly annotations: JsonValue[];
  closed: boolean;
}

/** `at` is the item's place among those of this stream, `added` what was announced of it. */
export function createItemDecoder(at: number, added: JsonObject, partNumber: (part: Part) => number): ItemDecoder {
  const parts: OpenPart[] = [];
  let isFinished = false;

  function open(key: string, part: Part, events: GenerateEvent[]): OpenPart {
    // A part is closed as late as can be: what the item says of itself in the end goes to its last one.
    closeParts(events);
    const index = partNumber(part);
    const { kind } = part;
    const said = kind.case === "toolCall" ? kind.value.arguments : wordsOf(part);
    const opened: OpenPart = {
      ...{ key, index, kind: kind.case, said, extra: part.extra, piece: 0, closed: false },
      // They are read when the words they point into are there.
      annotations: saidOf(part),
    };
    parts.push(opened);
    events.push(partOpened(0, index, { ...part, citations: [] }));
    return opened;
  }

  function closeParts(events: GenerateEvent[]): void {
    for (const part of parts) {
      if (part.closed) continue;
      part.closed = true;
      if (part.annotations.length > 0) cite(0, part.index, decodeAnnotations(part.annotations, part.said), events);
      events.push(partClosed(0, part.index));
    }
  }

  function partAt(key: string): OpenPart | undefined {
    const last = parts.at(-1);
    return last?.key === key ? last : parts.find((part) => part.key === key);
  }

  function grow(part: OpenPart, delta: PartGrown["delta"], events: GenerateEvent[]): void {
    if (part.closed) throw new GatewayError(Reason.UPSTREAM_GARBAGE, "A part of the answer goes on after its end.");
    if (delta.case === "extra") part.extra = mergeExtra(part.extra, delta.value as JsonObject);
    else part.said += delta.value;
    events.push(partGrown(0, part.index, delta));
  }

  /** What is known of the item when its first part begins, and of which item the others are. */
  function markFor(more: Partial<ItemMark> = {}): ItemMark {
    const { id } = parts.length === 0 ? itemFacts(added) : {};
    return { at, ...(id === undefined ? {} : { id }), ...more };
  }

  function withMark(part: Part, more?: Partial<ItemMark>): Part {
    const fields = parts.length === 0 && added.type === "message" ? messageFields(added) : undefined;
    return { ...part, extra: marked(markFor({ ...namesOf(fields), ...more }), { ...fields, ...part.extra }) };
  }

  /** Takes from the whole item what its events have not said of this part. */
  function complete(part: OpenPart, whole: Part, events: GenerateEvent[]): void {
    if (part.closed) return;
    const { kind } = whole;
    const words = kind.case === "toolCall" ? kind.value.arguments : wordsOf(whole);
    const field = kind.case === "toolCall" ? "arguments" : "text";
    if (words.length > part.said.length && words.startsWith(part.said)) {
      grow(part, { case: field, value: words.slice(part.said.length) }, events);
    }
    if (part.annotations.length === 0) part.annotations.push(...saidOf(whole));
    if (kind.case === "reasoning" && kind.value.signature !== "") {
      events.push(partGrown(0, part.index, { case: "signature", value: kind.value.signature }));
    }
    const more = unsaid(whole.extra, part.extra);
    if (more) grow(part, { case: "extra", value: more }, events);
  }

  return {
    begin(events) {
      if (added.type === "function_call") open("call", decodeCall({ ...added, status: null }, at), events);
    },
    beginPart(place, wire, events) {
      if (isFinished || wire === undefined || partAt(`${place}`)) return;
      if (wire.type === "output_text" || wire.type === "refusal") {
        open(`${place}`, withMark(decodeAnswerPart(wire)), events);
      }
    },
    growText(type, place, wire, events) {
      const more = stringIn(wire.delta) ?? "";
      const known = partAt(`${place}`);
      const part = known ?? open(`${place}`, withMark(type === "refusal" ? refusal("") : text("")), events);
      if (more !== "") grow(part, { case: "text", value: more }, events);
      const logprobs = listIn(wire.logprobs) ?? [];
      if (logprobs.length > 0) grow(part, { case: "extra", value: { logprobs } }, events);
    },
    growArguments(wire, events) {
      const more = stringIn(wire.delta) ?? "";
      const call = partAt("call");
      // Without an announcement nobody knows what is called; the whole item will say.
      if (call && more !== "") grow(call, { case: "arguments", value: more }, events);
    },
    growThought(isContent, piece, wire, events) {
      const more = stringIn(wire.delta) ?? "";
      if (more === "") return;
      const key = isContent ? "content" : "summary";
      const known = partAt(key);
      const part = known ?? open(key, withMark(reasoning({}), isContent ? { content: true } : {}), events);
      if (piece !== part.piece && part.said !== "") grow(part, { case: "text", value: betweenPieces }, events);
      part.piece = piece;
      grow(part, { case: "text", value: more }, events);
    },
    annotate(place, wire) {
      const annotation = objectIn(wire.annotation);
      const part = partAt(`${place}`);
      if (part && annotation) part.annotations.push(annotation);
    },
    finish(wire, events) {
      if (isFinished) return;
      isFinished = true;
      // What was announced is no more in progress.
      const whole = decodeOutputItem(wire ?? { ...added, status: null }, at);
      const isCarriedWhole = whole.length === 1 && markOf(whole[0]?.extra)?.whole;
      if (!isCarriedWhole || parts.length === 0) {
        for (const [place, part] of whole.entries()) {
          const known = partAt(keyOf(part, place));
          if (known === undefined) open(keyOf(part, place), part, events);
          else if (known.kind === part.kind.case) complete(known, part, events);
        }
      }
      closeParts(events);
    },
  };
}

function keyOf(part: Part, place: number): string {
  const { kind } = part;
  if (kind.case === "toolCall") return "call";
  if (kind.case !== "reasoning") return `${place}`;
  if (markOf(part.extra)?.content) return "content";
  return kind.value.text === "" && kind.value.redacted !== "" ? "encrypted" : "summary";
}

function saidOf({ citations }: Part): JsonObject[] {
  return citations.flatMap<JsonObject>(({ extra }) => extra ?? []);
}

function wordsOf({ kind }: Part): string {
  return kind.case === "text" || kind.case === "refusal" || kind.case === "reasoning" ? kind.value.text : "";
}

/** The fields that have not been said, or not like this: lists grow by events, so what there is of them is all. */
function unsaid(whole: JsonObject | undefined, said: JsonObject | undefined): JsonObject | undefined {
  const more: JsonObject = {};
  for (const [field, value] of Object.entries(whole ?? {})) {
    const before = said?.[field];
    const isKnown = Array.isArray(value) ? Array.isArray(before) : JSON.stringify(before) === JSON.stringify(value);
    if (!isKnown) more[field] = value;
  }
  return Object.keys(more).length > 0 ? more : undefined;
}
