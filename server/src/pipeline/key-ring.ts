import { hashSecret, looksValid } from "../store/key-secret.ts";
import type { Caller } from "./call.ts";

/** One way to open the gate: a secret's hash, and until when it works. */
export interface RingKey {
  readonly hash: string;
  readonly caller: Caller;
  /** Milliseconds since 1970; infinity for ever. */
  readonly endTimeMs: number;
}

/** How far the keys in memory are believed while the database is away. */
export interface KeyLimits {
  /** Keys that the database has not confirmed for longer than this open nothing: some may have been revoked meanwhile. */
  readonly longestUnconfirmedMs: number;
  /** The database is asked twice a second. When it has not answered for this long, an unknown key may be a new one. */
  readonly awayAfterMs: number;
}

export const defaultKeyLimits: KeyLimits = { longestUnconfirmedMs: 5 * 60_000, awayAfterMs: 1_500 };

/** The keys that open the gate, in memory. An immutable snapshot is swapped in when the keys change. */
export class KeyRing {
  readonly #confirmedAtMs: () => number;
  readonly #limits: KeyLimits;
  #byHash: ReadonlyMap<string, RingKey> = new Map();

  /** `confirmedAtMs` says when the database last confirmed what is here, on the clock that never steps. */
  constructor(confirmedAtMs: () => number, limits: KeyLimits = defaultKeyLimits) {
    this.#confirmedAtMs = confirmedAtMs;
    this.#limits = limits;
  }

  replace(keys: Iterable<RingKey>): void {
    this.#byHash = new Map(Array.from(keys, (key) => [key.hash, key]));
  }

  /** Who the secret belongs to. Malformed secrets are turned away before anything is hashed. */
  find(secret: string, nowMs: number): Caller | undefined {
    if (!looksValid(secret)) return undefined;
    const key = this.#byHash.get(hashSecret(secret));
    return key && nowMs < key.endTimeMs ? key.caller : undefined;
  }

  /** Whether the keys may be relied on at this time of the clock that never steps. */
  isTrusted(monotonicMs: number): boolean {
    return monotonicMs - this.#confirmedAtMs() <= this.#limits.longestUnconfirmedMs;
  }

  /** Whether the secret may be that of a key made since the database went away. */
  mayBeNew(secret: string, monotonicMs: number): boolean {
    if (monotonicMs - this.#confirmedAtMs() <= this.#limits.awayAfterMs) return false;
    return looksValid(secret) && !this.#byHash.has(hashSecret(secret));
  }
}
