import { expect } from "vitest";
import type { GatewayProcess } from "./gateway-process.ts";
import type { Random } from "./random.ts";

interface Issued {
  readonly key: { readonly id: string };
  readonly secret: string;
}

/** What a person who manages a key knows of it. */
interface Known {
  readonly id: string;
  secret: string;
  /** The secret before the last rotation, while it has its grace. */
  graced: string | undefined;
}

/** API keys as whoever manages them knows them: which secrets open the gate, and which do not any more. */
export class KnownKeys {
  readonly #gateway: GatewayProcess;
  #live: Known[] = [];
  /** Secrets that must never open the gate again, with why. */
  readonly #closed = new Map<string, string>();
  #made = 0;

  constructor(gateway: GatewayProcess) {
    this.#gateway = gateway;
  }

  get counts() {
    return { live: this.#live.length, closed: this.#closed.size };
  }

  /** Issues keys, rotates one with a grace and one without, and revokes one. */
  async change(random: Random): Promise<void> {
    for (let i = 0; i < 3; i++) {
      const { key, secret } = await this.#ask("CreateKey", { name: `key ${++this.#made}` });
      this.#live.push({ id: key.id, secret, graced: undefined });
    }
    this.#live.sort(() => random.next() - 0.5);
    const [graced, replaced, revoked, ...others] = this.#live as [Known, Known, Known, ...Known[]];
    await this.#rotate(graced, 3600);
    await this.#rotate(replaced, 0);
    await this.#ask("RevokeKey", { id: revoked.id });
    for (const secret of [revoked.secret, revoked.graced]) if (secret) this.#closed.set(secret, "its key is revoked");
    this.#live = [graced, replaced, ...others];
  }

  /** Tries every secret there ever was. */
  async judge(): Promise<void> {
    expect(await this.#status(this.#gateway.apiKey), "the first key").toBe(200);
    for (const { id, secret, graced } of this.#live) {
      expect(await this.#status(secret), id).toBe(200);
      if (graced) expect(await this.#status(graced), `${id}, the secret in its grace`).toBe(200);
    }
    for (const [secret, why] of this.#closed) expect(await this.#status(secret), why).toBe(401);
  }

  /** Every key the gateway tells of, revoked ones too. What they have cost goes on growing. */
  async list(): Promise<unknown[]> {
    const { keys } = await this.#gateway.ask("KeyService/ListKeys", { pageSize: 250, showRevoked: true });
    return (keys as Record<string, unknown>[]).map(({ attempts, costNanoUsd, ...key }) => key);
  }

  async #rotate(known: Known, graceSeconds: number): Promise<void> {
    const { secret } = await this.#ask("RotateKey", { id: known.id, graceSeconds });
    if (known.graced) this.#closed.set(known.graced, "rotated while in its grace");
    if (graceSeconds === 0) this.#closed.set(known.secret, "rotated without a grace");
    known.graced = graceSeconds > 0 ? known.secret : undefined;
    known.secret = secret;
  }

  async #ask(method: string, request: Record<string, unknown>): Promise<Issued> {
    return (await this.#gateway.ask(`KeyService/${method}`, request)) as unknown as Issued;
  }

  async #status(secret: string): Promise<number> {
    const response = await fetch(`${this.#gateway.origin}/v1/models`, {
      headers: { authorization: `Bearer ${secret}` },
    });
    await response.arrayBuffer();
    return response.status;
  }
}
