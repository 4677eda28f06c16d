import { expect, test } from "vitest";
import { formatClock, formatMoment, formatMoney, formatShare, formatSpan } from "./format.ts";

for (const [spanMs, text] of [
  [0, "0 ms"],
  [41.4, "41 ms"],
  [999, "999 ms"],
  [1000, "1.00 s"],
  [1240, "1.24 s"],
  [59_994, "59.99 s"],
  [59_999, "1 min 00 s"],
  [123_400, "2 min 03 s"],
] as const) {
  test(`${spanMs} ms is written ${text}`, () => {
    expect(formatSpan(spanMs)).toBe(text);
  });
}

for (const [part, whole, text] of [
  [0, 0, "–"],
  [0, 8, "0%"],
  [1, 42, "2.4%"],
  [1, 3, "33%"],
  [8, 8, "100%"],
] as const) {
  test(`${part} of ${whole} is ${text}`, () => {
    expect(formatShare(part, whole)).toBe(text);
  });
}

test("a moment names its zone and UTC", () => {
  const time = new Date("2026-11-20T23:30:05Z");
  expect(formatClock(time, "Europe/Berlin")).toBe("00:30:05");
  expect(formatMoment(time, "Europe/Berlin")).toContain("21 Nov 2026");
  expect(formatMoment(time, "Europe/Berlin")).toContain("Europe/Berlin (2026-11-20 23:30:05 UTC)");
  expect(formatMoment(time, "UTC")).toBe("20 Nov 2026, 23:30:05 UTC");
});

test("money below one cent keeps its digits", () => {
  expect([0n, 120_000n, 1_500_000_000n].map(formatMoney)).toEqual(["$0.00", "$0.00012", "$1.50"]);
});
