import type { GenerateEvent, GenerateReply, GenerateRequest, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import { copyOf, grow } from "../canonical/fold.ts";
import type { Losses } from "../canonical/loss.ts";
import { signs } from "../dialects/maker.ts";
import { partPath } from "../dialects/paths.ts";
import { type AnswerThoughts, callsOfTurn, thoughtsIn } from "../dialects/thoughts.ts";
import type { RequestTarget } from "../payload/request.ts";
import { presentedSecret } from "./authenticate.ts";
import type { Call } from "./call.ts";
import type { Reply } from "./reply.ts";
import type { Target } from "./target.ts";
import type { Owner, Recalled, ThoughtMemory } from "./thought-memory.ts";

/** What a call between two dialects brings to mind, and what is kept of its answer. */
export interface CallMemory {
  readonly known: NonNullable<RequestTarget["known"]>;
  /** Undefined where the upstream signs nothing. */
  readonly keep: ((found: AnswerThoughts) => void) | undefined;
}

/**
 * Undefined where client and upstream speak the same dialect, or the client speaks the canonical model: nothing gets lost. A
 * promise only where the database has to be asked.
 */
export function callToMind(
  call: Call,
  { speaking: { dialect } }: Target,
  memory: ThoughtMemory | undefined,
): CallMemory | undefined | Promise<CallMemory> {
  const { door, caller } = call;
  if (!memory || !caller || !door.dialect || door.dialect.id === dialect.id) return undefined;
  const request = call.request?.value();
  if (!request) return undefined;
  const owner: Owner = { keyId: caller.keyId, secret: presentedSecret(call.headers) };
  if (!signs(dialect.id)) return { known: (callId) => memory.peek(owner, callId), keep: undefined };
  const keep = (found: AnswerThoughts) => memory.keep(owner, found);
  const callIds = callsOfTurn(request);
  const take = ({ known, unknown }: Recalled): CallMemory => {
    if (unknown.length > 0) reportUnknown(request, call.losses, new Set(unknown));
    return { known, keep };
  };
  const recalled = memory.recall(owner, callIds);
  return recalled instanceof Promise ? recalled.then(take) : take(recalled);
}

/** Nobody can tell now whether these calls had thoughts, so they go without. */
function reportUnknown(request: GenerateRequest, losses: Losses, unknown: ReadonlySet<string>): void {
  for (const [index, { parts }] of request.messages.entries()) {
    for (const [at, { kind }] of parts.entries()) {
      if (kind.case === "toolCall" && unknown.has(kind.value.id))
        losses.lose(`${partPath(request, index, at)}.signature`);
    }
  }
}

/** Keeps the thoughts of a whole answer. */
export function keepWhole({ choices, dialect }: GenerateReply, keep: NonNullable<CallMemory["keep"]>): void {
  for (const { parts } of choices) keep(thoughtsIn(parts, dialect));
}

/** More thoughts than this in one answer are not kept. */
const mostThoughtChars = 4 * 1024 * 1024;

/** Keeps the thoughts of an answer as it grows, before its end is told. This sees every event. */
export function thoughtWatch(
  dialect: string,
  keep: NonNullable<CallMemory["keep"]>,
): (event: GenerateEvent["event"]) => void {
  const choices = new Map<number, Part[]>();
  let chars = 0;
  return (event) => {
    switch (event.case) {
      case "partOpened": {
        const { choice, index, part } = event.value;
        if (!choices.has(choice)) choices.set(choice, []);
        if (part) choices.get(choice)![index] = copyOf(part);
        return;
      }
      case "partGrown": {
        const part = choices.get(event.value.choice)?.[event.value.index];
        if (part === undefined || !matters(part, event.value.delta.case)) return;
        if (typeof event.value.delta.value === "string") chars += event.value.delta.value.length;
        if (chars > mostThoughtChars) choices.clear();
        else grow(part, event.value.delta);
        return;
      }
      case "choiceFinished": {
        const parts = choices.get(event.value.choice);
        if (parts) keep(thoughtsIn(parts, dialect));
      }
    }
  };
}

/** Of words it matters that there are some. */
function matters({ kind }: Part, delta: string | undefined): boolean {
  if (delta === "signature") return true;
  if (delta !== "text") return false;
  return kind.case === "reasoning" || ((kind.case === "text" || kind.case === "refusal") && kind.value.text === "");
}

/**
 * Once more without the thoughts of earlier turns when the upstream refuses one. Who made a signature can be known, and not
 * whether its maker still stands by it: another server of the same dialect, another account or another model may not.
 */
export function withoutRefusedThoughts(call: Call, target: Target, once: () => Promise<Reply>): Promise<Reply> {
  return once().catch((error) => {
    if (call.withoutThoughts || call.stopped || call.headIsOut || !refusesThoughts(error, target)) throw error;
    call.withoutThoughts = true;
    return once();
  });
}

function refusesThoughts(error: unknown, { speaking: { dialect } }: Target): boolean {
  if (!(error instanceof GatewayError) || error.reason !== Reason.UPSTREAM_REJECTED) return false;
  return dialect.thoughts?.refusal.test(`${error.code ?? ""} ${error.message}`) ?? false;
}
