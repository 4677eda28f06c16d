import { join } from "node:path";
import { GatewayError, Reason } from "../canonical/error.ts";
import { type AttemptFacts, type ClosedAttempt, encodeClosed, encodeFacts } from "./attempt.ts";
import { type JournalFiles, nodeFiles } from "./files.ts";
import { claimDirectory, type DirectoryClaim } from "./owner.ts";
import { closedAttempts } from "./read-back.ts";
import { encodeRecord, maxRecordBytes, RecordKind } from "./record.ts";
import type { Report } from "./report.ts";
import { type AttemptRecords, type OpenAttempt, RunningAttempt } from "./running-attempt.ts";
import { isDisposable, newSegment, type Segment } from "./segment.ts";
import { GroupedSync, type SyncMode } from "./sync.ts";

export interface JournalOptions {
  /** Where every gateway process has its own directory. */
  readonly root: string;
  /** This process, unlike any before it: see `newProducer`. */
  readonly producer: string;
  readonly report: Report;
  readonly files?: JournalFiles;
  /** The default is `interval`. */
  readonly sync?: SyncMode;
  /** The default is 20. */
  readonly syncIntervalMs?: number;
  /** A segment that is larger is sealed. The default is 8 MiB. */
  readonly segmentBytes?: number;
  /** A segment that is older is sealed. The default is 15 s. */
  readonly segmentAgeMs?: number;
  /** With more than this waiting for the ledger no new attempt is opened. The default is 1 GiB. */
  readonly unsettledBytes?: number;
  /** Kept free for the ends of running attempts when the disk is full. The default is 1 MiB. */
  readonly reserveBytes?: number;
  /** How soon to look whether a failed disk works again. The default is 250. */
  readonly healAfterMs?: number;
  /**
   * Records of one turn of the event loop go to the kernel together, at its end, in one write for all calls. Whoever opens
   * or closes an attempt then waits for `synced()` before going on. The default is false.
   */
  readonly grouped?: boolean;
}

export type { OpenAttempt };

/** Told of every attempt that ends, with the segment it was opened in. */
export type ClosedListener = (closed: ClosedAttempt, segment: Segment) => void;

/**
 * The append-only record of one gateway process: what it is about to do, and what came of it, written before anybody else
 * can know. `open`, `start` and `close` are synchronous; a record they return from survives the process's death, or with
 * `grouped` one whose `synced()` has been waited for.
 *
 * When a write fails the journal stops accepting new attempts, ends running ones in space set aside for that or keeps
 * their ends in memory, and goes on by itself once the disk works again.
 */
export class Journal {
  readonly producer: string;
  readonly #options: Required<Omit<JournalOptions, "root" | "producer">>;
  readonly #directory: string;
  readonly #files: JournalFiles;
  readonly #sync: GroupedSync;
  readonly #claim: DirectoryClaim;
  /** By number. The last one is written to. */
  readonly #segments = new Map<number, Segment>();
  readonly #buffer = Buffer.allocUnsafeSlow(4 * maxRecordBytes);
  #segment: Segment;
  #file: number;
  #reserve: number;
  #lastSequence = 0;
  #running = 0;
  #bytes = 0;
  /** Bytes of records in the buffer that the kernel does not have yet. */
  #waiting = 0;
  /** The segments, other than the current one, whose attempts have records in the buffer or among the held. */
  readonly #needed = new Set<Segment>();
  #flushScheduled = false;
  /** Opened attempts whose records are in the buffer, and where those stand. */
  #opening: { readonly attempt: RunningAttempt; readonly from: number; readonly to: number }[] = [];
  /** Ended attempts whose listener is told once the buffer has been dealt with. */
  #ending: { readonly closed: ClosedAttempt; readonly segment: Segment }[] = [];
  /** Who waits for the buffer to be dealt with. */
  #group: PromiseWithResolvers<void> | undefined;
  /** Records that could not be written. There are at most two per running attempt, since no new one is opened. */
  #held: Buffer[] = [];
  #failure: unknown;
  /** The current segment could not be written; the next record goes to another one. */
  #broken = false;
  #ended = false;
  #listener: ClosedListener = () => {};
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #flushAtEndOfTick = (): void => {
    this.#flushScheduled = false;
    this.flush();
  };

  constructor(options: JournalOptions) {
    this.producer = options.producer;
    this.#options = { ...defaults, ...options };
    this.#files = this.#options.files;
    this.#directory = join(options.root, options.producer);
    this.#files.createDirectory(this.#directory);
    this.#claim = claimDirectory(this.#directory);
    this.#sync = new GroupedSync({
      mode: this.#options.sync,
      intervalMs: this.#options.syncIntervalMs,
      files: this.#files,
      directory: this.#directory,
      failed: (error) => this.#fail(error),
    });
    this.#segment = newSegment(this.#directory, 1);
    this.#file = this.#files.create(this.#segment.path);
    this.#segments.set(1, this.#segment);
    this.#reserve = this.#files.create(join(this.#directory, "reserve"));
    this.#sync.created();
    try {
      this.#fillReserve();
    } catch (error) {
      this.#fail(error);
    }
    this.#every(this.#options.segmentAgeMs, () => this.roll());
    this.#every(this.#options.healAfterMs, () => this.#heal());
  }

  /** Whether a new attempt may be opened. When not, the caller answers 503 `USAGE_JOURNAL_FULL`. */
  get accepting(): boolean {
    return this.#failure === undefined && this.#bytes < this.#options.unsettledBytes && !this.#ended;
  }

  get status() {
    return {
      accepting: this.accepting,
      failure: this.#failure,
      running: this.#running,
      heldRecords: this.#held.length,
      segments: this.#segments.size,
      bytes: this.#bytes,
      lastSequence: this.#lastSequence,
    };
  }

  /** Sets who is told of every attempt that ends. */
  whenClosed(listener: ClosedListener): void {
    this.#listener = listener;
  }

  /** Records that an attempt is about to be made. */
  open(facts: AttemptFacts): OpenAttempt {
    if (!this.accepting) throw this.#full();
    const sequence = this.#lastSequence + 1;
    const text = encodeFacts(sequence, facts);
    this.#makeRoom();
    const startsUntil = this.#waiting;
    this.#waiting = encodeRecord(this.#buffer, startsUntil, RecordKind.OPEN, `${text}]`);
    this.#lastSequence = sequence;
    this.#running++;
    const segment = this.#segment;
    segment.running++;
    if (segment.firstSequence === 0) segment.firstSequence = sequence;
    segment.lastSequence = sequence;
    const attempt = new RunningAttempt(this.#records, segment, sequence, facts, text);
    this.#opening.push({ attempt, from: startsUntil, to: this.#waiting });
    this.#flushSoon();
    if (attempt.refused) throw this.#full();
    return attempt;
  }

  /** Gives the kernel what waits in memory. */
  flush(): void {
    if (this.#waiting > 0) {
      const failure = this.#write();
      if (failure === undefined) {
        for (const { attempt } of this.#opening) attempt.recorded = true;
      } else {
        this.#refuseOpening();
        this.#hold();
        this.#fail(failure);
      }
      this.#opening = [];
      for (const { closed, segment } of this.#ending.splice(0)) this.#listener(closed, segment);
      if (this.#segment.bytes >= this.#options.segmentBytes) this.roll();
    }
    const group = this.#group;
    if (!group) return;
    this.#group = undefined;
    const synced = this.#sync.synced();
    if (synced) void synced.then(group.resolve);
    else group.resolve();
  }

  /**
   * Undefined when every record so far is where it has to be, or a promise of that: with the kernel, or with
   * `sync: "always"` on the device. Await it between `open` and connecting, and between `close` and the client's last byte.
   */
  synced(): Promise<void> | undefined {
    if (this.#waiting === 0) return this.#sync.synced();
    this.#group ??= Promise.withResolvers<void>();
    return this.#group.promise;
  }

  /** Seals the current segment, if it holds anything, and begins another. */
  roll(): void {
    this.flush();
    if (this.#segment.bytes === 0 || this.#failure !== undefined) return;
    try {
      this.#nextSegment();
    } catch (error) {
      // The current one is still good; it grows until there is room for another name.
      this.#options.report("the usage journal cannot begin a new segment", { error });
    }
  }

  /** Every segment that is still there, oldest first. */
  segments(): Segment[] {
    return [...this.#segments.values()];
  }

  /** The segments that nothing is written to any more, oldest first. */
  sealed(): Segment[] {
    return this.segments().filter((segment) => segment.sealed);
  }

  /** Reads the attempts that were opened in a segment and have ended, from disk. */
  async read(segment: Segment): Promise<ClosedAttempt[]> {
    this.flush();
    const holders = this.segments().filter((other) => other === segment || other.needs.has(segment));
    return closedAttempts(this.#files, segment, holders, this.#options.report);
  }

  /** Removes a segment. Only the clearing may say so: what is gone cannot be sent again. */
  async remove(segment: Segment): Promise<void> {
    if (!isDisposable(segment)) throw new Error(`segment ${segment.path} is still needed`);
    this.#segments.delete(segment.number);
    this.#bytes -= segment.bytes;
    await this.#files.remove(segment.path);
  }

  /** Ends the journal. What is on disk stays, unless nothing is left that the ledger lacks: then its directory goes. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.flush();
    this.#heal();
    this.#ended = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#sync.now();
    this.#files.close(this.#file);
    this.#files.close(this.#reserve);
    await this.#files.remove(join(this.#directory, "reserve"));
    this.#claim.release();
    if (this.#bytes > 0 || this.#held.length > 0 || this.#running > 0) return;
    for (const segment of this.#segments.values()) await this.#files.remove(segment.path);
    this.#claim.remove();
    await this.#files.removeDirectory(this.#directory);
  }

  /** What an open attempt may do to the journal. */
  readonly #records: AttemptRecords = {
    start: (attempt) => {
      this.#makeRoom();
      this.#need(attempt.segment);
      this.#waiting = encodeRecord(this.#buffer, this.#waiting, RecordKind.START, `[${attempt.sequence}]`);
      this.#flushAtEnd();
    },
    close: (attempt, facts, text, result) => {
      // Its beginning first: if that cannot be written there is nothing to end.
      if (!attempt.recorded) this.flush();
      if (attempt.refused) return;
      this.#makeRoom();
      this.#need(attempt.segment);
      this.#waiting = encodeRecord(this.#buffer, this.#waiting, RecordKind.CLOSE, encodeClosed(text, result));
      this.#running--;
      attempt.segment.running--;
      this.#ending.push({ closed: { sequence: attempt.sequence, facts, result }, segment: attempt.segment });
      this.#flushSoon();
    },
    misused: (attempt, what) => this.#options.report(what, { producer: this.producer, sequence: attempt.sequence }),
  };

  /** At once, or grouped with the other records of this turn. */
  #flushSoon(): void {
    if (this.#options.grouped) this.#flushAtEnd();
    else this.flush();
  }

  #flushAtEnd(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    if (this.#options.grouped) setImmediate(this.#flushAtEndOfTick);
    else process.nextTick(this.#flushAtEndOfTick);
  }

  /** Takes the beginnings out of the buffer: those attempts are not made, and leave no number behind. */
  #refuseOpening(): void {
    let kept = 0;
    let from = 0;
    for (const { attempt, from: start, to } of this.#opening) {
      kept += this.#buffer.copy(this.#buffer, kept, from, start);
      from = to;
      attempt.refused = true;
      const { segment } = attempt;
      this.#running--;
      segment.running--;
      this.#lastSequence--;
      segment.lastSequence--;
      if (segment.lastSequence < segment.firstSequence) segment.firstSequence = segment.lastSequence = 0;
    }
    kept += this.#buffer.copy(this.#buffer, kept, from, this.#waiting);
    this.#waiting = kept;
  }

  #need(segment: Segment): void {
    if (segment !== this.#segment) this.#needed.add(segment);
  }

  #makeRoom(): void {
    if (this.#buffer.length - this.#waiting < maxRecordBytes) this.flush();
  }

  /** Writes the buffer to the current segment. Answers with what went wrong, having left the segment as it was. */
  #write(): unknown {
    const failure = this.#writeBytes(this.#buffer, this.#waiting);
    if (failure !== undefined) return failure;
    this.#waiting = 0;
    if (this.#needed.size > 0) this.#noteNeeds();
    return undefined;
  }

  #writeBytes(bytes: Buffer, length: number): unknown {
    const segment = this.#segment;
    if (this.#ended) return new Error("the journal has ended");
    if (this.#broken) return this.#failure;
    let written = 0;
    try {
      while (written < length) {
        const taken = this.#files.write(this.#file, bytes, written, length - written, segment.bytes + written);
        if (taken === 0) throw new Error("the disk took nothing");
        written += taken;
      }
    } catch (error) {
      try {
        // Half a record, or a whole one that its caller was told has failed, must not be found afterwards.
        if (written > 0) this.#files.truncate(this.#file, segment.bytes);
      } catch {
        this.#broken = true;
      }
      return error;
    }
    segment.bytes += length;
    this.#bytes += length;
    this.#sync.wrote(this.#file);
    return undefined;
  }

  /** Sets the waiting records aside in memory. */
  #hold(): void {
    if (this.#waiting > 0) this.#held.push(Buffer.from(this.#buffer.subarray(0, this.#waiting)));
    this.#waiting = 0;
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    if (this.#failure === undefined) {
      this.#failure = error;
      this.#options.report("the usage journal cannot be written; new requests are refused", { error });
      try {
        this.#files.truncate(this.#reserve, 0);
      } catch {
        // Then there is no room to gain, and the ends of running attempts wait in memory.
      }
    }
    this.#writeHeld();
  }

  #writeHeld(): boolean {
    while (this.#held[0]) {
      if (this.#writeBytes(this.#held[0], this.#held[0].length) !== undefined) return false;
      this.#held.shift();
    }
    this.#noteNeeds();
    return true;
  }

  #noteNeeds(): void {
    for (const needed of this.#needed) if (needed !== this.#segment) this.#segment.needs.add(needed);
    // What is held goes to a later segment, which will need the same ones.
    if (this.#held.length === 0) this.#needed.clear();
  }

  /** Tries to work again. The space set aside comes first: without it a full disk would only seem to have room. */
  #heal(): void {
    if (this.#failure === undefined) return;
    try {
      this.#fillReserve();
      // A file that failed once is not trusted again; what it holds stays readable.
      this.#nextSegment();
      if (!this.#writeHeld()) return;
    } catch {
      return;
    }
    this.#failure = undefined;
    this.#options.report("the usage journal can be written again", {});
  }

  #fillReserve(): void {
    const zeros = Buffer.alloc(Math.min(this.#options.reserveBytes, 1 << 16));
    try {
      for (let at = 0; at < this.#options.reserveBytes; ) {
        const length = Math.min(zeros.length, this.#options.reserveBytes - at);
        const taken = this.#files.write(this.#reserve, zeros, 0, length, at);
        if (taken === 0) throw new Error("the disk took nothing");
        at += taken;
      }
    } catch (error) {
      this.#files.truncate(this.#reserve, 0);
      throw error;
    }
  }

  #nextSegment(): void {
    const segment = newSegment(this.#directory, this.#segment.number + 1);
    const file = this.#files.create(segment.path);
    this.#sync.created();
    this.#sync.retire(this.#file);
    this.#segment.sealed = true;
    this.#segments.set(segment.number, segment);
    // A record that still waits for this segment may belong to an attempt of the one just sealed.
    if (this.#waiting > 0 || this.#held.length > 0) this.#needed.add(this.#segment);
    this.#segment = segment;
    this.#file = file;
    this.#broken = false;
  }

  #full(): GatewayError {
    return new GatewayError(Reason.USAGE_JOURNAL_FULL, "Usage cannot be recorded at the moment.", {
      retryAfterMs: 1000,
      cause: this.#failure,
    });
  }

  #every(intervalMs: number, work: () => void): void {
    const timer = setInterval(work, intervalMs);
    timer.unref();
    this.#timers.push(timer);
  }
}

const defaults = {
  files: nodeFiles,
  sync: "interval",
  syncIntervalMs: 20,
  segmentBytes: 8 << 20,
  segmentAgeMs: 15_000,
  unsettledBytes: 1 << 30,
  reserveBytes: 1 << 20,
  healAfterMs: 250,
  grouped: false,
} as const;
