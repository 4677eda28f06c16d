import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Choice, GenerateReply, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import type { Losses } from "../../canonical/loss.ts";
import { Crossing, takeSpelling } from "../crossing.ts";
import { errorInAnswer } from "../error-body.ts";
import { replyPath } from "../reply-path.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { fieldsBeside, listIn, objectIn, stringIn } from "../wire.ts";
import { citationsAt, decodeCitations, encodeTextCitations } from "./citations.ts";
import { failureIn } from "./error.ts";
import { decodeFinish, encodeFinish } from "./finish.ts";
import { decodeCall, decodePart, decodePlan, encodeCall, encodePart, isPlan, loseSecrets } from "./parts.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

const dialect = "cohere-chat";

export function decodeReply(wire: JsonObject): GenerateReply {
  const message = objectIn(wire.message);
  if (message === undefined) {
    if (typeof wire.message === "string") throw errorInAnswer(wire);
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer has no `message`.");
  }
  const failure = failureIn(wire);
  if (failure) throw failure;
  const native = stringIn(wire.finish_reason) ?? "";
  const parts = readable(() => decodeMessage(message));
  const beside = attachCitations(parts, listIn(message.citations) ?? []);
  const extra = fieldsBeside(wire, choiceWords.beside);
  return {
    $typeName: "pontage.v1.GenerateReply",
    id: stringIn(wire.id) ?? "",
    model: "",
    createTimeSeconds: 0n,
    choices: [
      {
        $typeName: "pontage.v1.Choice",
        index: 0,
        parts,
        finishReason: decodeFinish(native),
        nativeFinishReason: native,
        stopSequence: "",
        extra: choiceExtra(listIn(wire.logprobs), beside, fieldsBeside(message, choiceWords.message)),
      },
    ],
    usage: decodeUsage(wire.usage),
    dialect,
    extra,
  };
}

/** Gives the texts their citations, and returns those that are of something else. */
function attachCitations(parts: readonly Part[], list: readonly JsonValue[]): JsonValue[] {
  if (list.length === 0) return [];
  const found = new Set<JsonValue>();
  const firstText = parts.findIndex(({ kind }) => kind.case === "text");
  for (const [place, part] of parts.entries()) {
    if (part.kind.case !== "text") continue;
    const own = citationsAt(list, place, firstText);
    part.citations = decodeCitations(own, part.kind.value.text);
    for (const item of own) found.add(item);
  }
  return list.filter((item) => !found.has(item));
}

/** What cannot be read is the provider's mistake and not the caller's. */
export function readable<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer holds content that cannot be read.", {
      cause,
    });
  }
}

function decodeMessage(message: JsonObject): Part[] {
  const content = (listIn(message.content) ?? []).map((item) => decodePart(objectIn(item) ?? {}, "content"));
  const plan = stringIn(message.tool_plan);
  const calls = (listIn(message.tool_calls) ?? []).map((call) => decodeCall(objectIn(call) ?? {}, "tool_calls"));
  return [...content, ...(plan ? [decodePlan(plan)] : []), ...calls];
}

export function choiceExtra(
  logprobs: JsonValue[] | undefined,
  citations: JsonValue[] | undefined,
  message: JsonObject | undefined,
): JsonObject | undefined {
  const extra: JsonObject = {
    ...(logprobs ? { logprobs } : {}),
    ...(citations && citations.length > 0 ? { citations } : {}),
    ...(message ? { message } : {}),
  };
  return Object.keys(extra).length > 0 ? extra : undefined;
}

export function encodeReply(reply: GenerateReply, losses: Losses): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  if (reply.model !== "") crossing.lose("model");
  const [choice, ...others] = reply.choices;
  for (const { index } of others) crossing.lose(`choices[${index}]`);
  const { message: beside, citations, ...more } = crossing.extra(choice?.extra, "") ?? {};
  const reason = choice && encodeFinish(choice, new Set(choice.parts.map(({ kind }) => kind.case)), crossing);
  const { usage: said, ...extra } = reply.extra ?? {};
  const usage = encodeSaidUsage(said, reply.usage, crossing);
  return {
    id: reply.id,
    message: { ...encodeMessage(choice, listIn(citations) ?? [], crossing), ...objectIn(beside) },
    ...(reason === undefined ? {} : { finish_reason: reason }),
    ...(usage ? { usage } : {}),
    ...more,
    ...crossing.extra(takeSpelling(extra).rest, ""),
  };
}

/** As it was said, billed units included, where it is the dialect's own. */
export function encodeSaidUsage(
  said: unknown,
  usage: GenerateReply["usage"],
  crossing: Crossing,
): JsonObject | undefined {
  return (crossing.same && usageAsSaid(said, usage, decodeUsage)) || (usage && encodeUsage(usage, crossing));
}

function encodeMessage(choice: Choice | undefined, beside: JsonValue[], crossing: Crossing): JsonObject {
  const content: JsonObject[] = [];
  const calls: JsonObject[] = [];
  const citations: JsonValue[] = [];
  let plan = "";
  for (const [at, part] of (choice?.parts ?? []).entries()) {
    const { kind } = part;
    const path = replyPath(crossing.from, choice?.index ?? 0, at, part);
    loseSecrets(part, path, crossing);
    if (kind.case === "toolCall") calls.push(encodeCall(part, path, crossing));
    else if (kind.case === "reasoning" && isPlan(part)) plan += kind.value.text;
    else if (kind.case === "reasoning" && kind.value.text === "") crossing.extra(takeSpelling(part.extra).rest, path);
    else if (crossing.same || kind.case === "text" || kind.case === "refusal" || kind.case === "reasoning") {
      content.push(encodePart(part, path, crossing));
      if (kind.case !== "text") continue;
      const cited = { citations: part.citations, text: kind.value.text };
      citations.push(...encodeTextCitations(cited, content.length - 1, path, crossing));
    } else crossing.lose(path);
  }
  return {
    role: "assistant",
    ...(content.length > 0 ? { content } : {}),
    ...(plan === "" ? {} : { tool_plan: plan }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(citations.length + beside.length > 0 ? { citations: [...citations, ...beside] } : {}),
  };
}

const choiceWords = {
  beside: new Set(["id", "message", "finish_reason", "logprobs"]),
  message: new Set(["role", "content", "tool_plan", "tool_calls", "citations"]),
};
