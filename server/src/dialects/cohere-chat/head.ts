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
  messages: "list",
  stream: "boolean",
  tools: "list",
  strict_tools: "boolean",
  tool_choice: "string",
  documents: "list",
  citation_options: "object",
  response_format: "object",
  safety_mode: "string",
  max_tokens: "count",
  stop_sequences: "list",
  temperature: "amount",
  seed: "integer",
  frequency_penalty: "number",
  presence_penalty: "number",
  k: "count",
  p: "amount",
  logprobs: "boolean",
  thinking: "object",
};

const messageFields: FieldTypes = {
  role: "string",
  content: "string or list",
  tool_calls: "list",
  tool_plan: "string",
  tool_call_id: "string",
  citations: "list",
};

export function readHead(wire: JsonObject): RequestHead {
  checkFields(wire, requestFields);
  required(wire.model, "model");
  if (wire.model === "") throw invalid("model", "`model` is empty.");
  required(wire.messages, "messages");
  checkMessages(wire);
  for (const [index, tool] of objectsIn(wire.tools, "tools").entries()) requiredString(tool, "type", `tools[${index}]`);
  const wrong = Array.isArray(wire.stop_sequences)
    ? wire.stop_sequences.findIndex((stop) => typeof stop !== "string")
    : -1;
  if (wrong !== -1) throw invalid(`stop_sequences[${wrong}]`, `\`stop_sequences[${wrong}]\` must be a string.`);
  checkFields(objectIn(wire.thinking) ?? {}, { type: "string", token_budget: "count" }, "thinking");
  return {
    model: wire.model as string,
    stream: booleanIn(wire.stream) ?? false,
    showUsage: true,
    maxOutputTokens: countIn(wire.max_tokens),
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
  }
}

/** What changes when a request goes on to an upstream of the same dialect. Usage is there unasked. */
export function edits(wire: JsonObject, change: RequestChange): ReadonlyMap<string, string> {
  return new Map(wire.model === change.model ? [] : [["model", JSON.stringify(change.model)]]);
}
