import { totalInputTokens, type Usage, type UsageBucket, usageBuckets } from "../canonical/usage.ts";
import { withoutSnapshot } from "./output-limit.ts";
import { type PriceEntry, priceTable, priceTableVersion, type Rates } from "./price-table.ts";

export { outputLimitOf } from "./output-limit.ts";

/** Nano-USD per million tokens, every bucket. */
export type NanoRates = Readonly<Record<UsageBucket, bigint>>;

/** What the tokens of a model cost. */
export interface Price {
  /**
   * Names the table's version and the entry, for example `2026-11-21.1:openai/gpt-4.1`. It is written on every row, so the
   * cost of a row can be computed again from the row alone, whatever became of the provider that was called.
   */
  readonly version: string;
  readonly rates: NanoRates;
  /** The rates of a whole call whose input is longer than this. */
  readonly above: { readonly inputTokens: number; readonly rates: NanoRates } | undefined;
}

/** The bucket whose price a bucket has when it has none of its own. Input and output always have one. */
const fallback: Readonly<Partial<Record<UsageBucket, UsageBucket>>> = {
  cacheReadTokens: "inputTokens",
  cacheWriteTokens: "inputTokens",
  cacheWrite1hTokens: "cacheWriteTokens",
  audioInputTokens: "inputTokens",
  reasoningTokens: "outputTokens",
  audioOutputTokens: "outputTokens",
};

const nanoPerDollar = 1_000_000_000;

function nanoRates(rates: Rates): NanoRates {
  const rateOf = (bucket: UsageBucket): number => rates[bucket] ?? rateOf(fallback[bucket]!);
  return Object.fromEntries(
    usageBuckets.map((bucket) => [bucket, BigInt(Math.round(rateOf(bucket) * nanoPerDollar))]),
  ) as Record<UsageBucket, bigint>;
}

function priceFrom(type: string, { models, rates, above }: PriceEntry): Price {
  return {
    version: `${priceTableVersion}:${type}/${models[0]}`,
    rates: nanoRates(rates),
    above: above && { inputTokens: above.inputTokens, rates: nanoRates(above.rates) },
  };
}

/** By provider type, then by model. */
const byModel = new Map<string, Map<string, Price>>();
const byVersion = new Map<string, Price>();

for (const [type, entries] of Object.entries(priceTable)) {
  const models = new Map<string, Price>();
  for (const entry of entries) {
    const price = priceFrom(type, entry);
    byVersion.set(price.version, price);
    for (const model of entry.models) models.set(model, price);
  }
  byModel.set(type, models);
}

/** The price of a model of a type of provider. Undefined when it is not known: unknown is not zero. */
export function priceOf(providerType: string, model: string): Price | undefined {
  const models = byModel.get(providerType);
  return models?.get(model) ?? models?.get(withoutSnapshot(model)) ?? models?.get("*");
}

/** The price a row names, as long as this program knows that version. */
export function priceOfVersion(version: string): Price | undefined {
  return byVersion.get(version);
}

/** Every price this program can compute with. */
export function allPrices(): Price[] {
  return [...byVersion.values()];
}

/** What usage costs, rounded up once to a whole nano-USD. */
export function costNanoUsd(usage: Usage, price: Price): bigint {
  const long = price.above !== undefined && totalInputTokens(usage) > price.above.inputTokens;
  const rates = long ? price.above!.rates : price.rates;
  let cost = 0n;
  for (const bucket of usageBuckets) cost += BigInt(usage[bucket]) * rates[bucket];
  return (cost + 999_999n) / 1_000_000n;
}
