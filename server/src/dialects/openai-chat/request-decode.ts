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
import { part, refusal, text } from "../../canonical/events.ts";
import { opaqueOf } from "../opaque.ts";
import {
  booleanIn,
  checkFields,
  countIn,
  fieldsBeside,
  invalid,
  numberIn,
  objectIn,
  objectsIn,
  requiredObject,
  requiredString,
  stringIn,
} from "../wire.ts";
import { readHead } from "./head.ts";
import { decodePart } from "./parts.ts";
import { decodeReasoning } from "./reasoning.ts";
import { signedCall } from "./signature.ts";
import { decodeTool, decodeToolChoice } from "./tools.ts";

const dialect = "openai-chat";

export function decodeRequest(wire: JsonObject): GenerateRequest {
  const { model, maxOutputTokens } = readHead(wire);
  const effort = stringIn(wire.reasoning_effort);
  const topK = countIn(wire.top_k);
  return create(GenerateRequestSchema, {
    model,
    messages: objectsIn(wire.messages, "messages").map(decodeMessage),
    tools: objectsIn(wire.tools, "tools").map((tool, index) => decodeTool(tool, `tools[${index}]`)),
    toolChoice: decodeToolChoice(wire.tool_choice),
    parallelToolCalls: booleanIn(wire.parallel_tool_calls),
    maxOutputTokens,
    temperature: numberIn(wire.temperature),
    topP: numberIn(wire.top_p),
    topK,
    stop: typeof wire.stop === "string" ? [wire.stop] : ((wire.stop ?? []) as string[]),
    candidateCount: countIn(wire.n),
    seed: typeof wire.seed === "number" ? BigInt(wire.seed) : undefined,
    presencePenalty: numberIn(wire.presence_penalty),
    frequencyPenalty: numberIn(wire.frequency_penalty),
    logprobs: booleanIn(wire.logprobs),
    topLogprobs: countIn(wire.top_logprobs),
    responseFormat: wire.response_format
      ? decodeFormat(requiredObject(wire.response_format, "response_format"))
      : undefined,
    reasoning: effort === undefined ? undefined : { effort },
    user: stringIn(wire.user) ?? stringIn(wire.safety_identifier) ?? "",
    dialect,
    extra: extraOf(wire),
  });
}

/** Fields without a canonical word, and the ones whose spelling differs from what `encode` would write. */
function extraOf(wire: JsonObject): JsonObject | undefined {
  const extra = fieldsBeside(wire, requestWords) ?? {};
  if (wire.max_completion_tokens === undefined && wire.max_tokens) extra.max_tokens = wire.max_tokens;
  // -1 means "no limit" on some servers and has no canonical word.
  if (wire.top_k && countIn(wire.top_k) === undefined) extra.top_k = wire.top_k;
  const options = fieldsBeside(objectIn(wire.stream_options) ?? {}, new Set(["include_usage"]));
  if (options) extra.stream_options = options;
  return Object.keys(extra).length === 0 ? undefined : extra;
}

function decodeMessage(wire: JsonObject, index: number): Message {
  const path = `messages[${index}]`;
  const role = stringIn(wire.role) ?? "";
  const known = Object.hasOwn(roles, role) ? roles[role] : undefined;
  if (role === "tool") return decodeToolMessage(wire, path);
  if (known === undefined) {
    // `function` of the older API, and roles only some servers know.
    return message(Role.USER, [part({ case: "opaque", value: opaqueOf(dialect, wire) })]);
  }
  const bare = typeof wire.content === "string";
  const parts = decodeContent(wire, path);
  if (known === Role.ASSISTANT) {
    parts.unshift(...decodeReasoning(wire));
    const refused = stringIn(wire.refusal);
    if (refused) parts.push(refusal(refused));
    parts.push(...decodeToolCalls(wire, path));
  }
  const decoded = message(known, parts, bare);
  decoded.name = stringIn(wire.name) ?? "";
  decoded.extra = fieldsBeside(wire, known === Role.ASSISTANT ? assistantWords : messageWords);
  return decoded;
}

function decodeContent(wire: JsonObject, path: string): Part[] {
  if (typeof wire.content === "string") return wire.content === "" ? [] : [text(wire.content)];
  return objectsIn(wire.content, `${path}.content`).map((part, at) => decodePart(part, `${path}.content[${at}]`));
}

function decodeToolCalls(wire: JsonObject, path: string): Part[] {
  return objectsIn(wire.tool_calls, `${path}.tool_calls`).map((call, at) => {
    const callPath = `${path}.tool_calls[${at}]`;
    if (call.type !== undefined && call.type !== "function") {
      return part({ case: "opaque", value: opaqueOf(dialect, { tool_call: call }) });
    }
    const called = requiredObject(call.function, `${callPath}.function`);
    checkFields(called, { arguments: "string" }, `${callPath}.function`);
    return signedCall(
      {
        id: requiredString(call, "id", callPath),
        name: requiredString(called, "name", `${callPath}.function`),
        arguments: stringIn(called.arguments) ?? "",
      },
      fieldsBeside(call, callWords),
    );
  });
}

function decodeToolMessage(wire: JsonObject, path: string): Message {
  const decoded = message(Role.USER, [
    part({
      case: "toolResult",
      value: {
        $typeName: "pontage.v1.ToolResult",
        toolCallId: requiredString(wire, "tool_call_id", path),
        parts: decodeContent(wire, path),
        isError: false,
        bare: typeof wire.content === "string",
      },
    }),
  ]);
  decoded.name = stringIn(wire.name) ?? "";
  decoded.extra = fieldsBeside(wire, toolMessageWords);
  return decoded;
}

function message(role: Role, parts: Part[], bare = false): Message {
  return { $typeName: "pontage.v1.Message", role, parts, name: "", bare };
}

function decodeFormat(wire: JsonObject): ResponseFormat {
  switch (wire.type) {
    case "text":
      return create(ResponseFormatSchema, { kind: { case: "text", value: {} } });
    case "json_object":
      return create(ResponseFormatSchema, { kind: { case: "json", value: {} } });
    case "json_schema": {
      const format = requiredObject(wire.json_schema, "response_format.json_schema");
      checkFields(
        format,
        { name: "string", description: "string", schema: "object", strict: "boolean" },
        "response_format.json_schema",
      );
      const value = {
        name: stringIn(format.name) ?? "",
        description: stringIn(format.description) ?? "",
        schema: objectIn(format.schema),
        strict: booleanIn(format.strict),
        extra: fieldsBeside(format, formatWords),
      };
      return create(ResponseFormatSchema, { kind: { case: "jsonSchema", value } });
    }
    default:
      if (typeof wire.type !== "string")
        throw invalid("response_format.type", "`response_format.type` must be a string.");
      return create(ResponseFormatSchema, { kind: { case: "opaque", value: opaqueOf(dialect, wire) } });
  }
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
  "stream_options",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "max_completion_tokens",
  "max_tokens",
  "temperature",
  "top_p",
  "top_k",
  "stop",
  "n",
  "seed",
  "presence_penalty",
  "frequency_penalty",
  "logprobs",
  "top_logprobs",
  "response_format",
  "reasoning_effort",
  "user",
]);
const messageWords = new Set(["role", "content", "name"]);
const assistantWords = new Set([
  ...messageWords,
  "refusal",
  "tool_calls",
  "reasoning_content",
  "reasoning",
  "reasoning_details",
]);
const toolMessageWords = new Set([...messageWords, "tool_call_id"]);
const callWords = new Set(["id", "type", "function"]);
const formatWords = new Set(["name", "description", "schema", "strict"]);
