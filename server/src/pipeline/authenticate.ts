import { GatewayError, Reason } from "../canonical/error.ts";
import type { Clock } from "../world.ts";
import type { Caller } from "./call.ts";
import type { KeyRing } from "./key-ring.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Where clients of the different vendors put their key. */
const credentialHeaders = ["authorization", "x-api-key", "x-goog-api-key", "api-key"] as const;

/** Finds out whose key it is. Reads memory only. While the database is away it answers what can still be answered. */
export function authenticate(headers: Headers, keys: KeyRing, clock: Clock): Caller {
  const secret = presentedSecret(headers);
  const caller = keys.find(secret, clock.nowMs());
  const monotonicMs = clock.monotonicMs();
  if (caller && keys.isTrusted(monotonicMs)) return caller;
  if (caller) {
    throw unavailable(
      "API keys cannot be checked: the gateway's database has been away for too long, and the key may have been revoked. Try again; the operator must bring the database back.",
    );
  }
  if (keys.mayBeNew(secret, monotonicMs)) {
    throw unavailable(
      "The API key is not known here and may be new, and the gateway's database, which would know it, does not answer. Try again.",
    );
  }
  throw new GatewayError(
    Reason.API_KEY_INVALID,
    "The API key is not valid: it is mistyped, unknown, expired or revoked. List the keys with `pontage keys list`.",
  );
}

function unavailable(message: string): GatewayError {
  return new GatewayError(Reason.UNAVAILABLE, message, { retryAfterMs: 1_000 });
}

/** The one secret that was sent. The same one in two places is one; two different ones are refused, not chosen between. */
export function presentedSecret(headers: Headers): string {
  let found: string | undefined;
  let place = "";
  for (const name of credentialHeaders) {
    const value = headers[name];
    if (value === undefined || value === "") continue;
    const secret = name === "authorization" ? bearerToken(value) : value;
    // A header that was sent twice arrives as a list, or as one value with a comma, which no key has.
    if (typeof secret !== "string" || secret.includes(",")) throw ambiguous(name, name);
    if (found !== undefined && secret !== found) throw ambiguous(place, name);
    found = secret;
    place = name;
  }
  if (found !== undefined) return found;
  throw new GatewayError(
    Reason.API_KEY_MISSING,
    "No API key was sent. Send it as `Authorization: Bearer sk-pt-...` or in `x-api-key`.",
  );
}

function bearerToken(value: string | string[]): string | string[] {
  if (typeof value !== "string") return value;
  return /^bearer +/i.test(value) ? value.replace(/^bearer +/i, "").trim() : value.trim();
}

function ambiguous(one: string, other: string): GatewayError {
  const where = one === other ? `\`${one}\` twice` : `\`${one}\` and \`${other}\``;
  return new GatewayError(Reason.AMBIGUOUS_CREDENTIALS, `Two API keys were sent, in ${where}. Send one.`);
}
