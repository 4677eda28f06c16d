import type { JsonObject } from "@bufbuild/protobuf";
import { type GenerateRequest, type Message, type Part, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { reasoning } from "../canonical/events.ts";
import type { Losses } from "../canonical/loss.ts";
import { spelling } from "./crossing.ts";
import { isSharedCallId } from "./gemini/call-id.ts";
import { isOwn, makerIn } from "./maker.ts";
import { isMadeUp } from "./ollama-chat/call-id.ts";
import { opaqueType } from "./opaque.ts";
import { marked, markOf, unmarked } from "./openai-responses/mark.ts";
import { partPath } from "./paths.ts";

/** What a maker wants back with a call: the signed or encrypted thoughts that led to it, and the call's own signature. */
export interface CallThoughts {
  /** The function's name, so that a call that only shares its id with this one is told apart. */
  readonly name: string;
  readonly thoughts: readonly Thought[];
  readonly signature: string | undefined;
  readonly origin: string;
}

export interface Thought {
  /** How many parts stand between it and the call before, or the beginning of the turn. */
  readonly after: number;
  /** Signed or encrypted, with its origin. */
  readonly part: Part;
}

/** What an answer's calls must come back with, by the id of the call. Null for those that need nothing. */
export type AnswerThoughts = ReadonlyMap<string, CallThoughts | null>;

/** The thoughts in one answer that came in `dialect`. */
export function thoughtsIn(parts: readonly Part[], dialect: string): AnswerThoughts {
  const found = new Map<string, CallThoughts | null>();
  let thoughts: Thought[] = [];
  let after = 0;
  for (const part of parts) {
    const { kind, signature, origin = makerIn(dialect) } = part;
    if (kind.case === "toolCall") {
      const { id, name } = kind.value;
      const isBare = thoughts.length === 0 && signature === undefined;
      if (!isSharedCallId(id)) found.set(id, isBare ? null : { name, thoughts, signature, origin });
      thoughts = [];
      after = 0;
    } else if (isSigned(part)) thoughts.push({ after, part: bareThought(part, origin) });
    else if (kind.case !== "reasoning" && saysSomething(part)) after++;
  }
  return found;
}

function isSigned({ kind }: Part): boolean {
  return kind.case === "reasoning" && (kind.value.signature !== "" || kind.value.redacted !== "");
}

function saysSomething({ kind }: Part): boolean {
  return (kind.case !== "text" && kind.case !== "refusal") || kind.value.text !== "";
}

/** The thought and how it was spelt, without what else its dialect said beside it. */
function bareThought({ kind, extra }: Part, origin: string): Part {
  const spelt = extra?.[spelling];
  const content = kind.case === "reasoning" ? kind.value : {};
  return { ...reasoning(content, spelt === undefined ? undefined : { [spelling]: spelt }), origin };
}

/** Where the model's turn begins that a request goes on with: after the last message of the user's own. */
function turnStart({ messages }: GenerateRequest): number {
  const isOwnWord = ({ role, parts }: Message) =>
    role !== Role.ASSISTANT && !parts.some(({ kind }) => kind.case === "toolResult");
  return messages.findLastIndex(isOwnWord) + 1;
}

/** The calls of the turn that a request goes on with. No maker looks at the thoughts of earlier turns. */
export function callsOfTurn(request: GenerateRequest): string[] {
  return request.messages
    .slice(turnStart(request))
    .flatMap(({ role, parts }) => (role === Role.ASSISTANT ? parts : []))
    .flatMap(({ kind, signature }) => (kind.case === "toolCall" && signature === undefined ? kind.value.id : []))
    .filter((id) => !isMadeUp(id));
}

/**
 * The request with what its calls were made with, where the client could not or did not send it back and the target, which
 * speaks `to`, accepts it. What it does not accept is lost and reported.
 */
export function withThoughts(
  request: GenerateRequest,
  known: (callId: string) => CallThoughts | undefined,
  to: string,
  losses: Losses,
): GenerateRequest {
  const start = turnStart(request);
  const messages = request.messages.map((message, index) => {
    if (index < start || message.role !== Role.ASSISTANT) return message;
    const pathOf = (at: number) => partPath(request, index, at);
    return { ...message, parts: partsWithThoughts(message.parts, known, to, pathOf, losses) };
  });
  return { ...request, messages };
}

function partsWithThoughts(
  parts: readonly Part[],
  known: (callId: string) => CallThoughts | undefined,
  to: string,
  pathOf: (at: number) => string,
  losses: Losses,
): Part[] {
  // A client that sends signed thoughts back knows better where they stood.
  const areCarried = parts.some(isSigned);
  const result: Part[] = [];
  let segment: Part[] = [];
  for (const [at, part] of parts.entries()) {
    const { kind } = part;
    if (kind.case !== "toolCall") {
      segment.push(part);
      continue;
    }
    const found = known(kind.value.id);
    const thoughts = found?.name === kind.value.name ? found : undefined;
    const isAccepted = thoughts !== undefined && isOwn(thoughts.origin, to);
    if (thoughts && !isAccepted) losses.lose(`${pathOf(at)}.signature`);
    result.push(...(isAccepted && !areCarried ? placed(thoughts.thoughts, segment) : segment));
    segment = [];
    const { signature, origin } = thoughts ?? {};
    const isMissing = isAccepted && signature !== undefined && part.signature === undefined;
    result.push(isMissing && origin !== undefined ? { ...part, signature, origin } : part);
  }
  return [...result, ...segment];
}

/** The thoughts among the parts that were said with them. They take the place of the same thoughts without signatures. */
function placed(thoughts: readonly Thought[], segment: readonly Part[]): Part[] {
  if (thoughts.length === 0) return [...segment];
  const said = segment.filter(({ kind }) => kind.case !== "reasoning");
  const waiting = [...thoughts];
  const result: Part[] = [];
  for (const [at, part] of said.entries()) {
    while (waiting[0] && waiting[0].after <= at) result.push(waiting.shift()!.part);
    result.push(part);
  }
  return [...result, ...waiting.map(({ part }) => part)];
}

/** The request without a thought or signature in it, for an upstream that has refused one. */
export function withoutThoughts(request: GenerateRequest, losses: Losses): GenerateRequest {
  const messages = request.messages.flatMap<Message>((message, index) => {
    if (message.role !== Role.ASSISTANT) return message;
    const parts = message.parts.flatMap<Part>((part, at) => {
      const { signature: _, origin: __, ...rest } = part;
      const isThought = part.kind.case === "reasoning" || isWholeThought(part);
      // Some sign at the end of their words, in a part that has none.
      const isNothing = part.signature !== undefined && !saysSomething(part);
      if (isThought) losses.lose(partPath(request, index, at));
      else if (part.signature !== undefined) losses.lose(`${partPath(request, index, at)}.signature`);
      return isThought || isNothing ? [] : { ...rest, extra: withoutItemId(part.extra) };
    });
    return parts.length === 0 && message.parts.length > 0 ? [] : { ...message, parts };
  });
  return { ...request, messages };
}

function isWholeThought({ kind }: Part): boolean {
  return kind.case === "opaque" && /^(?:reasoning|thinking|redacted_thinking)$/.test(opaqueType(kind.value) ?? "");
}

/** Under its id the vendor knows the item as one that its thoughts have to come with. */
function withoutItemId(extra: JsonObject | undefined): JsonObject | undefined {
  const mark = markOf(extra);
  if (mark?.id === undefined) return extra;
  const { id: _, ...rest } = mark;
  return marked(rest, unmarked(extra));
}
