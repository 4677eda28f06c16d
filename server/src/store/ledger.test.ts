import { create } from "@bufbuild/protobuf";
import { Outcome, type UsageEvent, UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAvailable, makeTestStore, storeKinds, type TestStore } from "../../../test/services/test-store.ts";
import { costNanoUsd, priceOf } from "../billing/price.ts";
import { type Usage, usageBuckets, usageOf } from "../canonical/usage.ts";
import { keyScope, type Ledger, totalScope } from "./ledger.ts";
import type { Store } from "./store.ts";

/** A seeded source of numbers in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const seed = Number(process.env.PONTAGE_SEED ?? Date.now() % 1_000_000);
console.log(`ledger.test.ts: PONTAGE_SEED=${seed}`);
const random = seeded(seed);
const upTo = (limit: number) => Math.floor(random() * limit);
const oneOf = <T>(list: readonly T[]): T => list[upTo(list.length)]!;

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ value }) => value);
}

const models = [
  ["openai", "gpt-4.1"],
  ["openai", "gpt-5.5"],
  ["anthropic", "claude-haiku-4-5-20251001"],
  ["simulated", "sim/echo"],
  ["ollama", "llama3:8b"],
] as const;

function someUsage(): Usage {
  return usageOf(Object.fromEntries(usageBuckets.map((bucket) => [bucket, random() < 0.5 ? 0 : upTo(200_000)])));
}

/** An event as a gateway would write it: its cost follows from its usage. */
function event(producer: string, sequence: number, more: Partial<UsageEvent> = {}): UsageEvent {
  const [type, model] = oneOf(models);
  const outcome =
    more.outcome ?? oneOf([Outcome.OK, Outcome.OK, Outcome.PARTIAL, Outcome.UPSTREAM_ERROR, Outcome.UNSENT]);
  const usage = more.usage ?? (outcome === Outcome.UNSENT ? usageOf({}) : someUsage());
  const price = priceOf(type, model);
  return create(UsageEventSchema, {
    eventId: `${producer}-${sequence}:1`,
    requestId: `${producer}-${sequence}`,
    attempt: 1,
    producer,
    sequence: BigInt(sequence),
    keyId: `key_${upTo(5)}`,
    provider: type,
    askedModel: `${type}/${model}`,
    model,
    doorDialect: "openai-chat",
    upstreamDialect: "anthropic-messages",
    outcome,
    status: 200,
    usage,
    usageSource: oneOf([UsageSource.PROVIDER, UsageSource.ESTIMATED]),
    costNanoUsd: price ? costNanoUsd(usage, price) : 0n,
    priceVersion: price?.version ?? "",
    startTimeMs: BigInt(Date.UTC(2026, 10, 1) + upTo(20 * 24 * 3600 * 1000)),
    firstByteMs: upTo(1000),
    durationMs: upTo(100_000),
    streamed: random() < 0.5,
    reason: "",
    ...more,
  });
}

const events = (producer: string, count: number) =>
  Array.from({ length: count }, (_, index) => event(producer, index + 1));

function sums(list: readonly UsageEvent[]) {
  return {
    attempts: BigInt(list.length),
    costNanoUsd: list.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0n),
    tokens: Object.fromEntries(
      usageBuckets.map((bucket) => [bucket, list.reduce((sum, { usage }) => sum + BigInt(usage?.[bucket] ?? 0), 0n)]),
    ),
  };
}

for (const kind of storeKinds) {
  describe.skipIf(!isAvailable(kind))(`the ledger on ${kind}`, () => {
    let made: TestStore;
    let store: Store;
    let ledger: Ledger;
    beforeAll(async () => {
      made = await makeTestStore(kind);
      store = await made.open();
      ledger = store.ledger;
    });
    afterAll(() => made.remove());

    /** Everything that has been recorded, so that the whole ledger can be compared at any time. */
    const all = new Map<string, UsageEvent>();
    const remember = (list: readonly UsageEvent[]) => {
      for (const each of list) all.set(each.eventId, each);
      return list;
    };
    async function expectWhole() {
      const list = [...all.values()];
      const balances = await ledger.balances();
      expect(balances.get(totalScope)).toEqual(sums(list));
      for (const keyId of new Set(list.map((each) => each.keyId))) {
        expect(balances.get(keyScope(keyId))).toEqual(sums(list.filter((each) => each.keyId === keyId)));
      }
      const verification = await ledger.verify();
      expect(verification.problems).toEqual([]);
      expect(verification.rows).toBe(BigInt(list.length));
      expect(verification.costNanoUsd).toBe(sums(list).costNanoUsd);
    }

    test("L1: a row holds all of its event", async () => {
      const edge = event("edge", 1, {
        status: 2 ** 32 - 1,
        usage: usageOf({ inputTokens: 2 ** 32 - 1, cacheWrite1hTokens: 7 }),
        costNanoUsd: 0n,
        priceVersion: "1999-01-01.1:unknown/entry",
        firstByteMs: 2 ** 32 - 1,
        startTimeMs: 253_402_214_399_999n,
        askedModel: 'modèle "quoted" \\ 模型 \u{1F600}',
        reason: "UPSTREAM_FAILED",
      });
      const list = remember([edge, ...events("whole", 20)]);
      expect(await ledger.record(list)).toEqual({ inserted: 21 });
      const stored = await ledger.entries(list.map(({ eventId }) => eventId));
      for (const each of list) expect(stored.get(each.eventId)).toEqual(each);
      await expectWhole();
    });

    test("L4: repetition changes nothing, in a batch, between batches and in any order", async () => {
      const list = events("again", 30);
      remember(list);
      expect(await ledger.record([...list.slice(0, 20), ...shuffled(list.slice(0, 20))])).toEqual({ inserted: 20 });
      expect(await ledger.record(shuffled(list))).toEqual({ inserted: 10 });
      expect(await ledger.record(list)).toEqual({ inserted: 0 });
      expect(await ledger.record([])).toEqual({ inserted: 0 });
      expect(await ledger.deadLetterCount()).toBe(0n);
      await expectWhole();
    });

    test("L4: eight writers with overlapping batches make each row once, and none waits for ever", async () => {
      const list = events("crowd", 400);
      remember(list);
      const replicas = kind === "postgresql" ? [store, await made.open(), await made.open()] : [store];
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        const own = replicas[writer % replicas.length]!.ledger;
        let inserted = 0;
        const mine = shuffled(list);
        while (mine.length > 0) inserted += (await own.record(mine.splice(0, 1 + upTo(60)))).inserted;
        return inserted;
      });
      const inserted = await Promise.all(writers);
      expect(inserted.reduce((sum, count) => sum + count, 0)).toBe(list.length);
      expect(await ledger.deadLetterCount()).toBe(0n);
      await expectWhole();
    });

    test("L8: an event with a known id and other content is set aside, once, and changes nothing", async () => {
      const [original] = remember([event("liar", 1)]) as [UsageEvent];
      await ledger.record([original]);
      const before = await ledger.deadLetterCount();
      const other = create(UsageEventSchema, { ...original, costNanoUsd: original.costNanoUsd + 1n });
      for (let times = 0; times < 3; times++) await ledger.record([original, other]);
      await ledger.record([other]);
      expect(await ledger.deadLetterCount()).toBe(before + 1n);
      await expectWhole();
    });

    test("names from clients may hold what a text column cannot", async () => {
      const odd = event("odd", 1, { askedModel: "nul \0 and half \ud800 a pair" });
      await ledger.record([odd]);
      await ledger.record([odd]);
      const stored = (await ledger.entries([odd.eventId])).get(odd.eventId)!;
      expect(stored.askedModel).toBe("nul \uFFFD and half \uFFFD a pair");
      remember([stored]);
      await expectWhole();
    });

    test("knows which events of a journal are missing", async () => {
      const list = events("gaps", 20);
      const absent = new Set([1, 5, 6, 7, 20]);
      await ledger.record(list.filter((_, index) => !absent.has(index + 1)));
      const missing = await ledger.missing("gaps", 1n, 21n);
      expect(missing).toEqual([
        { first: 1n, last: 1n },
        { first: 5n, last: 7n },
        { first: 20n, last: 21n },
      ]);
      expect(await ledger.missing("gaps", 8n, 19n)).toEqual([]);
      expect(await ledger.missing("gaps", 3n, 2n)).toEqual([]);
      expect(await ledger.missing("nobody", 1n, 3n)).toEqual([{ first: 1n, last: 3n }]);
      expect((await ledger.verify()).problems).toEqual([
        "Producer gaps: event 1 is missing.",
        "Producer gaps: events 5 to 7 are missing.",
      ]);
      // One of them is set aside: it is dealt with. The others arrive late.
      const payload = new Uint8Array([1]);
      await ledger.deadLetter({ reason: "odd", payload, origin: { producer: "gaps", sequence: 6n } });
      await ledger.deadLetter({ reason: "forged", payload });
      await ledger.record(list.filter((_, index) => index + 1 !== 6));
      expect(await ledger.missing("gaps", 1n, 20n)).toEqual([]);
      remember(list.filter((_, index) => index + 1 !== 6));
      await expectWhole();
    });

    test("sums by every set of dimensions, over any span", async () => {
      const list = [...all.values()];
      const startTimeMs = Date.UTC(2026, 10, 8);
      const endTimeMs = Date.UTC(2026, 10, 12);
      for (const span of [{}, { startTimeMs }, { endTimeMs }, { startTimeMs, endTimeMs }]) {
        const within = list.filter(
          (each) =>
            Number(each.startTimeMs) >= (span.startTimeMs ?? 0) &&
            Number(each.startTimeMs) < (span.endTimeMs ?? Infinity),
        );
        for (const by of [[], ["key"], ["provider", "model"], ["key", "provider", "model", "outcome"]] as const) {
          const { rows, total } = await ledger.query({ by, ...span });
          expect(total).toMatchObject(sums(within));
          if (by.length === 0) {
            expect(rows).toEqual([]);
            continue;
          }
          expect(rows.reduce((sum, { attempts }) => sum + attempts, 0n)).toBe(BigInt(within.length));
          const costs = rows.map((row) => row.costNanoUsd);
          expect(costs).toEqual(costs.toSorted((one, other) => Number(other - one)));
          for (const row of rows) {
            const group = within.filter(
              (each) =>
                (row.keyId === undefined || each.keyId === row.keyId) &&
                (row.provider === undefined || each.provider === row.provider) &&
                (row.model === undefined || each.model === row.model) &&
                (row.outcome === undefined ||
                  Outcome[row.outcome.toUpperCase() as keyof typeof Outcome] === each.outcome),
            );
            expect(row).toMatchObject(sums(group));
            expect(row.estimatedAttempts).toBe(
              BigInt(group.filter((each) => each.usageSource === UsageSource.ESTIMATED).length),
            );
            const unpriced = group.filter((each) => each.priceVersion === "" && each.outcome !== Outcome.UNSENT);
            expect(row.unpricedAttempts).toBe(BigInt(unpriced.length));
          }
        }
      }
    });

    test("names the keys it sums by", async () => {
      const { key } = await store.keys.issue({ name: "summed" });
      const mine = event("named", 1, { keyId: key.id });
      await ledger.record(remember([mine]));
      const { rows } = await ledger.query({ by: ["key"] });
      expect(rows.find((row) => row.keyId === key.id)?.keyName).toBe("summed");
    });

    // Last, because what it does to the ledger cannot be undone.
    describe("verify finds", () => {
      const sql = (statement: string) => store.orm.em.fork().execute(statement);
      /** Changes rows behind the back of the trigger that forbids it, looks, and puts them back. */
      async function tampered(change: string, undo: string, table = "ledger_entry") {
        const freely = async (statement: string) => {
          await sql(`alter table ${table} disable trigger user`);
          await sql(statement);
          await sql(`alter table ${table} enable trigger user`);
        };
        await freely(change);
        const { problems } = await ledger.verify();
        await freely(undo);
        expect((await ledger.verify()).problems).toEqual([]);
        return problems.join("\n");
      }
      const where = "where event_id = 'whole-3:1'";
      const figures = [
        ...usageBuckets.map((bucket) => bucket.replace(/(1h|[A-Z])/g, "_$1").toLowerCase()),
        "cost_nano_usd",
      ];

      for (const figure of figures) {
        test(`a row whose ${figure} was changed`, async () => {
          const found = await tampered(
            `update ledger_entry set ${figure} = ${figure} + 1 ${where}`,
            `update ledger_entry set ${figure} = ${figure} - 1 ${where}`,
          );
          expect(found).toContain(`Balance total: ${figure} of its rows is`);
        });
        test(`a balance whose ${figure} was changed`, async () => {
          const found = await tampered(
            `update balance set ${figure} = ${figure} + 1 where scope = 'key:key_1'`,
            `update balance set ${figure} = ${figure} - 1 where scope = 'key:key_1'`,
            "balance",
          );
          expect(found).toMatch(
            new RegExp(`^Balance key:key_1: ${figure} of its rows is \\d+, the balance says \\d+\\.$`),
          );
        });
      }

      test("a row that was given to another key", async () => {
        const owner = all.get("whole-3:1")!.keyId;
        const found = await tampered(
          `update ledger_entry set key_id = 'key_other' ${where}`,
          `update ledger_entry set key_id = '${owner}' ${where}`,
        );
        expect(found).toContain("Balance key:key_other");
        expect(found).toContain(`Balance key:${owner}`);
      });

      test("a cost that does not follow from its row, although the sums were made to fit", async () => {
        const dear = [...all.values()].find((each) => each.model === "gpt-5.5" && each.costNanoUsd > 0n)!;
        const at = (by: number) =>
          `update ledger_entry set cost_nano_usd = cost_nano_usd + ${by} where event_id = '${dear.eventId}';
           update balance set cost_nano_usd = cost_nano_usd + ${by} where scope in ('total', 'key:${dear.keyId}')`;
        expect(await tampered(at(-1), at(1))).toBe(
          `Row ${dear.eventId}: its usage costs ${dear.costNanoUsd} nano-USD, the row says ${dear.costNanoUsd - 1n}.`,
        );
      });

      test("a row that is gone", async () => {
        const gone = await tampered(
          `create table kept as select * from ledger_entry ${where}; delete from ledger_entry ${where}`,
          "insert into ledger_entry select * from kept; drop table kept",
        );
        expect(gone).toContain("Producer whole: event 3 is missing.");
        expect(gone).toContain("Balance total: attempts of its rows is");
      });

      test("a cost without a price, a charge for what was not sent, and a number given out twice", async () => {
        const list = [
          event("wrong", 1, { outcome: Outcome.OK, priceVersion: "", costNanoUsd: 5n }),
          event("wrong", 2, { outcome: Outcome.UNSENT, priceVersion: "old", costNanoUsd: 6n }),
          event("wrong", 2, {
            eventId: "wrong-2:2",
            attempt: 2,
            outcome: Outcome.OK,
            priceVersion: "old",
            costNanoUsd: 0n,
          }),
        ];
        await ledger.record(list);
        expect((await ledger.verify()).problems).toEqual([
          "Row wrong-1:1: it has no price, and costs 5 nano-USD.",
          "Row wrong-2:1: it was never sent, and costs 6 nano-USD.",
          "Producer wrong: event 2 is in the ledger 2 times, under different ids.",
        ]);
      });

      test("no more than a hundred problems, however many there are", async () => {
        await ledger.record(Array.from({ length: 150 }, (_, index) => event(`alone${index}`, 2)));
        expect((await ledger.verify()).problems).toHaveLength(100);
      });
    });
  });
}
