import { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { type GatewayError, reasonName } from "../canonical/error.ts";
import { type Usage, usageBuckets, usageOf } from "../canonical/usage.ts";
import type { Clock } from "../world.ts";
import type { AttemptRecord, Call } from "./call.ts";

/**
 * What is kept of a call that has ended. Flat and small on purpose: a call itself holds on to its connection, its headers
 * and what the client sent, none of which may outlive it.
 */
export interface EndedCall {
  /** Its place in the order of endings. */
  readonly sequence: number;
  readonly id: string;
  readonly startTimeMs: number;
  readonly endTimeMs: number;
  /** The status the client got. */
  readonly status: number;
  /** A reason's name; empty when the call did not fail. */
  readonly reason: string;
  readonly keyId: string;
  readonly keyName: string;
  readonly askedModel: string;
  readonly doorDialect: string;
  readonly streamed: boolean;
  /** The last attempt; undefined when none was made. */
  readonly last: AttemptRecord | undefined;
  readonly attempts: number;
  /** Of all attempts. */
  readonly usage: Usage;
  readonly usageSource: UsageSource;
  readonly costNanoUsd: bigint;
  /** From arrival to the first byte of the answer; undefined when there was none. */
  readonly firstByteMs: number | undefined;
  readonly durationMs: number;
  /** The client went away before the answer was complete. */
  readonly abandoned: boolean;
}

const kept = 500;
const nothing = usageOf({});

/** The latest calls of this process, for whoever watches. Bounded; what is older is in the ledger. */
export class Activity {
  readonly #clock: Clock;
  readonly #latest: EndedCall[] = [];
  readonly #watchers = new Set<(ended: EndedCall) => void>();
  /**
   * A list, and each call knows its place in it. A set would do it in fewer words, but it leaves old tables behind with every
   * few dozen calls, and these keep the calls in them, bodies and all, until the next full garbage collection.
   */
  readonly #running: Call[] = [];
  #interruption: GatewayError | undefined;
  #sequence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get inFlight(): number {
    return this.#running.length;
  }

  began(call: Call): void {
    call.runningAt = this.#running.push(call) - 1;
    if (this.#interruption) call.interrupt(this.#interruption);
  }

  /** Ends every call that is running, and every one that still comes. */
  interrupt(why: GatewayError): void {
    this.#interruption = why;
    for (const call of [...this.#running]) call.interrupt(why);
  }

  ended(call: Call, status: number, error: GatewayError | undefined): void {
    // The last one takes its place.
    const moved = this.#running.pop()!;
    if (moved !== call) {
      this.#running[call.runningAt] = moved;
      moved.runningAt = call.runningAt;
    }
    const { attempts } = call;
    const last = attempts[attempts.length - 1];
    const ended: EndedCall = {
      sequence: ++this.#sequence,
      id: call.id,
      startTimeMs: call.startTimeMs,
      endTimeMs: this.#clock.nowMs(),
      status,
      reason: error ? reasonName(error.reason) : "",
      keyId: call.caller?.keyId ?? "",
      keyName: call.caller?.keyName ?? "",
      askedModel: call.request?.head.model ?? "",
      doorDialect: call.doorDialect,
      streamed: call.request?.head.stream ?? false,
      last,
      attempts: attempts.length,
      usage: attempts.length === 1 ? last!.usage : sumOf(attempts),
      usageSource: last?.usageSource ?? UsageSource.UNSPECIFIED,
      costNanoUsd: call.costNanoUsd,
      firstByteMs: call.firstByteAtMs === undefined ? undefined : call.firstByteAtMs - call.arrivedAtMs,
      durationMs: this.#clock.monotonicMs() - call.arrivedAtMs,
      abandoned: call.gone && !call.complete,
    };
    // A ring: the oldest one makes room.
    this.#latest[(ended.sequence - 1) % kept] = ended;
    for (const watcher of this.#watchers) watcher(ended);
  }

  /** The calls after `sequence` that are still kept, oldest first, and how many are not. */
  since(sequence: number): { readonly calls: readonly EndedCall[]; readonly missed: number } {
    const calls = this.#latest.filter((ended) => ended.sequence > sequence).sort((a, b) => a.sequence - b.sequence);
    const oldest = calls[0]?.sequence ?? this.#sequence + 1;
    return { calls, missed: sequence === 0 ? 0 : oldest - sequence - 1 };
  }

  /** Tells of every call as it ends, until the returned function is called. */
  watch(watcher: (ended: EndedCall) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

function sumOf(attempts: readonly AttemptRecord[]): Usage {
  if (attempts.length === 0) return nothing;
  const total = usageOf({});
  for (const { usage } of attempts) for (const bucket of usageBuckets) total[bucket] += usage[bucket];
  return total;
}
