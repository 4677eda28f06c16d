import type { Clock } from "../world.ts";
import { type Pool, sqlOn } from "./sql.ts";
import { StoreError } from "./store-error.ts";

type Listener = () => void | Promise<void>;

/** How often the counter is read, so that a revocation arrives within a second even when its notification does not. */
const pollMs = 500;
/**
 * A server that has vanished never answers. So no look waits for ever, and the next one asks the server's successor, on
 * another connection.
 */
const longestLookMs = 5_000;
const longestReloadMs = 30_000;
const listenAgainMs = 1000;
const channel = "pontage_api_key";

/**
 * Notices that keys have changed. Triggers count every write in one row; whoever sees another number than the last one has
 * to read the keys again. Replicas learn of it by a notification, and by looking twice a second in case that gets lost.
 */
export class KeyRevision {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  readonly #listeners = new Set<Listener>();
  #last: string | undefined;
  #running: Promise<void> | undefined;
  #again: Promise<void> | undefined;
  #poll: NodeJS.Timeout | undefined;
  #relisten: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Gives the listening connection up. */
  #lose: (() => void) | undefined;
  #closed = false;
  #failing = false;
  #following = false;
  /** When the last look that succeeded began. */
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Since when a write in this process has waited to take effect. */
  #behindSinceMs = Number.POSITIVE_INFINITY;

  constructor(pool: Pool, clock: Clock, warn: (message: string) => void) {
    this.#pool = pool;
    this.#clock = clock;
    this.#warn = warn;
  }

  /**
   * When the listeners were last known to have heard of every change, on the clock that never steps. Infinity where nobody
   * else writes: there it needs no confirmation.
   */
  get confirmedAtMs(): number {
    return this.#following ? this.#lookedAtMs : this.#behindSinceMs;
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks at the counter and calls the listeners when it has moved. Resolves when they are done. */
  check(): Promise<void> {
    // A look that has begun may have missed the change that asks now, so one more follows it; never more than one.
    if (!this.#running) {
      this.#running = this.#look().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#again ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#again = undefined;
        return this.check();
      });
    return this.#again;
  }

  /**
   * Called after a write has been committed. The write stands whatever happens here, and its result must reach the caller: a
   * new key's secret is shown once. So a failure is said and tried again, not thrown.
   */
  async changed(): Promise<void> {
    try {
      await this.check();
    } catch (error) {
      this.#warn(`Keys were changed, and the change has not taken effect everywhere yet: ${messageOf(error)}`);
      this.#behindSinceMs = Math.min(this.#behindSinceMs, this.#clock.monotonicMs());
      if (!this.#closed) this.#retry = setTimeout(() => void this.changed(), pollMs).unref();
    }
  }

  async #look() {
    const askedAtMs = this.#clock.monotonicMs();
    const revision = await this.#revision();
    const first = this.#last === undefined;
    if (revision !== this.#last) {
      if (!first) await inTime(Promise.all([...this.#listeners].map((listener) => listener())));
      // Noted last: when a listener fails, the next look calls it again.
      this.#last = revision;
    }
    this.#lookedAtMs = askedAtMs;
    this.#behindSinceMs = Number.POSITIVE_INFINITY;
  }

  async #revision(): Promise<string> {
    const question = {
      text: "select revision::text as revision from key_revision",
      values: [],
      ...(this.#following && { query_timeout: longestLookMs }),
    };
    const [row] = (await this.#pool.query(question)).rows as { revision: string }[];
    if (row === undefined) throw new StoreError("The table key_revision has lost its row. Restore it from a backup.");
    return row.revision;
  }

  /** Follows the writes of other replicas until `close`. */
  follow() {
    this.#following = true;
    void this.#listen();
    const look = async () => {
      try {
        await this.check();
        this.#failing = false;
      } catch (error) {
        // The keys known so far go on working; said once, not twice a second.
        if (!this.#failing && !this.#closed) this.#warn(`Changes of keys cannot be followed: ${messageOf(error)}`);
        this.#failing = true;
      }
      if (!this.#closed) this.#poll = setTimeout(look, pollMs).unref();
    };
    this.#poll = setTimeout(look, pollMs).unref();
  }

  async #listen() {
    try {
      const client = await this.#pool.connect();
      let lost = false;
      const lose = () => {
        if (lost) return;
        lost = true;
        this.#lose = undefined;
        client.release(true);
        if (!this.#closed) this.#relisten = setTimeout(() => void this.#listen(), listenAgainMs).unref();
      };
      client.on("error", lose);
      client.on("end", lose);
      client.on("notification", () => void this.check().catch(() => undefined));
      if (this.#closed) return lose();
      this.#lose = lose;
      await sqlOn(client).rows(`listen ${channel}`).catch(lose);
    } catch {
      // Polling goes on meanwhile, and says what is wrong.
      if (!this.#closed) this.#relisten = setTimeout(() => void this.#listen(), listenAgainMs).unref();
    }
  }

  async close() {
    this.#closed = true;
    clearTimeout(this.#poll);
    clearTimeout(this.#relisten);
    clearTimeout(this.#retry);
    this.#lose?.();
    await this.#running?.catch(() => undefined);
  }
}

async function inTime(reload: Promise<unknown>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new StoreError("the database does not answer")), longestReloadMs);
  try {
    await Promise.race([reload, late]);
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
