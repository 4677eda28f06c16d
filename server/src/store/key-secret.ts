import { hash } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * The secret of an API key: `prefix`, 22 random characters, `_`, 6 characters of checksum.
 *
 * - The alphabet of both parts is base62: `0-9`, `A-Z`, `a-z`, in that order. 22 characters are 131 bits.
 * - The checksum is the CRC-32 (the one of zlib and PNG) of the ASCII bytes of the prefix and the 22 characters, without the
 *   underscore, written as a base62 number, most significant digit first, padded with `0` to 6 characters.
 *
 * The checksum keeps typing errors and other vendors' keys away without a look-up, and lets secret scanners be sure.
 */
export const keyPrefixes = ["sk-pt-", "pt_", "gm_", "sk-", "sk-ant-"] as const;

export type KeyPrefix = (typeof keyPrefixes)[number];

export const defaultKeyPrefix: KeyPrefix = "sk-pt-";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 22;
const checksumLength = 6;
const bodyLength = randomLength + 1 + checksumLength;
const longestSecret = 256;
const body = /^[0-9A-Za-z]{22}_[0-9A-Za-z]{6}$/;

export function isKeyPrefix(text: string): text is KeyPrefix {
  return (keyPrefixes as readonly string[]).includes(text);
}

export function makeSecret(prefix: KeyPrefix, randomBytes: (count: number) => Uint8Array): string {
  const head = prefix + randomBase62(randomLength, randomBytes);
  return `${head}_${checksum(head)}`;
}

/** Whether a text could be one of our secrets. Reads nothing but the text, at a small cost that does not grow with it. */
export function looksValid(secret: string): boolean {
  if (secret.length > longestSecret) return false;
  const prefixLength = secret.length - bodyLength;
  // At most one prefix fits, because no two of the same length start alike.
  if (prefixLength <= 0 || !isKeyPrefix(secret.slice(0, prefixLength))) return false;
  if (!body.test(secret.slice(prefixLength))) return false;
  const headLength = prefixLength + randomLength;
  return checksum(secret.slice(0, headLength)) === secret.slice(headLength + 1);
}

/** What is stored of a secret: SHA-256, hex. So much randomness needs neither a slow nor a keyed hash. */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "hex");
}

export function lastFour(secret: string): string {
  return secret.slice(-4);
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let place = 0; place < checksumLength; place++) {
    digits = alphabet[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

function randomBase62(length: number, randomBytes: (count: number) => Uint8Array): string {
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length + 8)) {
      // 248 is the largest multiple of 62 in a byte. What is above is thrown away, or the first letters would be likelier.
      if (byte < 248 && text.length < length) text += alphabet[byte % 62];
    }
  }
  return text;
}
