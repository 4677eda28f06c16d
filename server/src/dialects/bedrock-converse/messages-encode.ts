import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type GenerateRequest, type Message, type Part, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { inputObject } from "../anthropic-messages/blocks.ts";
import { type Crossing, spelling, takeSpelling } from "../crossing.ts";
import { messagePath, partPath } from "../paths.ts";
import { continuesLastTurn } from "../prefill.ts";
import { invalid, objectIn } from "../wire.ts";
import { type BlockContext, encodeBlock } from "./blocks-encode.ts";
import { encodeCachePoint } from "./cache-point.ts";
import { DocumentNames } from "./formats.ts";

export interface Conversation {
  readonly system: JsonObject[];
  readonly messages: JsonObject[];
}

interface Turn {
  readonly role: string;
  readonly content: JsonObject[];
  readonly extra: JsonObject | undefined;
  /** Where its first message stands, for errors. */
  readonly path: string;
}

/** Takes the leading instructions apart and writes the turns as the service wants them. */
export function encodeConversation(
  request: GenerateRequest,
  vendor: string | undefined,
  crossing: Crossing,
): Conversation {
  const context: BlockContext = {
    crossing,
    vendor,
    isAnswer: false,
    readInput: crossing.same ? readAnyInput : readInput,
    documents: new DocumentNames(),
  };
  const leading = leadingSystem(request, crossing);
  const system = request.messages
    .slice(0, leading)
    .flatMap((message, index) => encodeSystem(request, message, index, context));
  const turns = request.messages
    .slice(leading)
    .map((message, at) => encodeTurn(request, message, leading + at, context));
  // The same dialect's own turns stay as they came; others are made to fit, because the service refuses them as they are.
  const fitting = crossing.same ? turns : fit(request, turns, crossing);
  return { system, messages: fitting.map(({ role, content, extra }) => ({ role, content, ...extra })) };
}

/** Later instructions stay where they were said: newer models take them there, older ones say that they do not. */
function leadingSystem(request: GenerateRequest, crossing: Crossing): number {
  const isSystem = ({ role }: Message) => role === Role.SYSTEM || role === Role.DEVELOPER;
  if (crossing.same) {
    const [first] = request.messages;
    return first && isSystem(first) && first.extra?.[spelling] !== "message" ? 1 : 0;
  }
  const first = request.messages.findIndex((message) => !isSystem(message));
  return first === -1 ? request.messages.length : first;
}

/** One block for each instruction, so that cache marks keep their place. */
function encodeSystem(request: GenerateRequest, message: Message, index: number, context: BlockContext): JsonObject[] {
  const { crossing } = context;
  besides(message, messagePath(request, index), crossing);
  for (const [at, { kind }] of message.parts.entries()) {
    if (kind.case !== "text" && !crossing.same) {
      throw crossing.cannot(partPath(request, index, at), "Anything but text in a system message");
    }
  }
  return encodeParts(request, message, index, context);
}

function encodeTurn(request: GenerateRequest, message: Message, index: number, context: BlockContext): Turn {
  const path = messagePath(request, index);
  const content = encodeParts(request, message, index, context);
  return { role: roleOf(message.role), content, extra: besides(message, path, context.crossing), path };
}

/** What a message says beside its content. There is no place for a speaker's name. */
function besides(message: Message, path: string, crossing: Crossing): JsonObject | undefined {
  if (message.name !== "") crossing.lose(`${path}.name`);
  if (crossing.same) return takeSpelling(message.extra).rest;
  // Mistral's word for "continue this", which is what a last assistant turn means here anyway.
  const { prefix: _, ...extra } = message.extra ?? {};
  return crossing.extra(extra, path);
}

function encodeParts(request: GenerateRequest, message: Message, index: number, context: BlockContext): JsonObject[] {
  const { crossing } = context;
  return message.parts.flatMap<JsonObject>((said, at) => {
    const path = partPath(request, index, at);
    const part = crossing.withoutForeignSignature(said, path);
    if (part === undefined) return [];
    const points = cachePoints(part, path, context);
    if (!crossing.same && isBlank(part)) return [];
    if ((!crossing.same || crossing.isForeign(said)) && !isAccepted(part, context)) {
      // The service refuses thoughts that their model has not signed, and they must not be sent as if they were said.
      crossing.lose(path);
      return [];
    }
    const block = encodeBlock(part, path, context);
    return block ? [block, ...points] : [];
  });
}

/** Two makers' models know cache points; the others refuse a request that has one. */
function cachePoints(part: Part, path: string, { crossing, vendor }: BlockContext): JsonObject[] {
  if (!part.cache) return [];
  const isTaken = crossing.same || vendor === undefined || vendor === "anthropic" || vendor === "amazon";
  if (!isTaken) crossing.lose(`${path}.cache_control`);
  return isTaken ? [encodeCachePoint(part.cache, crossing.same)] : [];
}

/** The service refuses a text of nothing but blanks. */
function isBlank({ kind }: Part): boolean {
  return (kind.case === "text" || kind.case === "refusal") && kind.value.text.trim() === "";
}

/** Thoughts go back to Claude only, and only with its signature, which is the same at every cloud it runs on. */
function isAccepted({ kind }: Part, { vendor }: BlockContext): boolean {
  if (kind.case !== "reasoning") return true;
  const { signature, redacted } = kind.value;
  const isClaude = vendor === undefined || vendor === "anthropic";
  return isClaude && (signature !== "" || redacted !== "");
}

function readInput(text: string, path: string): JsonObject {
  const input = inputObject(text);
  if (input === undefined) throw invalid(path, `The arguments of the tool call at \`${path}\` are not a JSON object.`);
  return input;
}

/** Within the dialect, what came goes on. */
function readAnyInput(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

function roleOf(role: Role): string {
  if (role === Role.ASSISTANT) return "assistant";
  return role === Role.SYSTEM || role === Role.DEVELOPER ? "system" : "user";
}

function fit(request: GenerateRequest, turns: readonly Turn[], crossing: Crossing): Turn[] {
  const merged: Turn[] = [];
  for (const turn of turns) {
    const before = merged.at(-1);
    if (turn.content.length === 0) continue;
    if (before?.role === turn.role) before.content.push(...turn.content);
    else merged.push({ ...turn, content: [...turn.content] });
  }
  for (const [at, turn] of merged.entries()) {
    if (turn.role === "user") orderResults(turn, merged[at - 1]);
    else if (turn.role === "assistant") checkResults(turn, merged[at + 1]);
  }
  const [first] = merged;
  if (first === undefined) throw invalid("messages", "`messages` holds nothing that is said by the user.");
  if (first.role === "assistant") {
    throw crossing.cannot(first.path, "A conversation that begins with the assistant", "Begin with a user message.");
  }
  const last = merged.at(-1);
  if (last?.role === "assistant" && !continuesLastTurn(request)) {
    throw crossing.cannot(
      last.path,
      "A conversation that ends with the assistant, unless it is to be continued,",
      "End it with a user message.",
    );
  }
  return merged;
}

/** Results come first in their turn, in the order of the calls. */
function orderResults(turn: Turn, before: Turn | undefined): void {
  const callIds = callsIn(before);
  const results = turn.content.filter(({ toolResult }) => toolResult);
  for (const result of results) {
    const id = resultId(result);
    if (!callIds.includes(id)) {
      throw invalid(
        turn.path,
        `There is no tool call \`${String(id)}\` in the turn before its result at \`${turn.path}\`.`,
      );
    }
  }
  results.sort((a, b) => callIds.indexOf(resultId(a)) - callIds.indexOf(resultId(b)));
  turn.content.splice(0, turn.content.length, ...results, ...turn.content.filter(({ toolResult }) => !toolResult));
}

function checkResults(turn: Turn, after: Turn | undefined): void {
  const answered = new Set((after?.content ?? []).map(resultId));
  for (const id of callsIn(turn)) {
    if (!answered.has(id)) {
      throw invalid(turn.path, `The tool call \`${String(id)}\` at \`${turn.path}\` has no result.`);
    }
  }
}

function callsIn(turn: Turn | undefined): (JsonValue | undefined)[] {
  return (turn?.content ?? []).flatMap(({ toolUse }) => (toolUse ? [objectIn(toolUse)?.toolUseId] : []));
}

function resultId({ toolResult }: JsonObject): JsonValue | undefined {
  return objectIn(toolResult)?.toolUseId;
}
