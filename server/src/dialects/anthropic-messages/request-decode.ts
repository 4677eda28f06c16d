import { create, type JsonObject } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  GenerateRequestSchema,
  type Message,
  type ResponseFormat,
  ResponseFormatSchema,
  Role,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { text } from "../../canonical/events.ts";
import { opaqueOf } from "../opaque.ts";
import { unsealed } from "../seal.ts";
import { checkFields, countIn, fieldsBeside, invalid, numberIn, objectIn, objectsIn, stringIn } from "../wire.ts";
import { decodeBlocks } from "./blocks.ts";
import { readHead } from "./head.ts";
import { decodeTool, decodeToolChoice } from "./tools.ts";

const dialect = "anthropic-messages";

export function decodeRequest(wire: JsonObject): GenerateRequest {
  const { model, maxOutputTokens } = readHead(wire);
  const config = objectIn(wire.output_config) ?? {};
  const metadata = objectIn(wire.metadata) ?? {};
  checkFields(config, { effort: "string", format: "object" }, "output_config");
  const format = objectIn(config.format) ?? objectIn(wire.output_format);
  return create(GenerateRequestSchema, {
    model,
    messages: [...decodeSystem(wire), ...objectsIn(wire.messages, "messages").map(decodeMessage)],
    tools: objectsIn(wire.tools, "tools").map((tool, index) => decodeTool(tool, `tools[${index}]`)),
    ...decodeToolChoice(objectIn(wire.tool_choice)),
    maxOutputTokens,
    temperature: numberIn(wire.temperature),
    topP: numberIn(wire.top_p),
    topK: countIn(wire.top_k),
    stop: (wire.stop_sequences ?? []) as string[],
    responseFormat: format ? decodeFormat(format) : undefined,
    reasoning: decodeThinking(objectIn(wire.thinking), stringIn(config.effort)),
    user: stringIn(metadata.user_id) ?? "",
    dialect,
    extra: extraOf(wire, config, metadata),
  });
}

/** Fields without a canonical word, those inside known objects included. */
function extraOf(wire: JsonObject, config: JsonObject, metadata: JsonObject): JsonObject | undefined {
  const extra = fieldsBeside(wire, requestWords) ?? {};
  const nested = {
    output_config: fieldsBeside(config, new Set(["effort", "format"])),
    metadata: fieldsBeside(metadata, new Set(["user_id"])),
    thinking: thinkingExtra(objectIn(wire.thinking)),
  };
  for (const [field, value] of Object.entries(nested)) if (value) extra[field] = value;
  return Object.keys(extra).length === 0 ? undefined : extra;
}

function thinkingExtra(thinking: JsonObject | undefined): JsonObject | undefined {
  if (thinking === undefined) return undefined;
  const known = thinking.type === "enabled" || thinking.type === "adaptive" || thinking.type === "disabled";
  return known ? fieldsBeside(thinking, new Set(["type", "budget_tokens"])) : thinking;
}

function decodeThinking(thinking: JsonObject | undefined, effort: string | undefined) {
  if (thinking === undefined && effort === undefined) return undefined;
  const enabled = thinking?.type === "enabled" || thinking?.type === "adaptive" || undefined;
  return {
    effort: effort ?? "",
    budgetTokens: countIn(thinking?.budget_tokens),
    enabled: thinking?.type === "disabled" ? false : enabled,
  };
}

function decodeSystem(wire: JsonObject): Message[] {
  const { system } = wire;
  if (typeof system === "string") return [message(Role.SYSTEM, [text(system)], true)];
  const parts = decodeBlocks(system, "system");
  return parts.length === 0 ? [] : [message(Role.SYSTEM, parts, false)];
}

function decodeMessage(wire: JsonObject, index: number): Message {
  const path = `messages[${index}]`;
  const said = stringIn(wire.role) ?? "";
  const role = Object.hasOwn(roles, said) ? roles[said] : undefined;
  if (role === undefined) {
    throw invalid(`${path}.role`, `\`${path}.role\` must be one of ${Object.keys(roles).join(", ")}.`);
  }
  const bare = typeof wire.content === "string";
  const parts = bare ? [text(wire.content as string)] : decodeBlocks(wire.content, `${path}.content`).map(unsealed);
  const decoded = message(role, parts, bare);
  decoded.extra = fieldsBeside(wire, messageWords);
  return decoded;
}

function message(role: Role, parts: Message["parts"], bare: boolean): Message {
  return { $typeName: "pontage.v1.Message", role, parts, name: "", bare };
}

function decodeFormat(wire: JsonObject): ResponseFormat {
  if (wire.type !== "json_schema") {
    return create(ResponseFormatSchema, { kind: { case: "opaque", value: opaqueOf(dialect, wire) } });
  }
  const value = { schema: objectIn(wire.schema), extra: fieldsBeside(wire, new Set(["type", "schema"])) };
  return create(ResponseFormatSchema, { kind: { case: "jsonSchema", value } });
}

const roles: Readonly<Record<string, Role>> = {
  user: Role.USER,
  assistant: Role.ASSISTANT,
  system: Role.SYSTEM,
};

const requestWords = new Set([
  "model",
  "messages",
  "system",
  "max_tokens",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "metadata",
]);
const messageWords = new Set(["role", "content"]);
