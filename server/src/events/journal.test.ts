import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Reason } from "../canonical/error.ts";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import { type ClosedAttempt, decodeClosed } from "./attempt.ts";
import { FaultyDisk } from "./disk.fixture.ts";
import { Journal, type JournalOptions } from "./journal.ts";
import { isDamage, RecordKind, readRecords } from "./record.ts";
import type { Segment } from "./segment.ts";

let root: string;
let reports: string[];
const journals: Journal[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pontage-journal-"));
  reports = [];
});
afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.end();
  rmSync(root, { recursive: true, force: true });
});

function journalWith(options: Partial<JournalOptions> = {}): Journal {
  const journal = new Journal({
    root,
    producer: "gw_test",
    report: (what) => reports.push(what),
    reserveBytes: 4096,
    ...options,
  });
  journals.push(journal);
  return journal;
}

/** The records on disk, as another process would find them: `open 1`, `close 1`, or `damage`. */
function onDisk(): string[] {
  const names = Object.fromEntries(Object.entries(RecordKind).map(([name, kind]) => [kind, name.toLowerCase()]));
  return readdirSync(join(root, "gw_test"))
    .filter((name) => name.endsWith(".log"))
    .sort()
    .flatMap((name) => [...readRecords(readFileSync(join(root, "gw_test", name)))])
    .map((item) => (isDamage(item) ? "damage" : `${names[item.kind]} ${Number.parseInt(item.payload.slice(1), 10)}`));
}

/** Sees to it that the segment may go, as the clearing does. */
function settle(...segments: Segment[]): void {
  for (const segment of segments) segment.cleared = true;
}

test("open and close are with the kernel when they return", () => {
  const journal = journalWith();
  const first = journal.open(factsOf(1));
  expect(onDisk()).toEqual(["open 1"]);
  const second = journal.open(factsOf(2));
  second.close(resultOf(2));
  expect(onDisk()).toEqual(["open 1", "open 2", "close 2"]);
  first.close(resultOf(1));
  expect(onDisk()).toEqual(["open 1", "open 2", "close 2", "close 1"]);
});

test("a start waits for the end of the tick, for the next record, or for flush", async () => {
  const journal = journalWith();
  const [one, two, three] = [1, 2, 3].map((n) => journal.open(factsOf(n)));
  one?.start();
  expect(onDisk()).toHaveLength(3);
  await Promise.resolve();
  await sleep(0);
  expect(onDisk().slice(3)).toEqual(["start 1"]);
  two?.start();
  journal.flush();
  expect(onDisk().slice(4)).toEqual(["start 2"]);
  three?.start();
  two?.close(resultOf(2));
  expect(onDisk().slice(5)).toEqual(["start 3", "close 2"]);
});

test("the close record tells the whole attempt", () => {
  const journal = journalWith();
  journal.open(factsOf(1)).close(resultOf(1));
  const [, close] = [...readRecords(readFileSync(journal.segments()[0]!.path))];
  if (!close || isDamage(close)) throw new Error("no close record");
  expect(decodeClosed(close.payload)).toEqual({ sequence: 1, facts: factsOf(1), result: resultOf(1) });
});

test("an attempt ends once; a second end is reported and changes nothing", () => {
  const journal = journalWith();
  const heard: ClosedAttempt[] = [];
  journal.whenClosed((closed) => heard.push(closed));
  const attempt = journal.open(factsOf(1));
  attempt.close(resultOf(1));
  attempt.close(resultOf(99));
  attempt.start();
  expect(heard).toEqual([{ sequence: 1, facts: factsOf(1), result: resultOf(1) }]);
  expect(onDisk()).toEqual(["open 1", "close 1"]);
  expect(reports).toHaveLength(2);
  expect(journal.status.running).toBe(0);
});

test("attempts that overlap keep their own numbers, whatever the order of their ends", async () => {
  const journal = journalWith({ segmentBytes: 4_000 });
  const heard: ClosedAttempt[] = [];
  journal.whenClosed((closed) => heard.push(closed));
  const attempts = Array.from({ length: 300 }, (_, i) => ({ n: i + 1, attempt: journal.open(factsOf(i + 1)) }));
  for (const { attempt } of attempts) if (attempt.sequence % 3 !== 0) attempt.start();
  for (const { n, attempt } of attempts.toSorted((a, b) => ((a.n * 7919) % 301) - ((b.n * 7919) % 301))) {
    attempt.close(resultOf(n));
    if (n % 50 === 0) await sleep(0);
  }
  expect(heard.map(({ sequence }) => sequence).sort((a, b) => a - b)).toEqual(attempts.map(({ n }) => n));
  for (const { sequence, facts, result } of heard) {
    expect(facts).toEqual(factsOf(sequence));
    expect(result).toEqual(resultOf(sequence));
  }
  journal.roll();
  const readBack = (await Promise.all(journal.sealed().map((segment) => journal.read(segment)))).flat();
  const bySequence = (a: ClosedAttempt, b: ClosedAttempt) => a.sequence - b.sequence;
  expect(readBack.sort(bySequence)).toEqual(heard.sort(bySequence));
});

test("segments are sealed by size and own their attempts without gaps", () => {
  const journal = journalWith({ segmentBytes: 1_000 });
  for (let n = 1; n <= 20; n++) journal.open(factsOf(n)).close(resultOf(n));
  const sealed = journal.sealed();
  expect(sealed.length).toBeGreaterThan(3);
  const owned = sealed.filter(({ lastSequence }) => lastSequence > 0);
  expect(owned[0]?.firstSequence).toBe(1);
  for (const [i, segment] of owned.entries()) {
    if (i > 0) expect(segment.firstSequence).toBe(owned[i - 1]!.lastSequence + 1);
  }
});

test("segments are sealed by age, but not while they are empty", async () => {
  const journal = journalWith({ segmentAgeMs: 20 });
  await sleep(100);
  expect(journal.segments()).toHaveLength(1);
  journal.open(factsOf(1));
  await expect.poll(() => journal.sealed().length).toBe(1);
});

test("a segment goes only when its own attempts and those it has the ends of are settled", async () => {
  const journal = journalWith();
  const long = journal.open(factsOf(1));
  journal.roll();
  const other = journal.open(factsOf(2));
  other.close(resultOf(2));
  journal.roll();
  long.start();
  journal.open(factsOf(3)).close(resultOf(3));
  journal.roll();
  const [first, second, third] = journal.sealed() as [Segment, Segment, Segment];

  await expect(journal.remove(second)).rejects.toThrow("still needed");
  settle(second, third);
  await journal.remove(second);
  // The third has the start of the first's attempt: without it, that attempt would look unsent.
  await expect(journal.remove(third)).rejects.toThrow("still needed");
  long.close(resultOf(1));
  expect((await journal.read(first)).map(({ sequence }) => sequence)).toEqual([1]);
  settle(first);
  await journal.remove(first);
  await journal.remove(third);
  expect(onDisk()).toEqual(["close 1"]);
});

test("with too much waiting for the ledger nothing new is opened, until some of it goes", async () => {
  const journal = journalWith({ unsettledBytes: 2_000 });
  let n = 0;
  const running = journal.open(factsOf(++n));
  while (journal.accepting) journal.open(factsOf(++n)).close(resultOf(n));
  expect(() => journal.open(factsOf(99))).toThrow(
    expect.objectContaining({ reason: Reason.USAGE_JOURNAL_FULL, status: 503 }),
  );
  running.close(resultOf(1));
  journal.roll();
  const [segment] = journal.sealed() as [Segment];
  settle(segment);
  await journal.remove(segment);
  expect(journal.accepting).toBe(true);
  expect(journal.open(factsOf(n + 1)).sequence).toBe(n + 1);
});

test("G6: on a full disk new attempts are refused, running ones end on disk, and room brings it back", async () => {
  const disk = new FaultyDisk();
  const journal = journalWith({ files: disk, healAfterMs: 10 });
  const running = Array.from({ length: 5 }, (_, i) => journal.open(factsOf(i + 1)));
  for (let cycle = 0; cycle < 10; cycle++) {
    disk.freeBytes = 100; // not enough for a record: the disk takes a part of it, and then no more
    expect(() => journal.open(factsOf(50))).toThrow(expect.objectContaining({ reason: Reason.USAGE_JOURNAL_FULL }));
    expect(journal.accepting).toBe(false);
    // The journal has let go of its reserve, so this one finds room.
    running[cycle]?.start();
    running[cycle]?.close(resultOf(cycle + 1));
    expect(journal.status.heldRecords).toBe(0);
    await sleep(25);
    expect(journal.accepting).toBe(false); // there is room for a record, but not for the reserve
    disk.freeBytes = Number.POSITIVE_INFINITY;
    await expect.poll(() => journal.accepting).toBe(true);
    running.push(journal.open(factsOf(running.length + 1)));
  }
  for (const attempt of running.slice(10)) attempt.close(resultOf(attempt.sequence));
  const records = onDisk();
  expect(records.filter((record) => record.startsWith("open"))).toEqual(
    running.map(({ sequence }) => `open ${sequence}`),
  );
  expect(records.filter((record) => record.startsWith("close"))).toHaveLength(15);
  expect(records).not.toContain("damage");
});

test("G6: ends that fit nowhere wait in memory, are still told, and are written when the disk works again", async () => {
  const disk = new FaultyDisk();
  const journal = journalWith({ files: disk, healAfterMs: 10 });
  const heard: number[] = [];
  journal.whenClosed(({ sequence }) => heard.push(sequence));
  const attempts = [1, 2, 3].map((n) => journal.open(factsOf(n)));
  disk.dead = true;
  for (const attempt of attempts) {
    attempt.start();
    attempt.close(resultOf(attempt.sequence));
  }
  expect(heard).toEqual([1, 2, 3]);
  expect(() => journal.open(factsOf(4))).toThrow(expect.objectContaining({ reason: Reason.USAGE_JOURNAL_FULL }));
  expect(journal.status).toMatchObject({ accepting: false, heldRecords: 3 });
  disk.dead = false;
  await expect.poll(() => journal.accepting).toBe(true);
  expect(journal.open(factsOf(4)).sequence).toBe(4);
  const ends = [1, 2, 3].flatMap((n) => [`start ${n}`, `close ${n}`]);
  expect(onDisk()).toEqual(["open 1", "open 2", "open 3", ...ends, "open 4"]);
  expect(reports).toHaveLength(2);
});

test("an attempt that was refused leaves nothing behind, though a part of it was written", () => {
  const disk = new FaultyDisk();
  const journal = journalWith({ files: disk });
  journal.open(factsOf(1));
  disk.freeBytes = 60;
  expect(() => journal.open(factsOf(2))).toThrow();
  expect(onDisk()).toEqual(["open 1"]);
});

test("a device that cannot keep what the kernel has stops new attempts", async () => {
  const disk = new FaultyDisk();
  const journal = journalWith({ files: disk, syncIntervalMs: 1, healAfterMs: 5 });
  journal.open(factsOf(1));
  disk.dead = true;
  await expect.poll(() => journal.accepting).toBe(false);
  disk.dead = false;
  await expect.poll(() => journal.accepting).toBe(true);
});

test("fsyncs are grouped, and only sync: always makes anybody wait for them", async () => {
  for (const sync of ["none", "interval", "always"] as const) {
    const disk = new FaultyDisk();
    const journal = new Journal({ root, producer: `gw_${sync}`, report: () => {}, files: disk, sync, reserveBytes: 0 });
    const waits: (Promise<void> | undefined)[] = [];
    for (let n = 1; n <= 100; n++) {
      journal.open(factsOf(n)).close(resultOf(n));
      waits.push(journal.synced());
    }
    expect(waits.every((wait) => (wait === undefined) === (sync !== "always"))).toBe(true);
    await Promise.all(waits);
    if (sync === "interval") await expect.poll(() => disk.syncs).toBeGreaterThan(0);
    if (sync === "none") expect(disk.syncs).toBe(0);
    else expect(disk.syncs).toBeLessThanOrEqual(3);
    await journal.end();
  }
});

test("a journal that holds nothing leaves no directory, one that does leaves its records", async () => {
  const empty = journalWith();
  await empty.end();
  expect(existsSync(join(root, "gw_test"))).toBe(false);
  const used = journalWith();
  const attempt = used.open(factsOf(1));
  await used.end();
  attempt.close(resultOf(1)); // too late: it must not be written over somebody else's file
  expect(onDisk()).toEqual(["open 1"]);
  expect(used.accepting).toBe(false);
});
