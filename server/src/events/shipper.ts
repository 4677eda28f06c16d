import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../world.ts";
import { type ClosedAttempt, toUsageEvent } from "./attempt.ts";
import type { Bus } from "./bus.ts";
import { Clearing } from "./clearing.ts";
import type { Journal } from "./journal.ts";
import type { DeadProducer } from "./recovery.ts";
import type { Report } from "./report.ts";
import type { Segment } from "./segment.ts";
import type { LedgerCheck } from "./settlement.ts";

export interface ShipperOptions {
  readonly journal: Journal;
  readonly bus: Bus;
  readonly ledger: LedgerCheck;
  readonly clock: Clock;
  readonly report: Report;
  /** The most events in one shipment. The default is 500. */
  readonly batchEvents?: number;
  /** How long the first event of a shipment waits for others. The default is 100. */
  readonly lingerMs?: number;
  /** More ended attempts than this are not kept in memory but read back from disk. The default is 20,000. */
  readonly queueEvents?: number;
  /** How often journals are compared with the ledger. The default is 1,000. */
  readonly clearEveryMs?: number;
  /** How long an event may be on its way before it is sent again. The default is 10,000. */
  readonly overdueMs?: number;
  /** How long to wait after a failed publish, growing from the first to the second. The default is 50 and 2,000. */
  readonly retryMs?: readonly [number, number];
}

interface Queued {
  readonly closed: ClosedAttempt;
  readonly segment: Segment;
  readonly atMs: number;
}

export interface ShipperStats {
  /** Ended attempts that the bus has not taken yet, and those that earlier processes left and the ledger does not have. */
  readonly pendingEvents: number;
  readonly oldestPendingMs: number;
  readonly published: number;
  /** Events sent again, or sent late because they had to be read back from disk. */
  readonly republished: number;
  /** Events that the ledger should have by now and has not. */
  readonly gap: number;
  /** Earlier processes whose journals are not settled yet. */
  readonly deadProducers: number;
}

/** Takes ended attempts from the journal to the bus, and sees to it that they arrive in the ledger. */
export class Shipper {
  readonly #options: ShipperOptions & typeof defaults;
  readonly #clearing: Clearing;
  readonly #stopped = new AbortController();
  readonly #loops: Promise<void>[];
  #queue: Queued[] = [];
  #wake: (() => void) | undefined;
  #inFlight = 0;
  #inFlightSinceMs = Number.POSITIVE_INFINITY;
  #leftOnDisk = 0;
  #behindSinceMs: number | undefined;
  #draining = false;
  #published = 0;
  #republished = 0;
  #busFailed = false;

  constructor(options: ShipperOptions) {
    this.#options = { ...defaults, ...options };
    const { journal, ledger, clock, report, overdueMs } = this.#options;
    this.#clearing = new Clearing({
      ledger,
      clock,
      report,
      overdueMs,
      stopped: this.#stopped.signal,
      publishAgain: (producer, attempts) => this.#publishAgain(producer, attempts),
    });
    this.#clearing.add(journal);
    journal.whenClosed((closed, segment) => this.#take(closed, segment));
    this.#loops = [this.#ship(), this.#clear()];
  }

  /** Sees to what an earlier process left behind as well. */
  adopt(producers: readonly DeadProducer[]): void {
    for (const producer of producers) this.#clearing.add(producer);
    void this.#clearing.pass();
  }

  get stats(): ShipperStats {
    // What has ended in this turn of the event loop may still be in the journal's buffer, where nobody would count it.
    this.#options.journal.flush();
    const oldestMs = Math.min(
      this.#inFlightSinceMs,
      this.#queue[0]?.atMs ?? Number.POSITIVE_INFINITY,
      this.#behindSinceMs ?? Number.POSITIVE_INFINITY,
    );
    return {
      pendingEvents: this.#queue.length + this.#inFlight + this.#leftOnDisk + this.#clearing.unsettled,
      oldestPendingMs: Number.isFinite(oldestMs) ? this.#options.clock.monotonicMs() - oldestMs : 0,
      published: this.#published,
      republished: this.#republished,
      gap: this.#clearing.gap,
      deadProducers: this.#clearing.deadProducers,
    };
  }

  /** Ships what has ended and waits until the ledger has it. Answers whether it has all of it. */
  async drain(timeoutMs: number): Promise<boolean> {
    const { clock, journal } = this.#options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const late = sleep(timeoutMs, undefined, { ref: false });
    this.#draining = true;
    this.#wake?.();
    do {
      journal.roll();
      if (this.#queue.length + this.#inFlight === 0) await Promise.race([this.#clearing.pass(), late]);
      if (journal.status.bytes === 0 && this.#clearing.deadProducers === 0) return true;
      await sleep(20);
    } while (clock.monotonicMs() < deadlineMs);
    return false;
  }

  /** Stops. What the ledger lacks stays in the journal, for the next process. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#wake?.();
    await Promise.allSettled(this.#loops);
  }

  /** On the hot path: it only queues. */
  #take(closed: ClosedAttempt, segment: Segment): void {
    const atMs = this.#options.clock.monotonicMs();
    if (this.#queue.length >= this.#options.queueEvents) {
      segment.leftOnDisk++;
      this.#leftOnDisk++;
      this.#behindSinceMs ??= atMs;
      return;
    }
    segment.unshipped++;
    this.#queue.push({ closed, segment, atMs });
    if (this.#queue.length === 1 || this.#queue.length === this.#options.batchEvents) this.#wake?.();
  }

  async #ship(): Promise<void> {
    const { batchEvents, lingerMs, journal } = this.#options;
    const stopped = this.#stopped.signal;
    while (!stopped.aborted) {
      if (this.#queue.length === 0) await this.#woken();
      else if (this.#queue.length < batchEvents && !this.#draining) await this.#woken(lingerMs);
      if (stopped.aborted) return;
      const batch = this.#queue.splice(0, batchEvents);
      if (batch.length === 0) continue;
      this.#inFlight = batch.length;
      this.#inFlightSinceMs = batch[0]!.atMs;
      try {
        await this.#publish(
          journal.producer,
          batch.map(({ closed }) => closed),
        );
      } catch {
        return; // stopped; the journal has it
      }
      for (const { segment } of batch) segment.unshipped--;
      this.#published += batch.length;
      this.#inFlight = 0;
      this.#inFlightSinceMs = Number.POSITIVE_INFINITY;
    }
  }

  async #clear(): Promise<void> {
    const { clearEveryMs, journal } = this.#options;
    const stopped = this.#stopped.signal;
    while (!stopped.aborted) {
      await sleep(clearEveryMs, undefined, { ref: false, signal: stopped }).catch(() => undefined);
      if (stopped.aborted) return;
      // Only a sealed segment is read back, so what was left on disk waits no longer than until now.
      if (this.#leftOnDisk > 0) journal.roll();
      await this.#clearing.pass();
      this.#countLeftOnDisk();
    }
  }

  #countLeftOnDisk(): void {
    this.#leftOnDisk = this.#options.journal.segments().reduce((sum, segment) => sum + segment.leftOnDisk, 0);
    if (this.#leftOnDisk === 0) this.#behindSinceMs = undefined;
  }

  async #publishAgain(producer: string, attempts: readonly ClosedAttempt[]): Promise<void> {
    const { batchEvents, journal } = this.#options;
    for (let at = 0; at < attempts.length; at += batchEvents) {
      const batch = attempts.slice(at, at + batchEvents);
      await this.#publish(producer, batch, `${journal.producer}-${this.#republished}`);
      this.#republished += batch.length;
    }
  }

  /** Tries until the bus has it. Rejects only when the shipper is stopped. */
  async #publish(producer: string, attempts: readonly ClosedAttempt[], again?: string): Promise<void> {
    const { bus, report, retryMs } = this.#options;
    const events = attempts
      .toSorted((a, b) => a.sequence - b.sequence)
      .map((attempt) => toUsageEvent(producer, attempt));
    const shipment = { producer, events, ...(again === undefined ? {} : { again }) };
    for (let waitMs = retryMs[0]; ; waitMs = Math.min(waitMs * 2, retryMs[1])) {
      this.#stopped.signal.throwIfAborted();
      try {
        await bus.publish(shipment);
        if (this.#busFailed) report("usage events reach the bus again", {});
        this.#busFailed = false;
        return;
      } catch (error) {
        if (!this.#busFailed) report("usage events do not reach the bus; the journal keeps them", { error });
        this.#busFailed = true;
        await sleep(waitMs * (0.5 + Math.random() / 2), undefined, { ref: false, signal: this.#stopped.signal });
      }
    }
  }

  /** Resolves when there is a reason to look at the queue again, or after a while. */
  async #woken(timeoutMs?: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs);
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    clearTimeout(timer);
  }
}

const defaults: Required<Omit<ShipperOptions, "journal" | "bus" | "ledger" | "clock" | "report">> = {
  batchEvents: 500,
  lingerMs: 100,
  queueEvents: 20_000,
  clearEveryMs: 1_000,
  overdueMs: 10_000,
  retryMs: [50, 2_000],
};
