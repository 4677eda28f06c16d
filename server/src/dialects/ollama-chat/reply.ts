import type { JsonObject } from "@bufbuild/protobuf";
import type { Choice, GenerateReply, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { reasoning, text } from "../../canonical/events.ts";
import type { Losses } from "../../canonical/loss.ts";
import { inputObject } from "../anthropic-messages/blocks.ts";
import { loseCitations } from "../citations.ts";
import { Crossing, spelling, takeSpelling } from "../crossing.ts";
import { errorInAnswer } from "../error-body.ts";
import { replyPath } from "../reply-path.ts";
import { fieldsBeside, listIn, objectIn, stringIn } from "../wire.ts";
import { callIdInAnswer } from "./call-id.ts";
import { decodeCall, encodeCall } from "./calls.ts";
import { createdAtOf, secondsOf } from "./created-at.ts";
import { decodeFinish, encodeFinish } from "./finish.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

const dialect = "ollama-chat";

export function decodeReply(wire: JsonObject): GenerateReply {
  if (wire.error) throw errorInAnswer(wire);
  const message = objectIn(wire.message);
  if (message === undefined) {
    throw new GatewayError(Reason.UPSTREAM_GARBAGE, "The provider's answer has no `message`.");
  }
  const createdAt = stringIn(wire.created_at) ?? "";
  const native = stringIn(wire.done_reason) ?? "";
  return {
    $typeName: "pontage.v1.GenerateReply",
    id: "",
    model: stringIn(wire.model) ?? "",
    createTimeSeconds: BigInt(secondsOf(createdAt)),
    choices: [
      {
        $typeName: "pontage.v1.Choice",
        index: 0,
        parts: decodeMessage(message, createdAt),
        finishReason: decodeFinish(native),
        nativeFinishReason: native,
        stopSequence: "",
        extra: choiceExtra(listIn(wire.logprobs), fieldsBeside(message, messageWords)),
      },
    ],
    usage: decodeUsage(wire),
    dialect,
    extra: replyExtra(createdAt, fieldsBeside(wire, replyWords)),
  };
}

function decodeMessage(message: JsonObject, createdAt: string): Part[] {
  const parts: Part[] = [];
  const thought = stringIn(message.thinking);
  if (thought) parts.push(reasoning({ text: thought }));
  const words = stringIn(message.content);
  if (words) parts.push(text(words));
  for (const [at, call] of (listIn(message.tool_calls) ?? []).entries()) {
    parts.push(decodeCall(objectIn(call) ?? {}, callIdInAnswer(createdAt, at)));
  }
  return parts;
}

/** The time is finer than seconds, and stands here as it was said. */
export function replyExtra(createdAt: string, beside: JsonObject | undefined): JsonObject | undefined {
  return createdAt === "" ? beside : { ...beside, [spelling]: createdAt };
}

export function choiceExtra(logprobs: JsonObject[string][] | undefined, beside: JsonObject | undefined) {
  if (logprobs === undefined && beside === undefined) return undefined;
  return { ...(logprobs ? { logprobs } : {}), ...(beside ? { message: beside } : {}) };
}

export function encodeReply(reply: GenerateReply, losses: Losses): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  if (reply.id !== "") crossing.lose("id");
  const [choice, ...others] = reply.choices;
  for (const { index } of others) crossing.lose(`choices[${index}]`);
  const { message: beside, ...more } = crossing.extra(choice?.extra, "") ?? {};
  const kinds = new Set(choice?.parts.map(({ kind }) => kind.case));
  const reason = choice && encodeFinish(choice, kinds, crossing);
  return {
    model: reply.model,
    created_at: createdAtOf(crossing.same ? reply.extra : undefined, Number(reply.createTimeSeconds)),
    message: { ...encodeMessage(choice, crossing), ...objectIn(beside) },
    done: true,
    ...(reason === undefined ? {} : { done_reason: reason }),
    ...more,
    ...encodeUsage(reply.usage, crossing),
    ...encodeBesides(reply.extra, crossing),
  };
}

/** What an answer says beside the known fields. Others keep a copy of their whole usage there, which is said already. */
export function encodeBesides(extra: JsonObject | undefined, crossing: Crossing): JsonObject | undefined {
  const { usage: said, ...rest } = takeSpelling(extra).rest ?? {};
  const own = crossing.extra(rest, "");
  return crossing.same && said !== undefined ? { ...own, usage: said } : own;
}

function encodeMessage(choice: Choice | undefined, crossing: Crossing): JsonObject {
  let words = "";
  let thoughts = "";
  const calls: JsonObject[] = [];
  for (const [at, part] of (choice?.parts ?? []).entries()) {
    const { kind } = part;
    const path = replyPath(crossing.from, choice?.index ?? 0, at, part);
    if (part.signature !== undefined) crossing.lose(`${path}.signature`);
    switch (kind.case) {
      case "text":
      case "refusal":
        words += kind.value.text;
        crossing.extra(takeSpelling(part.extra).rest, path);
        loseCitations(part.citations, path, crossing);
        break;
      case "reasoning":
        thoughts += thoughtOf(part, path, crossing);
        break;
      case "toolCall": {
        const { id, name, arguments: input } = kind.value;
        calls.push(encodeCall({ id, name, input: inputOf(input) }, part.extra, path, crossing));
        break;
      }
      default:
        crossing.lose(path);
    }
  }
  return {
    role: "assistant",
    content: words,
    ...(thoughts === "" ? {} : { thinking: thoughts }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** The words of a thought. There is no place for what its maker wants back. */
export function thoughtOf(part: Part, path: string, crossing: Crossing): string {
  if (part.kind.case !== "reasoning") return "";
  const { text, signature, redacted } = part.kind.value;
  if (signature !== "") crossing.lose(`${path}.signature`);
  if (redacted !== "") crossing.lose(`${path}.encrypted_content`);
  crossing.extra(takeSpelling(part.extra).rest, path);
  return text;
}

/** A model's broken words are not repaired: arguments that are no object stay the text they are. */
export function inputOf(text: string): JsonObject | string {
  return inputObject(text) ?? text;
}

export const replyWords = new Set([
  "model",
  "created_at",
  "message",
  "done",
  "done_reason",
  "prompt_eval_count",
  "eval_count",
  "logprobs",
]);
export const messageWords = new Set(["role", "content", "thinking", "tool_calls"]);
