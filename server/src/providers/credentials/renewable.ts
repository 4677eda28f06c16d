import type { Clock } from "../../world.ts";

/** Something that was fetched, and how long it is good from now on. `Infinity`: until it is refused. */
export interface Fetched<T> {
  readonly value: T;
  readonly lifetimeMs: number;
}

interface Held<T> {
  readonly value: T;
  /** From here on a new one is fetched while this one is still used. */
  readonly renewAtMs: number;
  readonly endMs: number;
}

/** A new value is fetched this long before the end, or when a fifth of a shorter life is left. */
const longestAheadMs = 5 * 60_000;
/** What is sent now must still be good when it arrives. */
const onItsWayMs = 10_000;
/** After a failure nobody asks for this long; who needs a value meanwhile is told that failure. */
const pauseMs = 1_000;
/** A value refused again so soon is not refused for its age: a new one would not help. */
const leastBetweenRefusalsMs = 30_000;

/**
 * A credential that is fetched and expires. While it is good it is there at once; a new one is fetched ahead of its end, by
 * whoever comes first, and everybody waits for the same one.
 */
export class Renewable<T> {
  readonly #fetch: () => Promise<Fetched<T>>;
  readonly #clock: Clock;
  #held: Held<T> | undefined;
  #fetching: Promise<T> | undefined;
  #failure: unknown;
  #nextTryAtMs = Number.NEGATIVE_INFINITY;
  #refusedAtMs = Number.NEGATIVE_INFINITY;
  #known: readonly T[] = [];

  constructor(fetch: () => Promise<Fetched<T>>, clock: Clock) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** The value, while it is good. */
  get current(): T | undefined {
    const held = this.#held;
    if (!held) return undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= held.renewAtMs && nowMs >= this.#nextTryAtMs) this.#renew().catch(() => {});
    return nowMs < held.endMs ? held.value : undefined;
  }

  /** The last value there was, good or not. */
  get latest(): T | undefined {
    return this.#known[0];
  }

  /** The last two values: words of a provider may quote the one before. */
  get known(): readonly T[] {
    return this.#known;
  }

  /** The value as soon as there is one. Rejects with the reason why there is none. */
  async get(): Promise<T> {
    const { current } = this;
    if (current !== undefined) return current;
    if (this.#fetching === undefined && this.#clock.monotonicMs() < this.#nextTryAtMs) throw this.#failure;
    return this.#renew();
  }

  /**
   * `value` has been refused, maybe because it was taken back before its time. Says, when that is known, whether there is a
   * newer one to try with. The refused one is used until then: it may be good for others.
   */
  async newerThan(value: T): Promise<boolean> {
    if (this.latest !== value) return true;
    if (this.#fetching === undefined) {
      const nowMs = this.#clock.monotonicMs();
      if (nowMs < this.#refusedAtMs + leastBetweenRefusalsMs) return false;
      this.#refusedAtMs = nowMs;
    }
    try {
      return (await this.#renew()) !== value;
    } catch {
      return false; // the refusal is what there is to tell
    }
  }

  #renew(): Promise<T> {
    this.#fetching ??= this.#fetchOne().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchOne(): Promise<T> {
    try {
      const { value, lifetimeMs } = await this.#fetch();
      const nowMs = this.#clock.monotonicMs();
      this.#held = {
        value,
        renewAtMs: nowMs + lifetimeMs - Math.min(longestAheadMs, lifetimeMs / 5),
        endMs: nowMs + lifetimeMs - Math.min(onItsWayMs, lifetimeMs / 10),
      };
      if (value !== this.latest) this.#known = [value, ...this.#known.slice(0, 1)];
      return value;
    } catch (error) {
      this.#failure = error;
      this.#nextTryAtMs = this.#clock.monotonicMs() + pauseMs;
      throw error;
    }
  }
}
