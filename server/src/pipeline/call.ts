import type { Outcome } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import type { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import { LossReport } from "../canonical/loss.ts";
import type { Usage } from "../canonical/usage.ts";
import type { Dialect, Operation } from "../dialects/dialect.ts";
import type { Framing } from "../framing/framing.ts";
import type { Request } from "../payload/request.ts";
import type { Target } from "./target.ts";

/** The name our own RPCs go by where a dialect is named. They speak the canonical model itself. */
export const rpcDialect = "pontage";

/** Who calls, as the snapshot of keys knows them. */
export interface Caller {
  readonly keyId: string;
  readonly keyName: string;
  /** What cannot be said is refused, whatever the request's headers ask for. */
  readonly strict?: boolean;
}

/** Where a call came in. */
export interface Door {
  /** The client's dialect; undefined for our own RPCs. */
  readonly dialect: Dialect | undefined;
  readonly operation: Operation;
  /** How a stream is framed for the client; undefined for our own RPCs. */
  readonly framing: Framing | undefined;
}

/** What became of one upstream call. */
export interface AttemptRecord {
  readonly provider: string;
  readonly model: string;
  readonly upstreamDialect: string;
  readonly simulated: boolean;
  readonly outcome: Outcome;
  readonly status: number;
  readonly usage: Usage;
  readonly usageSource: UsageSource;
  readonly costNanoUsd: bigint;
  readonly priceVersion: string;
  readonly durationMs: number;
}

type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** One call on its way through the gate: what every stage may know and add. */
export class Call {
  readonly id: string;
  /** Changes when the body shows that the client speaks another dialect than its path says. */
  door: Door;
  /** Lower-case names. */
  readonly headers: RequestHeaders;
  /** When it arrived, in milliseconds since 1970. */
  readonly startTimeMs: number;
  /** When it arrived, on the clock that never steps. */
  readonly arrivedAtMs: number;
  readonly losses = new LossReport();
  /** Reads the body; called by the stage that may, after the caller is known. */
  readonly read: () => Promise<Request>;
  /** Found out by the first stage, unless the front door vouches for it. */
  caller: Caller | undefined;
  request: Request | undefined;
  /** Where it goes. */
  target: Target | undefined;
  /** The upstream has refused the thoughts of earlier turns, so they are left out. */
  withoutThoughts = false;
  /** The attempts that have ended. */
  readonly attempts: AttemptRecord[] = [];
  /** With the one that is running. */
  attemptsBegun = 0;
  /** Its place among the calls that are running; kept by `Activity`. */
  runningAt = -1;
  /** The last byte of the answer has been handed to the client's connection. */
  complete = false;
  /** When the first byte of the answer was ready to leave. */
  firstByteAtMs: number | undefined;
  /** Time spent waiting for upstreams before that, which is not the gateway's own. */
  upstreamWaitMs = 0;
  #gone = false;
  #interruption: GatewayError | undefined;
  #onStopped: ((why: GatewayError) => void) | undefined;

  constructor(fields: Pick<Call, "id" | "door" | "headers" | "startTimeMs" | "arrivedAtMs" | "read">) {
    this.id = fields.id;
    this.door = fields.door;
    this.headers = fields.headers;
    this.startTimeMs = fields.startTimeMs;
    this.arrivedAtMs = fields.arrivedAtMs;
    this.read = fields.read;
  }

  /** What all attempts cost together. */
  get costNanoUsd(): bigint {
    let sum = 0n;
    for (const { costNanoUsd } of this.attempts) sum += costNanoUsd;
    return sum;
  }

  get doorDialect(): string {
    return this.door.dialect?.id ?? rpcDialect;
  }

  /** The client has gone away. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Why the call must end: the gateway interrupts it, or its client has gone. Undefined while it may go on. */
  get stopped(): GatewayError | undefined {
    if (this.#interruption || !this.#gone) return this.#interruption;
    return new GatewayError(Reason.CLIENT_GONE, "The client went away before the answer was complete.");
  }

  /** Told by the front door when the client goes away. Whoever works for the call at that moment stops. */
  leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#onStopped) this.whenStopped(this.#onStopped);
  }

  /** Told when the gateway can wait no longer. Whoever works for the call stops, and its client, still there, hears why. */
  interrupt(why: GatewayError): void {
    if (this.#gone || this.#interruption) return;
    this.#interruption = why;
    if (this.#onStopped) this.whenStopped(this.#onStopped);
  }

  /** Sets the one listener that is told when the call must end. An attempt takes it over from the one before. */
  whenStopped(listener: ((why: GatewayError) => void) | undefined): void {
    this.#onStopped = listener;
    const why = listener && this.stopped;
    if (why) listener(why);
  }
}
