import { setTimeout as sleep } from "node:timers/promises";
import { type ConnectionOptions, connect, Events, type NatsConnection } from "nats";
import type { Report } from "./report.ts";

/** A connection to NATS that is there when NATS is: it comes up by itself and comes back by itself. */
export class NatsLink {
  readonly #options: ConnectionOptions;
  readonly #report: Report;
  readonly #closing = new AbortController();
  readonly #connecting: Promise<void>;
  #connection: NatsConnection | undefined;
  #connected = false;
  /** Those who wait for an answer, to be told when the connection is lost. */
  readonly #waiting = new Set<(lost: Error) => void>();

  constructor(url: string, name: string, report: Report) {
    this.#options = {
      ...serversIn(url),
      name,
      // A server that was there once is waited for without end; the journal keeps what cannot be sent meanwhile.
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      pingInterval: 5_000,
      maxPingOut: 2,
      ignoreAuthErrorAbort: true,
    };
    this.#report = report;
    this.#connecting = this.#connect();
  }

  /** The connection, when it is up. */
  get connection(): NatsConnection | undefined {
    return this.#connected ? this.#connection : undefined;
  }

  /** The connection, when it is up. What is published while it is down would be lost, so nobody is given one then. */
  required(): NatsConnection {
    const { connection } = this;
    if (!connection) throw new Error("NATS is not connected");
    return connection;
  }

  /**
   * Waits for an answer for as long as the connection lasts. An answer that was on its way when it broke never comes, and
   * the client would wait for it to the end of its own patience.
   */
  whileUp<T>(answer: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.add(reject);
    answer.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    return promise;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#down();
    await this.#connecting;
    await this.#connection?.close();
  }

  /** The client's own way to wait for the first connection cannot be called off, so it is done here. */
  async #connect(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        this.#connection = await connect({ ...this.#options, timeout: 2_000 });
        this.#connected = !signal.aborted;
        void this.#follow(this.#connection);
        return;
      } catch (error) {
        if (attempt === 1) this.#report("NATS cannot be reached; the journal keeps usage events", { error });
        await sleep(250, undefined, { ref: false, signal }).catch(() => undefined);
      }
    }
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const { type, data } of connection.status()) {
      if (type === Events.Disconnect) this.#down();
      else if (type === Events.Reconnect) this.#connected = !this.#closing.signal.aborted;
      else if (type === Events.Error) this.#report("NATS reports an error", { error: data });
    }
    this.#down();
  }

  #down(): void {
    this.#connected = false;
    const lost = new Error("the connection to NATS was lost");
    for (const reject of this.#waiting) reject(lost);
  }
}

/** `nats://user:password@host:port` or `tls://token@host`, several separated by commas, as the client wants them. */
function serversIn(url: string): ConnectionOptions {
  const urls = url.split(",").map((part) => new URL(part.includes("://") ? part.trim() : `nats://${part.trim()}`));
  const first = urls[0];
  if (!first) throw new Error("the URL of NATS is empty");
  const [user, pass] = [decodeURIComponent(first.username), decodeURIComponent(first.password)];
  return {
    servers: urls.map(({ host }) => host),
    ...(first.protocol === "tls:" ? { tls: {} } : {}),
    ...(user && pass ? { user, pass } : user ? { token: user } : {}),
  };
}
