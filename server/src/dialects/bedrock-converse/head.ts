import type { JsonObject } from "@bufbuild/protobuf";
import type { Address, RequestHead } from "../dialect.ts";
import {
  checkFields,
  countIn,
  type FieldTypes,
  invalid,
  objectIn,
  objectsIn,
  required,
  requiredObject,
  requiredString,
  stringIn,
} from "../wire.ts";

/** The fields of a request that are known, with their types. Others pass unread within the dialect. */
const requestFields: FieldTypes = {
  messages: "list",
  system: "list",
  inferenceConfig: "object",
  toolConfig: "object",
  guardrailConfig: "object",
  additionalModelRequestFields: "object",
  promptVariables: "object",
  additionalModelResponseFieldPaths: "list",
  requestMetadata: "object",
  performanceConfig: "object",
  serviceTier: "object",
  outputConfig: "object",
};

const inferenceFields: FieldTypes = {
  maxTokens: "count",
  temperature: "amount",
  topP: "amount",
  stopSequences: "list",
};

export function readHead(wire: JsonObject, address: Address = {}): RequestHead {
  const body = conversationIn(wire);
  checkFields(body, requestFields);
  const model = modelOf(wire, address);
  // A stored prompt may hold the whole conversation.
  if (!model.includes(":prompt/")) required(body.messages, "messages");
  const messages = objectsIn(body.messages, "messages");
  if (messages.length === 0 && body.messages) {
    throw invalid("messages", "`messages` is empty. It needs at least one message.");
  }
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    requiredString(message, "role", path);
    objectsIn(message.content, `${path}.content`);
  }
  objectsIn(body.system, "system");
  const config = objectIn(body.inferenceConfig) ?? {};
  checkFields(config, inferenceFields, "inferenceConfig");
  for (const [index, stop] of ((config.stopSequences ?? []) as unknown[]).entries()) {
    const path = `inferenceConfig.stopSequences[${index}]`;
    if (typeof stop !== "string") throw invalid(path, `\`${path}\` must be a string.`);
  }
  const tools = objectIn(body.toolConfig) ?? {};
  checkFields(tools, { tools: "list", toolChoice: "object" }, "toolConfig");
  objectsIn(tools.tools, "toolConfig.tools");
  return {
    model,
    stream: address.stream ?? false,
    showUsage: true,
    maxOutputTokens: countIn(config.maxTokens),
  };
}

/** The conversation to be continued, or to be counted: the counting operation has it two levels down. */
export function conversationIn(wire: JsonObject): JsonObject {
  if (wire.input === undefined || wire.messages !== undefined) return wire;
  return requiredObject(requiredObject(wire.input, "input").converse, "input.converse");
}

export function modelOf(wire: JsonObject, address: Address): string {
  const model = address.model ?? stringIn(wire.modelId) ?? "";
  if (model === "") throw invalid("modelId", "The path names no model: `/model/{modelId}/converse`.");
  return model;
}
