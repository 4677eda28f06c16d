import type { GatewayError } from "../canonical/error.ts";
import type { Clock } from "../world.ts";
import type { Call, CallEnd } from "./call.ts";

/** A call that has ended, and its place in the order of endings. */
export interface Ended extends CallEnd {
  readonly sequence: number;
}

const kept = 500;

/** The latest calls of this process, for whoever watches. Bounded; what is older is in the ledger. */
export class Activity {
  readonly #clock: Clock;
  readonly #latest: Ended[] = [];
  readonly #watchers = new Set<(ended: Ended) => void>();
  #sequence = 0;
  #inFlight = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  began(): void {
    this.#inFlight++;
  }

  ended(call: Call, status: number, error: GatewayError | undefined): void {
    this.#inFlight--;
    const nowMs = this.#clock.monotonicMs();
    const ended = {
      call,
      status,
      error,
      endTimeMs: this.#clock.nowMs(),
      durationMs: nowMs - call.arrivedAtMs,
      sequence: ++this.#sequence,
    };
    // What a client sent is not kept longer than its call.
    call.request = undefined;
    this.#latest.push(ended);
    if (this.#latest.length > kept) this.#latest.shift();
    for (const watcher of this.#watchers) watcher(ended);
  }

  /** The calls after `sequence` that are still kept, oldest first, and how many are not. */
  since(sequence: number): { readonly calls: readonly Ended[]; readonly missed: number } {
    const calls = this.#latest.filter((ended) => ended.sequence > sequence);
    const oldest = calls[0]?.sequence ?? this.#sequence + 1;
    return { calls, missed: sequence === 0 ? 0 : oldest - sequence - 1 };
  }

  /** Tells of every call as it ends, until the returned function is called. */
  watch(watcher: (ended: Ended) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
