import { create } from "@bufbuild/protobuf";
import { GenerateReplySchema } from "@pontage/gen/pontage/v1/generate_pb.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costNanoUsd, type NanoRates } from "../../server/src/billing/price.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import {
  totalInputTokens,
  totalOutputTokens,
  totalTokens,
  type UsageBucket,
  usageBuckets,
  usageOf,
} from "../../server/src/canonical/usage.ts";
import { dialects } from "../../server/src/dialects/index.ts";
import { framesOf, streamed } from "./recordings.ts";
import { seed } from "./spoil.ts";

/*
 * Law 5, meter: vendors that count a part inside its whole and those that count it beside agree on the sums; what is said
 * twice is counted once; a cost is whole and never falls when a count rises.
 */

const counts = (max: number) => fc.record(Object.fromEntries(usageBuckets.map((bucket) => [bucket, fc.nat(max)])));
const usages = counts(1_000_000).map((buckets) => usageOf(buckets as Record<UsageBucket, number>));
const rates = counts(200_000_000).map(
  (numbers) => Object.fromEntries(usageBuckets.map((name) => [name, BigInt(numbers[name]!)])) as NanoRates,
);
const options = { seed, numRuns: 500 };

describe(`usage (PONTAGE_SEED=${seed})`, () => {
  test.each(dialects)("$id: no token is lost or found between its words and the buckets", (dialect) => {
    fc.assert(
      fc.property(usages, (usage) => {
        const reply = create(GenerateReplySchema, { model: "m", usage, choices: [{ finishReason: 1 }] });
        const said = dialect.usage(dialect.unary.encode(reply, new LossReport()))!;
        // Ollama has no place for anything but two sums; all others have one for each sum at least.
        expect([totalInputTokens(said), totalOutputTokens(said)]).toEqual([
          totalInputTokens(usage),
          totalOutputTokens(usage),
        ]);
      }),
      options,
    );
  });

  test("costs a whole number, the sum of its buckets rounded up, and more of a bucket never costs less", () => {
    fc.assert(
      fc.property(usages, rates, fc.constantFrom(...usageBuckets), fc.nat(1000), (usage, nanoRates, bucket, more) => {
        const price = { version: "v", rates: nanoRates, above: undefined };
        const cost = costNanoUsd(usage, price);
        const exact = usageBuckets.reduce((sum, name) => sum + BigInt(usage[name]) * nanoRates[name], 0n);
        expect(cost * 1_000_000n >= exact && (cost - 1n) * 1_000_000n < exact).toBe(true);
        expect(costNanoUsd({ ...usage, [bucket]: usage[bucket] + more }, price) >= cost).toBe(true);
        const apart = usageBuckets.map((name) => costNanoUsd(usageOf({ [name]: usage[name] }), price));
        const sum = apart.reduce((a, b) => a + b, 0n);
        expect(sum >= cost && sum - cost < BigInt(usageBuckets.length)).toBe(true);
        expect(totalTokens(usage)).toBe(totalInputTokens(usage) + totalOutputTokens(usage));
      }),
      options,
    );
  });

  test.each(streamed)("$dialect.id $name: a frame that comes twice is counted once", ({ dialect, stream }) => {
    const frames = framesOf(dialect, [stream]);
    const tallied = (list: typeof frames) => {
      const tally = dialect.stream.tally({ hideUsage: true });
      for (const frame of list) tally.read(frame);
      return tally.usage;
    };
    const usage = tallied(frames);
    for (const [at, frame] of frames.entries()) expect(tallied(frames.toSpliced(at, 0, frame))).toEqual(usage);
  });
});
