import type { JsonObject } from "@bufbuild/protobuf";
import type { Choice, GenerateReply, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { text } from "../../canonical/events.ts";
import type { Losses } from "../../canonical/loss.ts";
import { loseCitations } from "../citations.ts";
import { Crossing, takeSpelling } from "../crossing.ts";
import { errorInAnswer } from "../error-body.ts";
import { decodeFinish, type Ending, encodeFinish } from "../openai-chat/finish.ts";
import { choicesIn } from "../openai-chat/reply.ts";
import { decodeUsage, encodeUsage } from "../openai-chat/usage.ts";
import { replyPath } from "../reply-path.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { countIn, fieldsBeside, stringIn } from "../wire.ts";

const dialect = "openai-completions";

export function decodeReply(wire: JsonObject): GenerateReply {
  if (wire.error) throw errorInAnswer(wire);
  return {
    $typeName: "pontage.v1.GenerateReply",
    id: stringIn(wire.id) ?? "",
    model: stringIn(wire.model) ?? "",
    createTimeSeconds: BigInt(countIn(wire.created) ?? 0),
    choices: choicesIn(wire).map(decodeChoice),
    usage: decodeUsage(wire.usage),
    dialect,
    extra: fieldsBeside(wire, replyWords),
  };
}

function decodeChoice(wire: JsonObject, at: number): Choice {
  const words = stringIn(wire.text) ?? "";
  const native = stringIn(wire.finish_reason) ?? "";
  return {
    $typeName: "pontage.v1.Choice",
    index: countIn(wire.index) ?? at,
    parts: words === "" ? [] : [text(words)],
    finishReason: decodeFinish(native),
    nativeFinishReason: native,
    stopSequence: "",
    extra: fieldsBeside(wire, choiceWords),
  };
}

export function encodeReply(reply: GenerateReply, losses: Losses): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  const { usage: said, ...extra } = reply.extra ?? {};
  const usage = crossing.same ? usageAsSaid(said, reply.usage, decodeUsage) : undefined;
  return {
    id: reply.id,
    object: "text_completion",
    created: Number(reply.createTimeSeconds),
    model: reply.model,
    choices: reply.choices.map((choice) => encodeChoice(choice, crossing)),
    ...(reply.usage ? { usage: usage ?? encodeUsage(reply.usage) } : {}),
    ...crossing.extra(extra, ""),
  };
}

function encodeChoice(choice: Choice, crossing: Crossing): JsonObject {
  const words = choice.parts.map((said, at) =>
    wordsOf(said, replyPath(crossing.from, choice.index, at, said), crossing),
  );
  return {
    text: words.join(""),
    index: choice.index,
    logprobs: null,
    ...encodeEnding(choice, crossing),
    ...crossing.extra(choice.extra, ""),
  };
}

/** There is one text, and nothing beside it. */
export function wordsOf(said: Part, path: string, crossing: Crossing): string {
  const { kind } = said;
  if (kind.case !== "text" && kind.case !== "refusal") {
    crossing.lose(path);
    return "";
  }
  // It looks like any other answer here.
  if (kind.case === "refusal") crossing.lose("finish_reason");
  crossing.extra(takeSpelling(said.extra).rest, path);
  crossing.withoutForeignSignature(said, path);
  loseCitations(said.citations, path, crossing);
  return kind.value.text;
}

/** Nothing is called here, so nobody waits for it. */
export function encodeEnding(ending: Ending, crossing: Crossing): JsonObject {
  const fields = encodeFinish(ending, new Set(), crossing);
  if (crossing.same || fields.finish_reason !== "tool_calls") return fields;
  crossing.lose("finish_reason");
  return { ...fields, finish_reason: "stop" };
}

const replyWords = new Set(["id", "object", "created", "model", "choices"]);
const choiceWords = new Set(["text", "index", "finish_reason"]);
