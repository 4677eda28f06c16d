import type { JsonObject } from "@bufbuild/protobuf";
import type { Edits, RequestChange, RequestHead } from "../dialect.ts";
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
  messages: "list",
  stream: "boolean",
  stream_options: "object",
  tools: "list",
  tool_choice: "string or object",
  parallel_tool_calls: "boolean",
  functions: "list",
  function_call: "string or object",
  max_completion_tokens: "count",
  max_tokens: "count",
  temperature: "amount",
  top_p: "amount",
  top_k: "integer",
  stop: "string or list",
  n: "count",
  seed: "integer",
  presence_penalty: "number",
  frequency_penalty: "number",
  logit_bias: "object",
  logprobs: "boolean",
  top_logprobs: "count",
  response_format: "object",
  reasoning_effort: "string",
  verbosity: "string",
  modalities: "list",
  audio: "object",
  prediction: "object",
  web_search_options: "object",
  user: "string",
  safety_identifier: "string",
  prompt_cache_key: "string",
  metadata: "object",
  store: "boolean",
  service_tier: "string",
};

const messageFields: FieldTypes = {
  role: "string",
  content: "string or list",
  name: "string",
  tool_calls: "list",
  tool_call_id: "string",
  function_call: "object",
  refusal: "string",
  reasoning_content: "string",
  audio: "object",
};

export function readHead(wire: JsonObject): RequestHead {
  checkFields(wire, requestFields);
  required(wire.model, "model");
  if (wire.model === "") throw invalid("model", "`model` is empty.");
  required(wire.messages, "messages");
  checkMessages(wire);
  checkTools(wire);
  if (Array.isArray(wire.stop)) checkStop(wire.stop);
  const options = objectIn(wire.stream_options) ?? {};
  checkFields(options, { include_usage: "boolean" }, "stream_options");
  return {
    model: wire.model as string,
    stream: booleanIn(wire.stream) ?? false,
    showUsage: options.include_usage === true,
    maxOutputTokens: countIn(wire.max_completion_tokens) ?? countIn(wire.max_tokens),
  };
}

function checkMessages(wire: JsonObject): void {
  const messages = objectsIn(wire.messages, "messages");
  if (messages.length === 0) throw invalid("messages", "`messages` is empty. It needs at least one message.");
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    requiredString(message, "role", path);
    checkFields(message, messageFields, path);
    if (Array.isArray(message.content)) {
      for (const [at, part] of objectsIn(message.content, `${path}.content`).entries()) {
        requiredString(part, "type", `${path}.content[${at}]`);
      }
    }
    if (message.tool_calls) objectsIn(message.tool_calls, `${path}.tool_calls`);
  }
}

function checkTools(wire: JsonObject): void {
  for (const [index, tool] of objectsIn(wire.tools, "tools").entries()) requiredString(tool, "type", `tools[${index}]`);
}

function checkStop(stop: readonly unknown[]): void {
  const wrong = stop.findIndex((item) => typeof item !== "string");
  if (wrong !== -1) throw invalid(`stop[${wrong}]`, `\`stop[${wrong}]\` must be a string.`);
}

/** What changes when a request goes on to an upstream of the same dialect. */
export function edits(wire: JsonObject, change: RequestChange): Edits {
  const edits = new Map<string, string | undefined>();
  if (wire.model !== change.model) edits.set("model", JSON.stringify(change.model));
  const options = objectIn(wire.stream_options) ?? {};
  if (change.askUsage && wire.stream === true && options.include_usage !== true) {
    edits.set("stream_options", JSON.stringify({ ...options, include_usage: true }));
  }
  // Mistral refuses the field that every client of OpenAI's sends for what it gets anyway.
  if (change.usageUnasked && wire.stream_options !== undefined) edits.set("stream_options", undefined);
  return edits;
}
