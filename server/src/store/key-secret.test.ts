import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { hashSecret, keyPrefixes, lastFour, looksValid, makeSecret } from "./key-secret.ts";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

for (const prefix of keyPrefixes) {
  test(`${prefix}: a made secret looks valid, and no secret with one character changed does`, () => {
    const secret = makeSecret(prefix, randomBytes);
    expect(secret).toMatch(new RegExp(`^${prefix}[0-9A-Za-z]{22}_[0-9A-Za-z]{6}$`));
    expect(looksValid(secret)).toBe(true);
    for (let at = 0; at < secret.length; at++) {
      for (const letter of `${alphabet}-_ \0é`) {
        const changed = secret.slice(0, at) + letter + secret.slice(at + 1);
        // The one change that may be right is none at all.
        expect(looksValid(changed), changed).toBe(changed === secret);
      }
    }
  });
}

test("the checksum is the CRC-32 of prefix and random part in base62, so that scanners can know it", () => {
  // Zero bytes make the letter 0, and crc32("sk-pt-" + 22 zeros) was computed with Python's zlib.
  const secret = makeSecret("sk-pt-", (count) => new Uint8Array(count));
  expect(secret).toBe("sk-pt-0000000000000000000000_2UTIst");
});

test.each([
  "",
  "sk-pt-",
  "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH",
  "sk-ant-api03-abcdefghijklmnopqrstuvwxyz",
  "' or 1=1 --",
  "sk-pt-\0\0\0\0",
  `sk-pt-${"a".repeat(16 * 1024)}`,
  "__proto__",
])("refuses %j", (text) => {
  expect(looksValid(text)).toBe(false);
});

test("every letter is as likely as every other", () => {
  const counts = new Map<string, number>();
  const secrets = 4000;
  for (let made = 0; made < secrets; made++) {
    for (const letter of makeSecret("pt_", randomBytes).slice(3, 25)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  const expected = (secrets * 22) / 62;
  const chiSquare = [...alphabet].reduce(
    (sum, letter) => sum + ((counts.get(letter) ?? 0) - expected) ** 2 / expected,
    0,
  );
  // 61 degrees of freedom: beyond 130 once in about a million runs. A plain remainder of a byte gives more than 1000.
  expect(chiSquare).toBeLessThan(130);
});

test("bytes that would make some letters likelier are thrown away", () => {
  let calls = 0;
  const secret = makeSecret("pt_", (count) => new Uint8Array(count).fill(calls++ === 0 ? 255 : 61));
  expect(secret.slice(3, 25)).toBe("z".repeat(22));
});

test("a secret is stored as the SHA-256 of all of it", () => {
  const secret = makeSecret("sk-pt-", randomBytes);
  expect(hashSecret(secret)).toBe(createHash("sha256").update(secret).digest("hex"));
  expect(lastFour(secret)).toBe(secret.slice(-4));
});
