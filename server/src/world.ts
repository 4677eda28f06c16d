import { randomBytes } from "node:crypto";

/** What is impure and small: passed in, so that a run can be replayed. */
export interface World {
  readonly clock: Clock;
  /** Random bytes fit for secrets. */
  readonly randomBytes: (count: number) => Uint8Array;
}

export interface Clock {
  /** Milliseconds since 1970. May step. For time stamps. */
  nowMs(): number;
  /** Milliseconds since some beginning. Never steps. For durations. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemWorld: World = { clock: systemClock, randomBytes };
