import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Outcome } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../world.ts";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import type { Bus, Shipment } from "./bus.ts";
import { inProcessBus } from "./in-process.ts";
import { Journal, type JournalOptions } from "./journal.ts";
import { TestLedger, upTo } from "./ledger.fixture.ts";
import { recover } from "./recovery.ts";
import { Shipper, type ShipperOptions } from "./shipper.ts";

let root: string;
let reports: string[];
let ledger: TestLedger;
let running: { journal: Journal; shipper: Shipper }[];

const report = (what: string) => reports.push(what);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pontage-shipper-"));
  reports = [];
  ledger = new TestLedger();
  running = [];
});
afterEach(async () => {
  for (const { journal, shipper } of running) {
    await shipper.stop();
    await journal.end();
  }
  rmSync(root, { recursive: true, force: true });
});

/** A bus that a test can take away, and that can lose what it has taken over. */
function testBus() {
  const inner = inProcessBus({ report, deadLetter: async () => {} });
  inner.subscribe(ledger.handle);
  const bus = {
    ...inner,
    down: false,
    forgetful: false,
    shipments: [] as Shipment[],
    async publish(shipment: Shipment) {
      if (bus.down) throw new Error("the bus is down, as the test wants");
      bus.shipments.push(shipment);
      if (!bus.forgetful) await inner.publish(shipment);
    },
  };
  return bus;
}

function start(
  bus: Bus,
  options: Partial<ShipperOptions> = {},
  { producer = "gw_now", segmentBytes = 1 << 20, grouped = false }: Partial<JournalOptions> = {},
) {
  const journal = new Journal({ root, producer, report, reserveBytes: 0, segmentBytes, grouped });
  const shipper = new Shipper({
    journal,
    bus,
    ledger,
    clock: systemClock,
    report,
    lingerMs: 2,
    clearEveryMs: 10,
    overdueMs: 30,
    retryMs: [5, 20],
    ...options,
  });
  running.push({ journal, shipper });
  return { journal, shipper };
}

function attempts(journal: Journal, from: number, to: number): void {
  for (let n = from; n <= to; n++) journal.open(factsOf(n)).close(resultOf(n));
}

test("every attempt arrives once, in batches, and the drained journal leaves nothing", async () => {
  const bus = testBus();
  const { journal, shipper } = start(bus, { batchEvents: 100 }, { segmentBytes: 10_000 });
  for (let n = 1; n <= 1000; n += 50) {
    attempts(journal, n, n + 49);
    await sleep(1);
  }
  expect(await shipper.drain(10_000)).toBe(true);
  expect(ledger.sequences("gw_now")).toEqual(upTo(1000));
  expect(ledger.duplicates).toBe(0);
  expect(bus.shipments.length).toBeLessThan(200);
  expect(Math.max(...bus.shipments.map(({ events }) => events.length))).toBeLessThanOrEqual(100);
  expect(shipper.stats).toMatchObject({
    pendingEvents: 0,
    oldestPendingMs: 0,
    published: 1000,
    republished: 0,
    gap: 0,
  });
  await shipper.stop();
  await journal.end();
  expect(readdirSync(root)).toEqual([]);
  expect(reports).toEqual([]);
});

test("while the bus is down the journal keeps everything; when it is back everything arrives", async () => {
  const bus = testBus();
  const { journal, shipper } = start(bus);
  bus.down = true;
  attempts(journal, 1, 500);
  await sleep(50);
  expect(ledger.rows.size).toBe(0);
  expect(shipper.stats.pendingEvents).toBe(500);
  expect(shipper.stats.oldestPendingMs).toBeGreaterThan(0);
  expect(await shipper.drain(60)).toBe(false);
  bus.down = false;
  expect(await shipper.drain(10_000)).toBe(true);
  expect(ledger.sequences("gw_now")).toEqual(upTo(500));
  expect(reports).toEqual([
    "usage events do not reach the bus; the journal keeps them",
    "usage events reach the bus again",
  ]);
});

test("L9: an event that has ended in this very turn is counted, though it is not with the kernel yet", async () => {
  const { journal, shipper } = start(testBus(), {}, { grouped: true });
  attempts(journal, 1, 3);
  expect(shipper.stats.pendingEvents).toBe(3);
  expect(await shipper.drain(5_000)).toBe(true);
  expect(ledger.sequences("gw_now")).toEqual(upTo(3));
  expect(shipper.stats.pendingEvents).toBe(0);
});

test("what does not fit into memory is read back from disk", async () => {
  const bus = testBus();
  const { journal, shipper } = start(bus, { queueEvents: 50, batchEvents: 20 }, { segmentBytes: 20_000 });
  bus.down = true;
  const long = journal.open(factsOf(1));
  attempts(journal, 2, 1000);
  expect(shipper.stats.pendingEvents).toBe(999);
  bus.down = false;
  // Everything that has ended arrives although an attempt of the first segment still runs.
  await expect.poll(() => ledger.rows.size, { timeout: 10_000 }).toBe(999);
  long.close(resultOf(1));
  expect(await shipper.drain(10_000)).toBe(true);
  expect(ledger.sequences("gw_now")).toEqual(upTo(1000));
  expect(shipper.stats).toMatchObject({ pendingEvents: 0, gap: 0 });
});

test("L6, L9: what the bus took over and lost is noticed, shown, and sent again as something new", async () => {
  const bus = testBus();
  const { journal, shipper } = start(bus);
  bus.forgetful = true;
  attempts(journal, 1, 300);
  await expect.poll(() => shipper.stats.published).toBe(300);
  journal.roll();
  await expect.poll(() => shipper.stats.gap).toBe(300);
  expect(journal.sealed()).toHaveLength(1);
  bus.forgetful = false;
  expect(await shipper.drain(10_000)).toBe(true);
  expect(ledger.sequences("gw_now")).toEqual(upTo(300));
  expect(shipper.stats.gap).toBe(0);
  const marks = bus.shipments.map(({ again }) => again).filter((again) => again !== undefined);
  expect(marks.length).toBeGreaterThan(1);
  expect(new Set(marks).size).toBe(marks.length);
});

test("a segment is not removed before the ledger confirms it, whatever the bus says", async () => {
  const bus = testBus();
  const { journal, shipper } = start(bus, { overdueMs: 60_000 });
  attempts(journal, 1, 10);
  await expect.poll(() => shipper.stats.published).toBe(10);
  const row = ledger.rows.get("req_5:1")!;
  ledger.rows.delete("req_5:1");
  journal.roll();
  await sleep(100);
  expect(journal.sealed()).toHaveLength(1);
  ledger.rows.set("req_5:1", row);
  await expect.poll(() => journal.sealed()).toHaveLength(0);
});

test("with the ledger away nothing is removed and nothing is lost", async () => {
  const bus = testBus();
  const { journal, shipper } = start(bus);
  ledger.away = true;
  attempts(journal, 1, 100);
  journal.roll();
  await sleep(60);
  expect(journal.sealed()).toHaveLength(1);
  ledger.away = false;
  expect(await shipper.drain(10_000)).toBe(true);
  expect(ledger.sequences("gw_now")).toEqual(upTo(100));
});

test("an event the ledger refuses goes to the dead letter and does not hold up the others", async () => {
  const buried: string[] = [];
  const bus = inProcessBus({
    report,
    deadLetter: async (refused) => void buried.push(...refused.map(({ event }) => event.eventId)),
  });
  bus.subscribe(ledger.handle);
  ledger.refuses = ({ eventId }) => eventId === "req_3:1";
  const { journal, shipper } = start(bus);
  attempts(journal, 1, 5);
  await expect.poll(() => ledger.rows.size).toBe(4);
  expect(buried).toEqual(["req_3:1"]);
  // It is no row, so its segment stays and the gap is shown until a person has looked.
  journal.roll();
  await expect.poll(() => shipper.stats.gap).toBe(1);
  expect(journal.sealed()).toHaveLength(1);
});

test("L2: what dead processes left is settled under their own names, and their directories go", async () => {
  const bus = testBus();
  for (const [producer, first] of [
    ["gw_1", 1001],
    ["gw_2", 2001],
  ] as const) {
    const journal = new Journal({ root, producer, report, segmentBytes: 5_000, reserveBytes: 0 });
    attempts(journal, first, first + 39);
    journal.open(factsOf(first + 40)).start();
    journal.open(factsOf(first + 41));
    await journal.end();
  }
  const { journal, shipper } = start(bus);
  attempts(journal, 1, 10);
  shipper.adopt(await recover({ root, own: "gw_now", exclusive: true, nowMs: Date.now(), report }));
  expect(shipper.stats.deadProducers).toBe(2);
  await expect.poll(() => shipper.stats.deadProducers, { timeout: 5_000 }).toBe(0);
  for (const producer of ["gw_1", "gw_2"]) {
    expect(ledger.sequences(producer)).toEqual(upTo(42));
    expect(existsSync(join(root, producer))).toBe(false);
  }
  expect([...ledger.rows.values()].filter(({ outcome }) => outcome !== Outcome.OK)).toMatchObject([
    { eventId: "req_1041:1", outcome: Outcome.INTERRUPTED, costNanoUsd: 0n },
    { eventId: "req_1042:1", outcome: Outcome.UNSENT, costNanoUsd: 0n },
    { eventId: "req_2041:1", outcome: Outcome.INTERRUPTED, costNanoUsd: 0n },
    { eventId: "req_2042:1", outcome: Outcome.UNSENT, costNanoUsd: 0n },
  ]);
  expect(await shipper.drain(5_000)).toBe(true);
});

test("a dead process's journal that lacks a record the ledger lacks too is set aside, not deleted", async () => {
  const dead = new Journal({ root, producer: "gw_dead", report, reserveBytes: 0 });
  for (let n = 1; n <= 5; n++) dead.open(factsOf(n));
  await dead.end();
  const { path } = dead.segments()[0]!;
  const bytes = readFileSync(path);
  bytes[bytes.indexOf("req_3")]! ^= 1;
  writeFileSync(path, bytes);

  const { shipper } = start(testBus());
  shipper.adopt(await recover({ root, own: "gw_now", exclusive: true, nowMs: Date.now(), report }));
  await expect.poll(() => shipper.stats.deadProducers, { timeout: 5_000 }).toBe(0);
  expect(ledger.sequences("gw_dead")).toEqual([1n, 2n, 4n, 5n]);
  expect(readdirSync(root).sort()).toEqual(["gw_dead.damaged", "gw_now"]);
  expect(reports).toContain("usage records of an earlier process are lost; its journal is set aside");
});

test("a recovery that is itself interrupted, at any point, is finished by the next one", async () => {
  const dead = new Journal({ root, producer: "gw_dead", report, segmentBytes: 3_000, reserveBytes: 0 });
  attempts(dead, 1, 60);
  dead.open(factsOf(61));
  await dead.end();
  for (let round = 0; ; round++) {
    if (round > 100) throw new Error("the recovery does not come to its end");
    const { journal, shipper } = start(testBus(), { batchEvents: 5 }, { producer: `gw_round_${round}` });
    shipper.adopt(await recover({ root, own: journal.producer, exclusive: true, nowMs: Date.now(), report }));
    await sleep(4 * (round + 1));
    await shipper.stop();
    await journal.end();
    running.pop();
    if (!existsSync(join(root, "gw_dead"))) break;
  }
  expect(ledger.sequences("gw_dead")).toEqual(upTo(61));
});

test("after stop nothing is shipped, and the next process ships it", async () => {
  const bus = testBus();
  const first = start(bus);
  bus.down = true;
  attempts(first.journal, 1, 20);
  await sleep(10);
  await first.shipper.stop();
  await first.journal.end();
  bus.down = false;
  expect(ledger.rows.size).toBe(0);
  const second = start(bus, {}, { producer: "gw_later" });
  second.shipper.adopt(await recover({ root, own: "gw_later", exclusive: true, nowMs: Date.now(), report }));
  expect(await second.shipper.drain(5_000)).toBe(true);
  expect(ledger.sequences("gw_now")).toEqual(upTo(20));
});
