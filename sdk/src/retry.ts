import { ConnectionFailed, type PontageError } from "./error.ts";
import { retryAfter } from "./error-from.ts";

/** A wait asked for that is longer than this is not worth a caller's time; our own backoff is used instead. */
const longestAskedWaitMs = 60_000;
const firstWaitMs = 500;
const longestWaitMs = 8_000;

/**
 * Whether a failed call may be made again.
 *
 * A call that is not `repeatable`, such as issuing a key, may have had its effect although no answer came; it is made
 * again only when the gateway says that it did nothing.
 */
export function mayRetry(error: PontageError, repeatable: boolean): boolean {
  const word = error.headers?.get("x-should-retry");
  if (word === "true") return true;
  if (word === "false") return false;
  if (error.status === 429) return true;
  if (!repeatable) return false;
  if (error instanceof ConnectionFailed) return true;
  return error.status === 408 || (error.status !== undefined && error.status >= 500);
}

/** How long to wait before the next try. `tries` counts from 0; `random` is a number from 0 to 1. */
export function retryWaitMs(error: PontageError, tries: number, random: number): number {
  const asked = error.headers && retryAfter(error.headers);
  if (asked !== undefined && asked <= longestAskedWaitMs) return asked;
  // Exponential, and up to a quarter shorter, so that many clients do not come back at the same moment.
  return Math.min(firstWaitMs * 2 ** tries, longestWaitMs) * (1 - random / 4);
}
