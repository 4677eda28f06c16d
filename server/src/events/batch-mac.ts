import { createHmac, timingSafeEqual } from "node:crypto";

/** The header that shows a batch to come from one of our gateways. */
export const macHeader = "Pontage-Mac";

/** HMAC-SHA256 over the batch as it travels. The version in front lets another algorithm follow. */
export function batchMac(key: Uint8Array, batch: Uint8Array): string {
  return `v1=${createHmac("sha256", key).update(batch).digest("hex")}`;
}

export function isBatchMac(given: string, key: Uint8Array, batch: Uint8Array): boolean {
  const expected = Buffer.from(batchMac(key, batch));
  const actual = Buffer.from(given);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
