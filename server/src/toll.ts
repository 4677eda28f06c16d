import { join } from "node:path";
import { toBinary } from "@bufbuild/protobuf";
import { UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { createBillingConsumer } from "./billing/consumer.ts";
import { createEventValidator } from "./billing/validate.ts";
import type { Settings } from "./config/settings.ts";
import type { Bus, HandleEvents } from "./events/bus.ts";
import { inProcessBus } from "./events/in-process.ts";
import { Journal, type JournalOptions } from "./events/journal.ts";
import { natsBus } from "./events/nats.ts";
import { newProducer } from "./events/producer.ts";
import { recover } from "./events/recovery.ts";
import type { Report } from "./events/report.ts";
import type { LedgerCheck } from "./events/settlement.ts";
import { Shipper, type ShipperOptions } from "./events/shipper.ts";
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
  readonly journal: (options: JournalOptions) => Journal;
  readonly bus: (settings: Settings, ledger: Ledger, name: string, report: Report) => Bus;
  /** What is done with the events that the bus delivers. */
  readonly handler: (ledger: Ledger, settings: Settings) => HandleEvents;
  readonly ledgerCheck: (ledger: Ledger) => LedgerCheck;
  readonly shipper: (options: ShipperOptions) => Shipper;
}

export const tollMakers: TollMakers = {
  journal: (options) => new Journal(options),
  bus: createBus,
  handler: billingHandler,
  ledgerCheck,
  shipper: (options) => new Shipper(options),
};

export async function startToll(
  { settings, store, world, log }: TollParts,
  makers: TollMakers = tollMakers,
): Promise<Toll> {
  const { ledger } = store;
  const report: Report = (what, facts) => log.warn({ ...facts, err: facts.error, error: undefined }, what);
  const root = join(settings.dataDirectory, "journal");
  const producer = newProducer(world);
  const journal = makers.journal({ root, producer, report, sync: settings.journalSync, grouped: true });
  const bus = makers.bus(settings, ledger, producer, report);
  const subscription = bus.subscribe(makers.handler(ledger, settings));
  const shipper = makers.shipper({ journal, bus, ledger: makers.ledgerCheck(ledger), clock: world.clock, report });
  // The data directory is this process's alone, so every other producer in it is dead.
  shipper.adopt(await recover({ root, own: producer, exclusive: true, nowMs: world.clock.nowMs(), report }));

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
