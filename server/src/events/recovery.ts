import { join } from "node:path";
import { Outcome } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { Reason, reasonName } from "../canonical/error.ts";
import { type AttemptFacts, type AttemptResult, type ClosedAttempt, decodeFacts } from "./attempt.ts";
import { type JournalFiles, nodeFiles } from "./files.ts";
import { ownerMayLive } from "./owner.ts";
import { isProducer } from "./producer.ts";
import { closedAttempts, sequenceOf } from "./read-back.ts";
import { isDamage, RecordKind, readRecords } from "./record.ts";
import type { Report } from "./report.ts";
import { newSegment, owns, type Segment, segmentNumber } from "./segment.ts";
import type { SegmentArchive } from "./segment-archive.ts";
import type { SegmentSource } from "./settlement.ts";

export interface RecoveryOptions {
  /** Where every gateway process has its own directory. */
  readonly root: string;
  /** The producer that runs now, whose directory is left alone. */
  readonly own: string;
  /** The data directory is locked by this process, so that every other producer is dead. */
  readonly exclusive: boolean;
  readonly nowMs: number;
  readonly report: Report;
  /** Where segments go that the ledger has all of. Without it they are removed. */
  readonly archive?: SegmentArchive | undefined;
  readonly files?: JournalFiles;
}

/** Reads what dead gateway processes left behind. Attempts without an end get one. */
export async function recover(options: RecoveryOptions): Promise<DeadProducer[]> {
  const files = options.files ?? nodeFiles;
  const found: DeadProducer[] = [];
  for (const producer of (await files.list(options.root)).sort()) {
    const directory = join(options.root, producer);
    if (producer === options.own || !isProducer(producer)) continue;
    if (!options.exclusive && ownerMayLive(directory, options.nowMs)) continue;
    try {
      found.push(await readDeadProducer(producer, directory, files, options));
    } catch (error) {
      // One directory that cannot be read must not keep the others from being paid for.
      options.report("a usage journal cannot be recovered", { producer, error });
    }
  }
  return found;
}

/** The journal of a process that is gone: every attempt in it has ended, one way or the other. */
export class DeadProducer implements SegmentSource {
  readonly producer: string;
  /** Attempts that the process did not live to see the end of. */
  readonly unfinished: readonly ClosedAttempt[];
  readonly #directory: string;
  readonly #segments: Segment[];
  readonly #files: JournalFiles;
  readonly #report: Report;
  readonly #archive: SegmentArchive | undefined;

  constructor(
    producer: string,
    directory: string,
    segments: Segment[],
    unfinished: readonly ClosedAttempt[],
    files: JournalFiles,
    { report, archive }: Pick<RecoveryOptions, "report" | "archive">,
  ) {
    this.producer = producer;
    this.unfinished = unfinished;
    this.#directory = directory;
    this.#segments = segments;
    this.#files = files;
    this.#report = report;
    this.#archive = archive;
  }

  sealed(): Segment[] {
    return [...this.#segments];
  }

  async read(segment: Segment): Promise<ClosedAttempt[]> {
    const holders = this.#segments.filter((other) => other === segment || other.needs.has(segment));
    const closed = await closedAttempts(this.#files, segment, holders, this.#report);
    return [...closed, ...this.unfinished.filter(({ sequence }) => owns(segment)(sequence))];
  }

  async remove(segment: Segment): Promise<void> {
    await this.#archive?.keep(this.producer, segment);
    await this.#files.remove(segment.path);
    this.#segments.splice(this.#segments.indexOf(segment), 1);
  }

  /** Removes the directory, which has no segments any more. */
  async finish(): Promise<void> {
    for (const name of await this.#files.list(this.#directory)) await this.#files.remove(join(this.#directory, name));
    await this.#files.removeDirectory(this.#directory);
  }

  /** Sets the directory aside for a person to look at: it lacks records that the ledger lacks too. */
  async setAside(): Promise<void> {
    await this.#files.rename(this.#directory, `${this.#directory}.damaged`);
  }
}

async function readDeadProducer(
  producer: string,
  directory: string,
  files: JournalFiles,
  options: RecoveryOptions,
): Promise<DeadProducer> {
  const { report } = options;
  const numbers = (await files.list(directory)).map(segmentNumber).filter((number) => number !== undefined);
  const segments: Segment[] = [];
  /** What has begun and, as far as the reading has come, not ended. */
  const running = new Map<number, AttemptFacts>();
  const started = new Set<number>();
  /** The sequences in a segment that belong to an earlier one. */
  const strangers = new Map<Segment, Set<number>>();
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;

  for (const number of numbers.sort((a, b) => a - b)) {
    const segment = { ...newSegment(directory, number), sealed: true };
    segments.push(segment);
    const bytes = await files.read(segment.path);
    segment.bytes = bytes.length;
    const foreign = new Set<number>();
    strangers.set(segment, foreign);
    for (const record of readRecords(bytes)) {
      if (isDamage(record)) {
        // The end of the last segment may be torn: the process died while it wrote, and nobody was told of that record.
        const torn = record.atEnd && number === numbers.at(-1);
        if (!torn) report("a usage journal is damaged", { path: segment.path, at: record.at, length: record.length });
        continue;
      }
      let sequence: number;
      try {
        sequence = note(record.kind, record.payload);
      } catch (error) {
        report("a journal record cannot be understood", { path: segment.path, error });
        continue;
      }
      lowest = Math.min(lowest, sequence);
      highest = Math.max(highest, sequence);
      if (record.kind === RecordKind.OPEN) segment.firstSequence ||= sequence;
      else if (segment.firstSequence === 0 || sequence < segment.firstSequence) foreign.add(sequence);
    }
  }

  function note(kind: RecordKind, payload: string): number {
    if (kind === RecordKind.OPEN) {
      const { sequence, facts } = decodeFacts(payload);
      running.set(sequence, facts);
      return sequence;
    }
    const sequence = sequenceOf(payload);
    if (kind === RecordKind.START) started.add(sequence);
    else {
      running.delete(sequence);
      started.delete(sequence);
    }
    return sequence;
  }

  divideSequences(segments, lowest, highest);
  for (const [segment, foreign] of strangers) {
    for (const owner of segments) if (owner !== segment && [...foreign].some(owns(owner))) segment.needs.add(owner);
  }
  const unfinished = [...running].map(([sequence, facts]) => endedByDeath(sequence, facts, started.has(sequence)));
  return new DeadProducer(producer, directory, segments, unfinished, files, options);
}

/** The end of an attempt whose process did not live to see one. */
export function endedByDeath(sequence: number, facts: AttemptFacts, started: boolean): ClosedAttempt {
  return { sequence, facts, result: started ? interrupted : unsent };
}

/**
 * Gives every segment the sequences from its first open to the next segment's, without gaps from the lowest to the
 * highest that any record names. So the ledger is asked for each of them, also for those whose records cannot be read.
 */
function divideSequences(segments: readonly Segment[], lowest: number, highest: number): void {
  let last = highest;
  const owners = segments.filter((segment) => segment.firstSequence > 0);
  for (const segment of owners.toReversed()) {
    segment.lastSequence = last;
    last = segment.firstSequence - 1;
  }
  const first = owners[0] ?? segments[0];
  if (!first || highest === 0) return;
  first.firstSequence = lowest;
  if (first.lastSequence === 0) first.lastSequence = highest;
}

const nothingKnown = {
  status: 0,
  usage: undefined,
  usageSource: UsageSource.UNSPECIFIED,
  costNanoUsd: 0n,
  priceVersion: "",
  firstByteMs: 0,
  durationMs: 0,
  reason: reasonName(Reason.UNAVAILABLE),
} as const;

/** The provider had begun to answer; what it charges is not known. */
const interrupted: AttemptResult = { outcome: Outcome.INTERRUPTED, ...nothingKnown };
/** The provider had not begun to answer. */
const unsent: AttemptResult = { outcome: Outcome.UNSENT, ...nothingKnown };
