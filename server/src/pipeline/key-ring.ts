import { hashSecret, looksValid } from "../store/key-secret.ts";
import type { Caller } from "./call.ts";

/** One way to open the gate: a secret's hash, and until when it works. */
export interface RingKey {
  readonly hash: string;
  readonly caller: Caller;
  /** Milliseconds since 1970; infinity for ever. */
  readonly endTimeMs: number;
}

/** The keys that open the gate, in memory. An immutable snapshot is swapped in when the keys change. */
export class KeyRing {
  #byHash: ReadonlyMap<string, RingKey> = new Map();

  replace(keys: Iterable<RingKey>): void {
    this.#byHash = new Map(Array.from(keys, (key) => [key.hash, key]));
  }

  /** Who the secret belongs to. Malformed secrets are turned away before anything is hashed. */
  find(secret: string, nowMs: number): Caller | undefined {
    if (!looksValid(secret)) return undefined;
    const key = this.#byHash.get(hashSecret(secret));
    return key && nowMs < key.endTimeMs ? key.caller : undefined;
  }
}
