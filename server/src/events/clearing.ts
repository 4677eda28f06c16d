import type { Clock } from "../world.ts";
import type { ClosedAttempt } from "./attempt.ts";
import { DeadProducer } from "./recovery.ts";
import type { Report } from "./report.ts";
import { isDisposable, type Segment } from "./segment.ts";
import type { LedgerCheck, SegmentSource } from "./settlement.ts";

export interface ClearingOptions {
  readonly ledger: LedgerCheck;
  /** Gives events to the bus, however long that takes. */
  readonly publishAgain: (producer: string, attempts: readonly ClosedAttempt[]) => Promise<void>;
  readonly clock: Clock;
  readonly report: Report;
  /** How long an event may be on its way before it is sent again. Doubles with every time, up to a minute. */
  readonly overdueMs: number;
  readonly stopped: AbortSignal;
}

/** What is known of a segment that the ledger has been asked about. */
interface Watch {
  /** When its events were last given to the bus, on the monotonic clock. */
  sentAtMs: number;
  overdueMs: number;
  /** Events the ledger should have by now, and has not. */
  gap: number;
  /** Of those, the ones that no record could be found for. */
  lost: number;
  /** Events the ledger lacked when it was last asked, for whatever reason. */
  missing: number;
}

/** How many sequences the ledger is asked for at once. */
const sequencesPerQuestion = 10_000;
const longestOverdueMs = 60_000;

/**
 * Compares journals with the ledger. A segment goes when the ledger has all of it; what is missing for too long is sent
 * again, whatever the bus said when it took it.
 */
export class Clearing {
  readonly #options: ClearingOptions;
  readonly #sources: SegmentSource[] = [];
  readonly #watches = new WeakMap<Segment, Watch>();
  #running: Promise<void> | undefined;
  #ledgerFailed = false;
  /** Producers of which a segment could not be removed the last time. */
  readonly #stuck = new Set<string>();

  constructor(options: ClearingOptions) {
    this.#options = options;
  }

  add(source: SegmentSource): void {
    this.#sources.push(source);
  }

  /** Events that the ledger should have by now and has not. */
  get gap(): number {
    return this.#sources
      .flatMap((source) => source.sealed())
      .reduce((sum, segment) => sum + (this.#watches.get(segment)?.gap ?? 0), 0);
  }

  /** Events of earlier processes that the ledger does not have yet, beside the gap. */
  get unsettled(): number {
    return this.#sources
      .filter((source) => source instanceof DeadProducer)
      .flatMap((source) => source.sealed())
      .filter((segment) => !segment.cleared && segment.lastSequence > 0)
      .reduce((sum, segment) => sum + this.#unsettledIn(segment), 0);
  }

  /** Before the ledger has been asked for the first time, every event may be missing. */
  #unsettledIn(segment: Segment): number {
    const watch = this.#watches.get(segment);
    return watch ? watch.missing - watch.gap : segment.lastSequence - segment.firstSequence + 1;
  }

  /** Producers of earlier processes that are not settled yet. */
  get deadProducers(): number {
    return this.#sources.filter((source) => source instanceof DeadProducer).length;
  }

  /** Looks at every sealed segment once. */
  pass(): Promise<void> {
    this.#running ??= this.#passOnce().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #passOnce(): Promise<void> {
    for (const source of [...this.#sources]) {
      try {
        for (const segment of source.sealed()) await this.#settle(source, segment);
        // Taken away afterwards, since a segment may have waited for a later one's answer.
        const removed = await this.#removeDisposable(source);
        if (source instanceof DeadProducer && removed) await this.#conclude(source);
        this.#ledgerFailed = false;
      } catch (error) {
        if (this.#options.stopped.aborted) return;
        if (!this.#ledgerFailed) this.#options.report("the ledger could not be compared with the journal", { error });
        this.#ledgerFailed = true;
      }
    }
  }

  /** Answers whether all went that nothing will ask for again. What did not stays, and is tried again with every pass. */
  async #removeDisposable(source: SegmentSource): Promise<boolean> {
    try {
      for (const segment of source.sealed()) if (isDisposable(segment)) await source.remove(segment);
      this.#stuck.delete(source.producer);
      return true;
    } catch (error) {
      const { producer } = source;
      if (!this.#stuck.has(producer)) {
        this.#options.report("a journal segment that the ledger has cannot be put away; it stays", { producer, error });
      }
      this.#stuck.add(producer);
      return false;
    }
  }

  async #settle(source: SegmentSource, segment: Segment): Promise<void> {
    const onItsWay = segment.running + segment.unshipped > 0;
    if (segment.cleared || (onItsWay && segment.leftOnDisk === 0)) return;
    if (segment.lastSequence === 0) {
      segment.cleared = true;
      return;
    }
    const missing = await this.#missing(source.producer, segment);
    if (missing.size === 0) {
      segment.cleared = true;
      this.#watches.delete(segment);
      return;
    }
    const watch = this.#watchOf(source, segment);
    watch.missing = missing.size;
    const nowMs = this.#options.clock.monotonicMs();
    if (segment.leftOnDisk === 0 && nowMs - watch.sentAtMs < watch.overdueMs) return;

    const readable = (await source.read(segment)).filter(({ sequence }) => missing.has(sequence));
    const wasLeftOnDisk = segment.leftOnDisk;
    await this.#options.publishAgain(source.producer, readable);
    segment.leftOnDisk -= wasLeftOnDisk;
    if (watch.sentAtMs !== Number.NEGATIVE_INFINITY) {
      watch.overdueMs = Math.min(watch.overdueMs * 2, longestOverdueMs);
      if (!onItsWay && wasLeftOnDisk === 0) this.#noteGap(source, watch, missing.size, missing.size - readable.length);
    } else if (!onItsWay) watch.lost = missing.size - readable.length;
    watch.sentAtMs = this.#options.clock.monotonicMs();
  }

  async #missing(producer: string, segment: Segment): Promise<Set<number>> {
    const missing = new Set<number>();
    for (let first = segment.firstSequence; first <= segment.lastSequence; first += sequencesPerQuestion) {
      const last = Math.min(first + sequencesPerQuestion - 1, segment.lastSequence);
      const answer = await this.#options.ledger.confirmed(producer, BigInt(first), BigInt(last));
      for (const sequence of answer) missing.add(Number(sequence));
    }
    return missing;
  }

  #watchOf(source: SegmentSource, segment: Segment): Watch {
    const known = this.#watches.get(segment);
    if (known) return known;
    // What a dead process left has waited long enough; what this one sent was sent just before it was asked for.
    const sentAtMs = source instanceof DeadProducer ? Number.NEGATIVE_INFINITY : this.#options.clock.monotonicMs();
    const watch = { sentAtMs, overdueMs: this.#options.overdueMs, gap: 0, lost: 0, missing: 0 };
    this.#watches.set(segment, watch);
    return watch;
  }

  #noteGap(source: SegmentSource, watch: Watch, gap: number, lost: number): void {
    if (gap !== watch.gap) {
      this.#options.report("usage events did not reach the ledger and are sent again", {
        producer: source.producer,
        count: gap,
        unreadable: lost,
      });
    }
    watch.gap = gap;
    watch.lost = lost;
  }

  /** Ends the work for a dead producer when nothing is left to be done. */
  async #conclude(source: DeadProducer): Promise<void> {
    const segments = source.sealed();
    const unreadable = segments.reduce((sum, segment) => sum + (this.#watches.get(segment)?.lost ?? 0), 0);
    const stuck = segments.every((segment) => {
      const watch = this.#watches.get(segment);
      return segment.cleared || (watch !== undefined && watch.gap > 0 && watch.gap === watch.lost);
    });
    if (segments.length > 0 && !stuck) return;
    if (segments.length === 0) await source.finish();
    else {
      this.#options.report("usage records of an earlier process are lost; its journal is set aside", {
        producer: source.producer,
        count: unreadable,
      });
      await source.setAside();
    }
    this.#sources.splice(this.#sources.indexOf(source), 1);
  }
}
