import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Choice, FinishReason, type GenerateReply, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { refusal } from "../../canonical/events.ts";
import type { Losses } from "../../canonical/loss.ts";
import { encodeCitations } from "../citations.ts";
import { Crossing, spelling } from "../crossing.ts";
import { errorInAnswer } from "../error-body.ts";
import { replyPath } from "../reply-path.ts";
import { sealed } from "../seal.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { fieldsBeside, listIn, objectIn, stringIn } from "../wire.ts";
import { decodeBlock, encodeBlock, inputObject } from "./blocks.ts";
import { citingFor, decodeCitation } from "./citations.ts";
import { decodeFinish, encodeFinish } from "./finish.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

const dialect = "anthropic-messages";

export function decodeReply(wire: JsonObject): GenerateReply {
  if (wire.type === "error") throw errorInAnswer(wire);
  const content = listIn(wire.content);
  if (content === undefined) {
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer has no `content`.");
  }
  const parts = content.map((block) => decodeAnswerBlock(objectIn(block) ?? {}));
  return {
    $typeName: "pontage.v1.GenerateReply",
    id: stringIn(wire.id) ?? "",
    model: stringIn(wire.model) ?? "",
    createTimeSeconds: 0n,
    choices: [decodeChoice(wire, parts)],
    usage: decodeUsage(wire.usage),
    dialect,
    extra: fieldsBeside(wire, replyWords),
  };
}

function decodeChoice(wire: JsonObject, parts: Part[]): Choice {
  const native = stringIn(wire.stop_reason) ?? "";
  const why = explanation(native, wire.stop_details);
  if (why) parts.push(why);
  return {
    $typeName: "pontage.v1.Choice",
    index: 0,
    parts,
    finishReason: decodeFinish(native),
    nativeFinishReason: native,
    stopSequence: stringIn(wire.stop_sequence) ?? "",
    extra: objectIn(wire.stop_details) ? { stop_details: objectIn(wire.stop_details)! } : undefined,
  };
}

/** The words of a refusal stand beside the content here; elsewhere they are said. */
export function explanation(stopReason: string, details: JsonValue | undefined): Part | undefined {
  const words = stopReason === "refusal" ? stringIn(objectIn(details)?.explanation) : undefined;
  return words ? refusal(words, { [spelling]: "stop_details" }) : undefined;
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
  // A list that is there, and not what is in it: as blocks of streams begin.
  part.extra = { ...part.extra, citations: [] };
  return part;
}

export function encodeReply(reply: GenerateReply, losses: Losses): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  const { usage: said, ...extra } = reply.extra ?? {};
  const usage = crossing.same ? usageAsSaid(said, reply.usage, decodeUsage) : undefined;
  const [choice, ...others] = reply.choices;
  for (const { index } of others) crossing.lose(`choices[${index}]`);
  return {
    id: reply.id,
    type: "message",
    role: "assistant",
    model: reply.model,
    content: choice ? encodeContent(choice, crossing) : [],
    ...encodeEnding(choice, crossing),
    usage: usage ?? encodeUsage(reply.usage),
    ...crossing.extra(extra, ""),
  };
}

function encodeContent(choice: Choice, crossing: Crossing): JsonObject[] {
  const waits = choice.finishReason === FinishReason.TOOL_CALLS || choice.finishReason === FinishReason.STOP;
  return choice.parts.flatMap<JsonObject>(
    (part, at) => encodeAnswerPart(part, replyPath(crossing.from, choice.index, at, part), crossing, waits) ?? [],
  );
}

/** One block of an answer; undefined for what has no block of its own or is lost. `waits`: the calls are complete. */
export function encodeAnswerPart(said: Part, path: string, crossing: Crossing, waits: boolean): JsonObject | undefined {
  const part = crossing.withoutForeignSignature(sealed(said, crossing), path);
  if (part === undefined) return undefined;
  const { kind } = part;
  if (kind.case === "refusal" && part.extra?.[spelling] === "stop_details") return undefined;
  if (
    !crossing.same &&
    (kind.case === "opaque" || kind.case === "image" || kind.case === "audio" || kind.case === "file")
  ) {
    crossing.lose(path);
    return undefined;
  }
  const block = encodeBlock(part, path, crossing, (text) => readInput(text, waits));
  if (block === undefined || kind.case !== "text" || part.citations.length === 0) return block;
  const citations = encodeCitations({ citations: part.citations, text: kind.value.text }, path, crossing, citingFor);
  return { ...block, ...(citations.length > 0 ? { citations } : {}) };
}

/** A model's words are not repaired: arguments that are no object stay the text they are. */
function readInput(text: string, waits: boolean): JsonValue {
  if (text.trim() === "" && !waits) return text;
  return inputObject(text) ?? text;
}

function encodeEnding(choice: Choice | undefined, crossing: Crossing): JsonObject {
  if (choice === undefined) return { stop_reason: null, stop_sequence: null };
  const kinds = new Set(choice.parts.map(({ kind }) => kind.case));
  return { ...encodeFinish(choice, kinds, crossing), ...crossing.extra(choice.extra, "") };
}

const replyWords = new Set(["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "stop_details"]);
