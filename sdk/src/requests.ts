import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { decodeUsage, type TokenUsage } from "./chat/usage.ts";
import { type Connection, sleep } from "./connection.ts";
import { ConnectionFailed, GatewayUnavailable, PontageError, RateLimited, Timeout } from "./error.ts";
import type { Request as ProtoRequest, RequestService } from "./gen/pontage/admin/v1/request_pb.ts";
import { Money } from "./money.ts";
import type { CallOptions } from "./options.ts";
import { retryWaitMs } from "./retry.ts";

/** A watch that hears nothing for this long, not even a heartbeat, is taken for dead and begins anew. */
const silenceMs = 45_000;

/** A call that crossed the gate. */
export interface RequestSummary {
  /** Its id, as in the `x-request-id` header. */
  readonly id: string;
  /** When it arrived. */
  readonly startTime: Date;
  /** The HTTP status the client got. */
  readonly status: number;
  /** Why it failed, as a reason's name. Empty when it did not. */
  readonly reason: string;
  readonly keyId: string;
  readonly keyName: string;
  /** The model the client asked for. */
  readonly askedModel: string;
  /** The provider that answered last. */
  readonly provider: string;
  /** The model, as the provider names it. */
  readonly model: string;
  /** The dialect the client spoke. */
  readonly doorDialect: string;
  /** The dialect the provider spoke. */
  readonly upstreamDialect: string;
  readonly streamed: boolean;
  /** The tokens of all attempts. */
  readonly usage: TokenUsage;
  /** The cost of all attempts. */
  readonly cost: Money;
  readonly attempts: number;
  /** From arrival to the first byte of the answer. Zero when there was none. */
  readonly firstByteMs: number;
  /** From arrival to the end. */
  readonly durationMs: number;
  /** The model is simulated. */
  readonly simulated: boolean;
  /** The client went away before the answer was complete. */
  readonly abandoned: boolean;
}

/** News for a watcher. `cursor` is where to continue after it. */
export type RequestNews =
  | { type: "request"; request: RequestSummary; cursor: string }
  /** This many calls were not sent, because the watcher was too slow or away too long. */
  | { type: "gap"; missed: number; cursor: string };

/** How a watch is doing. */
export type WatchState = "live" | "reconnecting";

/** How to watch. */
export interface WatchOptions extends Pick<CallOptions, "signal" | "headers"> {
  /** Continue after this cursor. Begins with the latest calls when left out. */
  cursor?: string | undefined;
  /** Told when the watch comes to life, and when it lost its connection and why. */
  onState?: ((state: WatchState, why?: PontageError) => void) | undefined;
}

/** The calls that cross the gate. Needs the admin token. */
export class Requests {
  readonly #connection: Connection;
  readonly #client: Client<typeof RequestService>;

  constructor(connection: Connection, client: Client<typeof RequestService>) {
    this.#connection = connection;
    this.#client = client;
  }

  /**
   * Every call as it ends, beginning with the latest ones. Comes back by itself after a drop and continues where it was;
   * what could not be sent is reported as a gap. Ends when the loop is left or the signal aborts, and throws only what
   * waiting cannot cure, such as a wrong token.
   */
  async *watch(options: WatchOptions = {}): AsyncGenerator<RequestNews, void, undefined> {
    let cursor = options.cursor ?? "";
    let state: WatchState = "reconnecting";
    const enter = (next: WatchState, why?: PontageError) => {
      if (next !== state || why) options.onState?.(next, why);
      state = next;
    };
    for (let failures = 0; ; ) {
      try {
        const messages = this.#connection.stream((own) => this.#client.watchRequests({ cursor }, own), {
          ...(options.signal ? { signal: options.signal } : {}),
          ...(options.headers ? { headers: options.headers } : {}),
          timeoutMs: silenceMs,
          maxRetries: 0,
        });
        for await (const message of messages) {
          failures = 0;
          enter("live");
          if (message.cursor) cursor = message.cursor;
          const { item } = message;
          if (item.case === "request") yield { type: "request", request: decodeRequest(item.value), cursor };
          if (item.case === "missed") yield { type: "gap", missed: Number(item.value), cursor };
        }
        throw new ConnectionFailed("The gateway ended the watch.", { code: "CONNECTION_FAILED" });
      } catch (error) {
        if (options.signal?.aborted) return;
        if (!(error instanceof PontageError) || !passes(error)) throw error;
        enter("reconnecting", error);
        // An abort during the wait ends the watch, as it does at any other time.
        await sleep(retryWaitMs(error, failures++, Math.random()), options.signal).catch(() => {});
        if (options.signal?.aborted) return;
      }
    }
  }
}

/** Whether waiting may cure it. */
function passes(error: PontageError): boolean {
  return (
    error instanceof ConnectionFailed ||
    error instanceof GatewayUnavailable ||
    error instanceof RateLimited ||
    error instanceof Timeout
  );
}

function decodeRequest(request: ProtoRequest): RequestSummary {
  const { usage, startTime, $typeName: _name, $unknown: _unknown, ...same } = request;
  return {
    ...same,
    startTime: startTime ? timestampDate(startTime) : new Date(0),
    usage: decodeUsage(usage?.usage, usage?.source ?? 0),
    cost: new Money(usage?.costNanoUsd ?? 0n),
  };
}
