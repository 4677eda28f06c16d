import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Outcome } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import type { ClosedAttempt } from "./attempt.ts";
import { Journal } from "./journal.ts";
import { isDamage, readRecords } from "./record.ts";
import { type DeadProducer, recover } from "./recovery.ts";

let root: string;
let reports: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pontage-recovery-"));
  reports = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const report = (what: string) => reports.push(what);

/** A journal whose process dies without a word once `work` is done. */
async function deadJournal(work: (journal: Journal) => void | Promise<void>, producer = "gw_dead"): Promise<Journal> {
  const journal = new Journal({ root, producer, report, reserveBytes: 0, sync: "none" });
  const running = journal.open(factsOf(0)); // keeps `end` from tidying up
  await work(journal);
  await journal.end();
  void running;
  return journal;
}

async function recoverOne(): Promise<DeadProducer> {
  const [dead, ...others] = await recover({ root, own: "gw_own", exclusive: true, nowMs: Date.now(), report });
  if (!dead || others.length > 0) throw new Error("expected one dead producer");
  return dead;
}

/** Everything a dead producer has to say, by sequence. */
async function attemptsOf(dead: DeadProducer): Promise<Map<number, ClosedAttempt>> {
  const attempts = (await Promise.all(dead.sealed().map((segment) => dead.read(segment)))).flat();
  const bySequence = new Map(attempts.map((attempt) => [attempt.sequence, attempt]));
  expect(bySequence.size, "an attempt belongs to one segment").toBe(attempts.length);
  return bySequence;
}

const steps = {
  "open only": { start: false, close: false, outcome: Outcome.UNSENT },
  "open, start": { start: true, close: false, outcome: Outcome.INTERRUPTED },
  "open, start, close": { start: true, close: true, outcome: Outcome.OK },
  "open, close": { start: false, close: true, outcome: Outcome.OK },
};
const rolls: Record<string, string[]> = {
  "in one segment": [],
  "rolled after open": ["open"],
  "rolled after every step": ["open", "start", "close"],
};

for (const [name, { start, close, outcome }] of Object.entries(steps)) {
  for (const [where, rolled] of Object.entries(rolls)) {
    test(`${name}, ${where}: the attempt ends once, as it has to`, async () => {
      await deadJournal((journal) => {
        const attempt = journal.open(factsOf(1));
        const rollAfter = (step: string) => rolled.includes(step) && journal.roll();
        rollAfter("open");
        if (start) attempt.start();
        rollAfter("start");
        if (close) attempt.close(resultOf(1));
        rollAfter("close");
      });
      const attempts = await attemptsOf(await recoverOne());
      expect([...attempts.keys()].sort()).toEqual([1, 2]);
      const attempt = attempts.get(2);
      expect(attempt?.facts).toEqual(factsOf(1));
      expect(attempt?.result.outcome).toBe(outcome);
      if (close) expect(attempt?.result).toEqual(resultOf(1));
      else expect(attempt?.result.costNanoUsd).toBe(0n);
      expect(reports).toEqual([]);
    });
  }
}

test("T4: cut at any byte of its tail, a journal yields every record that was whole", async () => {
  const journal = await deadJournal((journal) => {
    const attempts = [1, 2, 3].map((n) => journal.open(factsOf(n)));
    attempts[0]?.start();
    attempts[0]?.close(resultOf(1));
    attempts[1]?.start();
  });
  const { path } = journal.segments()[0]!;
  const whole = readFileSync(path);
  for (let cut = whole.length; cut >= 0; cut--) {
    truncateSync(path, cut);
    const records = [...readRecords(whole.subarray(0, cut))].filter((record) => !isDamage(record));
    const said = (kind: number) =>
      new Set(
        records.flatMap((record) => (!isDamage(record) && record.kind === kind ? [JSON.parse(record.payload)[0]] : [])),
      );
    const [opened, started, closed] = [said(1), said(2), said(3)];
    const attempts = await attemptsOf(await recoverOne());
    expect(new Set(attempts.keys()), `cut at ${cut}`).toEqual(opened);
    for (const [sequence, { result }] of attempts) {
      const outcome = closed.has(sequence) ? Outcome.OK : started.has(sequence) ? Outcome.INTERRUPTED : Outcome.UNSENT;
      expect(result.outcome, `cut at ${cut}, attempt ${sequence}`).toBe(outcome);
    }
  }
  expect(reports).toEqual([]); // a torn end is what a crash looks like, not damage
});

test("T4: with any byte damaged every other record counts, and damage that is not at the end is reported", async () => {
  const journal = await deadJournal((journal) => {
    for (const n of [1, 2]) {
      const attempt = journal.open(factsOf(n));
      attempt.start();
      attempt.close(resultOf(n));
    }
  });
  const { path } = journal.segments()[0]!;
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 0xff;
    writeFileSync(path, damaged);
    reports = [];
    const dead = await recoverOne();
    const attempts = await attemptsOf(dead);
    const [segment] = dead.sealed();
    // Only the record of the attempt that never ended stands alone; the ends of the others tell all of them.
    const ends = [...attempts.values()].filter(({ result }) => result.outcome === Outcome.OK);
    expect(ends.length, `byte ${at}`).toBeGreaterThanOrEqual(1);
    for (const { sequence, facts, result } of ends) {
      expect(facts).toEqual(factsOf(sequence - 1));
      expect(result).toEqual(resultOf(sequence - 1));
    }
    expect(segment, `byte ${at}`).toMatchObject({ lastSequence: 3 });
    const atEnd = ends.length === 1 && !ends.some(({ sequence }) => sequence === 3);
    expect(reports.length, `byte ${at}`).toBe(atEnd ? 0 : 1);
  }
});

test("sequences whose records are lost are still asked for", async () => {
  const journal = await deadJournal((journal) => {
    for (let n = 1; n <= 5; n++) journal.open(factsOf(n));
    journal.roll();
    for (let n = 6; n <= 9; n++) journal.open(factsOf(n));
    journal.roll();
    journal.open(factsOf(10));
  });
  const second = journal.segments()[1]!;
  const bytes = readFileSync(second.path);
  bytes[20]! ^= 1; // the first attempt that was opened in it
  writeFileSync(second.path, bytes);
  const ranges = (await recoverOne()).sealed().map(({ firstSequence, lastSequence }) => [firstSequence, lastSequence]);
  expect(ranges).toEqual([
    [1, 7],
    [8, 10],
    [11, 11],
  ]);
});

test("directories of others are read, our own and what is no producer's is left alone", async () => {
  await deadJournal(() => {}, "gw_1");
  await deadJournal(() => {}, "gw_2");
  await deadJournal(() => {}, "gw_own");
  mkdirSync(join(root, "gw_3.damaged"));
  const dead = await recover({ root, own: "gw_own", exclusive: true, nowMs: Date.now(), report });
  expect(dead.map(({ producer }) => producer)).toEqual(["gw_1", "gw_2"]);
  for (const producer of dead) {
    for (const segment of producer.sealed()) await producer.remove(segment);
    await producer.finish();
    expect(existsSync(join(root, producer.producer))).toBe(false);
  }
  expect(await recover({ root: join(root, "nowhere"), own: "gw_own", exclusive: true, nowMs: 0, report })).toEqual([]);
});

test("on a shared disk a neighbour at work is left alone, and recovered once it is dead", async () => {
  const neighbour = await work("gw_neighbour", 50);
  const shared = { root, own: "gw_own", exclusive: false, report };
  expect(await recover({ ...shared, nowMs: Date.now() })).toEqual([]);
  neighbour.child.kill("SIGKILL");
  await once(neighbour.child, "exit");
  const dead = await recover({ ...shared, nowMs: Date.now() });
  expect(dead.map(({ producer }) => producer)).toEqual(["gw_neighbour"]);

  // A neighbour on another machine cannot be looked at: it is alive as long as it gives signs of life.
  const ownerPath = join(root, "gw_neighbour", "owner.json");
  writeFileSync(ownerPath, JSON.stringify({ ...JSON.parse(readFileSync(ownerPath, "utf8")), host: "elsewhere" }));
  expect(await recover({ ...shared, nowMs: Date.now() })).toEqual([]);
  expect(await recover({ ...shared, nowMs: Date.now() + 120_000 })).toHaveLength(1);

  // One that has made its directory and not yet said whose it is, is about to begin.
  mkdirSync(join(root, "gw_beginner"));
  expect(await recover({ ...shared, nowMs: Date.now() })).toEqual([]);
});

test("E1: what a killed process was promised is there, ten times over", async () => {
  for (let round = 0; round < 10; round++) {
    const producer = `gw_${round}`;
    const { child, said } = await work(producer, 100 + 150 * round);
    child.kill("SIGKILL");
    await once(child, "close");
    const [dead] = await recover({ root, own: "gw_own", exclusive: true, nowMs: Date.now(), report });
    const attempts = await attemptsOf(dead!);
    const promised = said();
    const highest = Math.max(...attempts.keys());
    expect([...attempts.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: highest }, (_, i) => i + 1));
    expect(promised.open.size).toBeGreaterThanOrEqual(100 + 150 * round);
    for (const sequence of promised.open) {
      const { facts, result } = attempts.get(sequence)!;
      expect(facts).toEqual(factsOf(sequence));
      if (promised.close.has(sequence)) expect(result).toEqual(resultOf(sequence));
      else if (promised.start.has(sequence)) expect(result.outcome).not.toBe(Outcome.UNSENT);
    }
    rmSync(join(root, producer), { recursive: true });
  }
  expect(reports).toEqual([]);
});

/** A process that works with a journal; resolves when it has opened so many attempts. */
async function work(producer: string, opened: number) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "crash.fixture.ts"), root, producer], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error("the process ended by itself")));
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      count += text.split("open ").length - 1;
      if (count >= opened + 2) resolve();
    });
  });
  child.removeAllListeners("exit");
  // The last line may be cut by the kill.
  const said = () => {
    const promised = { open: new Set<number>(), start: new Set<number>(), close: new Set<number>() };
    for (const line of output.slice(0, output.lastIndexOf("\n")).split("\n")) {
      const [what, sequence] = line.split(" ") as [keyof typeof promised, string];
      promised[what].add(Number(sequence));
    }
    return promised;
  };
  return { child, said };
}
