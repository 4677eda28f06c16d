import { create, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  GenerateRequestSchema,
  type Message,
  type Part,
  type ReasoningOptions,
  type ResponseFormat,
  ResponseFormatSchema,
  Role,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part, reasoning, text } from "../../canonical/events.ts";
import { opaqueOf } from "../opaque.ts";
import {
  booleanIn,
  countIn,
  fieldsBeside,
  listIn,
  numberIn,
  objectIn,
  objectsIn,
  requiredObject,
  stringIn,
} from "../wire.ts";
import { callIdInRequest } from "./call-id.ts";
import { decodeCall } from "./calls.ts";
import { readHead } from "./head.ts";
import { decodeImage } from "./images.ts";
import { decodeTool } from "./tools.ts";

const dialect = "ollama-chat";

export function decodeRequest(wire: JsonObject): GenerateRequest {
  const { model, maxOutputTokens } = readHead(wire);
  const options = objectIn(wire.options) ?? {};
  return create(GenerateRequestSchema, {
    model,
    messages: decodeMessages(objectsIn(wire.messages, "messages")),
    tools: objectsIn(wire.tools, "tools").map((tool, index) => decodeTool(tool, `tools[${index}]`)),
    maxOutputTokens,
    temperature: numberIn(options.temperature),
    topP: numberIn(options.top_p),
    topK: countIn(options.top_k),
    stop: (options.stop ?? []) as string[],
    seed: typeof options.seed === "number" ? BigInt(options.seed) : undefined,
    presencePenalty: numberIn(options.presence_penalty),
    frequencyPenalty: numberIn(options.frequency_penalty),
    logprobs: booleanIn(wire.logprobs),
    topLogprobs: countIn(wire.top_logprobs),
    responseFormat: decodeFormat(wire.format),
    reasoning: decodeThink(wire.think),
    dialect,
    extra: extraOf(wire, options),
  });
}

/** Fields without a canonical word, and the ones that would not be written back from it. */
function extraOf(wire: JsonObject, options: JsonObject): JsonObject | undefined {
  const extra = fieldsBeside(wire, requestWords) ?? {};
  if (wire.format === "") extra.format = "";
  if (listIn(wire.tools)?.length === 0) extra.tools = [];
  const more = fieldsBeside(options, optionWords) ?? {};
  // Below zero both stand for "as much as you like".
  for (const field of ["num_predict", "top_k"]) {
    const value = options[field];
    if (typeof value === "number" && countIn(value) === undefined) more[field] = value;
  }
  if (listIn(options.stop)?.length === 0) more.stop = [];
  if (Object.keys(more).length > 0 || (objectIn(wire.options) && Object.keys(options).length === 0)) {
    extra.options = more;
  }
  return Object.keys(extra).length === 0 ? undefined : extra;
}

function decodeMessages(messages: readonly JsonObject[]): Message[] {
  const unanswered: { readonly id: string; readonly name: string }[] = [];
  return messages.map((wire, index) => {
    const path = `messages[${index}]`;
    if (wire.role === "tool") return decodeResult(wire, index, path, unanswered);
    const role = Object.hasOwn(roles, `${wire.role}`) ? roles[`${wire.role}`]! : undefined;
    if (role === undefined) return message(Role.USER, [part({ case: "opaque", value: opaqueOf(dialect, wire) })]);
    const parts = decodeContent(wire, path);
    const calls = objectsIn(wire.tool_calls, `${path}.tool_calls`).map((call, at) =>
      decodeCall(call, callIdInRequest(index, at)),
    );
    for (const { kind } of calls) if (kind.case === "toolCall") unanswered.push(kind.value);
    const thought = stringIn(wire.thinking);
    const decoded = message(role, [...(thought ? [reasoning({ text: thought })] : []), ...parts, ...calls]);
    decoded.extra = fieldsBeside(wire, messageWords);
    return decoded;
  });
}

function decodeContent(wire: JsonObject, path: string): Part[] {
  const words = stringIn(wire.content);
  const images = (listIn(wire.images) ?? []) as string[];
  return [...(words ? [text(words)] : []), ...images.map((image, at) => decodeImage(image, `${path}.images[${at}]`))];
}

/** A result names the function, or nothing at all: it belongs to the first call of that name that has no result yet. */
function decodeResult(
  wire: JsonObject,
  index: number,
  path: string,
  unanswered: { readonly id: string; readonly name: string }[],
): Message {
  const name = stringIn(wire.tool_name);
  const id = stringIn(wire.tool_call_id);
  const at = unanswered.findIndex((call) => (id ? call.id === id : !name || call.name === name));
  const [call] = at === -1 ? [] : unanswered.splice(at, 1);
  const decoded = message(Role.USER, [
    part({
      case: "toolResult",
      value: {
        $typeName: "pontage.v1.ToolResult",
        toolCallId: id || (call?.id ?? callIdInRequest(index, 0)),
        parts: decodeContent(wire, path),
        isError: false,
        bare: true,
      },
    }),
  ]);
  const said: JsonObject = { ...(name === undefined ? {} : { tool_name: name }), ...(id ? { tool_call_id: id } : {}) };
  decoded.extra = { ...fieldsBeside(wire, resultWords), [saidOfCall]: said };
  return decoded;
}

/** Under this field of its `extra` a result remembers how its origin named the call. */
export const saidOfCall = "pontage_said_of_call";

function message(role: Role, parts: Part[]): Message {
  // Content is always one string; with an image beside it, it is a list elsewhere.
  const bare = parts.every(({ kind }) => kind.case !== "image");
  return { $typeName: "pontage.v1.Message", role, parts, name: "", bare };
}

function decodeFormat(wire: JsonValue | undefined): ResponseFormat | undefined {
  if (wire === undefined || wire === null || wire === "") return undefined;
  if (wire === "json") return create(ResponseFormatSchema, { kind: { case: "json", value: {} } });
  if (typeof wire === "string") {
    return create(ResponseFormatSchema, { kind: { case: "opaque", value: opaqueOf(dialect, { format: wire }) } });
  }
  const schema = requiredObject(wire, "format");
  return create(ResponseFormatSchema, { kind: { case: "jsonSchema", value: { schema } } });
}

function decodeThink(think: JsonValue | undefined): Pick<ReasoningOptions, "effort" | "enabled"> | undefined {
  if (typeof think === "string") return { effort: think };
  return typeof think === "boolean" ? { effort: "", enabled: think } : undefined;
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
  "format",
  "tools",
  "options",
  "think",
  "logprobs",
  "top_logprobs",
]);
const optionWords = new Set([
  "temperature",
  "top_p",
  "top_k",
  "num_predict",
  "stop",
  "seed",
  "presence_penalty",
  "frequency_penalty",
]);
const messageWords = new Set(["role", "content", "thinking", "images", "tool_calls"]);
const resultWords = new Set(["role", "content", "images", "tool_name", "tool_call_id"]);
