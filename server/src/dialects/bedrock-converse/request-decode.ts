import { create, type JsonObject } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  GenerateRequestSchema,
  type JsonSchemaFormat,
  type Message,
  type ResponseFormat,
  ResponseFormatSchema,
  Role,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { spelling } from "../crossing.ts";
import type { Address } from "../dialect.ts";
import { opaqueOf } from "../opaque.ts";
import { unsealed } from "../seal.ts";
import { checkFields, fieldsBeside, invalid, numberIn, objectIn, objectsIn, parseObject, stringIn } from "../wire.ts";
import { decodeBlocks } from "./blocks.ts";
import { conversationIn, readHead } from "./head.ts";
import { decodeModelFields } from "./model-fields.ts";
import { decodeToolChoice, decodeTools } from "./tools.ts";

const dialect = "bedrock-converse";

export function decodeRequest(whole: JsonObject, address: Address = {}): GenerateRequest {
  const { model, maxOutputTokens } = readHead(whole, address);
  const wire = conversationIn(whole);
  const config = objectIn(wire.inferenceConfig) ?? {};
  const output = objectIn(wire.outputConfig) ?? {};
  const tools = objectIn(wire.toolConfig) ?? {};
  checkFields(output, { effort: "string", textFormat: "object" }, "outputConfig");
  const format = objectIn(output.textFormat);
  const { topK, thinking, rest } = decodeModelFields(objectIn(wire.additionalModelRequestFields));
  const effort = stringIn(output.effort);
  return create(GenerateRequestSchema, {
    model,
    messages: [...decodeSystem(wire), ...objectsIn(wire.messages, "messages").map(decodeMessage)],
    tools: decodeTools(tools.tools),
    toolChoice: decodeToolChoice(objectIn(tools.toolChoice)),
    maxOutputTokens,
    temperature: numberIn(config.temperature),
    topP: numberIn(config.topP),
    topK,
    stop: (config.stopSequences ?? []) as string[],
    responseFormat: format ? decodeFormat(format) : undefined,
    reasoning: thinking || effort !== undefined ? { effort: effort ?? "", ...thinking } : undefined,
    dialect,
    extra: extraOf(wire, { config, output, tools, rest }),
  });
}

interface Known {
  readonly config: JsonObject;
  readonly output: JsonObject;
  readonly tools: JsonObject;
  readonly rest: JsonObject | undefined;
}

/** Fields without a canonical word, those inside known objects included. An object that was empty is said again. */
function extraOf(wire: JsonObject, { config, output, tools, rest }: Known): JsonObject | undefined {
  const extra = fieldsBeside(wire, requestWords) ?? {};
  const nested = {
    inferenceConfig: fieldsBeside(config, configWords) ?? (isEmpty(wire.inferenceConfig) ? {} : undefined),
    outputConfig: fieldsBeside(output, outputWords),
    toolConfig: fieldsBeside(tools, toolWords),
    additionalModelRequestFields: rest,
  };
  for (const [field, value] of Object.entries(nested)) if (value) extra[field] = value;
  if (Array.isArray(wire.system) && wire.system.length === 0) extra.system = [];
  return Object.keys(extra).length === 0 ? undefined : extra;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function decodeSystem(wire: JsonObject): Message[] {
  const parts = decodeBlocks(wire.system, "system");
  return parts.length === 0 ? [] : [message(Role.SYSTEM, parts)];
}

function decodeMessage(wire: JsonObject, index: number): Message {
  const path = `messages[${index}]`;
  const said = stringIn(wire.role) ?? "";
  const role = Object.hasOwn(roles, said) ? roles[said] : undefined;
  if (role === undefined) {
    throw invalid(`${path}.role`, `\`${path}.role\` must be one of ${Object.keys(roles).join(", ")}.`);
  }
  const decoded = message(role, decodeBlocks(wire.content, `${path}.content`).map(unsealed));
  const extra = fieldsBeside(wire, messageWords);
  // Told apart from the instructions that stand outside the list.
  decoded.extra = role === Role.SYSTEM ? { ...extra, [spelling]: "message" } : extra;
  return decoded;
}

function message(role: Role, parts: Message["parts"]): Message {
  return { $typeName: "pontage.v1.Message", role, parts, name: "", bare: false };
}

/** `{type: "json_schema", structure: {jsonSchema: {schema, name, description}}}`, the schema as text. */
function decodeFormat(wire: JsonObject): ResponseFormat {
  const structure = objectIn(wire.structure) ?? {};
  const definition = objectIn(structure.jsonSchema);
  const said = stringIn(definition?.schema);
  const schema = said === undefined ? undefined : parseObject(said);
  const isKnown = wire.type === "json_schema" && Object.keys(wire).length === 2 && Object.keys(structure).length === 1;
  if (!isKnown || !definition || said === undefined || !schema) {
    return create(ResponseFormatSchema, { kind: { case: "opaque", value: opaqueOf(dialect, wire) } });
  }
  const extra = fieldsBeside(definition, formatWords);
  const value: JsonSchemaFormat = {
    $typeName: "pontage.v1.JsonSchemaFormat",
    name: stringIn(definition.name) ?? "",
    description: stringIn(definition.description) ?? "",
    schema,
  };
  const isPlain = JSON.stringify(schema) === said;
  if (extra || !isPlain) value.extra = isPlain ? extra! : { ...extra, [spelling]: said };
  return create(ResponseFormatSchema, { kind: { case: "jsonSchema", value } });
}

const roles: Readonly<Record<string, Role>> = {
  user: Role.USER,
  assistant: Role.ASSISTANT,
  system: Role.SYSTEM,
};

const requestWords = new Set([
  "messages",
  "system",
  "inferenceConfig",
  "toolConfig",
  "outputConfig",
  "additionalModelRequestFields",
]);
const configWords = new Set(["maxTokens", "temperature", "topP", "stopSequences"]);
const outputWords = new Set(["effort", "textFormat"]);
const toolWords = new Set(["tools", "toolChoice"]);
const messageWords = new Set(["role", "content"]);
const formatWords = new Set(["schema", "name", "description"]);
