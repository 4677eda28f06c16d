import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Outcome, type UsageEvent, UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAvailable, makeTestStore, storeKinds, type TestStore } from "../../../test/services/test-store.ts";
import type { Letter } from "../store/ledger.ts";
import type { Store } from "../store/store.ts";
import { type BillingConsumer, createBillingConsumer, type RecordingLedger } from "./consumer.ts";
import { createEventValidator } from "./validate.ts";

function event(sequence: number, more: MessageInitShape<typeof UsageEventSchema> = {}): UsageEvent {
  return create(UsageEventSchema, {
    eventId: `call-${sequence}:1`,
    requestId: `call-${sequence}`,
    attempt: 1,
    producer: "gateway",
    sequence: BigInt(sequence),
    outcome: Outcome.OK,
    ...more,
  });
}

/** Events that must never be rows, and a word of why. */
const unbelievable: [string, UsageEvent, RegExp][] = [
  ["no outcome", event(1001, { outcome: Outcome.UNSPECIFIED }), /outcome/],
  ["an outcome of the future", event(1002, { outcome: 99 as Outcome }), /outcome/],
  ["a usage source of the future", event(1003, { usageSource: 99 as 0 }), /usage_source/],
  ["a negative cost", event(1004, { costNanoUsd: -1n }), /cost_nano_usd/],
  ["no producer", event(1005, { producer: "" }), /producer/],
  ["the sequence number zero", event(1006, { sequence: 0n }), /sequence/],
  ["a sequence number no column holds", event(1007, { sequence: 2n ** 64n - 1n }), /sequence/],
  ["a time no calendar has", event(1008, { startTimeMs: 2n ** 64n - 1n }), /start_time_ms/],
  ["another attempt's id", event(1009, { eventId: "call-1:1" }), /event_id/],
  ["a name that is far too long", event(1010, { model: "m".repeat(257) }), /model/],
];

describe.each(storeKinds)("the billing consumer on %s", (kind) => {
  describe.skipIf(!isAvailable(kind))("", () => {
    let made: TestStore;
    let store: Store;
    let consumer: BillingConsumer;
    beforeAll(async () => {
      made = await makeTestStore(kind);
      store = await made.open();
      consumer = createBillingConsumer({ ledger: store.ledger, validate: createEventValidator() });
    });
    afterAll(() => made.remove());

    test("records what is sound, also among what is not, and again and again", async () => {
      const batch = [event(1), ...unbelievable.map(([, bad]) => bad), event(2)];
      expect(await consumer.handle(batch)).toEqual({ inserted: 2, setAside: unbelievable.length });
      expect(await consumer.handle(batch)).toEqual({ inserted: 0, setAside: unbelievable.length });
      const verification = await store.ledger.verify();
      expect(verification.rows).toBe(2n);
      expect(verification.deadLetters).toBe(BigInt(unbelievable.length));
    });

    test("an event that is set aside is dealt with as far as the journal is concerned", async () => {
      expect(await store.ledger.missing("gateway", 1001n, 1004n)).toEqual([]);
    });

    test("a letter holds the event as it came", async () => {
      const letters = await store.orm.em
        .fork()
        .execute<{ payload: Buffer; reason: string }[]>("select * from dead_letter");
      const payloads = letters.map(({ payload }) => fromBinary(UsageEventSchema, payload));
      for (const [, bad] of unbelievable) expect(payloads).toContainEqual(bad);
    });
  });
});

/** A ledger that says what it is told to say. */
function ledgerThat(record: (events: readonly UsageEvent[]) => Error | undefined) {
  const rows: string[] = [];
  const letters: Letter[] = [];
  const ledger: RecordingLedger = {
    async record(events) {
      const failure = record(events);
      if (failure) throw failure;
      rows.push(...events.map(({ eventId }) => eventId));
      return { inserted: events.length };
    },
    async deadLetter(letter) {
      letters.push(letter);
    },
  };
  return { ledger, rows, letters };
}

const databaseError = (code: string) => Object.assign(new Error(`error ${code}`), { code });

for (const [what, bad, reason] of unbelievable) {
  test(`an event with ${what} is set aside with the reason`, async () => {
    const { ledger, letters, rows } = ledgerThat(() => undefined);
    await createBillingConsumer({ ledger, validate: createEventValidator() }).handle([bad]);
    expect(rows).toEqual([]);
    expect(letters).toHaveLength(1);
    expect(letters[0]!.reason).toMatch(reason);
  });
}

test("one event the database refuses does not keep the others waiting", async () => {
  for (const code of ["22003", "22P05", "23514"]) {
    const { ledger, rows, letters } = ledgerThat((events) =>
      events.some(({ sequence }) => sequence === 5n) ? databaseError(code) : undefined,
    );
    const consumer = createBillingConsumer({ ledger, validate: () => undefined });
    const batch = Array.from({ length: 11 }, (_, index) => event(index + 1));
    expect(await consumer.handle(batch)).toEqual({ inserted: 10, setAside: 1 });
    expect(rows).toEqual(batch.filter(({ sequence }) => sequence !== 5n).map(({ eventId }) => eventId));
    expect(letters[0]!.reason).toContain(code);
    expect(letters[0]!.origin).toEqual({ producer: "gateway", sequence: 5n });
  }
});

test("a database that is away loses nothing: the batch is refused whole and nothing is set aside", async () => {
  for (const failure of [
    databaseError("57P01"),
    databaseError("40P01"),
    databaseError("ECONNREFUSED"),
    new Error("gone"),
  ]) {
    const { ledger, letters } = ledgerThat(() => failure);
    const consumer = createBillingConsumer({ ledger, validate: () => undefined });
    await expect(consumer.handle([event(1), event(2)])).rejects.toBe(failure);
    expect(letters).toEqual([]);
  }
});

test("numbers that do not even fit on the wire are set aside as well", async () => {
  const { ledger, letters } = ledgerThat(() => undefined);
  const consumer = createBillingConsumer({ ledger, validate: createEventValidator() });
  const bad = event(1);
  bad.status = -1;
  bad.outcome = 77 as Outcome;
  expect(await consumer.handle([bad])).toEqual({ inserted: 0, setAside: 1 });
  expect(new TextDecoder().decode(letters[0]!.payload)).toContain('"status":-1');
});
