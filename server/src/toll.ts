import { join } from "node:path";
import { toBinary } from "@bufbuild/protobuf";
import { UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { createBillingConsumer } from "./billing/consumer.ts";
import { createEventValidator } from "./billing/validate.ts";
import type { Settings } from "./config/settings.ts";
import { ArchivedJournal, type ArchivedJournalOptions } from "./events/archived-journal.ts";
import type { Bus, HandleEvents } from "./events/bus.ts";
import { inProcessBus } from "./events/in-process.ts";
import type { Journal } from "./events/journal.ts";
import { natsBus } from "./events/nats.ts";
import { newProducer } from "./events/producer.ts";
import { recover } from "./events/recovery.ts";
import { replay } from "./events/replay.ts";
import type { Report } from "./events/report.ts";
import { SegmentArchive } from "./events/segment-archive.ts";
import type { LedgerCheck } from "./events/settlement.ts";
import { Shipper, type ShipperOptions } from "./events/shipper.ts";
import type { EmbeddedDirectory } from "./store/embedded-directory.ts";
import type { Ledger } from "./store/ledger.ts";
import type { Store } from "./store/store.ts";
import type { Log } from "./telemetry/log.ts";
import type { World } from "./world.ts";

/** The money side, running: journal, bus, billing consumer. */
export interface Toll {
  readonly journal: Journal;
  /** Events of the journal that are not in the ledger yet. */
  readonly pendingEvents: () => number;
  /** Waits until the ledger has everything, for at most `waitMs`; what it lacks then is in the journal for the next start. */
  stop(waitMs: number): Promise<void>;
}

export interface TollParts {
  readonly settings: Settings;
  readonly store: Store;
  readonly world: World;
  readonly log: Log;
}

/** Makes the parts that a fault would be expensive in. The chaos tests put faulty ones in their place. */
export interface TollMakers {
  readonly journal: (options: ArchivedJournalOptions) => Journal;
  readonly bus: (settings: Settings, ledger: Ledger, name: string, report: Report) => Bus;
  /** What is done with the events that the bus delivers. */
  readonly handler: (ledger: Ledger, settings: Settings) => HandleEvents;
  readonly ledgerCheck: (ledger: Ledger) => LedgerCheck;
  readonly shipper: (options: ShipperOptions) => Shipper;
}

export const tollMakers: TollMakers = {
  journal: (options) => new ArchivedJournal(options),
  bus: createBus,
  handler: billingHandler,
  ledgerCheck,
  shipper: (options) => new Shipper(options),
};

export async function startToll(
  { settings, store, world, log }: TollParts,
  makers: TollMakers = tollMakers,
): Promise<Toll> {
  const { ledger, embedded } = store;
  const report: Report = (what, facts) => log.warn({ ...facts, err: facts.error, error: undefined }, what);
  const root = join(settings.dataDirectory, "journal");
  const archive = embedded && archiveIn(embedded, report);
  if (embedded?.rebuild && archive) await rebuildLedger({ embedded, archive, journals: root, ledger, report, log });
  const producer = newProducer(world);
  const journal = makers.journal({ root, producer, report, sync: settings.journalSync, grouped: true, archive });
  const bus = makers.bus(settings, ledger, producer, report);
  const subscription = bus.subscribe(makers.handler(ledger, settings));
  const shipper = makers.shipper({ journal, bus, ledger: makers.ledgerCheck(ledger), clock: world.clock, report });
  // The data directory is this process's alone, so every other producer in it is dead.
  shipper.adopt(await recover({ root, own: producer, exclusive: true, nowMs: world.clock.nowMs(), report, archive }));

  return {
    journal,
    pendingEvents: () => shipper.stats.pendingEvents + shipper.stats.gap,
    async stop(waitMs) {
      await shipper.drain(waitMs);
      await shipper.stop();
      await subscription.end();
      await bus.close();
      await journal.end();
    },
  };
}

/** Where the journal's segments go that the ledger has had. On a PostgreSQL server they are removed: it has backups. */
function archiveIn({ archive: root, watermark }: EmbeddedDirectory, report: Report): SegmentArchive {
  return new SegmentArchive({
    root,
    report,
    async kept(producer, lastSequence) {
      try {
        await watermark.raise({ producer, sequence: BigInt(lastSequence) });
      } catch (error) {
        // An older mark finds less damage. The segment is safe all the same.
        report("the ledger's watermark cannot be written", { error });
      }
    },
  });
}

interface RebuildParts {
  readonly embedded: EmbeddedDirectory;
  readonly archive: SegmentArchive;
  readonly journals: string;
  readonly ledger: Ledger;
  readonly report: Report;
  readonly log: Log;
}

/** Fills a new embedded ledger with everything the old one had. No call is served before it is complete. */
async function rebuildLedger({ embedded, archive, journals, ledger, report, log }: RebuildParts): Promise<void> {
  const setAside = embedded.rebuild?.setAside;
  const beganAtMs = performance.now();
  const seconds = () => Math.round((performance.now() - beganAtMs) / 100) / 10;
  let toldAtMs = beganAtMs;
  log.warn("the ledger is rebuilt from the journal and its archive; calls are served when that is done");
  // What the journal holds was believed once. What the database objects to is set aside, as it was then.
  const consumer = createBillingConsumer({ ledger, validate: () => undefined });
  const mark = await embedded.watermark.read();
  const replayed = await replay({
    archive,
    journals,
    ledger: ledgerCheck(ledger),
    known: mark && { producer: mark.producer, sequence: Number(mark.sequence) },
    record: (events) => consumer.handle(events),
    report,
    progress(events) {
      if (performance.now() - toldAtMs < progressEveryMs) return;
      toldAtMs = performance.now();
      log.warn({ events, seconds: seconds() }, `the ledger is being rebuilt: ${events} events so far`);
    },
  });
  const { rows, problems } = await ledger.verify();
  await embedded.rebuilt();
  const facts = { ...replayed, rows: Number(rows), problems: problems.slice(0, 10), seconds: seconds(), setAside };
  const sound = problems.length === 0 && replayed.lost === 0;
  log.warn(facts, `the ledger is rebuilt: ${rows} rows, ${sound ? "verified" : "and it is NOT complete"}`);
}

const progressEveryMs = 5_000;

function createBus(settings: Settings, ledger: Ledger, name: string, report: Report): Bus {
  if (settings.natsUrl) {
    const macKey = settings.macKey ? Buffer.from(settings.macKey) : undefined;
    return natsBus({ url: settings.natsUrl, name, report, ...(macKey && { macKey }) });
  }
  return inProcessBus({
    report,
    deadLetter: async (refused) => {
      for (const { event, why } of refused) {
        await ledger.deadLetter({ reason: why, payload: toBinary(UsageEventSchema, event) });
      }
    },
  });
}

function billingHandler(ledger: Ledger, settings: Settings): HandleEvents {
  // What comes over a bus that others can write to is checked rule by rule; what this process has just made is not.
  const validate = settings.natsUrl ? createEventValidator() : () => undefined;
  const consumer = createBillingConsumer({ ledger, validate });
  return async (events) => {
    await consumer.handle(events);
    return undefined; // what it could not believe it has set aside itself
  };
}

function ledgerCheck(ledger: Ledger): LedgerCheck {
  return {
    async confirmed(producer, first, last) {
      const ranges = await ledger.missing(producer, first, last);
      return ranges.flatMap(({ first, last }) =>
        Array.from({ length: Number(last - first) + 1 }, (_, i) => first + BigInt(i)),
      );
    },
  };
}
