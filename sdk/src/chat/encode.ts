import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  GenerateRequestSchema,
  type Message,
  MessageSchema,
  type ResponseFormatSchema,
  Role,
  ToolChoice_Mode,
  type ToolChoiceSchema,
} from "../gen/pontage/v1/generate_pb.ts";
import type { ChatMessage, ChatParams, ResponseFormat } from "./params.ts";
import { encodeContent, encodePart, invalid } from "./part.ts";

/** The canonical request for what a caller asked in plain JavaScript. */
export function encodeRequest(params: ChatParams): GenerateRequest {
  const { messages, tools, toolChoice, stop, seed, responseFormat, reasoning, ...same } = params;
  if (!Array.isArray(messages)) throw invalid("messages", "must be a list");
  return create(GenerateRequestSchema, {
    ...same,
    messages: encodeMessages(messages),
    tools: (tools ?? []).map((tool) => ({ ...tool })),
    stop: typeof stop === "string" ? [stop] : [...(stop ?? [])],
    ...(toolChoice === undefined ? {} : { toolChoice: encodeToolChoice(toolChoice) }),
    ...(seed === undefined ? {} : { seed: BigInt(seed) }),
    ...(responseFormat === undefined ? {} : { responseFormat: encodeFormat(responseFormat) }),
    ...(reasoning === undefined ? {} : { reasoning }),
  });
}

function encodeMessages(messages: readonly ChatMessage[]): Message[] {
  const encoded: Message[] = [];
  let results: Message | undefined; // Results in a row are one turn of the user; some providers insist on that.
  for (const [index, message] of messages.entries()) {
    const where = `messages[${index}]`;
    if (message.role !== "tool") {
      results = undefined;
      encoded.push(encodeMessage(message, where));
      continue;
    }
    if (!results) {
      results = create(MessageSchema, { role: Role.USER });
      encoded.push(results);
    }
    const { toolCallId, content, isError = false } = message;
    const result = typeof content === "string" ? content : [...(content ?? [])];
    results.parts.push(encodePart({ type: "tool-result", toolCallId, content: result, isError }, where));
  }
  return encoded;
}

const roles = {
  system: Role.SYSTEM,
  developer: Role.DEVELOPER,
  user: Role.USER,
  assistant: Role.ASSISTANT,
} as const;

function encodeMessage(message: Exclude<ChatMessage, { role: "tool" }>, where: string): Message {
  const role = roles[message.role];
  if (role === undefined) throw invalid(`${where}.role`, `is not a role: ${JSON.stringify(message.role)}`);
  const parts = encodeContent(message.content, `${where}.content`);
  const calls = message.role === "assistant" ? (message.toolCalls ?? []) : [];
  for (const [index, call] of calls.entries()) {
    parts.push(encodePart({ ...call, type: "tool-call" }, `${where}.toolCalls[${index}]`));
  }
  return create(MessageSchema, {
    role,
    parts,
    bare: typeof message.content === "string" && calls.length === 0,
    name: message.name ?? "",
  });
}

const toolChoices = {
  auto: ToolChoice_Mode.AUTO,
  none: ToolChoice_Mode.NONE,
  required: ToolChoice_Mode.REQUIRED,
} as const;

function encodeToolChoice(choice: NonNullable<ChatParams["toolChoice"]>): MessageInitShape<typeof ToolChoiceSchema> {
  if (typeof choice === "object") return { mode: ToolChoice_Mode.NAMED, name: choice.name };
  const mode = toolChoices[choice];
  if (mode === undefined) throw invalid("toolChoice", `is not a choice: ${JSON.stringify(choice)}`);
  return { mode };
}

function encodeFormat(format: ResponseFormat): MessageInitShape<typeof ResponseFormatSchema> {
  switch (format.type) {
    case "text":
      return { kind: { case: "text", value: {} } };
    case "json":
      return { kind: { case: "json", value: {} } };
    case "json-schema": {
      const { type: _, ...schema } = format;
      return { kind: { case: "jsonSchema", value: schema } };
    }
    default:
      throw invalid("responseFormat.type", `is not a format: ${JSON.stringify((format as { type?: unknown }).type)}`);
  }
}
