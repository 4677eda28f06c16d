import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { costNanoUsd, type NanoRates } from "../../server/src/billing/price.ts";
import { type Usage, usageBuckets, usageOf } from "../../server/src/canonical/usage.ts";
import { codecOf } from "../../server/src/dialects/codec.ts";
import { dialectOf, dialects } from "../../server/src/dialects/index.ts";
import { byteRelay, eventRelay, type RelayListener } from "../../server/src/pipeline/relay.ts";
import { recordedVectors } from "../laws/embedding-cases.ts";
import { errors, type Recording, recordings } from "../laws/recordings.ts";
import { embeddingUsageCases, usageCases } from "./usage/cases.ts";
import { billed, documented } from "./usage/documented.ts";
import { pricePerToken, type UsageCase } from "./usage/row.ts";

/*
 * For every recorded answer the buckets and the cost equal figures worked out by hand, whichever way it goes: as bytes, past
 * the tally, or as events, out of the decoder. What the ledger makes of them, and of answers that do not say, is in
 * `test/integration/usage.test.ts`.
 */

const price = { version: "by hand", rates: nanoRates(pricePerToken), above: undefined };

function nanoRates(rates: Readonly<Partial<Record<string, number>>>): NanoRates {
  const entries = usageBuckets.map((bucket) => [bucket, BigInt((rates[bucket] ?? 0) * 1_000_000)]);
  return Object.fromEntries(entries) as NanoRates;
}

const cases = Object.entries(usageCases).flatMap(([id, list]) =>
  list.map((row) => ({ ...row, title: `${id} ${row.name}`, recording: recordingOf(id, row.name) })),
);

function recordingOf(dialect: string, name: string): Recording {
  const found = recordings.filter((recording) => recording.dialect.id === dialect && recording.name === name);
  expect(found, `${dialect} ${name} is a recording`).toHaveLength(1);
  return found[0]!;
}

/** Fails unless it is what the row says, bucket for bucket and to the nano-dollar. */
function expectRow(usage: Usage | undefined, { buckets, costNanoUsd: cost }: UsageCase): void {
  expect(usage).toEqual(buckets && usageOf(buckets));
  if (usage) expect(costNanoUsd(usage, price)).toBe(cost);
}

const speaker = { name: "upstream", withoutSecrets: (text: string) => text };
/** Numbers that come after the error that ends the answer. */
const saidTooLate = new Set(["openrouter/stream-error-in-chunk"]);
const deaf: RelayListener = { piece() {}, over() {}, failed() {} };

test("every recorded answer has its row, and no row is there twice", () => {
  const answers = recordings.filter(({ unary, stream }) => unary ?? stream);
  const titles = answers.map(({ dialect, name }) => `${dialect.id} ${name}`);
  expect(cases.map(({ title }) => title).sort()).toEqual(titles.sort());
  expect(embeddingUsageCases.map(({ name }) => name).sort()).toEqual(recordedVectors.map(({ name }) => name).sort());
});

test("every sum has a term for each bucket, and adds up to its cost", () => {
  for (const { name, sum, costNanoUsd: cost, buckets } of [...cases, ...embeddingUsageCases, ...documented]) {
    if (buckets === undefined) continue;
    const used = usageBuckets.filter((bucket) => buckets[bucket] !== undefined);
    const terms = used.map((bucket) => `${buckets[bucket]} x ${pricePerToken[bucket]}`);
    expect(sum, name).toBe(terms.join(" + "));
    const total = used.reduce((all, bucket) => all + buckets[bucket]! * pricePerToken[bucket], 0);
    expect(BigInt(Math.ceil(total)), name).toBe(cost);
  }
});

test("between them the recordings and the documents fill every bucket", () => {
  const rows: readonly UsageCase[] = [...cases, ...documented];
  for (const bucket of usageBuckets) expect(rows.some(({ buckets }) => (buckets?.[bucket] ?? 0) > 0)).toBe(true);
});

describe("whole answers", () => {
  test.each(cases.filter(({ recording }) => recording.unary))("$title: $says", ({ recording, ...row }) => {
    const { dialect, unary } = recording;
    expectRow(dialect.usage(unary!), row);
    expectRow(dialect.unary.decode(unary!).usage, row);
    // Where only one field is read of an answer that passes, it has to hold all of it.
    const { usageField } = dialect;
    if (usageField !== undefined && row.buckets) expectRow(dialect.usage({ [usageField]: unary![usageField]! }), row);
  });
});

describe("streams", () => {
  const streams = cases.filter(({ recording }) => recording.stream);
  for (const size of [1, 1000, Number.POSITIVE_INFINITY]) {
    test.each(streams)(`$title in pieces of ${size}: $says`, ({ recording, ...row }) => {
      const { dialect, stream } = recording;
      const writer = dialect.stream.framing.writer();
      const options = { dialect, hideUsage: true, writer, upstream: speaker, requestId: "req_1" };
      const passing = byteRelay(options, deaf);
      const decoding = eventRelay(dialect, () => [], speaker, deaf);
      for (const relay of [passing, decoding]) {
        for (let at = 0; at < stream!.length; at += size) relay.push(stream!.subarray(at, at + size));
        relay.end();
      }
      expectRow(passing.usage(), row);
      // Events are over with the failure, and nobody listens to what a provider says after it.
      expectRow(decoding.usage(), saidTooLate.has(row.name) ? { ...row, buckets: undefined } : row);
    });
  }
});

describe("vectors", () => {
  test.each(embeddingUsageCases)("$name: $says", (row) => {
    const { codec, reply } = recordedVectors.find(({ name }) => name === row.name)!;
    expectRow(codec.usage(reply!), row);
    expectRow(codec.unary.decode(reply!).usage, row);
  });
});

describe("what is documented and was never recorded", () => {
  test.each(documented)("$dialect, $name: $says", ({ dialect, wire, ...row }) => {
    expectRow(codecOf(dialectOf(dialect), "generate").usage(wire), row);
  });
});

describe("the vendor's own bill", () => {
  test.each(billed)("of $dialect $name is what the buckets add up to", ({ dialect, name, rates, field }) => {
    const { buckets } = usageCases[dialect].find((row) => row.name === name)!;
    const { unary, stream } = recordingOf(dialect, name);
    const said = new RegExp(`"${field}":\\s*([\\d.]+)`).exec(unary ? JSON.stringify(unary) : stream!.toString())![1];
    // A tick is a tenth of a nano-dollar.
    const nanoUsd = Math.round(Number(said) * (field === "cost" ? 1e9 : 0.1));
    expect(costNanoUsd(usageOf(buckets!), { ...price, rates: nanoRates(rates) })).toBe(BigInt(nanoUsd));
  });
});

test("an error says nothing of usage, so there is nothing to charge", () => {
  for (const { dialect, error, name } of errors) {
    expect(dialect.usage(JSON.parse(error!) as JsonObject), name).toBeUndefined();
  }
  expect(errors.length).toBeGreaterThan(dialects.length);
});
