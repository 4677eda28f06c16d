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
  requiredObject,
  requiredString,
} from "../wire.ts";

/** The fields of a request that are known, with their types. Others pass unread within the dialect. */
const requestFields: FieldTypes = {
  model: "string",
  messages: "list",
  stream: "boolean",
  format: "string or object",
  tools: "list",
  options: "object",
  logprobs: "boolean",
  top_logprobs: "count",
};

const messageFields: FieldTypes = {
  role: "string",
  content: "string",
  thinking: "string",
  images: "list",
  tool_calls: "list",
  tool_name: "string",
  tool_call_id: "string",
};

const optionFields: FieldTypes = {
  temperature: "amount",
  top_p: "amount",
  top_k: "integer",
  num_predict: "integer",
  stop: "list",
  seed: "integer",
  presence_penalty: "number",
  frequency_penalty: "number",
};

export function readHead(wire: JsonObject): RequestHead {
  checkFields(wire, requestFields);
  required(wire.model, "model");
  if (wire.model === "") throw invalid("model", "`model` is empty.");
  required(wire.messages, "messages");
  checkMessages(wire);
  for (const [index, tool] of objectsIn(wire.tools, "tools").entries()) requiredString(tool, "type", `tools[${index}]`);
  const options = objectIn(wire.options) ?? {};
  checkFields(options, optionFields, "options");
  checkStrings(options.stop, "options.stop");
  const { think } = wire;
  if (think !== undefined && think !== null && typeof think !== "boolean" && typeof think !== "string") {
    throw invalid("think", "`think` must be true, false or a level in words.");
  }
  return {
    model: wire.model as string,
    // The vendor's default is to stream.
    stream: booleanIn(wire.stream) ?? true,
    showUsage: true,
    maxOutputTokens: countIn(options.num_predict),
  };
}

function checkMessages(wire: JsonObject): void {
  const messages = objectsIn(wire.messages, "messages");
  // The vendor loads the model when there are none, and says nothing.
  if (messages.length === 0) throw invalid("messages", "`messages` is empty. It needs at least one message.");
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    requiredString(message, "role", path);
    checkFields(message, messageFields, path);
    checkStrings(message.images, `${path}.images`);
    for (const [at, call] of objectsIn(message.tool_calls, `${path}.tool_calls`).entries()) {
      const callPath = `${path}.tool_calls[${at}]`;
      checkFields(call, { id: "string" }, callPath);
      const called = requiredObject(call.function, `${callPath}.function`);
      requiredString(called, "name", `${callPath}.function`);
      checkFields(called, { arguments: "string or object" }, `${callPath}.function`);
    }
  }
}

function checkStrings(list: unknown, path: string): void {
  if (!Array.isArray(list)) return;
  const wrong = list.findIndex((item) => typeof item !== "string");
  if (wrong !== -1) throw invalid(`${path}[${wrong}]`, `\`${path}[${wrong}]\` must be a string.`);
}

/** What changes when a request goes on to an upstream of the same dialect. Usage is there unasked. */
export function edits(wire: JsonObject, change: RequestChange): ReadonlyMap<string, string> {
  return new Map(wire.model === change.model ? [] : [["model", JSON.stringify(change.model)]]);
}
