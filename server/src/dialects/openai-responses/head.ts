import type { JsonObject } from "@bufbuild/protobuf";
import type { RequestChange, RequestHead } from "../dialect.ts";
import {
  booleanIn,
  checkFields,
  countIn,
  type FieldTypes,
  invalid,
  objectIn,
  objectsIn,
  required,
  requiredString,
} from "../wire.ts";

/** The fields of a request that are known, with their types. Others pass unread within the dialect. */
const requestFields: FieldTypes = {
  model: "string",
  input: "string or list",
  instructions: "string",
  stream: "boolean",
  stream_options: "object",
  tools: "list",
  tool_choice: "string or object",
  parallel_tool_calls: "boolean",
  max_output_tokens: "count",
  max_tool_calls: "count",
  temperature: "amount",
  top_p: "amount",
  top_logprobs: "count",
  text: "object",
  reasoning: "object",
  include: "list",
  store: "boolean",
  background: "boolean",
  previous_response_id: "string",
  conversation: "string or object",
  prompt: "object",
  truncation: "string",
  metadata: "object",
  user: "string",
  safety_identifier: "string",
  prompt_cache_key: "string",
  service_tier: "string",
};

const messageFields: FieldTypes = { role: "string", content: "string or list" };

/** What may stand for `input`: the provider then knows the conversation itself. */
const insteadOfInput = ["previous_response_id", "conversation", "prompt"];

export function readHead(wire: JsonObject): RequestHead {
  checkFields(wire, requestFields);
  required(wire.model, "model");
  if (wire.model === "") throw invalid("model", "`model` is empty.");
  if (!insteadOfInput.some((field) => wire[field])) required(wire.input, "input");
  checkInput(wire);
  for (const [index, tool] of objectsIn(wire.tools, "tools").entries()) requiredString(tool, "type", `tools[${index}]`);
  checkFields(objectIn(wire.reasoning) ?? {}, { effort: "string", summary: "string" }, "reasoning");
  checkFields(objectIn(wire.text) ?? {}, { format: "object", verbosity: "string" }, "text");
  return {
    model: wire.model as string,
    stream: booleanIn(wire.stream) ?? false,
    // Usage is part of every stream here.
    showUsage: true,
    maxOutputTokens: countIn(wire.max_output_tokens),
    echo: wire,
  };
}

function checkInput(wire: JsonObject): void {
  if (!Array.isArray(wire.input)) return;
  for (const [index, item] of objectsIn(wire.input, "input").entries()) {
    const path = `input[${index}]`;
    // A message may leave its type out, and nothing else may.
    if (item.type === undefined || item.type === null || item.type === "message") {
      requiredString(item, "role", path);
      checkFields(item, messageFields, path);
    } else requiredString(item, "type", path);
    if (Array.isArray(item.content)) checkTypes(item.content, `${path}.content`);
    if (item.type === "function_call_output" && Array.isArray(item.output)) checkTypes(item.output, `${path}.output`);
  }
}

function checkTypes(list: JsonObject[string], path: string): void {
  for (const [at, part] of objectsIn(list, path).entries()) requiredString(part, "type", `${path}[${at}]`);
}

/** What changes when a request goes on to an upstream of the same dialect. */
export function edits(wire: JsonObject, change: RequestChange): ReadonlyMap<string, string> {
  return new Map(wire.model === change.model ? [] : [["model", JSON.stringify(change.model)]]);
}
