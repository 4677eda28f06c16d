import { create, type JsonObject } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  GenerateRequestSchema,
  type ResponseFormat,
  ResponseFormatSchema,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
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
import { logprobs } from "./fates.ts";
import { readHead } from "./head.ts";
import { decodeInput } from "./input-decode.ts";
import { decodeTool, decodeToolChoice } from "./tools.ts";

const dialect = "openai-responses";

export function decodeRequest(wire: JsonObject): GenerateRequest {
  const { model, maxOutputTokens } = readHead(wire);
  const text = objectIn(wire.text) ?? {};
  const effort = stringIn(objectIn(wire.reasoning)?.effort);
  return create(GenerateRequestSchema, {
    model,
    messages: decodeInput(wire),
    tools: objectsIn(wire.tools, "tools").map((tool, index) => decodeTool(tool, `tools[${index}]`)),
    toolChoice: decodeToolChoice(wire.tool_choice),
    parallelToolCalls: booleanIn(wire.parallel_tool_calls),
    maxOutputTokens,
    temperature: numberIn(wire.temperature),
    topP: numberIn(wire.top_p),
    // Asking for alternatives asks for the probabilities too; elsewhere both must be said.
    logprobs: listIn(wire.include)?.includes(logprobs) || Boolean(wire.top_logprobs) || undefined,
    topLogprobs: countIn(wire.top_logprobs),
    responseFormat: objectIn(text.format) ? decodeFormat(text.format as JsonObject) : undefined,
    reasoning: effort === undefined ? undefined : { effort },
    user: stringIn(wire.user) ?? stringIn(wire.safety_identifier) ?? "",
    dialect,
    extra: extraOf(wire, text),
  });
}

/** Fields without a canonical word, those inside known objects included. */
function extraOf(wire: JsonObject, text: JsonObject): JsonObject | undefined {
  const extra = fieldsBeside(wire, requestWords) ?? {};
  const reasoning = fieldsBeside(objectIn(wire.reasoning) ?? {}, new Set(["effort"]));
  const beside = fieldsBeside(text, new Set(["format"]));
  if (reasoning) extra.reasoning = reasoning;
  if (beside) extra.text = beside;
  return Object.keys(extra).length === 0 ? undefined : extra;
}

function decodeFormat(wire: JsonObject): ResponseFormat {
  switch (wire.type) {
    case "text":
      return create(ResponseFormatSchema, { kind: { case: "text", value: {} } });
    case "json_object":
      return create(ResponseFormatSchema, { kind: { case: "json", value: {} } });
    case "json_schema": {
      const types = { name: "string", description: "string", schema: "object", strict: "boolean" } as const;
      checkFields(wire, types, "text.format");
      const value = {
        name: stringIn(wire.name) ?? "",
        description: stringIn(wire.description) ?? "",
        schema: objectIn(wire.schema),
        strict: booleanIn(wire.strict),
        extra: fieldsBeside(wire, formatWords),
      };
      return create(ResponseFormatSchema, { kind: { case: "jsonSchema", value } });
    }
    default:
      requiredString(wire, "type", "text.format");
      return create(ResponseFormatSchema, { kind: { case: "opaque", value: opaqueOf(dialect, wire) } });
  }
}

const requestWords = new Set([
  "model",
  "input",
  "instructions",
  "stream",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "max_output_tokens",
  "temperature",
  "top_p",
  "top_logprobs",
  "text",
  "reasoning",
  "user",
]);
const formatWords = new Set(["type", "name", "description", "schema", "strict"]);
