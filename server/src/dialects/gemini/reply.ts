import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Choice, FinishReason, type GenerateReply, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { refusal } from "../../canonical/events.ts";
import type { Losses } from "../../canonical/loss.ts";
import { Crossing, spelling } from "../crossing.ts";
import { replyPath } from "../reply-path.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { countIn, fieldsBeside, listIn, objectIn, stringIn } from "../wire.ts";
import { inventedCallId } from "./call-id.ts";
import { attachSources, encodeSources, type SourcedText, sourcesTogether } from "./citations.ts";
import { errorInAnswer } from "./error.ts";
import { decodeFinish, encodeFinish, explains, nativeFinish } from "./finish.ts";
import { answerArguments, type CallIds, decodePart, encodePart, type PartContext, saysNothing } from "./parts.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

const dialect = "gemini";

export function decodeReply(wire: JsonObject): GenerateReply {
  if (wire.error) throw errorInAnswer(wire);
  const candidates = (listIn(wire.candidates) ?? []).map((candidate) => objectIn(candidate) ?? {});
  const blocked = candidates.length === 0 ? blockReason(wire) : undefined;
  if (candidates.length === 0 && blocked === undefined) {
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer has no `candidates`.");
  }
  const id = stringIn(wire.responseId) ?? "";
  return {
    $typeName: "pontage.v1.GenerateReply",
    id,
    model: stringIn(wire.modelVersion) ?? "",
    createTimeSeconds: BigInt(secondsIn(wire.createTime)),
    choices:
      blocked === undefined
        ? candidates.map((candidate, at) => decodeCandidate(candidate, at, id))
        : [blockedChoice(blocked)],
    usage: decodeUsage(wire.usageMetadata),
    dialect,
    extra: replyExtra(wire),
  };
}

/**
 * Why the prompt was not answered at all; undefined where it was. A blocked prompt is an answer without candidates, and
 * sometimes the feedback gives no more than a message.
 */
export function blockReason(wire: JsonObject): string | undefined {
  const feedback = objectIn(wire.promptFeedback);
  if (feedback === undefined) return undefined;
  const reason = nativeFinish(feedback.blockReason) || (feedback.blockReasonMessage ? "OTHER" : "");
  return reason === "" ? undefined : reason;
}

/** What stands for a blocked prompt: a choice that says nothing, and is not written back. */
function blockedChoice(native: string): Choice {
  return {
    $typeName: "pontage.v1.Choice",
    index: 0,
    parts: [],
    finishReason: FinishReason.FILTERED,
    nativeFinishReason: native,
    stopSequence: "",
    extra: blockedExtra,
  };
}

export const blockedExtra: JsonObject = { [spelling]: "promptFeedback" };

export function isBlocked(extra: JsonObject | undefined): boolean {
  return extra?.[spelling] === "promptFeedback";
}

/** The fields of an answer without a canonical word; `usage` is the vendor's own object, and the time as it was said. */
export function replyExtra(wire: JsonObject): JsonObject | undefined {
  const extra = fieldsBeside(wire, replyWords) ?? {};
  const usage = objectIn(wire.usageMetadata);
  if (usage) extra.usage = usage;
  if (typeof wire.createTime === "string") extra[spelling] = wire.createTime;
  return Object.keys(extra).length === 0 ? undefined : extra;
}

/** Vertex says when. */
export function secondsIn(time: JsonValue | undefined): number {
  const ms = Date.parse(stringIn(time) ?? "");
  return Number.isFinite(ms) && ms > 0 ? Math.floor(ms / 1000) : 0;
}

function decodeCandidate(wire: JsonObject, at: number, replyId: string): Choice {
  const native = nativeFinish(wire.finishReason);
  const ids = answerIds(replyId);
  const parts = (listIn(objectIn(wire.content)?.parts) ?? []).flatMap((part) => decodeAnswerPart(objectIn(part), ids));
  const why = explanation(native, wire.finishMessage);
  if (why) parts.push(why);
  return {
    $typeName: "pontage.v1.Choice",
    index: countIn(wire.index) ?? at,
    parts,
    finishReason: decodeFinish(native),
    nativeFinishReason: native,
    stopSequence: "",
    extra: attachSources(parts, candidateExtra(wire)),
  };
}

/** The words about an ending stand beside the content here; elsewhere they are said. */
export function explanation(native: string, message: JsonValue | undefined): Part | undefined {
  const words = explains(native) ? stringIn(message) : undefined;
  return words ? refusal(words, { [spelling]: "finishMessage" }) : undefined;
}

export function candidateExtra(wire: JsonObject): JsonObject | undefined {
  return fieldsBeside(wire, candidateWords);
}

/** Ids for the calls of an answer that have none: the same for the same answer, streamed or not. */
export function answerIds(replyId: string): CallIds {
  let calls = 0;
  const next = () => {
    calls += 1;
    return inventedCallId(replyId, calls - 1);
  };
  return { ofCall: next, ofResult: next };
}

/** A part of an answer; none for a text that says nothing. What cannot be read is the provider's mistake and not the caller's. */
export function decodeAnswerPart(wire: JsonObject | undefined, ids: CallIds): Part[] {
  if (wire === undefined || isEmptyText(wire)) return [];
  try {
    return [decodePart(wire, "parts", ids)];
  } catch (cause) {
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer holds content that cannot be read.", {
      cause,
    });
  }
}

/** Streams like to end with one. */
function isEmptyText(wire: JsonObject): boolean {
  return wire.text === "" && Object.keys(wire).length === (typeof wire.thought === "boolean" ? 2 : 1);
}

export function encodeReply(reply: GenerateReply, losses: Losses): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  const { usage: said, [spelling]: createTime, ...extra } = reply.extra ?? {};
  const usage = crossing.same ? usageAsSaid(said, reply.usage, decodeUsage) : undefined;
  const choices = reply.choices.filter((choice) => !(crossing.same && isBlocked(choice.extra)));
  const wire: JsonObject = { candidates: choices.map((choice) => encodeChoice(choice, crossing)) };
  if (reply.usage) wire.usageMetadata = usage ?? encodeUsage(reply.usage, crossing);
  else if (crossing.same && said) wire.usageMetadata = said;
  if (reply.model !== "") wire.modelVersion = reply.model;
  if (reply.id !== "") wire.responseId = reply.id;
  if (crossing.same && createTime !== undefined) wire.createTime = createTime;
  else if (reply.createTimeSeconds > 0n) wire.createTime = timeOf(reply.createTimeSeconds);
  return { ...wire, ...crossing.extra(extra, "") };
}

/** Times beyond what a date can be are nobody's. */
export function timeOf(seconds: bigint): string {
  const ms = Number(seconds) * 1000;
  return new Date(ms <= 8.64e15 ? ms : 0).toISOString().replace(".000Z", "Z");
}

function encodeChoice(choice: Choice, crossing: Crossing): JsonObject {
  const context = answerContext(crossing);
  const kinds = new Set(choice.parts.map(({ kind }) => kind.case));
  const sourced: SourcedText[] = [];
  let next = 0;
  const parts = choice.parts.flatMap<JsonObject>((part, at) => {
    const path = replyPath(crossing.from, choice.index, at);
    if (saysNothing(part, path, crossing)) return [];
    const wire = encodeAnswerPart(part, path, context);
    if (wire === undefined) return [];
    const place = next;
    next += 1;
    const { kind, citations } = part;
    const isCited = !crossing.same && kind.case === "text" && citations.length > 0;
    if (isCited) sourced.push({ citations, text: kind.value.text, before: "", path, place });
    return wire;
  });
  return {
    ...(parts.length > 0 || !crossing.same ? { content: { parts, role: "model" } } : {}),
    ...encodeFinish(choice, kinds, crossing),
    index: choice.index,
    ...encodeSources(sourced, crossing),
    ...sourcesTogether(crossing.extra(choice.extra, "")),
  };
}

export function answerContext(crossing: Crossing): PartContext {
  return { crossing, readArguments: answerArguments, functionOf: (id) => id };
}

/** One part of an answer; undefined for what has no part of its own or is lost. */
export function encodeAnswerPart(part: Part, path: string, context: PartContext): JsonObject | undefined {
  const { crossing } = context;
  const { kind } = part;
  if (kind.case === "refusal" && part.extra?.[spelling] === "finishMessage") return undefined;
  if (kind.case === "opaque" && !crossing.same) {
    crossing.lose(path);
    return undefined;
  }
  return encodePart(part, path, context);
}

const replyWords = new Set(["candidates", "usageMetadata", "modelVersion", "responseId", "createTime"]);
const candidateWords = new Set(["content", "finishReason", "index"]);
