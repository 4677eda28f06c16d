import { create } from "@bufbuild/protobuf";
import { Outcome, UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPostgres, startPostgres, type ThrowAwayServer } from "../../../scripts/services.mjs";
import { makeTestStore, type TestStore } from "../../../test/services/test-store.ts";
import { createBillingConsumer } from "../billing/consumer.ts";
import type { Store } from "./store.ts";

const event = (sequence: number) =>
  create(UsageEventSchema, {
    eventId: `call-${sequence}:1`,
    requestId: `call-${sequence}`,
    attempt: 1,
    producer: "gateway",
    sequence: BigInt(sequence),
    outcome: Outcome.OK,
  });

// A server of its own, because this one is killed. Without PostgreSQL the global setup has said what is skipped.
describe.skipIf(findPostgres() === undefined)("a PostgreSQL server that is killed and comes back", () => {
  let server: ThrowAwayServer;
  let made: TestStore;
  let store: Store;
  beforeAll(async () => {
    server = await startPostgres();
    made = await makeTestStore("embedded");
    store = await made.open({ databaseUrl: server.url });
  });
  afterAll(async () => {
    await made.remove();
    await server.stop();
  });

  test("L1: what was recorded is there, what was refused can come again, and keys are followed again", async () => {
    const consumer = createBillingConsumer({ ledger: store.ledger, validate: () => undefined });
    let changes = 0;
    store.keys.onChange(() => {
      changes++;
    });
    for (let round = 0; round < 3; round++) {
      const batch = [event(round * 2 + 1), event(round * 2 + 2)];
      expect(await consumer.handle(batch)).toEqual({ inserted: 2, setAside: 0 });
      const next = [event(round * 2 + 3)];
      await server.kill();
      await expect(consumer.handle(next)).rejects.toThrow();
      await expect(store.ping()).rejects.toThrow();
      await server.restart();
      await store.ping();
      expect(await consumer.handle(batch)).toEqual({ inserted: 0, setAside: 0 });
      const { key } = await store.keys.issue({ name: `round ${round}` });
      expect(changes).toBeGreaterThan(round);
      expect((await store.keys.find(key.id))?.name).toBe(`round ${round}`);
    }
    const { rows, problems, deadLetters } = await store.ledger.verify();
    expect({ rows, problems, deadLetters }).toEqual({ rows: 6n, problems: [], deadLetters: 0n });
  });
});
