import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Citation } from "@pontage/gen/pontage/v1/citation_pb.ts";
import type { GenerateEvent, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { choiceFinished, partClosed, partGrown, partOpened, reasoning, refusal, text } from "../../canonical/events.ts";
import { mergeExtra } from "../../canonical/extra.ts";
import { cite, kept } from "../citations.ts";
import { spelling } from "../crossing.ts";
import { countIn, fieldsBeside, listIn, objectIn, stringIn } from "../wire.ts";
import { decodeAnnotations } from "./annotations.ts";
import { decodeFinish } from "./finish.ts";
import { signedDetails } from "./reasoning.ts";
import { callWords, decodeAnswerPart, inventedCallId } from "./reply.ts";
import { signedCall } from "./signature.ts";

/** Decodes the deltas of one choice of one stream. */
export interface ChoiceDecoder {
  push(wire: JsonObject, events: GenerateEvent[]): void;
  /** Closes what is open and says why the choice ended. */
  finish(events: GenerateEvent[]): void;
  /** Sources of all that is said, before it is finished. False where no text is open to have them. */
  cite(citations: readonly Citation[], events: GenerateEvent[]): boolean;
}

interface Call {
  readonly id: string;
  readonly place: number;
  name: string;
  arguments: string;
  /** The part's index, once the name is known and the part is open. */
  part: number | undefined;
  closed: boolean;
  extra: JsonObject | undefined;
}

interface Prose {
  readonly kind: string;
  readonly index: number;
  words: string;
  readonly annotations: JsonValue[];
}

export function createChoiceDecoder(choice: number, replyId: string): ChoiceDecoder {
  let nextPart = 0;
  /** The prose that grows now. Calls may stay open beside it. */
  let prose: Prose | undefined;
  const calls: Call[] = [];
  const callAt = new Map<number, Call>();
  let native = "";
  let extra: JsonObject | undefined;
  let beside: JsonObject | undefined;

  function open(part: Part, events: GenerateEvent[]): number {
    const index = nextPart;
    nextPart += 1;
    events.push(partOpened(choice, index, part));
    return index;
  }

  function closeProse(events: GenerateEvent[]): void {
    if (prose === undefined) return;
    const { index, words, annotations } = prose;
    if (annotations.length > 0) cite(choice, index, decodeAnnotations(annotations, words), events);
    events.push(partClosed(choice, index));
    prose = undefined;
  }

  /**
   * Chat may interleave calls and says of none when it is complete, but other dialects must close one before the next:
   * a call whose arguments are a complete value is over when something else begins.
   */
  function closeCompleteCalls(events: GenerateEvent[]): void {
    for (const call of calls) if (!call.closed && isJson(call.arguments)) closeCall(call, events);
  }

  function closeCall(call: Call, events: GenerateEvent[]): void {
    if (call.part === undefined) openCall(call, events);
    call.closed = true;
    events.push(partClosed(choice, call.part!));
  }

  function openCall(call: Call, events: GenerateEvent[]): void {
    const { id, name } = call;
    call.part = open(signedCall({ id, name, arguments: call.arguments }, call.extra), events);
  }

  function growProse(kind: string, words: string, make: (words: string) => Part, events: GenerateEvent[]): void {
    if (prose?.kind === kind) {
      prose.words = kept(prose.words, words);
      events.push(partGrown(choice, prose.index, { case: "text", value: words }));
      return;
    }
    closeProse(events);
    closeCompleteCalls(events);
    prose = { kind, index: open(make(words), events), words, annotations: [] };
  }

  function readReasoning(delta: JsonObject, events: GenerateEvent[]): void {
    const content = stringIn(delta.reasoning_content);
    const words = content || stringIn(delta.reasoning) || "";
    const how = content ? undefined : { [spelling]: "reasoning" };
    if (words !== "") growProse("reasoning", words, (text) => reasoning({ text }, how), events);
    const details = listIn(delta.reasoning_details);
    if (details === undefined || details.length === 0) return;
    const signed = signedDetails(details);
    if (signed === undefined) {
      if (prose?.kind !== "reasoning") growProse("reasoning", "", (text) => reasoning({ text }, how), events);
      events.push(partGrown(choice, prose!.index, { case: "extra", value: { reasoning_details: details } }));
      return;
    }
    for (const { text, signature, redacted } of signed) {
      if (redacted !== "") {
        closeProse(events);
        events.push(partClosed(choice, open(reasoning({ redacted, signature }), events)));
      } else if (signature !== "") {
        // The text has come before in pieces; what the detail repeats of it counts only when it has not.
        if (prose?.kind !== "reasoning") growProse("reasoning", text, (text) => reasoning({ text }), events);
        events.push(partGrown(choice, prose!.index, { case: "signature", value: signature }));
        closeProse(events);
      }
    }
  }

  function readContent(content: JsonValue | undefined, events: GenerateEvent[]): void {
    if (typeof content === "string") {
      if (content !== "") growProse("text", content, (words) => text(words), events);
      return;
    }
    for (const item of listIn(content) ?? []) readContentPart(decodeAnswerPart(objectIn(item) ?? {}), events);
  }

  /** A piece of a content list, as Mistral streams its thoughts. */
  function readContentPart(part: Part, events: GenerateEvent[]): void {
    const { kind } = part;
    if (kind.case === "text" || kind.case === "reasoning") {
      growProse(`${kind.case} part`, kind.value.text, () => part, events);
    } else {
      closeProse(events);
      closeCompleteCalls(events);
      events.push(partClosed(choice, open(part, events)));
    }
  }

  /** They come with the words or right after them; those that come later stay beside the message. */
  function readAnnotations(wire: JsonValue): boolean {
    const annotations = listIn(wire) ?? [];
    if (annotations.length === 0 || prose?.kind !== "text") return false;
    prose.annotations.push(...annotations);
    return true;
  }

  function readCall(wire: JsonObject, events: GenerateEvent[]): void {
    const called = objectIn(wire.function) ?? {};
    const call = callOf(wire, called, events);
    const more = stringIn(called.arguments) ?? "";
    call.name ||= stringIn(called.name) ?? "";
    if (call.closed) {
      if (more.trim() === "") return;
      throw new GatewayError(Reason.UPSTREAM_GARBAGE, `The arguments of tool call ${call.id} go on after their end.`);
    }
    call.arguments += more;
    if (call.part !== undefined) {
      if (more !== "") events.push(partGrown(choice, call.part, { case: "arguments", value: more }));
    } else if (call.name !== "") openCall(call, events);
  }

  /** The call a piece belongs to: by its index; by its id where servers give every call the same index or none. */
  function callOf(wire: JsonObject, called: JsonObject, events: GenerateEvent[]): Call {
    const id = stringIn(wire.id) ?? "";
    const index = countIn(wire.index);
    const known = index === undefined ? calls.findLast((call) => id === "" || call.id === id) : callAt.get(index);
    const another = id !== "" && known?.id !== id && Boolean(stringIn(called.name));
    if (known !== undefined && !another) return known;
    closeProse(events);
    closeCompleteCalls(events);
    const place = calls.length;
    const call: Call = {
      id: id || inventedCallId(replyId, place),
      place,
      name: "",
      arguments: "",
      part: undefined,
      closed: false,
      extra: fieldsBeside(wire, callWords),
    };
    calls.push(call);
    callAt.set(index ?? place, call);
    return call;
  }

  return {
    push(wire, events) {
      const delta = objectIn(wire.delta) ?? objectIn(wire.message);
      if (delta) {
        readReasoning(delta, events);
        readContent(delta.content, events);
        const refused = stringIn(delta.refusal);
        if (refused) growProse("refusal", refused, (words) => refusal(words), events);
        for (const call of listIn(delta.tool_calls) ?? []) readCall(objectIn(call) ?? {}, events);
        const isCited = delta.annotations !== undefined && readAnnotations(delta.annotations);
        beside = mergeExtra(beside, fieldsBeside(delta, isCited ? citedWords : deltaWords));
      }
      native = stringIn(wire.finish_reason) || native;
      const more = fieldsBeside(wire, choiceWords);
      if (more) extra = mergeChoiceExtra(extra, more);
    },
    cite(citations, events) {
      if (prose?.kind !== "text") return false;
      cite(choice, prose.index, citations, events);
      return true;
    },
    finish(events) {
      closeProse(events);
      for (const call of calls) if (!call.closed) closeCall(call, events);
      const all = beside ? { ...extra, message: beside } : extra;
      events.push(
        choiceFinished({ choice, finishReason: decodeFinish(native), nativeFinishReason: native, extra: all }),
      );
    },
  };
}

/** Log probabilities continue from chunk to chunk; other fields of a choice are said anew, and empty ones say nothing. */
function mergeChoiceExtra(before: JsonObject | undefined, more: JsonObject): JsonObject {
  const merged = { ...before };
  for (const [field, value] of Object.entries(more)) {
    const object = objectIn(value);
    if (object && Object.keys(object).length === 0 && field in merged) continue;
    merged[field] = field === "logprobs" && object ? (mergeExtra(objectIn(merged.logprobs), object) ?? object) : value;
  }
  return merged;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const deltaWords = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "reasoning_content",
  "reasoning",
  "reasoning_details",
]);
const citedWords = new Set([...deltaWords, "annotations"]);
const choiceWords = new Set(["index", "delta", "message", "finish_reason"]);
