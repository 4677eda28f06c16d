import type { UsageEvent } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import type { AttemptFacts } from "../../server/src/events/attempt.ts";
import { nodeFiles } from "../../server/src/events/files.ts";
import type { OpenAttempt } from "../../server/src/events/journal.ts";
import { Journal } from "../../server/src/events/journal.ts";
import { Ledger } from "../../server/src/store/ledger.ts";
import type { Pool } from "../../server/src/store/sql.ts";
import type { TollMakers } from "../../server/src/toll.ts";

/** Breaks one of the rules that the ledger rests on. */
export type Mutation = (makers: TollMakers, pool: Pool) => TollMakers;

export const mutations = {
  /** Nothing is broken: what the same entry has to come through. */
  none: (makers) => makers,

  "no journal": (makers) => ({
    ...makers,
    journal: (options) =>
      makers.journal({ ...options, files: { ...nodeFiles, write: (_file, _bytes, _offset, length) => length } }),
  }),

  "ack before commit": (makers) => ({
    ...makers,
    handler: (...parts) => {
      const handle = makers.handler(...parts);
      return async (events) => {
        handle(events).catch(() => undefined);
        return undefined;
      };
    },
  }),

  "balance not tied to inserted rows": (makers, pool) => ({
    ...makers,
    handler: (_, settings) => makers.handler(new UntiedLedger(pool), settings),
  }),

  "close after last byte": (makers) => ({ ...makers, journal: (options) => new LateJournal(options) }),

  "segment deleted on bus ack": (makers) => {
    const taken = new Set<string>();
    return {
      ...makers,
      bus: (...parts) => {
        const bus = makers.bus(...parts);
        return {
          ...bus,
          async publish(shipment) {
            await bus.publish(shipment);
            for (const { sequence } of shipment.events) taken.add(`${shipment.producer} ${sequence}`);
          },
        };
      },
      ledgerCheck: () => ({
        confirmed: async (producer, first, last) =>
          Array.from({ length: Number(last - first) + 1 }, (_, i) => first + BigInt(i)).filter(
            (sequence) => !taken.has(`${producer} ${sequence}`),
          ),
      }),
    };
  },
} as const satisfies Record<string, Mutation>;

export type MutationName = keyof typeof mutations;

/** Adds every event that arrives to the balances, also one that is a row already. */
class UntiedLedger extends Ledger {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    super(pool);
    this.#pool = pool;
  }

  override async record(events: readonly UsageEvent[]): Promise<{ inserted: number }> {
    const known = await this.entries(events.map(({ eventId }) => eventId));
    const result = await super.record(events);
    for (const { keyId, costNanoUsd } of known.values()) {
      await this.#pool.query({
        text: "update balance set attempts = attempts + 1, cost_nano_usd = cost_nano_usd + $1::numeric where scope in ('total', $2)",
        values: [String(costNanoUsd), `key:${keyId}`],
      });
    }
    return result;
  }
}

/** Writes the end of an attempt when the client has long had its last byte. */
class LateJournal extends Journal {
  override open(facts: AttemptFacts): OpenAttempt {
    const attempt = super.open(facts);
    return {
      sequence: attempt.sequence,
      get refused() {
        return attempt.refused;
      },
      start: () => attempt.start(),
      close: (result) => void setTimeout(() => attempt.close(result), 50),
    };
  }
}
