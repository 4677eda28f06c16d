import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type GenerateRequest, type Message, type Part, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";
import { messagePath, partPath } from "../paths.ts";
import { continuesLastTurn } from "../prefill.ts";
import { invalid } from "../wire.ts";
import { encodeBlock, inputObject } from "./blocks.ts";

export interface Conversation {
  readonly system: JsonValue | undefined;
  readonly messages: JsonObject[];
}

interface Turn {
  readonly role: string;
  content: JsonValue;
  readonly blocks: JsonObject[];
  readonly extra: JsonObject | undefined;
  /** Where its first message stands, for errors. */
  readonly path: string;
}

/** Takes the leading instructions apart and writes the turns as Messages wants them. */
export function encodeConversation(request: GenerateRequest, crossing: Crossing): Conversation {
  const leading = leadingSystem(request, crossing);
  const system = encodeSystem(request, leading, crossing);
  const turns = request.messages
    .slice(leading)
    .map((message, at) => encodeTurn(request, message, leading + at, crossing));
  // The same dialect's own turns stay as they came; others are made to fit, because the provider refuses them as they are.
  const fitting = crossing.same ? turns : fit(request, turns, crossing);
  const messages = fitting.map(({ role, content, extra }) => ({ role, content, ...extra }));
  return { system, messages };
}

/** Later instructions stay where they were said: newer models take them there, older ones say that they do not. */
function leadingSystem(request: GenerateRequest, crossing: Crossing): number {
  const isSystem = ({ role }: Message) => role === Role.SYSTEM || role === Role.DEVELOPER;
  const first = request.messages.findIndex((message) => !isSystem(message));
  const count = first === -1 ? request.messages.length : first;
  return crossing.same ? Math.min(count, 1) : count;
}

/** One block for each instruction, so that cache marks keep their place; a string where the origin had just one. */
function encodeSystem(request: GenerateRequest, count: number, crossing: Crossing): JsonValue | undefined {
  if (count === 0) return undefined;
  const [only] = request.messages;
  if (count === 1 && only?.bare && only.parts[0]?.kind.case === "text") {
    besides(only, messagePath(request, 0), crossing);
    return only.parts[0].kind.value.text;
  }
  const blocks = request.messages.slice(0, count).flatMap((message, index) => {
    besides(message, messagePath(request, index), crossing);
    for (const [at, { kind }] of message.parts.entries()) {
      const fits = kind.case === "text" || crossing.same;
      if (!fits) throw crossing.cannot(partPath(request, index, at), "Anything but text in a system message");
    }
    return encodeParts(request, message, index, crossing);
  });
  return blocks.length > 0 ? blocks : undefined;
}

function encodeTurn(request: GenerateRequest, message: Message, index: number, crossing: Crossing): Turn {
  const path = messagePath(request, index);
  const blocks = encodeParts(request, message, index, crossing);
  const [first] = message.parts;
  const isBare = message.bare && message.parts.length === 1 && !first?.cache;
  const bareText = isBare && first?.kind.case === "text" ? first.kind.value.text : undefined;
  const extra = besides(message, path, crossing);
  return { role: roleOf(message.role), content: bareText ?? blocks, blocks, extra, path };
}

/** What a message says beside its content. Messages has no place for a speaker's name. */
function besides(message: Message, path: string, crossing: Crossing): JsonObject | undefined {
  if (message.name !== "") crossing.lose(`${path}.name`);
  // Mistral's word for "continue this", which is what a last assistant turn means here anyway.
  const { prefix: _, ...extra } = message.extra ?? {};
  return crossing.same ? message.extra : crossing.extra(extra, path);
}

function encodeParts(request: GenerateRequest, message: Message, index: number, crossing: Crossing): JsonObject[] {
  return message.parts.flatMap<JsonObject>((said, at) => {
    const path = partPath(request, index, at);
    const part = crossing.withoutForeignSignature(said, path);
    if (part === undefined) return [];
    if (!crossing.same && isEmptyText(part)) return [];
    if ((!crossing.same || crossing.isForeign(said)) && isUnsignedThought(part)) {
      // The provider refuses thoughts that it has not signed, and they must not be sent as if they were said.
      crossing.lose(path);
      return [];
    }
    return encodeBlock(part, path, crossing, readInput) ?? [];
  });
}

function isEmptyText({ kind }: Part): boolean {
  return (kind.case === "text" || kind.case === "refusal") && kind.value.text === "";
}

function isUnsignedThought({ kind }: Part): boolean {
  return kind.case === "reasoning" && kind.value.signature === "" && kind.value.redacted === "";
}

function readInput(text: string, path: string): JsonObject {
  const input = inputObject(text);
  if (input === undefined) throw invalid(path, `The arguments of the tool call at \`${path}\` are not a JSON object.`);
  return input;
}

function roleOf(role: Role): string {
  if (role === Role.ASSISTANT) return "assistant";
  return role === Role.SYSTEM || role === Role.DEVELOPER ? "system" : "user";
}

function fit(request: GenerateRequest, turns: readonly Turn[], crossing: Crossing): Turn[] {
  const merged: Turn[] = [];
  for (const turn of turns) {
    const before = merged.at(-1);
    if (turn.blocks.length === 0) continue;
    if (before?.role === turn.role) before.blocks.push(...turn.blocks);
    else merged.push({ ...turn, blocks: [...turn.blocks] });
  }
  for (const [at, turn] of merged.entries()) {
    if (turn.role === "user") orderResults(turn, merged[at - 1]);
    else if (turn.role === "assistant") checkResults(turn, merged[at + 1]);
    const isUnchanged = turns.some(({ path, blocks }) => path === turn.path && blocks.length === turn.blocks.length);
    if (!isUnchanged || typeof turn.content !== "string") turn.content = turn.blocks;
  }
  const [first] = merged;
  if (first === undefined) throw invalid("messages", "`messages` holds nothing that is said by the user.");
  if (first.role === "assistant") {
    throw crossing.cannot(first.path, "A conversation that begins with the assistant", "Begin with a user message.");
  }
  refusePrefill(request, merged, crossing);
  return merged;
}

/** On chat a last assistant turn is history; here it would be continued, and the answer would be another. */
function refusePrefill(request: GenerateRequest, turns: readonly Turn[], crossing: Crossing): void {
  const last = turns.at(-1);
  if (last?.role !== "assistant" || continuesLastTurn(request)) return;
  throw crossing.cannot(
    last.path,
    "A conversation that ends with the assistant, unless it is to be continued,",
    "End it with a user message.",
  );
}

/** Results come first in their turn, in the order of the calls. */
function orderResults(turn: Turn, before: Turn | undefined): void {
  const callIds = callsIn(before);
  const results = turn.blocks.filter(({ type }) => type === "tool_result");
  for (const { tool_use_id: id } of results) {
    if (!callIds.includes(id)) {
      throw invalid(turn.path, `There is no tool call \`${id}\` in the turn before its result at \`${turn.path}\`.`);
    }
  }
  results.sort((a, b) => callIds.indexOf(a.tool_use_id) - callIds.indexOf(b.tool_use_id));
  turn.blocks.splice(0, turn.blocks.length, ...results, ...turn.blocks.filter(({ type }) => type !== "tool_result"));
}

function checkResults(turn: Turn, after: Turn | undefined): void {
  const answered = new Set((after?.blocks ?? []).map(({ tool_use_id: id }) => id));
  for (const id of callsIn(turn)) {
    if (!answered.has(id)) throw invalid(turn.path, `The tool call \`${id}\` at \`${turn.path}\` has no result.`);
  }
}

function callsIn(turn: Turn | undefined): (JsonValue | undefined)[] {
  return (turn?.blocks ?? []).flatMap((block) => (block.type === "tool_use" ? [block.id] : []));
}
