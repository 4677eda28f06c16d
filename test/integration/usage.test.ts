import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { costNanoUsd, priceOfVersion } from "../../server/src/billing/price.ts";
import { type UsageBucket, usageBuckets, usageOf } from "../../server/src/canonical/usage.ts";
import { dialects } from "../../server/src/dialects/index.ts";
import { usageCases } from "../conformance/usage/cases.ts";
import { type LedgerRow, startTestGateway, type TestGateway } from "../gateway/gateway.ts";
import { eventsOf, framesOf, type Recording, recordings } from "../laws/recordings.ts";
import { HttpClient } from "./doors.ts";
import { httpAnswer, type RawUpstream, startRawUpstream } from "./raw-upstream.ts";
import { type Speaker, speakers, strangerTo } from "./speakers.ts";

/*
 * Every recorded answer through the whole gateway into the ledger, to a client of its dialect (as bytes) and to one of another
 * (as events): the row holds the buckets worked out by hand. And once more with the usage taken out: then the row holds an
 * estimate, which says so, and which is never more than the bytes that came.
 */

let upstream: RawUpstream;
let gateway: TestGateway;
let client: HttpClient;
beforeAll(async () => {
  upstream = await startRawUpstream();
  gateway = await startTestGateway({ providers: speakers.map((speaker) => speaker.settings(upstream.url)) });
  client = new HttpClient(gateway);
});
afterAll(async () => {
  await client.close();
  await gateway.stop();
  await upstream.close();
});

test("every dialect has a speaker", () => {
  expect(speakers.map(({ dialect }) => dialect.id).sort()).toEqual(dialects.map(({ id }) => id).sort());
});

/** Has the recording answered to a client; its rows in the ledger, one an attempt. */
async function ledgerOf(recording: Recording, speaker: Speaker, asking: Speaker, body: Buffer): Promise<LedgerRow[]> {
  const { dialect, status, stream } = recording;
  const type = stream && status < 400 ? dialect.stream.framing.contentType : "application/json";
  const model = upstream.model(httpAnswer(status, type, body));
  const { path, body: question } = asking.question(`${speaker.provider}/${model}`, stream !== undefined);
  await client.send(path, JSON.stringify(question), {
    headers: { "content-type": "application/json", authorization: `Bearer ${gateway.apiKey}` },
  });
  const rows = await gateway.rowsOfModel(model);
  expect(rows).toHaveLength(upstream.requestsFor(model));
  expect(rows).not.toHaveLength(0);
  for (const row of rows) expect(row.upstreamDialect).toBe(dialect.id);
  return rows;
}

const bucketsOf = (row: LedgerRow) =>
  usageOf(Object.fromEntries(usageBuckets.map((name) => [name, Number(row[name])])));

/** Fails unless what the row costs follows from its buckets. */
function expectCost(row: LedgerRow): void {
  const price = priceOfVersion(row.priceVersion!);
  expect(row.costNanoUsd).toBe(price ? costNanoUsd(bucketsOf(row), price) : 0n);
}

for (const speaker of speakers) {
  const { dialect } = speaker;
  for (const asking of [speaker, strangerTo(speaker)]) {
    if (asking === undefined) continue;
    describe(`${dialect.id} to a client of ${asking.dialect.id}`, () => {
      for (const { name, says, buckets } of usageCases[dialect.id]) {
        const recording = recordings.find((one) => one.dialect === dialect && one.name === name)!;
        const body = recording.stream ?? Buffer.from(JSON.stringify(recording.unary));

        test.concurrent(`${name}: ${says}`, async () => {
          for (const row of await ledgerOf(recording, speaker, asking, body)) {
            expectCost(row);
            if (row.outcome !== "ok") expect(failsAtTheEnd(recording)).toBe(true);
            else if (buckets === undefined) expect(row.usageSource).toBe("estimated");
            else {
              expect(row.usageSource).toBe("provider");
              expect(bucketsOf(row)).toEqual(usageOf(buckets));
            }
          }
        });

        if (buckets === undefined || failsAtTheEnd(recording)) continue;
        test.concurrent(`${name} without its usage is estimated`, async () => {
          const silent = withoutUsage(recording);
          const [row, ...more] = await ledgerOf(recording, speaker, asking, silent);
          expect(more).toEqual([]);
          expect(row).toMatchObject({ outcome: "ok", usageSource: "estimated" });
          expectCost(row!);
          const { inputTokens, outputTokens, ...others } = bucketsOf(row!);
          expect(inputTokens).toBeGreaterThanOrEqual(1);
          expect(outputTokens).toBeGreaterThanOrEqual(1);
          expect(outputTokens).toBeLessThanOrEqual(silent.length);
          for (const bucket of Object.keys(others)) {
            if (bucket !== "$typeName") expect(others[bucket as keyof typeof others & UsageBucket]).toBe(0);
          }
        });
      }
    });
  }
}

function failsAtTheEnd({ dialect, stream, status }: Recording): boolean {
  if (status >= 400) return true;
  return stream !== undefined && eventsOf(dialect, framesOf(dialect, [stream])).at(-1)?.event.case === "failed";
}

/** The same answer from a provider that does not say what it used. */
function withoutUsage({ dialect, unary, stream }: Recording): Buffer {
  if (stream === undefined) return Buffer.from(JSON.stringify(strip(unary!)));
  const writer = dialect.stream.framing.writer();
  const written = framesOf(dialect, [stream]).flatMap((frame) => {
    if (frame.data === "[DONE]") return [writer.frame(frame)];
    const wire = JSON.parse(frame.data) as JsonObject;
    // The chunk that OpenAI's `include_usage` adds has nothing else in it.
    if (Array.isArray(wire.choices) && wire.choices.length === 0 && /chunk$/.test(`${wire.object}`)) return [];
    return [writer.frame({ ...frame, data: JSON.stringify(strip(wire)) })];
  });
  return Buffer.concat([...written, writer.end()].map((piece) => Buffer.from(piece)));
}

const usageFields = new Set(["usage", "usageMetadata", "prompt_eval_count", "eval_count"]);

function strip(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([field]) => !usageFields.has(field));
  return Object.fromEntries(kept.map(([field, inner]) => [field, strip(inner)]));
}
