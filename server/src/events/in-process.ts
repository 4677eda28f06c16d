import type { Bus, HandleEvents, RefusedEvent, Shipment } from "./bus.ts";
import type { Report } from "./report.ts";

export interface InProcessBusOptions {
  readonly report: Report;
  /** Takes events the ledger will never accept. */
  readonly deadLetter: (refused: readonly RefusedEvent[]) => Promise<void>;
  /** More shipments than this do not wait; the publisher tries again later. The default is 64. */
  readonly capacity?: number;
}

/**
 * The bus of a single process. A shipment is taken over when the ledger has it, so nothing is ever in the bus that the
 * journal does not have as well.
 */
export function inProcessBus({ report, deadLetter, capacity = 64 }: InProcessBusOptions): Bus {
  const subscribers: HandleEvents[] = [];
  let waiting = 0;
  let turn = Promise.resolve();
  let closed = false;

  async function deliver({ events }: Shipment): Promise<void> {
    const handle = subscribers[0];
    if (closed || !handle) throw new Error("nobody listens to the bus");
    const refused = await handle(events);
    if (!refused?.length) return;
    report("the ledger refused usage events", { count: refused.length, why: refused[0]?.why });
    await deadLetter(refused);
  }

  return {
    async publish(shipment) {
      if (waiting >= capacity) throw new Error("the bus is full");
      waiting++;
      // One at a time: the embedded database has one connection, and the order of sequences is kept.
      const delivered = turn.then(() => deliver(shipment));
      turn = delivered.catch(() => undefined);
      try {
        await delivered;
      } finally {
        waiting--;
      }
    },
    subscribe(handle) {
      subscribers.push(handle);
      return {
        async end() {
          const at = subscribers.indexOf(handle);
          if (at !== -1) subscribers.splice(at, 1);
          await turn;
        },
      };
    },
    trouble: () => (subscribers.length === 0 ? "nobody listens to the bus" : undefined),
    async close() {
      closed = true;
      await turn;
    },
  };
}
