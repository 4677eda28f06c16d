import { create, type JsonObject } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  GenerateRequestSchema,
  type Message,
  type Part,
  type ResponseFormat,
  ResponseFormatSchema,
  Role,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part, text } from "../../canonical/events.ts";
import { spelling } from "../crossing.ts";
import { opaqueOf } from "../opaque.ts";
import {
  booleanIn,
  checkFields,
  countIn,
  fieldsBeside,
  listIn,
  numberIn,
  objectIn,
  objectsIn,
  requiredString,
  stringIn,
} from "../wire.ts";
import { readHead } from "./head.ts";
import { decodeCall, decodePart, decodePlan } from "./parts.ts";
import { decodeTool, decodeToolChoice } from "./tools.ts";

const dialect = "cohere-chat";

export function decodeRequest(wire: JsonObject): GenerateRequest {
  const { model, maxOutputTokens } = readHead(wire);
  const thinking = objectIn(wire.thinking);
  const isKnown = thinking?.type === "enabled" || thinking?.type === "disabled";
  const extra = fieldsBeside(wire, requestWords) ?? {};
  if (thinking && !isKnown) extra.thinking = thinking;
  const format = objectIn(wire.response_format);
  if (listIn(wire.tools)?.length === 0) extra.tools = [];
  return create(GenerateRequestSchema, {
    model,
    messages: objectsIn(wire.messages, "messages").map(decodeMessage),
    tools: objectsIn(wire.tools, "tools").map((tool, index) => decodeTool(tool, `tools[${index}]`)),
    toolChoice: decodeToolChoice(wire.tool_choice),
    maxOutputTokens,
    temperature: numberIn(wire.temperature),
    topP: numberIn(wire.p),
    topK: countIn(wire.k),
    stop: (wire.stop_sequences ?? []) as string[],
    seed: typeof wire.seed === "number" ? BigInt(wire.seed) : undefined,
    presencePenalty: numberIn(wire.presence_penalty),
    frequencyPenalty: numberIn(wire.frequency_penalty),
    logprobs: booleanIn(wire.logprobs),
    responseFormat: format && decodeFormat(format),
    reasoning: isKnown
      ? { enabled: thinking.type === "enabled", budgetTokens: countIn(thinking.token_budget) }
      : undefined,
    dialect,
    extra: Object.keys(extra).length === 0 ? undefined : extra,
  });
}

function decodeMessage(wire: JsonObject, index: number): Message {
  const path = `messages[${index}]`;
  const role = Object.hasOwn(roles, `${wire.role}`) ? roles[`${wire.role}`]! : undefined;
  const bare = typeof wire.content === "string";
  if (wire.role === "tool") {
    const value = {
      $typeName: "pontage.v1.ToolResult" as const,
      toolCallId: requiredString(wire, "tool_call_id", path),
      parts: decodeContent(wire, path),
      isError: false,
      bare,
    };
    return message(Role.USER, [part({ case: "toolResult", value })], false, fieldsBeside(wire, words.tool));
  }
  if (role === undefined) return message(Role.USER, [part({ case: "opaque", value: opaqueOf(dialect, wire) })], false);
  const parts = decodeContent(wire, path);
  if (role !== Role.ASSISTANT) return message(role, parts, bare, fieldsBeside(wire, words.plain));
  const plan = stringIn(wire.tool_plan);
  if (plan) parts.push(decodePlan(plan));
  for (const [at, call] of objectsIn(wire.tool_calls, `${path}.tool_calls`).entries()) {
    parts.push(decodeCall(call, `${path}.tool_calls[${at}]`));
  }
  return message(role, parts, bare, fieldsBeside(wire, words.assistant));
}

function decodeContent(wire: JsonObject, path: string): Part[] {
  if (typeof wire.content === "string") return wire.content === "" ? [] : [text(wire.content)];
  return objectsIn(wire.content, `${path}.content`).map((part, at) => decodePart(part, `${path}.content[${at}]`));
}

function message(role: Role, parts: Part[], bare: boolean, extra?: JsonObject): Message {
  return { $typeName: "pontage.v1.Message", role, parts, name: "", bare, ...(extra ? { extra } : {}) };
}

/** The schema is `json_schema`; earlier it was `schema`. */
function decodeFormat(wire: JsonObject): ResponseFormat {
  checkFields(wire, { type: "string", json_schema: "object", schema: "object" }, "response_format");
  const beside = fieldsBeside(wire, formatWords);
  const schema = objectIn(wire.json_schema) ?? objectIn(wire.schema);
  if (wire.type === "json_object" && schema) {
    const extra = { ...beside, ...(objectIn(wire.json_schema) ? {} : { [spelling]: "schema" }) };
    const value = { schema, ...(Object.keys(extra).length > 0 ? { extra } : {}) };
    return create(ResponseFormatSchema, { kind: { case: "jsonSchema", value } });
  }
  if (wire.type === "json_object" && !beside)
    return create(ResponseFormatSchema, { kind: { case: "json", value: {} } });
  if (wire.type === "text" && !beside) return create(ResponseFormatSchema, { kind: { case: "text", value: {} } });
  return create(ResponseFormatSchema, { kind: { case: "opaque", value: opaqueOf(dialect, wire) } });
}

const roles: Readonly<Record<string, Role>> = {
  system: Role.SYSTEM,
  developer: Role.DEVELOPER,
  user: Role.USER,
  assistant: Role.ASSISTANT,
};

const requestWords = new Set([
  "model",
  "messages",
  "stream",
  "tools",
  "tool_choice",
  "max_tokens",
  "temperature",
  "p",
  "k",
  "stop_sequences",
  "seed",
  "presence_penalty",
  "frequency_penalty",
  "logprobs",
  "response_format",
  "thinking",
]);
const words = {
  plain: new Set(["role", "content"]),
  tool: new Set(["role", "content", "tool_call_id"]),
  assistant: new Set(["role", "content", "tool_plan", "tool_calls"]),
};
const formatWords = new Set(["type", "json_schema", "schema"]);
