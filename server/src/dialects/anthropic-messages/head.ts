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
  system: "string or list",
  max_tokens: "count",
  stream: "boolean",
  temperature: "amount",
  top_p: "amount",
  top_k: "count",
  stop_sequences: "list",
  tools: "list",
  tool_choice: "object",
  thinking: "object",
  output_config: "object",
  metadata: "object",
  service_tier: "string",
  context_management: "object",
  mcp_servers: "list",
};

export function readHead(wire: JsonObject): RequestHead {
  checkFields(wire, requestFields);
  required(wire.model, "model");
  if (wire.model === "") throw invalid("model", "`model` is empty.");
  required(wire.messages, "messages");
  const messages = objectsIn(wire.messages, "messages");
  if (messages.length === 0) throw invalid("messages", "`messages` is empty. It needs at least one message.");
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    requiredString(message, "role", path);
    checkFields(message, { content: "string or list" }, path);
    checkBlocks(message.content, `${path}.content`);
  }
  checkBlocks(wire.system, "system");
  for (const [index, tool] of objectsIn(wire.tools, "tools").entries()) {
    // Tools that the provider runs have a type, and not all of them a name.
    requiredString(tool, tool.type ? "type" : "name", `tools[${index}]`);
  }
  for (const [index, stop] of ((wire.stop_sequences ?? []) as unknown[]).entries()) {
    if (typeof stop !== "string")
      throw invalid(`stop_sequences[${index}]`, `\`stop_sequences[${index}]\` must be a string.`);
  }
  const thinking = objectIn(wire.thinking);
  if (thinking) checkFields(thinking, { type: "string", budget_tokens: "count" }, "thinking");
  return {
    model: wire.model as string,
    stream: booleanIn(wire.stream) ?? false,
    showUsage: true,
    maxOutputTokens: countIn(wire.max_tokens),
  };
}

function checkBlocks(content: unknown, path: string): void {
  if (!Array.isArray(content)) return;
  for (const [at, block] of objectsIn(content, path).entries()) requiredString(block, "type", `${path}[${at}]`);
}

/** What changes when a request goes on to an upstream of the same dialect. Usage is always in the stream. */
export function edits(wire: JsonObject, change: RequestChange): ReadonlyMap<string, string> {
  return new Map(wire.model === change.model ? [] : [["model", JSON.stringify(change.model)]]);
}
