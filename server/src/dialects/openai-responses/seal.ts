import { Buffer } from "node:buffer";
import { listIn, stringIn } from "../wire.ts";

/*
 * Some models want their signed or encrypted thoughts back. Responses has one place for such a thing, `encrypted_content`,
 * which clients keep and return unread; so a signature that another dialect made travels there, under the name of its
 * maker, and is given back to nobody else.
 */
const prefix = "pontage.v1.";

export interface Sealed {
  /** Who made it. */
  readonly origin: string;
  readonly signature: string;
  readonly redacted: string;
}

export function seal({ origin, signature, redacted }: Sealed): string {
  return prefix + Buffer.from(JSON.stringify([origin, signature, redacted])).toString("base64url");
}

/** Undefined for what the vendor encrypted itself. */
export function unseal(encrypted: string): Sealed | undefined {
  if (!isSealed(encrypted)) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(encrypted.slice(prefix.length), "base64url").toString());
  } catch {
    return undefined;
  }
  const [origin, signature, redacted] = (listIn(list) ?? []).map(stringIn);
  if (origin === undefined || signature === undefined || redacted === undefined) return undefined;
  return { origin, signature, redacted };
}

export function isSealed(encrypted: unknown): boolean {
  return typeof encrypted === "string" && encrypted.startsWith(prefix);
}
