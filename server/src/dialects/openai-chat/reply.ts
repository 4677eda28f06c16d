import type { JsonObject } from "@bufbuild/protobuf";
import type { Choice, GenerateReply, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { refusal, text } from "../../canonical/events.ts";
import type { Losses } from "../../canonical/loss.ts";
import { Crossing, spelling, takeSpelling } from "../crossing.ts";
import { errorInAnswer } from "../error-body.ts";
import { replyPath } from "../reply-path.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { countIn, fieldsBeside, listIn, objectIn, stringIn } from "../wire.ts";
import { decodeAnnotations, encodeAnnotations, nestedShape } from "./annotations.ts";
import { decodeFinish, encodeFinish } from "./finish.ts";
import { decodePart, encodePart } from "./parts.ts";
import { decodeReasoning, encodeReasoning } from "./reasoning.ts";
import { asListed, decodeSearchResults, searchResultsIn, withSearchResults } from "./search-results.ts";
import { encodeSignature, signedCall } from "./signature.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

const dialect = "openai-chat";

export function decodeReply(wire: JsonObject): GenerateReply {
  // Azure answers 200 to a prompt that its filter refuses; Mistral's errors are flat.
  if (wire.error || wire.object === "error") throw errorInAnswer(wire);
  const choices = choicesIn(wire);
  const id = stringIn(wire.id) ?? "";
  const decoded = choices.map((choice, at) => decodeChoice(choice, at, id));
  const extra = fieldsBeside(wire, replyWords);
  const lists = searchResultsIn(extra);
  const texts = lists ? decoded.flatMap(({ parts }) => parts.find(({ kind }) => kind.case === "text") ?? []) : [];
  for (const text of texts) text.citations = [...text.citations, ...decodeSearchResults(lists!)];
  return {
    $typeName: "pontage.v1.GenerateReply",
    id,
    model: stringIn(wire.model) ?? "",
    createTimeSeconds: BigInt(countIn(wire.created) ?? 0),
    choices: decoded,
    usage: decodeUsage(wire.usage),
    dialect,
    extra: texts.length > 0 ? withSearchResults(extra, lists) : extra,
  };
}

/** What is no choice would pass for an empty answer, so it is not passed over. */
export function choicesIn(wire: JsonObject): JsonObject[] {
  const choices = listIn(wire.choices)?.map(objectIn);
  if (choices?.every((choice) => choice !== undefined)) return choices;
  throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer has no `choices`.");
}

function decodeChoice(wire: JsonObject, at: number, replyId: string): Choice {
  const message = objectIn(wire.message) ?? {};
  const native = stringIn(wire.finish_reason) ?? "";
  const parts = decodeMessage(message, replyId);
  const isCited = parts.some(({ citations }) => citations.length > 0);
  const beside = fieldsBeside(message, isCited ? citedWords : messageWords);
  const extra = fieldsBeside(wire, choiceWords);
  return {
    $typeName: "pontage.v1.Choice",
    index: countIn(wire.index) ?? at,
    parts,
    finishReason: decodeFinish(native),
    nativeFinishReason: native,
    stopSequence: "",
    extra: beside ? { ...extra, message: beside } : extra,
  };
}

function decodeMessage(message: JsonObject, replyId: string): Part[] {
  const parts = decodeReasoning(message);
  if (typeof message.content === "string") {
    if (message.content !== "") {
      const words = text(message.content);
      const annotations = listIn(message.annotations) ?? [];
      if (annotations.length > 0) words.citations = decodeAnnotations(annotations, message.content);
      parts.push(words);
    }
  } else {
    for (const item of listIn(message.content) ?? []) parts.push(decodeAnswerPart(objectIn(item) ?? {}));
  }
  const refused = stringIn(message.refusal);
  if (refused) parts.push(refusal(refused));
  for (const [at, item] of (listIn(message.tool_calls) ?? []).entries()) {
    parts.push(decodeCall(objectIn(item) ?? {}, replyId, at));
  }
  return parts;
}

/** A part of an answer's content list. What cannot be read is the provider's mistake and not the caller's. */
export function decodeAnswerPart(wire: JsonObject): Part {
  try {
    return decodePart(wire, "content");
  } catch (cause) {
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer holds content that cannot be read.", {
      cause,
    });
  }
}

function decodeCall(wire: JsonObject, replyId: string, at: number): Part {
  const called = objectIn(wire.function) ?? {};
  const call = {
    id: stringIn(wire.id) || inventedCallId(replyId, at),
    name: stringIn(called.name) ?? "",
    arguments: stringIn(called.arguments) ?? "",
  };
  return signedCall(call, fieldsBeside(wire, callWords));
}

/** For servers that give calls no id: the same for the same answer, streamed or not. */
export function inventedCallId(replyId: string, at: number): string {
  return `call_${replyId.replace(/[^a-zA-Z0-9]/g, "").slice(-24)}_${at}`;
}

export function encodeReply(reply: GenerateReply, losses: Losses): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  const { usage: said, ...extra } = reply.extra ?? {};
  const usage = crossing.same ? usageAsSaid(said, reply.usage, decodeUsage) : undefined;
  return {
    id: reply.id,
    object: "chat.completion",
    created: Number(reply.createTimeSeconds),
    model: reply.model,
    choices: reply.choices.map((choice) => encodeChoice(choice, crossing)),
    ...(reply.usage ? { usage: usage ?? encodeUsage(reply.usage) } : {}),
    ...asListed(crossing.extra(extra, "")),
  };
}

function encodeChoice(choice: Choice, crossing: Crossing): JsonObject {
  const { message: beside, ...extra } = crossing.extra(choice.extra, "") ?? {};
  const kinds = new Set(choice.parts.map(({ kind }) => kind.case));
  return {
    index: choice.index,
    message: { ...encodeMessage(choice, crossing), ...objectIn(beside) },
    logprobs: null,
    ...encodeFinish(choice, kinds, crossing),
    ...extra,
  };
}

function encodeMessage(choice: Choice, crossing: Crossing): JsonObject {
  const thoughts: Part[] = [];
  const content: { part: Part; at: number }[] = [];
  const calls: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  let said = "";
  let refused: string | null = null;
  for (const [at, part] of choice.parts.entries()) {
    const { kind } = part;
    const path = replyPath(crossing.from, choice.index, at, part);
    if (kind.case === "reasoning" && part.extra?.[spelling] !== "thinking") {
      const kept = crossing.withoutForeignSignature(part, path);
      if (kept) thoughts.push(kept);
      if (!crossing.same) crossing.extra(part.extra, path);
    } else if (kind.case === "toolCall") calls.push(encodeCall(part, path, crossing));
    else if (kind.case === "refusal") {
      refused = (refused ?? "") + kind.value.text;
      crossing.extra(takeSpelling(part.extra).rest, path);
    } else if (kind.case === "text" || crossing.same) {
      content.push({ part, at });
      if (kind.case !== "text") continue;
      const cited = { citations: part.citations, text: kind.value.text, before: said };
      annotations.push(...encodeAnnotations(cited, path, crossing, nestedShape));
      said += kind.value.text;
    } else crossing.lose(path);
  }
  const words = encodeContent(content, choice.index, crossing);
  return {
    role: "assistant",
    content: words === "" && (calls.length > 0 || refused !== null) ? null : words,
    refusal: refused,
    ...encodeReasoning(thoughts),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(annotations.length > 0 ? { annotations } : {}),
  };
}

/** One string, unless the origin is a chat server that writes lists. */
function encodeContent(
  content: { part: Part; at: number }[],
  choice: number,
  crossing: Crossing,
): string | JsonObject[] {
  const asList = content.some(({ part }) => part.kind.case !== "text");
  const encoded = content.flatMap<JsonObject>(
    ({ part, at }) => encodePart(part, replyPath(crossing.from, choice, at, part), crossing, true) ?? [],
  );
  return asList ? encoded : encoded.map((part) => stringIn(part.text) ?? "").join("");
}

function encodeCall(part: Part, path: string, crossing: Crossing): JsonObject {
  const call = part.kind.case === "toolCall" ? part.kind.value : { id: "", name: "", arguments: "" };
  return {
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
    ...crossing.extra(part.extra, path),
    ...encodeSignature(part, path, crossing),
  };
}

const replyWords = new Set(["id", "object", "created", "model", "choices"]);
/** Perplexity repeats the beginning of its stream in `delta`. */
const choiceWords = new Set(["index", "message", "finish_reason", "delta"]);
const messageWords = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "reasoning_content",
  "reasoning",
  "reasoning_details",
]);
const citedWords = new Set([...messageWords, "annotations"]);
/** `index` is how compatible servers repeat a call's place in the list. */
export const callWords = new Set(["id", "type", "function", "index"]);
