import { join } from "node:path";
import type { UsageEvent } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { type AttemptFacts, type ClosedAttempt, decodeClosed, decodeFacts, toUsageEvent } from "./attempt.ts";
import { type JournalFiles, nodeFiles } from "./files.ts";
import { pieceBytes } from "./frames.ts";
import { isProducer } from "./producer.ts";
import { sequenceOf } from "./read-back.ts";
import { isDamage, type JournalRecord, RecordKind } from "./record.ts";
import { RecordPieces } from "./record-pieces.ts";
import { endedByDeath } from "./recovery.ts";
import type { Report } from "./report.ts";
import { segmentNumber } from "./segment.ts";
import type { SegmentArchive } from "./segment-archive.ts";
import type { LedgerCheck } from "./settlement.ts";

export interface ReplayOptions {
  readonly archive: SegmentArchive;
  /** Where every gateway process has its own directory. All of them are dead. */
  readonly journals: string;
  readonly ledger: LedgerCheck;
  /** An event that the ledger is known to have had: what is missing up to it is lost, also when nothing is left of it. */
  readonly known?: { readonly producer: string; readonly sequence: number } | undefined;
  /** Makes rows of events. Resolves after the commit. */
  readonly record: (events: readonly UsageEvent[]) => Promise<unknown>;
  readonly report: Report;
  /** Told now and then how many events were found so far. */
  readonly progress: (events: number) => void;
  readonly files?: JournalFiles;
}

export interface Replayed {
  readonly producers: number;
  /** Events that were found. */
  readonly events: number;
  /** Of those, the ones that the ledger did not have. */
  readonly recorded: number;
  /** Events that producers gave a number to, and that are neither in the ledger nor readable anywhere. */
  readonly lost: number;
}

const eventsAtOnce = 1_000;
/** How many sequences the ledger is asked for at once. */
const sequencesPerQuestion = 10_000;
/** Of lost events that lie apart, how many stretches are named. */
const mostStretches = 20;

/**
 * Gives the ledger everything it ever had: from the archive, and from the segments that are not there yet. An attempt's
 * beginning may be in one and its end in the other, so each producer is read as a whole. What the ledger has already is
 * passed over, so this may be stopped and begun again.
 */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { archive, journals, known, files = nodeFiles } = options;
  const inJournals = (await files.list(journals)).map((name) => name.replace(/\.damaged$/, ""));
  const named = [...(await archive.producers()), ...inJournals, ...(known ? [known.producer] : [])];
  const producers = [...new Set(named)].filter(isProducer).sort();
  const sum = { producers: 0, events: 0, recorded: 0, lost: 0 };
  for (const producer of producers) {
    const told = sum.events;
    const one = await replayProducer(producer, options, (events) => options.progress(told + events));
    sum.producers++;
    sum.events += one.events;
    sum.recorded += one.recorded;
    sum.lost += one.lost;
  }
  return sum;
}

async function replayProducer(
  producer: string,
  { archive, journals, ledger, known, record, report, files = nodeFiles }: ReplayOptions,
  progress: (events: number) => void,
) {
  const sum = { events: 0, recorded: 0, lost: 0 };
  /** Begun, and as far as the reading has come, not ended. */
  const running = new Map<number, AttemptFacts>();
  const started = new Set<number>();
  let highest = known?.producer === producer ? known.sequence : 0;
  /** Ended and not given to the ledger yet, by sequence: what is archived and still there as well is read twice. */
  const batch = new Map<number, ClosedAttempt>();

  async function flush(): Promise<void> {
    const sequences = [...batch.keys()].sort((a, b) => a - b);
    const missing = await missingOf(producer, sequences, ledger);
    const wanted = sequences.filter((sequence) => missing.has(sequence)).map((sequence) => batch.get(sequence)!);
    if (wanted.length > 0) await record(wanted.map((attempt) => toUsageEvent(producer, attempt)));
    sum.events += batch.size;
    sum.recorded += wanted.length;
    batch.clear();
    progress(sum.events);
  }

  function note({ kind, payload }: JournalRecord): void {
    const sequence = sequenceOf(payload);
    highest = Math.max(highest, sequence);
    if (kind === RecordKind.OPEN) running.set(sequence, decodeFacts(payload).facts);
    else if (kind === RecordKind.START) started.add(sequence);
    else {
      batch.set(sequence, decodeClosed(payload));
      running.delete(sequence);
      started.delete(sequence);
    }
  }

  async function read(records: AsyncIterable<JournalRecord>): Promise<void> {
    for await (const item of records) {
      try {
        note(item);
      } catch (error) {
        report("a journal record cannot be understood", { producer, error });
      }
      if (batch.size >= eventsAtOnce) await flush();
    }
  }

  await read(archive.read(producer));
  // What was set aside because the ledger lacked some of it may hold much that the ledger had.
  for (const directory of [join(journals, producer), join(journals, `${producer}.damaged`)]) {
    await read(readSegments(directory, files));
  }
  await flush();
  // What is read twice brings back beginnings whose ends the ledger has by now; `flush` knows them.
  for (const [sequence, facts] of running) batch.set(sequence, endedByDeath(sequence, facts, started.has(sequence)));
  await flush();
  sum.lost = await countLost(producer, highest, ledger, report);
  return sum;
}

/** The records of segments that are not archived. Damage in them is told by the recovery, which reads them as well. */
async function* readSegments(directory: string, files: JournalFiles): AsyncGenerator<JournalRecord> {
  const piece = Buffer.allocUnsafeSlow(pieceBytes);
  const numbered = (await files.list(directory)).filter((name) => segmentNumber(name) !== undefined);
  for (const name of numbered.sort((a, b) => segmentNumber(a)! - segmentNumber(b)!)) {
    const records = new RecordPieces();
    for (let at = 0; ; ) {
      const read = await files.readInto(piece, join(directory, name), at);
      if (read.length === 0) break;
      at += read.length;
      for (const record of records.push(read)) if (!isDamage(record)) yield record;
    }
  }
}

/** Which of some sequences the ledger does not have. They may lie far apart: a long answer ends among much later ones. */
async function missingOf(
  producer: string,
  sorted: readonly number[],
  ledger: LedgerCheck,
): Promise<ReadonlySet<number>> {
  const missing = new Set<number>();
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at]!;
    while (at < sorted.length && sorted[at]! < first + sequencesPerQuestion) at++;
    const answer = await ledger.confirmed(producer, BigInt(first), BigInt(sorted[at - 1]!));
    for (const sequence of answer) missing.add(Number(sequence));
  }
  return missing;
}

/** Counts the numbers up to the highest that are nowhere, and names them: what is lost is never lost in silence. */
async function countLost(producer: string, highest: number, ledger: LedgerCheck, report: Report): Promise<number> {
  let lost = 0;
  const stretches: [first: number, last: number][] = [];
  for (let first = 1; first <= highest; first += sequencesPerQuestion) {
    const last = Math.min(first + sequencesPerQuestion - 1, highest);
    for (const sequence of (await ledger.confirmed(producer, BigInt(first), BigInt(last))).map(Number)) {
      lost++;
      const stretch = stretches.at(-1);
      if (stretch && stretch[1] === sequence - 1) stretch[1] = sequence;
      else stretches.push([sequence, sequence]);
    }
  }
  if (lost > 0) {
    const named = stretches
      .slice(0, mostStretches)
      .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
    const more = stretches.length > mostStretches ? ", and others" : "";
    report("rows of the ledger could not be rebuilt: no readable record of them is left", {
      producer,
      count: lost,
      sequences: named.join(", ") + more,
    });
  }
  return lost;
}
