import { Buffer } from "node:buffer";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { reasoning } from "../canonical/events.ts";
import type { Crossing } from "./crossing.ts";
import { makerIn } from "./maker.ts";
import { listIn, stringIn } from "./wire.ts";

/*
 * Some models want their signed or encrypted thoughts back. Some dialects have a place for such a thing, which clients keep
 * and return unread: `encrypted_content` on Responses, the signature and the redacted thought on Messages and on Converse.
 * What another maker signed travels there, under the name of its maker, and is given back to nobody else.
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

/** A thought as an answer carries it in a place for signatures. */
export function sealed(part: Part, crossing: Crossing): Part {
  if (part.kind.case !== "reasoning" || crossing.same) return part;
  const { text, signature, redacted } = part.kind.value;
  const whole = sealedSecret(part.origin, { signature, redacted }, crossing);
  const { origin: _, ...rest } = part;
  return { ...rest, kind: reasoning(redacted === "" ? { text, signature: whole } : { text, redacted: whole }).kind };
}

/**
 * What is signed or encrypted, as it is where the client's dialect is its maker's, and else under seal. So is a thought that
 * nobody has signed, since those who sign refuse thoughts that are not.
 */
export function sealedSecret(
  said: string | undefined,
  { signature, redacted }: Omit<Sealed, "origin">,
  crossing: Crossing,
): string {
  const isUnsigned = signature === "" && redacted === "";
  const origin = said ?? (isUnsigned ? crossing.from : makerIn(crossing.from));
  return crossing.same || crossing.owns(origin) ? redacted || signature : seal({ origin, signature, redacted });
}

/** The way back. */
export function unsealed(part: Part): Part {
  if (part.kind.case !== "reasoning") return part;
  const { text, signature, redacted } = part.kind.value;
  const found = unseal(redacted === "" ? signature : redacted);
  if (found === undefined) return part;
  const { origin, ...secrets } = found;
  return { ...part, kind: reasoning({ text, ...secrets }).kind, origin };
}
