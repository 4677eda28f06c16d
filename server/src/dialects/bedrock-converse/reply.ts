import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Choice, FinishReason, type GenerateReply, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import type { Losses } from "../../canonical/loss.ts";
import { inputObject } from "../anthropic-messages/blocks.ts";
import { encodeCitations } from "../citations.ts";
import { Crossing } from "../crossing.ts";
import { errorInAnswer } from "../error-body.ts";
import { replyPath } from "../reply-path.ts";
import { sealed } from "../seal.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { fieldsBeside, listIn, objectIn, stringIn } from "../wire.ts";
import { decodeBlock } from "./blocks.ts";
import { type BlockContext, encodeBlock } from "./blocks-encode.ts";
import { encodeCachePoint } from "./cache-point.ts";
import { citingFor, decodeCitation } from "./citations.ts";
import { decodeFinish, encodeFinish, stopSequenceIn } from "./finish.ts";
import { DocumentNames } from "./formats.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

const dialect = "bedrock-converse";

/** An answer names neither itself nor its model: the service says the one in a header, and the caller knows the other. */
export function decodeReply(wire: JsonObject): GenerateReply {
  const output = objectIn(wire.output);
  if (output === undefined) {
    if (typeof wire.message === "string") throw errorInAnswer(wire);
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer has no `output`.");
  }
  const message = objectIn(output.message) ?? {};
  const native = stringIn(wire.stopReason) ?? "";
  const choice: Choice = {
    $typeName: "pontage.v1.Choice",
    index: 0,
    parts: (listIn(message.content) ?? []).map((block) => decodeAnswerBlock(objectIn(block) ?? {})),
    finishReason: decodeFinish(native),
    nativeFinishReason: native,
    stopSequence: stopSequenceIn(wire.additionalModelResponseFields),
    extra: fieldsOfChoice(wire),
  };
  return {
    $typeName: "pontage.v1.GenerateReply",
    id: "",
    model: "",
    createTimeSeconds: 0n,
    choices: [choice],
    usage: decodeUsage(wire.usage),
    dialect,
    extra: extraOf(wire, output, message),
  };
}

/** What the model says with its ending, in fields of its own. */
export function fieldsOfChoice({ additionalModelResponseFields: fields }: JsonObject): JsonObject | undefined {
  return fields === undefined || fields === null ? undefined : { additionalModelResponseFields: fields };
}

function extraOf(wire: JsonObject, output: JsonObject, message: JsonObject): JsonObject | undefined {
  const extra = fieldsBeside(wire, replyWords) ?? {};
  const beside = fieldsBeside(message, messageWords);
  const outer = fieldsBeside(output, outputWords);
  if (beside || outer) extra.output = { ...outer, ...(beside ? { message: beside } : {}) };
  return Object.keys(extra).length > 0 ? extra : undefined;
}

/** A block of an answer. What cannot be read is the provider's mistake and not the caller's. */
export function decodeAnswerBlock(wire: JsonObject): Part {
  try {
    return withCitations(decodeBlock(wire, "content"));
  } catch (cause) {
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer holds content that cannot be read.", {
      cause,
    });
  }
}

/** The sources of a text have a word of their own in answers. */
function withCitations(part: Part): Part {
  const citations = listIn(part.extra?.citations) ?? [];
  if (part.kind.case !== "text" || citations.length === 0) return part;
  part.citations = citations.map((item) => decodeCitation(objectIn(item) ?? {}));
  part.extra = fieldsBeside(part.extra!, new Set(["citations"]));
  return part;
}

export function encodeReply(reply: GenerateReply, losses: Losses): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  const { usage: said, output: beside, ...extra } = crossing.extra(withoutUsage(reply.extra), "") ?? {};
  const rawUsage = crossing.same ? usageAsSaid(reply.extra?.usage, reply.usage, decodeUsage) : undefined;
  const usage = rawUsage ?? (reply.usage && encodeUsage(reply.usage, crossing));
  const [choice, ...others] = reply.choices;
  for (const { index } of others) crossing.lose(`choices[${index}]`);
  const outer = objectIn(beside) ?? {};
  const content = choice ? encodeContent(choice, crossing) : [];
  return {
    output: { ...outer, message: { ...objectIn(outer.message), role: "assistant", content } },
    ...encodeEnding(choice, crossing),
    ...(usage ? { usage } : {}),
    ...extra,
  };
}

/** The usage is said with the tokens themselves. */
export function withoutUsage(extra: JsonObject | undefined): JsonObject | undefined {
  if (extra?.usage === undefined) return extra;
  const { usage: _, ...others } = extra;
  return others;
}

function encodeContent(choice: Choice, crossing: Crossing): JsonObject[] {
  const waits = choice.finishReason === FinishReason.TOOL_CALLS || choice.finishReason === FinishReason.STOP;
  const context = answerContext(crossing, waits);
  return choice.parts.flatMap<JsonObject>((part, at) => {
    const block = encodeAnswerPart(part, replyPath(crossing.from, choice.index, at), context);
    if (block === undefined) return [];
    return part.cache && crossing.same ? [block, encodeCachePoint(part.cache, true)] : [block];
  });
}

/** `waits`: the calls are complete. */
export function answerContext(crossing: Crossing, waits: boolean): BlockContext {
  const readInput = (text: string): JsonValue => {
    // A model's words are not repaired: arguments that are no object stay the text they are.
    if (text.trim() === "" && !waits) return text;
    return inputObject(text) ?? text;
  };
  return { crossing, vendor: undefined, isAnswer: true, readInput, documents: new DocumentNames() };
}

/** One block of an answer; undefined for what is lost. */
export function encodeAnswerPart(said: Part, path: string, context: BlockContext): JsonObject | undefined {
  const { crossing } = context;
  const part = crossing.withoutForeignSignature(sealed(said, crossing), path);
  if (part === undefined) return undefined;
  const { kind } = part;
  if (
    !crossing.same &&
    (kind.case === "opaque" || kind.case === "image" || kind.case === "audio" || kind.case === "file")
  ) {
    crossing.lose(path);
    return undefined;
  }
  if (kind.case !== "text" || part.citations.length === 0) return encodeBlock(part, path, context);
  const citations = encodeCitations({ citations: part.citations, text: kind.value.text }, path, crossing, citingFor);
  if (crossing.same) return encodeBlock({ ...part, extra: { ...part.extra, citations } }, path, context);
  const block = encodeBlock(part, path, context);
  return citations.length === 0 ? block : { citationsContent: { content: [{ text: kind.value.text }], citations } };
}

function encodeEnding(choice: Choice | undefined, crossing: Crossing): JsonObject {
  if (choice === undefined) return { stopReason: "end_turn" };
  return encodeFinish(choice, new Set(choice.parts.map(({ kind }) => kind.case)), crossing);
}

const replyWords = new Set(["output", "stopReason", "additionalModelResponseFields"]);
const outputWords = new Set(["message"]);
const messageWords = new Set(["role", "content"]);
