import { globSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UsageEvent } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../world.ts";
import { ArchivedJournal } from "./archived-journal.ts";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import { FaultyDisk } from "./disk.fixture.ts";
import { inProcessBus } from "./in-process.ts";
import { Journal } from "./journal.ts";
import { TestLedger } from "./ledger.fixture.ts";
import { recover } from "./recovery.ts";
import { replay } from "./replay.ts";
import { SegmentArchive } from "./segment-archive.ts";
import { Shipper } from "./shipper.ts";

let directory: string;
let reports: string[];
let ledger: TestLedger;
let disk: FaultyDisk;
let ends: (() => Promise<void>)[];
const report = (what: string) => reports.push(what);
const root = () => join(directory, "journal");
const segmentsLeft = () => globSync(join(root(), "*", "*.log")).length;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pontage-archived-"));
  reports = [];
  ledger = new TestLedger();
  disk = new FaultyDisk();
  ends = [];
});
afterEach(async () => {
  for (const end of ends) await end();
  rmSync(directory, { recursive: true, force: true });
});

function start(producer: string) {
  const archive = new SegmentArchive({ root: join(directory, "archive"), report, files: disk });
  const journal = new ArchivedJournal({
    root: root(),
    producer,
    report,
    reserveBytes: 0,
    segmentBytes: 4_000,
    archive,
  });
  const bus = inProcessBus({ report, deadLetter: async () => {} });
  bus.subscribe(ledger.handle);
  const shipper = new Shipper({ journal, bus, ledger, clock: systemClock, report, lingerMs: 2, clearEveryMs: 10 });
  ends.push(async () => {
    await shipper.stop();
    await journal.end();
  });
  return { archive, journal, shipper };
}

function attempts(journal: Journal, first: number, last: number): void {
  for (let n = first; n <= last; n++) {
    const attempt = journal.open(factsOf(n));
    attempt.start();
    attempt.close(resultOf(n));
  }
}

async function rebuilt(archive: SegmentArchive): Promise<ReadonlyMap<string, UsageEvent>> {
  const fresh = new TestLedger();
  const record = (events: readonly UsageEvent[]) => fresh.handle(events);
  await replay({ archive, journals: root(), ledger: fresh, record, report, progress: () => undefined });
  return fresh.rows;
}

test("E4: what a running journal and a dead one give up is in the archive", async () => {
  const dead = new Journal({ root: root(), producer: "gw_dead", report, reserveBytes: 0, segmentBytes: 4_000 });
  attempts(dead, 1, 40);
  dead.open(factsOf(41));
  await dead.end();
  const { archive, journal, shipper } = start("gw_now");
  shipper.adopt(await recover({ root: root(), own: "gw_now", exclusive: true, nowMs: Date.now(), report, archive }));
  attempts(journal, 101, 160);
  expect(await shipper.drain(5_000)).toBe(true);
  expect(readdirSync(root())).toEqual(["gw_now"]);
  expect(ledger.rows.size).toBe(101);
  expect(await rebuilt(archive)).toEqual(ledger.rows);
  expect(reports).toEqual([]);
});

test("E4: while the archive cannot be written segments stay, that is said once, and they go when it can", async () => {
  const dead = new Journal({ root: root(), producer: "gw_dead", report, reserveBytes: 0, segmentBytes: 4_000 });
  attempts(dead, 1, 40);
  await dead.end();
  const { archive, journal, shipper } = start("gw_now");
  disk.freeBytes = 0;
  shipper.adopt(await recover({ root: root(), own: "gw_now", exclusive: true, nowMs: Date.now(), report, archive }));
  attempts(journal, 101, 160);
  const before = segmentsLeft();
  expect(await shipper.drain(500)).toBe(false);
  expect(segmentsLeft()).toBeGreaterThanOrEqual(before);
  expect(ledger.rows.size).toBe(100);
  // The ledger has everything, so nothing is set aside as lost either.
  const stays = "a journal segment that the ledger has cannot be put away; it stays";
  expect(reports).toEqual([stays, stays]);
  expect(journal.accepting).toBe(true);

  disk.freeBytes = Number.POSITIVE_INFINITY;
  expect(await shipper.drain(5_000)).toBe(true);
  expect(readdirSync(root())).toEqual(["gw_now"]);
  expect(await rebuilt(archive)).toEqual(ledger.rows);
});
