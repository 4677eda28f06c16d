import type { JsonObject } from "@bufbuild/protobuf";
import { type Message, type Part, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part, text, toolCall } from "../../canonical/events.ts";
import { spelling } from "../crossing.ts";
import { opaqueOf } from "../opaque.ts";
import { checkFields, fieldsBeside, objectsIn, requiredString, stringIn } from "../wire.ts";
import { decodeContent } from "./content.ts";
import { type ItemMark, itemFacts, marked, namesOf } from "./mark.ts";
import { decodeReasoning } from "./reasoning.ts";

const dialect = "openai-responses";

/**
 * `instructions` and `input` as turns. What the model said in a row is one turn, however many items it takes here, and so
 * are the results of one turn's calls: everybody else says them together.
 */
export function decodeInput(wire: JsonObject): Message[] {
  const messages: Message[] = [];
  const instructions = stringIn(wire.instructions);
  if (instructions !== undefined) messages.push(spelt("instructions", Role.SYSTEM, instructions));
  if (typeof wire.input === "string") messages.push(spelt("input", Role.USER, wire.input));
  else for (const [at, item] of objectsIn(wire.input, "input").entries()) decodeItem(item, at, messages);
  return messages;
}

function decodeItem(wire: JsonObject, at: number, messages: Message[]): void {
  const path = `input[${at}]`;
  const type = stringIn(wire.type) ?? "message";
  const role = type === "message" ? stringIn(wire.role) : undefined;
  if (role === "assistant") say(messages, Role.ASSISTANT, decodeAnswer(wire, at, path));
  else if (role !== undefined && Object.hasOwn(roles, role)) messages.push(decodeMessage(wire, roles[role]!, at, path));
  else if (type === "reasoning") say(messages, Role.ASSISTANT, decodeThoughts(wire, at, path));
  else if (type === "function_call") say(messages, Role.ASSISTANT, [decodeCall(wire, at, path)]);
  else if (type === "function_call_output") say(messages, Role.USER, [decodeResult(wire, at, path)]);
  // Apart from the turns around it: what it means, and who says it, is known to its vendor only.
  else messages.push(message(Role.USER, [whole(wire, at)]));
}

/** Adds to the turn that is being said, or begins one. */
function say(messages: Message[], role: Role, parts: Part[]): void {
  const last = messages.at(-1);
  const isResults = role === Role.USER;
  const continues = last?.role === role && (!isResults || last.parts.at(-1)?.kind.case === "toolResult");
  if (continues) last.parts.push(...parts);
  else messages.push(message(role, parts));
}

function decodeMessage(wire: JsonObject, role: Role, at: number, path: string): Message {
  const decoded = message(role, decodeContent(wire.content, `${path}.content`, "input_text"));
  decoded.bare = typeof wire.content === "string";
  decoded.extra = marked({ at, ...itemFacts(wire), ...typed(wire) }, fieldsBeside(wire, messageWords));
  return decoded;
}

/** A message of the model's, from earlier. */
function decodeAnswer(wire: JsonObject, at: number, path: string): Part[] {
  const parts = decodeContent(wire.content, `${path}.content`, "output_text");
  const { id, status } = itemFacts(wire);
  const bare: Partial<ItemMark> = typeof wire.content === "string" ? { bare: true } : {};
  const empty: Partial<ItemMark> = parts.length === 0 && !bare.bare ? { empty: true } : {};
  // Something must stand for a message without words, or its place would be lost.
  if (parts.length === 0) parts.push(text(""));
  const fields = fieldsBeside(wire, messageWords);
  return parts.map((part, index) => {
    const facts = { ...(id === undefined ? {} : { id }), ...typed(wire), ...namesOf(fields), ...bare, ...empty };
    const first = index === 0 ? facts : {};
    const last = index === parts.length - 1 && status !== undefined ? { status } : {};
    const own = index === 0 ? { ...fields, ...part.extra } : part.extra;
    return { ...part, extra: marked({ at, ...first, ...last }, own) };
  });
}

function decodeThoughts(wire: JsonObject, at: number, path: string): Part[] {
  checkFields(wire, { summary: "list", content: "list", encrypted_content: "string" }, path);
  return decodeReasoning(wire, at) ?? [whole(wire, at)];
}

function decodeCall(wire: JsonObject, at: number, path: string): Part {
  const call = {
    id: requiredString(wire, "call_id", path),
    name: requiredString(wire, "name", path),
    arguments: requiredString(wire, "arguments", path),
  };
  return toolCall(call, marked({ at, ...itemFacts(wire) }, fieldsBeside(wire, callWords)));
}

function decodeResult(wire: JsonObject, at: number, path: string): Part {
  checkFields(wire, { output: "string or list" }, path);
  const value = {
    $typeName: "pontage.v1.ToolResult" as const,
    toolCallId: requiredString(wire, "call_id", path),
    parts: decodeContent(wire.output, `${path}.output`, "input_text"),
    isError: false,
    bare: typeof wire.output === "string",
  };
  return part({ case: "toolResult", value }, marked({ at, ...itemFacts(wire) }, fieldsBeside(wire, resultWords)));
}

/** An item that only this dialect understands. */
export function whole(wire: JsonObject, at: number): Part {
  return part({ case: "opaque", value: opaqueOf(dialect, wire) }, marked({ at, whole: true }));
}

function typed(wire: JsonObject): Partial<ItemMark> {
  return wire.type === "message" ? { typed: true } : {};
}

function spelt(how: string, role: Role, words: string): Message {
  const said = message(role, [text(words)]);
  said.bare = true;
  said.extra = { [spelling]: how };
  return said;
}

function message(role: Role, parts: Part[]): Message {
  return { $typeName: "pontage.v1.Message", role, parts, name: "", bare: false };
}

const roles: Readonly<Record<string, Role>> = { system: Role.SYSTEM, developer: Role.DEVELOPER, user: Role.USER };

const messageWords = new Set(["type", "role", "content", "id", "status"]);
export const callWords = new Set(["type", "id", "status", "call_id", "name", "arguments"]);
const resultWords = new Set(["type", "id", "status", "call_id", "output"]);
