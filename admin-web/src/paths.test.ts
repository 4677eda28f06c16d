import { expect, test } from "vitest";
import { safeReturn } from "./paths.ts";

for (const [place, goes] of [
  ["/requests?q=a", "/requests?q=a"],
  ["/", "/"],
  [undefined, "/requests"],
  ["https://example.com/", "/requests"],
  ["//example.com", "/requests"],
  ["/\\example.com", "/requests"],
  ["javascript:alert(1)", "/requests"],
  ["/login?return=%2Flogin", "/requests"],
] as const) {
  test(`after signing in, ${place} leads to ${goes}`, () => {
    expect(safeReturn(place)).toBe(goes);
  });
}
