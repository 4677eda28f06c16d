import { expect, test } from "vitest";
import { formatNanoUsd, Money } from "./money.ts";

const written: [bigint, string][] = [
  [0n, "$0.00"],
  [5n, "<$0.000001"],
  [500n, "$0.000001"],
  [1_000n, "$0.000001"],
  [120_000n, "$0.00012"],
  [123_456n, "$0.000123"],
  [1_000_000n, "$0.0010"],
  [1_200_000n, "$0.0012"],
  [9_999_400n, "$0.009999"],
  [9_999_600n, "$0.01"],
  [10_000_000n, "$0.01"],
  [1_500_000_000n, "$1.50"],
  [1_005_000_000n, "$1.01"],
  [1_234_567_890_000_000n, "$1,234,567.89"],
  [9_007_199_254_740_993_000_000_000n, "$9,007,199,254,740,993.00"],
  [-120_000n, "-$0.00012"],
];
for (const [nanoUsd, text] of written) {
  test(`${nanoUsd} nano-USD is written ${text}`, () => {
    expect(formatNanoUsd(nanoUsd)).toBe(text);
  });
}

test("money goes through JSON exactly", () => {
  expect(JSON.stringify(new Money(9_007_199_254_740_993n))).toBe(
    '{"nanoUsd":"9007199254740993","usd":9007199.254740993}',
  );
  expect(`${new Money(120_000n)}`).toBe("$0.00012");
});
