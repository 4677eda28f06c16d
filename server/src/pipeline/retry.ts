import { GatewayError, Reason } from "../canonical/error.ts";
import type { Call } from "./call.ts";
import type { Reply } from "./reply.ts";

/** Failures after which the same request may well succeed, and after which no answer can have been half given. */
const worthAnother: ReadonlySet<Reason> = new Set([
  Reason.UPSTREAM_UNREACHABLE,
  Reason.UPSTREAM_OVERLOADED,
  Reason.UPSTREAM_FAILED,
  Reason.UPSTREAM_TRUNCATED,
]);

const waitMs = { least: 50, most: 250 } as const;
/** A provider that wants a longer pause is not asked again; the client is told the pause instead. */
const longestPauseMs = 1_000;

/** Keeps retries to a tenth of the calls: when a provider is down, asking twice only doubles its load. */
export class RetryBudget {
  #tokens: number;
  readonly #most: number;

  constructor(most = 10) {
    this.#most = most;
    this.#tokens = most;
  }

  /** Each call earns a tenth of a retry. */
  earn(): void {
    this.#tokens = Math.min(this.#most, this.#tokens + 0.1);
  }

  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** Tries once more when nothing has been shown and the failure is one that passes. Never after the first byte. */
export async function withOneRetry(
  call: Call,
  budget: RetryBudget,
  random: () => number,
  once: () => Promise<Reply>,
): Promise<Reply> {
  budget.earn();
  try {
    return await once();
  } catch (error) {
    const again =
      error instanceof GatewayError &&
      worthAnother.has(error.reason) &&
      error.shouldRetry !== false &&
      (error.retryAfterMs ?? 0) <= longestPauseMs &&
      !call.gone &&
      budget.spend();
    if (!again) throw error;
    const jitterMs = waitMs.least + random() * (waitMs.most - waitMs.least);
    await pause(call, Math.max(jitterMs, error.retryAfterMs ?? 0));
    if (call.stopped) throw error;
    return once();
  }
}

function pause(call: Call, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      call.whenStopped(undefined);
      resolve();
    };
    const timer = setTimeout(done, ms);
    call.whenStopped(done);
  });
}
