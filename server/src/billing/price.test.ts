import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { usageBuckets, usageOf } from "../canonical/usage.ts";
import { allPrices, costNanoUsd, outputLimitOf, priceOf, priceOfVersion } from "./price.ts";
import { priceTable, priceTableVersion } from "./price-table.ts";

describe("a price", () => {
  test.each([
    // [type, model, usage, cost in nano-USD], each worked out by hand from the vendor's page.
    ["openai", "gpt-4.1", { inputTokens: 1_000_000 }, 2_000_000_000n],
    ["openai", "gpt-4.1-2025-04-14", { inputTokens: 1000, cacheReadTokens: 1000, outputTokens: 1000 }, 10_500_000n],
    ["openai", "gpt-4o-mini", { inputTokens: 1, outputTokens: 1, reasoningTokens: 1 }, 1350n],
    ["anthropic", "claude-haiku-4-5-20251001", { inputTokens: 10, cacheReadTokens: 100, outputTokens: 5 }, 45_000n],
    ["anthropic", "claude-opus-4-5", { cacheWriteTokens: 1000, cacheWrite1hTokens: 1000 }, 16_250_000n],
    ["simulated", "sim/anything", { inputTokens: 5_000_000, outputTokens: 5_000_000 }, 0n],
    // Fractions of a nano-dollar are rounded up once, not bucket by bucket: 0.0028 x 1 + 0.14 x 1 dollars per million.
    ["deepseek", "deepseek-chat", { inputTokens: 1, cacheReadTokens: 1 }, 143n],
  ])("%s/%s for %j is %s", (type, model, usage, cost) => {
    expect(costNanoUsd(usageOf(usage), priceOf(type, model)!)).toBe(cost);
  });

  test("of a long call is the long call's for all of its tokens", () => {
    const price = priceOf("openai", "gpt-5.4")!;
    expect(costNanoUsd(usageOf({ inputTokens: 272_000 }), price)).toBe(680_000_000n);
    expect(costNanoUsd(usageOf({ inputTokens: 272_001 }), price)).toBe(1_360_005_000n);
    expect(costNanoUsd(usageOf({ inputTokens: 1, cacheReadTokens: 272_000, outputTokens: 10 }), price)).toBe(
      136_230_000n,
    );
  });

  test.each([
    ["openai", "gpt-99"],
    ["openai", "gpt-4.1-preview"],
    ["openai", "toString"],
    ["toString", "gpt-4.1"],
    ["ollama", "llama3:8b"],
    ["anthropic", "gpt-4.1"],
    ["mistral", "mistral-large-9901"],
    ["openai", ""],
  ])("of %s/%s is not known", (type, model) => {
    expect(priceOf(type, model)).toBeUndefined();
  });

  test("holds any count of tokens exactly", () => {
    const most = usageOf(Object.fromEntries(usageBuckets.map((bucket) => [bucket, 2 ** 32 - 1])));
    const price = priceOf("openai", "o1-pro")!;
    expect(costNanoUsd(most, price)).toBe((2n ** 32n - 1n) * (5n * 150_000n + 3n * 600_000n));
  });
});

describe("the price table", () => {
  /** What has been published under each version. Rows name versions, so the figures of one never change. */
  const published = { "2026-11-21.1": "c4fd0b67fb2f3de2d05db43592f6631709045dc4ca3f15c79ea32e7dd93d7d74" };

  test("is the one that was published under its version: a changed figure needs a new version", () => {
    const figures = JSON.stringify(allPrices(), (_, value) => (typeof value === "bigint" ? String(value) : value));
    expect({ [priceTableVersion]: hash("sha256", figures) }).toEqual(published);
  });

  test("names every price so that a row can name it", () => {
    const versions = allPrices().map(({ version }) => version);
    expect(new Set(versions).size).toBe(Object.values(priceTable).flat().length);
    for (const price of allPrices()) {
      expect(price.version.length).toBeLessThanOrEqual(64);
      expect(priceOfVersion(price.version)).toBe(price);
    }
    expect(priceOfVersion("")).toBeUndefined();
  });

  for (const [type, entries] of Object.entries(priceTable)) {
    test(`lists no model of ${type} twice, and no price that makes no sense`, () => {
      const models = entries.flatMap((entry) => entry.models);
      expect(models).toEqual([...new Set(models)]);
      for (const model of models) {
        for (const rates of [priceOf(type, model)!.rates, priceOf(type, model)!.above?.rates]) {
          if (!rates) continue;
          // A cache that is read is never dearer than one that is not; more of any token never costs less.
          expect(rates.cacheReadTokens).toBeLessThanOrEqual(rates.inputTokens);
          for (const bucket of usageBuckets) expect(rates[bucket]).toBeGreaterThanOrEqual(0n);
          if (type !== "simulated") expect(rates.inputTokens).toBeGreaterThan(0n);
        }
      }
    });
  }
});

test.each([
  ["anthropic", "claude-haiku-4-5-20251001", 64_000],
  ["anthropic", "claude-opus-4-1", 32_000],
  ["anthropic", "claude-unheard-of", 4096],
  ["vertex", "claude-haiku-4-5@20251001", 64_000],
  ["bedrock", "us.anthropic.claude-opus-4-1-20250805-v1:0", 32_000],
  ["bedrock", "amazon.nova-pro-v1:0", 4096],
  ["simulated", "sim/echo", 4096],
  ["toString", "valueOf", 4096],
])("the output limit of %s/%s is %i", (type, model, limit) => {
  expect(outputLimitOf(type, model)).toBe(limit);
});
