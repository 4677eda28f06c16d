import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import { FaultyDisk } from "./disk.fixture.ts";
import { Journal } from "./journal.ts";
import { isDamage, RecordKind, readRecords } from "./record.ts";

/** Counts how often the kernel is asked. */
class CountingDisk extends FaultyDisk {
  writes = 0;

  override write(file: number, bytes: Buffer, offset: number, length: number, position: number): number {
    this.writes++;
    return super.write(file, bytes, offset, length, position);
  }
}

let root: string;
let disk: CountingDisk;
let journal: Journal;
let closed: number[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pontage-journal-"));
  disk = new CountingDisk();
  closed = [];
  const report = () => {};
  journal = new Journal({
    root,
    producer: "gw_test",
    report,
    files: disk,
    grouped: true,
    healAfterMs: 5,
    reserveBytes: 4096,
  });
  journal.whenClosed(({ sequence }) => closed.push(sequence));
  disk.writes = 0;
});
afterEach(async () => {
  disk.dead = false;
  await journal.end();
  rmSync(root, { recursive: true, force: true });
});

function onDisk(): string[] {
  const names = Object.fromEntries(Object.entries(RecordKind).map(([name, kind]) => [kind, name.toLowerCase()]));
  return readdirSync(join(root, "gw_test"))
    .filter((name) => name.endsWith(".log"))
    .sort()
    .flatMap((name) => [...readRecords(readFileSync(join(root, "gw_test", name)))])
    .map((item) => (isDamage(item) ? "damage" : `${names[item.kind]} ${Number.parseInt(item.payload.slice(1), 10)}`));
}

test("the records of one turn are one write, and whoever waits goes on after it", async () => {
  const attempts = [1, 2, 3].map((n) => journal.open(factsOf(n)));
  expect(onDisk()).toEqual([]);
  await journal.synced();
  expect(onDisk()).toEqual(["open 1", "open 2", "open 3"]);
  expect(attempts.map(({ refused }) => refused)).toEqual([false, false, false]);
  expect(disk.writes).toBe(1);

  attempts[0]?.start();
  attempts[0]?.close(resultOf(1));
  attempts[1]?.close(resultOf(2));
  expect(closed).toEqual([]); // nobody is told of an end that is not on record
  await journal.synced();
  expect(onDisk().slice(3)).toEqual(["start 1", "close 1", "close 2"]);
  expect(closed).toEqual([1, 2]);
  expect(disk.writes).toBe(2);
});

test("without anything to write nobody waits", () => {
  expect(journal.synced()).toBeUndefined();
});

test("the records are written at the end of the turn, also when nobody waits", async () => {
  journal.open(factsOf(1));
  await new Promise(setImmediate);
  expect(onDisk()).toEqual(["open 1"]);
});

test("an attempt that ends in the turn it began in is on record whole", async () => {
  journal.open(factsOf(1)).close(resultOf(1));
  await journal.synced();
  expect(onDisk()).toEqual(["open 1", "close 1"]);
  expect(closed).toEqual([1]);
});

test("when the disk fails, beginnings are refused and leave no number behind, and ends are kept", async () => {
  const running = journal.open(factsOf(1));
  await journal.synced();

  disk.dead = true;
  const first = journal.open(factsOf(2));
  running.close(resultOf(1));
  const second = journal.open(factsOf(3));
  await journal.synced();
  expect([first.refused, second.refused]).toEqual([true, true]);
  expect(journal.accepting).toBe(false);
  expect(journal.status).toMatchObject({ running: 0, lastSequence: 1, heldRecords: 1 });
  second.close(resultOf(3)); // says nothing: there is nothing to end
  expect(closed).toEqual([1]);

  disk.dead = false;
  await expect.poll(() => journal.accepting).toBe(true);
  expect(onDisk()).toEqual(["open 1", "close 1"]);
  const next = journal.open(factsOf(4));
  expect(next.sequence).toBe(2);
  next.close(resultOf(4));
  await journal.synced();
  expect(onDisk()).toEqual(["open 1", "close 1", "open 2", "close 2"]);
});

test("a refused attempt that is ended in the same turn is not told of", async () => {
  disk.dead = true;
  const attempt = journal.open(factsOf(1));
  attempt.close(resultOf(1));
  await journal.synced();
  expect(attempt.refused).toBe(true);
  expect(closed).toEqual([]);
  expect(journal.status).toMatchObject({ running: 0, lastSequence: 0, heldRecords: 0 });
});

test("with sync always whoever waits goes on when the device has it", async () => {
  const always = new Journal({
    root,
    producer: "gw_always",
    report: () => {},
    files: disk,
    grouped: true,
    sync: "always",
  });
  const syncsBefore = disk.syncs;
  const attempt = always.open(factsOf(1));
  await always.synced();
  expect(disk.syncs).toBeGreaterThan(syncsBefore);
  attempt.close(resultOf(1));
  const syncsAtClose = disk.syncs;
  await always.synced();
  expect(disk.syncs).toBeGreaterThan(syncsAtClose);
  await always.end();
});
