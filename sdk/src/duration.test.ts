import { expect, test } from "vitest";
import { type Duration, toSeconds } from "./duration.ts";

for (const [written, seconds] of [
  [0, 0],
  [90, 90],
  ["30s", 30],
  ["1.5m", 90],
  ["24h", 86_400],
  ["7d", 604_800],
] as [Duration, number][]) {
  test(`${written} is ${seconds} seconds`, () => {
    expect(toSeconds(written)).toBe(seconds);
  });
}

for (const written of ["", "soon", "24 hours", "-1h", "1w", Number.NaN]) {
  test(`${JSON.stringify(written)} is refused`, () => {
    expect(() => toSeconds(written as Duration)).toThrow(TypeError);
  });
}
