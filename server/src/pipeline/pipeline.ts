import { GatewayError, Reason } from "../canonical/error.ts";
import { isEmbedding } from "../dialects/codec.ts";
import type { Journal } from "../events/journal.ts";
import type { Clock } from "../world.ts";
import { attempt, journalFull } from "./attempt.ts";
import { authenticate } from "./authenticate.ts";
import type { Call } from "./call.ts";
import { countTokens } from "./count.ts";
import { withCredential } from "./credential.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Reply } from "./reply.ts";
import { RetryBudget, withOneRetry } from "./retry.ts";
import type { Router } from "./router.ts";
import type { ThoughtMemory } from "./thought-memory.ts";
import { withoutRefusedThoughts } from "./thoughts.ts";

export interface PipelineTools {
  readonly keys: KeyRing;
  readonly router: Router;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly thoughts: ThoughtMemory | undefined;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

/** What a call passes between the front door and the reply. */
export type Pipeline = (call: Call) => Promise<Reply>;

/**
 * The stages, in order: authenticate, read the body, address, attempt (once more before the first byte if need be). The
 * body of somebody unknown is never read. Limits and budgets will stand between `authenticate` and `read`, and between
 * `read` and `attempt`.
 */
export function createPipeline(tools: PipelineTools): Pipeline {
  const { keys, router, journal, clock, thoughts, random } = tools;
  const retries = new RetryBudget();
  return async (call) => {
    call.caller ??= authenticate(call.headers, keys, clock);
    const request = await call.read();
    call.request = request;
    const { operation, dialect } = call.door;
    const target = router.target(request.head.model, dialect?.id, operation, request.head.stream);
    call.target = target;
    if (operation === "count-tokens") return countTokens(call, target);
    if (!target)
      throw new GatewayError(
        Reason.CANNOT_TRANSLATE,
        `The provider of \`${request.head.model}\` has no ${isEmbedding(operation) ? "embeddings" : "such operation"}.`,
        { param: "model" },
      );
    if (!journal.accepting) throw journalFull();
    const { stopped } = call;
    if (stopped) throw stopped;
    const once = () => attempt(call, target, { journal, clock, thoughts });
    const thinned = () => withoutRefusedThoughts(call, target, once);
    return withOneRetry(call, retries, random, () => withCredential(call, target, thinned));
  };
}
