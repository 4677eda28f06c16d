import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Outcome, type UsageEvent } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import { toUsageEvent } from "./attempt.ts";
import { crashingDisk, FaultyDisk } from "./disk.fixture.ts";
import { type JournalFiles, nodeFiles } from "./files.ts";
import { Journal, type OpenAttempt } from "./journal.ts";
import { TestLedger } from "./ledger.fixture.ts";
import { endedByDeath, recover } from "./recovery.ts";
import { replay } from "./replay.ts";
import { newSegment, type Segment, segmentNumber } from "./segment.ts";
import { SegmentArchive } from "./segment-archive.ts";

let directory: string;
let reports: { readonly what: string; readonly facts: Readonly<Record<string, unknown>> }[];
const producer = "gw_dead";
const journals = () => join(directory, "journal");
const archived = () => join(directory, "archive");
const report = (what: string, facts: Readonly<Record<string, unknown>>) => reports.push({ what, facts });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pontage-archive-"));
  reports = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The journal of a process that died: attempts that end in later segments, one that never ends, and one that never began. */
async function deadJournal(attempts: number, attemptsPerSegment: number): Promise<void> {
  const journal = new Journal({ root: journals(), producer, report, sync: "none", reserveBytes: 0 });
  const running: OpenAttempt[] = [];
  for (let n = 1; n <= attempts; n++) {
    const attempt = journal.open(factsOf(n));
    if (n % 2 === 0) attempt.start();
    running.push(attempt);
    const ending = running.length > 3 ? running.shift() : undefined;
    if (ending && ending.sequence % 11 !== 0) ending.close(resultOf(ending.sequence));
    if (n % attemptsPerSegment === 0) journal.roll();
  }
  await journal.end();
}

const archiveOn = (files?: JournalFiles, kept?: (producer: string, last: number) => Promise<void>) =>
  new SegmentArchive({ root: archived(), report, ...(files && { files }), ...(kept && { kept }) });

/** The segments of the dead journal, as something that clears them sees them. */
function segments(): Segment[] {
  const home = join(journals(), producer);
  return readdirSync(home)
    .map(segmentNumber)
    .filter((number) => number !== undefined)
    .sort((a, b) => a - b)
    .map((number) => ({ ...newSegment(home, number), sealed: true, cleared: true }));
}

async function archiveAll(files: JournalFiles = nodeFiles): Promise<SegmentArchive> {
  const archive = archiveOn(files);
  for (const segment of segments()) {
    await archive.keep(producer, segment);
    await files.remove(segment.path);
  }
  return archive;
}

/** Everything that a ledger gets which has nothing. */
async function replayed(ledger = new TestLedger(), known?: { producer: string; sequence: number }) {
  const record = (events: readonly UsageEvent[]) => ledger.handle(events);
  const options = {
    archive: archiveOn(),
    journals: journals(),
    ledger,
    known,
    record,
    report,
    progress: () => undefined,
  };
  return { ledger, rows: ledger.rows, result: await replay(options) };
}

const filesIn = (path: string) => (existsSync(path) ? readdirSync(path).sort() : []);

test("E4: from the archive alone the ledger gets every row that it got from the journal", async () => {
  await deadJournal(200, 15);
  const { rows: expected } = await replayed();
  expect(expected.size).toBe(200);
  const outcomes = new Set([...expected.values()].map(({ outcome }) => outcome));
  expect(outcomes).toEqual(new Set([Outcome.OK, Outcome.INTERRUPTED, Outcome.UNSENT]));
  await archiveAll();
  expect(segments()).toEqual([]);
  const { rows, result } = await replayed();
  expect(rows).toEqual(expected);
  expect(result).toEqual({ producers: 1, events: 200, recorded: 200, lost: 0 });
  expect(reports).toEqual([]);
});

test("E4: an attempt may begin in the archive and end in a segment that is still there", async () => {
  await deadJournal(60, 5);
  const { rows: expected } = await replayed();
  const all = segments();
  const archive = archiveOn();
  for (const segment of all.slice(0, 7)) {
    await archive.keep(producer, segment);
    rmSync(segment.path);
  }
  expect((await replayed()).rows).toEqual(expected);
  // Set aside by an earlier start, because the ledger lacked one of its rows: the others were in it.
  renameSync(join(journals(), producer), join(journals(), `${producer}.damaged`));
  expect((await replayed()).rows).toEqual(expected);
});

test("E4: what is archived and still there as well counts once", async () => {
  await deadJournal(60, 5);
  const { rows: expected } = await replayed();
  const copy = join(directory, "copy");
  cpSync(journals(), copy, { recursive: true });
  await archiveAll();
  // The first segments come back, the ones that hold ends of their attempts do not.
  for (const number of [1, 2, 3]) {
    const { path } = newSegment(producer, number);
    cpSync(join(copy, path), join(journals(), path));
  }
  const { rows, ledger } = await replayed();
  expect(rows).toEqual(expected);
  expect(ledger.duplicates).toBe(0);
});

test("E4: killed at any step of archiving, the original or the copy has every record", async () => {
  await deadJournal(60, 12);
  const { rows: expected } = await replayed();
  const copy = join(directory, "copy");
  cpSync(journals(), copy, { recursive: true });
  let steps = 1;
  for (; ; steps++) {
    rmSync(journals(), { recursive: true });
    rmSync(archived(), { recursive: true, force: true });
    cpSync(copy, journals(), { recursive: true });
    const { files, crashed } = crashingDisk(steps);
    const died = await Promise.resolve()
      .then(() => archiveAll(files))
      .then(
        () => false,
        () => true,
      );
    expect(died).toBe(crashed());
    expect((await replayed()).rows, `killed at step ${steps}`).toEqual(expected);
    // The next process finishes the work, whatever the first has left.
    const [dead] = await recover({
      root: journals(),
      own: "gw_own",
      exclusive: true,
      nowMs: Date.now(),
      report,
      archive: archiveOn(),
    });
    for (const segment of dead?.sealed() ?? []) await dead?.remove(segment);
    expect(segments()).toEqual([]);
    expect((await replayed()).rows, `finished after step ${steps}`).toEqual(expected);
    if (!died) break;
  }
  console.log(`killed at each of ${steps - 1} steps`);
  expect(steps).toBeGreaterThan(60);
  expect(reports).toEqual([]);
});

test("E4: a disk that is full or that answers with other bytes keeps the original", async () => {
  await deadJournal(60, 100);
  const { rows: expected } = await replayed();
  const [segment] = segments() as [Segment];
  const full = new FaultyDisk();
  full.freeBytes = 500;
  await expect(archiveOn(full).keep(producer, segment)).rejects.toThrow("ENOSPC");
  expect(filesIn(archived())).toEqual([producer]);

  const dead = new FaultyDisk();
  const create = dead.create.bind(dead);
  dead.create = (path) => {
    const file = create(path);
    dead.dead = true;
    return file;
  };
  await expect(archiveOn(dead).keep(producer, segment)).rejects.toThrow("EIO");

  const forgetful: JournalFiles = {
    ...nodeFiles,
    async readInto(target, path, position) {
      const bytes = await nodeFiles.readInto(target, path, position);
      // The very last one, which is in a checksum.
      if (path.endsWith("draft") && bytes.length > 0) bytes[bytes.length - 1]! ^= 1;
      return bytes;
    },
  };
  await expect(archiveOn(forgetful).keep(producer, segment)).rejects.toThrow();
  const other: JournalFiles = { ...nodeFiles, sync: async () => writeFileSync(join(archived(), "draft"), "other") };
  await expect(archiveOn(other).keep(producer, segment)).rejects.toThrow();

  expect(existsSync(segment.path)).toBe(true);
  expect(filesIn(join(archived(), producer))).toEqual([]);
  await archiveAll();
  expect((await replayed()).rows).toEqual(expected);
});

test("E4: a segment is on the device, with its name, before the archive says that it has it", async () => {
  await deadJournal(30, 100);
  const calls: string[] = [];
  const noted = (name: "sync" | "rename" | "syncDirectory") => ({
    [name]: async (...args: never[]) => {
      await (nodeFiles[name] as (...args: never[]) => Promise<void>)(...args);
      calls.push(name);
    },
  });
  const files = { ...nodeFiles, ...noted("sync"), ...noted("rename"), ...noted("syncDirectory") };
  await archiveOn(files, async () => void calls.push("kept")).keep(producer, { ...segments()[0]!, lastSequence: 30 });
  // The file, its name, and the name of its producer's directory.
  expect(calls).toEqual(["sync", "rename", "syncDirectory", "syncDirectory", "kept"]);
});

test("small segments of a producer share a file, and a large one ends it", async () => {
  await deadJournal(1_500, 10);
  const sizes = segments().map(({ path }) => statSync(path).size);
  const { rows: expected } = await replayed();
  const last: number[] = [];
  const archive = archiveOn(undefined, async (_, sequence) => void last.push(sequence));
  for (const segment of segments()) {
    await archive.keep(producer, { ...segment, lastSequence: segment.number * 10 });
    rmSync(segment.path);
  }
  const files = filesIn(join(archived(), producer));
  expect(files.length).toBeGreaterThan(0);
  expect(files.length).toBeLessThan(sizes.length / 10);
  expect(files[0]).toBe("00000001.zst");
  for (const name of files) expect(statSync(join(archived(), producer, name)).mode & 0o777).toBe(0o600);
  expect(last.slice(0, 3)).toEqual([10, 20, 30]);
  expect((await replayed()).rows).toEqual(expected);
});

test("a segment whose removal failed is not archived twice, and one that is gone is told of", async () => {
  await deadJournal(30, 100);
  const [segment] = segments() as [Segment];
  const archive = archiveOn();
  await archive.keep(producer, segment);
  const path = join(archived(), producer, "00000001.zst");
  const bytes = readFileSync(path);
  await archive.keep(producer, segment);
  expect(readFileSync(path)).toEqual(bytes);
  await archive.keep(producer, { ...newSegment(join(journals(), producer), 9), sealed: true, cleared: true });
  expect(reports.map(({ what }) => what)).toEqual([
    "a journal segment is gone before it was archived; the ledger alone has its rows",
  ]);
});

test("E4: of a damaged archive everything readable is used, and the rest is named", async () => {
  await deadJournal(3_000, 5_000);
  const { rows: expected } = await replayed();
  await archiveAll();
  const path = join(archived(), producer, "00000001.zst");
  const whole = readFileSync(path);
  let worst = 0;
  for (let at = 0; at < whole.length; at += 4_999) {
    reports = [];
    const wrong = Buffer.from(whole);
    wrong[at]! ^= 0x10;
    writeFileSync(path, wrong);
    const { rows, result } = await replayed(undefined, { producer, sequence: 3_000 });
    // Nothing is made up: each row is the one that was there, or says that its end is not known.
    for (const [id, row] of rows) {
      const told = row.outcome === Outcome.INTERRUPTED || row.outcome === Outcome.UNSENT;
      if (!told) expect(row).toEqual(expected.get(id));
      else expect(row.costNanoUsd).toBe(0n);
    }
    expect(rows.size + result.lost).toBe(3_000);
    worst = Math.max(worst, result.lost);
    expect(reports.some(({ what }) => what.startsWith("an archived journal segment is damaged"))).toBe(true);
    const named = reports.filter(({ what }) => what.startsWith("rows of the ledger could not be rebuilt"));
    expect(named).toHaveLength(result.lost > 0 ? 1 : 0);
    expect(named.at(0)?.facts.count ?? 0).toBe(result.lost);
  }
  // A frame is 256 KiB of the journal's 440 bytes an attempt.
  expect(worst).toBeGreaterThan(0);
  expect(worst).toBeLessThan(1_000);

  writeFileSync(path, whole.subarray(0, whole.length >> 1));
  reports = [];
  const { rows, result } = await replayed();
  expect(rows.size).toBeGreaterThan(500);
  expect(reports.length).toBeGreaterThan(0);
  expect(result.lost).toBe(0); // what is cut off had the highest numbers: nothing in the archive says how many there were
  const { result: knowing } = await replayed(undefined, { producer, sequence: 3_000 });
  expect(knowing.lost).toBe(3_000 - rows.size);
  rmSync(archived(), { recursive: true });
  expect((await replayed(undefined, { producer, sequence: 3_000 })).result.lost).toBe(3_000);
});

test("E4: a replay that is interrupted goes on where it was, and records nothing twice", async () => {
  await deadJournal(4_000, 500);
  await archiveAll();
  const ledger = new TestLedger();
  const handle = ledger.handle;
  let rounds = 0;
  for (; ; rounds++) {
    let batches = 0;
    Object.assign(ledger, {
      handle: async (events: readonly UsageEvent[]) => {
        if (batches++ > 0) throw new Error("the process has died, as the test wants");
        return handle(events);
      },
    });
    const done = await replayed(ledger).then(
      ({ result }) => result,
      () => undefined,
    );
    if (!done) continue;
    expect(done.lost).toBe(0);
    break;
  }
  expect(rounds).toBeGreaterThan(2);
  expect(ledger.rows.size).toBe(4_000);
  expect(ledger.duplicates).toBe(0);
});

/** What version 0.1 archived: one attempt that ended, one that had begun, one that had not. */
const archivedOnce =
  "KLUv/QRIvQcA4g83MnBL0wGE/5IQ1YIfwVNQZTBUXz2MibE3MduW0Ei0m5CtBup/+w5qZIuOOCsC+F6MyJId8kXXPAo0LANVyn3OPoKev/42O9" +
  "3OweO3XwhChiQoehC2xAz3fcnnv/P5fOkdz/ze8RWNxVGLKju65iGAAZFR5fM80WHMRiWAo8rXoG1vmkxt/6KDMBRNQkeVzcwMMewISv1JIZTC" +
  "l84FitKJOdUlyTRri1D73Sirci4qMiXZfjOrmvutUC4dQbkQZFY1cWGAXXS/2EX325PDZNj3t6fJ1PYdHcYgSAA81AcAxPtmkWLblNnGgwboAp" +
  "bukIehcTRIAd1De8s=";

test("E4: what was archived once can always be read, whatever journals look like by now", async () => {
  nodeFiles.createDirectory(join(archived(), producer));
  writeFileSync(join(archived(), producer, "00000001.zst"), Buffer.from(archivedOnce, "base64"));
  const { rows } = await replayed();
  const expected = [
    { sequence: 1, facts: factsOf(1), result: { ...resultOf(1), model: "echo-2" } },
    endedByDeath(2, factsOf(2), true),
    endedByDeath(3, factsOf(3), false),
  ].map((attempt) => toUsageEvent(producer, attempt));
  expect([...rows.values()]).toEqual(expected);
  expect(reports).toEqual([]);
});
