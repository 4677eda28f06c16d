import type { World } from "../world.ts";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's base 32: no letters that look like digits

/**
 * Makes ids of calls: `req_`, the time in milliseconds, and what makes them unique, all in base 32, so that they sort by
 * time. Random bits are drawn once a process and a counter does the rest, which is cheap and survives a clock that steps.
 */
export function requestIds({ clock, randomBytes }: World): () => string {
  const boot = Array.from(randomBytes(6), (byte) => alphabet[byte % 32]).join("");
  let counter = 0;
  let lastMs = -1;
  let time = "";
  return () => {
    const nowMs = clock.nowMs();
    if (nowMs !== lastMs) {
      lastMs = nowMs;
      time = base32(nowMs, 9);
    }
    counter = (counter + 1) % 32 ** 5;
    return `req_${time}${base32(counter, 5)}${boot}`;
  };
}

function base32(value: number, digits: number): string {
  let text = "";
  let rest = value;
  for (let i = 0; i < digits; i++) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
