/** Crockford's base 32: sorts like the number it writes, and has no letters that look like digits. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * A random id that sorts by time: `prefix`, 10 characters of milliseconds since 1970, 16 random ones (80 bits).
 */
export function timeOrderedId(prefix: string, nowMs: number, randomBytes: (count: number) => Uint8Array): string {
  let time = "";
  let rest = nowMs;
  for (let place = 0; place < 10; place++) {
    time = alphabet[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let random = "";
  // A byte has 256 values, a multiple of 32, so no letter is likelier than another.
  for (const byte of randomBytes(16)) random += alphabet[byte % 32];
  return prefix + time + random;
}
