import type { JsonObject } from "@bufbuild/protobuf";
import { type GenerateRequest, type Message, type Part, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { type Crossing, spelling, takeSpelling } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { messagePath, partPath } from "../paths.ts";
import { invalid, objectIn, stringIn } from "../wire.ts";
import { gemini3OrLater } from "./model-family.ts";
import { argumentsObject, encodePart, type PartContext, saysNothing } from "./parts.ts";

export interface Conversation {
  readonly systemInstruction: JsonObject | undefined;
  readonly contents: JsonObject[];
}

/** A turn on its way to the wire: each part with the one it was made of. */
interface Turn {
  readonly role: string;
  readonly pieces: Piece[];
  readonly extra: JsonObject | undefined;
  /** Where its first message stands, for errors. */
  readonly path: string;
}

interface Piece {
  readonly part: Part;
  readonly wire: JsonObject;
}

/** Takes the leading instructions apart and writes the turns as the API wants them. */
export function encodeConversation(
  request: GenerateRequest,
  { model, thinned }: Pick<RequestContext, "model" | "thinned">,
  crossing: Crossing,
): Conversation {
  const context: PartContext = { crossing, readArguments, functionOf: functionsIn(request) };
  const leading = leadingSystem(request, crossing);
  const systemInstruction = encodeSystem(request, leading, context);
  const turns = request.messages
    .slice(leading)
    .map((message, at) => encodeTurn(request, message, leading + at, context));
  // The same dialect's own turns stay as they came; others are made to fit, because the provider refuses them as they are.
  const fitting = crossing.same ? turns : fit(turns, crossing);
  if ((!crossing.same || thinned) && gemini3OrLater.test(model)) for (const turn of fitting) placeSignature(turn);
  const contents = fitting.map(({ role, pieces, extra }) => ({
    ...(role === "" ? {} : { role }),
    parts: pieces.map(({ wire }) => wire),
    ...extra,
  }));
  return { systemInstruction, contents };
}

function leadingSystem(request: GenerateRequest, crossing: Crossing): number {
  const first = request.messages.findIndex((message) => !isSystem(message));
  const count = first === -1 ? request.messages.length : first;
  return crossing.same ? Math.min(count, 1) : count;
}

function isSystem({ role }: Message): boolean {
  return role === Role.SYSTEM || role === Role.DEVELOPER;
}

/** One part for each instruction. */
function encodeSystem(request: GenerateRequest, count: number, context: PartContext): JsonObject | undefined {
  if (count === 0) return undefined;
  const { crossing } = context;
  const messages = request.messages.slice(0, count);
  const parts = messages.flatMap((message, index) => {
    for (const [at, { kind }] of message.parts.entries()) {
      const fits = kind.case === "text" || crossing.same;
      if (!fits) throw crossing.cannot(partPath(request, index, at), "Anything but text in a system message");
    }
    return encodeParts(request, message, index, context).map(({ wire }) => wire);
  });
  const extras = messages.map((message, index) => besides(message, messagePath(request, index), crossing));
  if (!crossing.same) return parts.length > 0 ? { parts } : undefined;
  const role = takeSpelling(messages[0]?.extra).spelt;
  return { parts, ...(role === "" ? {} : { role }), ...extras[0] };
}

function encodeTurn(request: GenerateRequest, message: Message, index: number, context: PartContext): Turn {
  const { crossing } = context;
  const path = messagePath(request, index);
  // Only the first instructions have a place of their own. Later ones are said where they stand, by the user.
  if (isSystem(message) && !crossing.same) crossing.lose(`${path}.role`);
  const pieces = encodeParts(request, message, index, context);
  const said = crossing.same ? stringIn(message.extra?.[spelling]) : undefined;
  const role = said ?? (message.role === Role.ASSISTANT ? "model" : "user");
  return { role, pieces, extra: besides(message, path, crossing), path };
}

/** What a message says beside its parts. There is no place for a speaker's name. */
function besides(message: Message, path: string, crossing: Crossing): JsonObject | undefined {
  if (message.name !== "") crossing.lose(`${path}.name`);
  const { rest } = takeSpelling(message.extra);
  return crossing.extra(rest, path);
}

function encodeParts(request: GenerateRequest, message: Message, index: number, context: PartContext): Piece[] {
  return message.parts.flatMap<Piece>((part, at) => {
    const path = partPath(request, index, at);
    if (saysNothing(part, path, context.crossing)) return [];
    const wire = encodePart(part, path, context);
    return wire ? [{ part, wire }] : [];
  });
}

function readArguments(words: string, path: string): JsonObject {
  const object = argumentsObject(words);
  if (object === undefined) throw invalid(path, `The arguments of the tool call at \`${path}\` are not a JSON object.`);
  return object;
}

/** Results are found by the name of the function here, and elsewhere by the id of the call. */
function functionsIn(request: GenerateRequest): PartContext["functionOf"] {
  const names = new Map<string, string>();
  for (const { parts } of request.messages) {
    for (const { kind } of parts) if (kind.case === "toolCall") names.set(kind.value.id, kind.value.name);
  }
  return (id, path) => {
    const name = names.get(id);
    if (name === undefined) throw invalid(path, `There is no tool call \`${id}\` before its result at \`${path}\`.`);
    return name;
  };
}

function fit(turns: readonly Turn[], crossing: Crossing): Turn[] {
  const merged: Turn[] = [];
  for (const turn of turns) {
    if (turn.pieces.length === 0) continue;
    const before = merged.at(-1);
    if (before?.role === turn.role) before.pieces.push(...turn.pieces);
    else merged.push({ ...turn, pieces: [...turn.pieces] });
  }
  for (const [at, turn] of merged.entries()) {
    if (turn.role === "user") orderResults(turn, merged[at - 1]);
    else checkResults(turn, merged[at + 1]);
  }
  const [first] = merged;
  const last = merged.at(-1);
  if (first === undefined || last === undefined) {
    throw invalid("messages", "`messages` holds nothing that is said by the user.");
  }
  if (first.role === "model") {
    throw crossing.cannot(first.path, "A conversation that begins with the assistant", "Begin with a user message.");
  }
  if (last.role === "model") {
    throw crossing.cannot(last.path, "A conversation that ends with the assistant", "End it with a user message.");
  }
  return merged;
}

/** Results come first in their turn, in the order of the calls: without ids that is how they are told apart. */
function orderResults(turn: Turn, before: Turn | undefined): void {
  const callIds = callsIn(before);
  const results = turn.pieces.filter(({ part }) => part.kind.case === "toolResult");
  for (const piece of results) {
    const id = resultId(piece);
    if (!callIds.includes(id)) {
      throw invalid(turn.path, `There is no tool call \`${id}\` in the turn before its result at \`${turn.path}\`.`);
    }
  }
  results.sort((a, b) => callIds.indexOf(resultId(a)) - callIds.indexOf(resultId(b)));
  const others = turn.pieces.filter(({ part }) => part.kind.case !== "toolResult");
  turn.pieces.splice(0, turn.pieces.length, ...results, ...others);
}

function checkResults(turn: Turn, after: Turn | undefined): void {
  const answered = new Set((after?.pieces ?? []).map(resultId));
  for (const id of callsIn(turn)) {
    if (!answered.has(id)) throw invalid(turn.path, `The tool call \`${id}\` at \`${turn.path}\` has no result.`);
  }
}

function callsIn(turn: Turn | undefined): string[] {
  return (turn?.pieces ?? []).flatMap(({ part: { kind } }) => (kind.case === "toolCall" ? [kind.value.id] : []));
}

function resultId({ part: { kind } }: Piece): string {
  return kind.case === "toolResult" ? kind.value.toolCallId : "";
}

/**
 * The first call of a turn is refused without a signature. This is what the vendor documents for calls that it has not signed
 * itself: made by another vendor's model, or signed and come back without the signature. https://ai.google.dev/gemini-api/docs/thought-signatures
 */
const unsigned = "skip_thought_signature_validator";

function placeSignature({ pieces }: Turn): void {
  const calls = pieces.filter(({ part }) => part.kind.case === "toolCall");
  const [first] = calls;
  if (first === undefined || calls.some(({ wire }) => wire.thoughtSignature !== undefined)) return;
  const wire = objectIn(first.wire);
  if (wire) wire.thoughtSignature = unsigned;
}
