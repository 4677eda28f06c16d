import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { reasoning } from "../canonical/events.ts";
import type { CallThoughts, Thought } from "../dialects/thoughts.ts";

/*
 * Kept thoughts are encrypted under a key that follows from the caller's own secret, of which the gateway stores a hash and no
 * more. So every replica that the caller speaks to can read them and nobody else can: no other tenant, and nobody who has the
 * database. They are found under a keyed hash of the call's id for the same reason.
 */
export interface CallerKeys {
  readonly naming: Buffer;
  readonly sealing: Buffer;
}

const ivBytes = 12;
const tagBytes = 16;

export function callerKeys(secret: string): CallerKeys {
  const bytes = Buffer.from(hkdfSync("sha256", secret, "", "pontage kept thoughts 1", 64));
  return { naming: bytes.subarray(0, 32), sealing: bytes.subarray(32) };
}

/** Where the thoughts of a call are kept. */
export function rowId({ naming }: CallerKeys, callId: string): string {
  return createHmac("sha256", naming).update(callId).digest("base64url");
}

export function sealThoughts(
  { sealing }: CallerKeys,
  id: string,
  thoughts: CallThoughts,
  randomBytes: (count: number) => Uint8Array,
): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", sealing, iv, { authTagLength: tagBytes }).setAAD(placeOf(id));
  const body = Buffer.concat([cipher.update(JSON.stringify(toJson(thoughts)), "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

/** Undefined for what this caller did not seal, or not in this place. */
export function openThoughts({ sealing }: CallerKeys, id: string, content: Buffer): CallThoughts | undefined {
  const iv = content.subarray(0, ivBytes);
  const tag = content.subarray(ivBytes, ivBytes + tagBytes);
  try {
    const decipher = createDecipheriv("aes-256-gcm", sealing, iv, { authTagLength: tagBytes }).setAAD(placeOf(id));
    decipher.setAuthTag(tag);
    const body = Buffer.concat([decipher.update(content.subarray(ivBytes + tagBytes)), decipher.final()]);
    return fromJson(JSON.parse(body.toString("utf8")) as KeptJson);
  } catch {
    return undefined;
  }
}

function placeOf(id: string): Buffer {
  return Buffer.from(`kept_thoughts/content/${id}`);
}

interface KeptJson {
  readonly name: string;
  readonly signature?: string;
  readonly origin: string;
  readonly thoughts: readonly {
    readonly after: number;
    readonly text: string;
    readonly signature: string;
    readonly redacted: string;
    readonly extra?: JsonObject;
    readonly origin?: string;
  }[];
}

function toJson({ name, signature, origin, thoughts }: CallThoughts): KeptJson {
  return {
    name,
    ...(signature !== undefined && { signature }),
    origin,
    thoughts: thoughts.flatMap(({ after, part: { kind, extra, origin } }) => {
      if (kind.case !== "reasoning") return [];
      const { text, signature, redacted } = kind.value;
      return { after, text, signature, redacted, ...(extra && { extra }), ...(origin !== undefined && { origin }) };
    }),
  };
}

function fromJson({ name, signature, origin, thoughts }: KeptJson): CallThoughts {
  return {
    name,
    signature,
    origin,
    thoughts: thoughts.map(({ after, extra, origin, ...content }): Thought => {
      const part = reasoning(content, extra);
      return { after, part: origin === undefined ? part : { ...part, origin } };
    }),
  };
}
