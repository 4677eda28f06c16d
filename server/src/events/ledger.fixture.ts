import type { UsageEvent } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import type { RefusedEvent } from "./bus.ts";
import type { LedgerCheck } from "./settlement.ts";

/** A ledger in memory, which can be away and can refuse. It counts what it was given more than once. */
export class TestLedger implements LedgerCheck {
  readonly rows = new Map<string, UsageEvent>();
  duplicates = 0;
  away = false;
  refuses: (event: UsageEvent) => boolean = () => false;

  readonly handle = async (events: readonly UsageEvent[]): Promise<readonly RefusedEvent[]> => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.away) throw new Error("the ledger is away, as the test wants");
    const refused: RefusedEvent[] = [];
    for (const event of events) {
      if (this.refuses(event)) refused.push({ event, why: "the test wants it" });
      else if (this.rows.has(event.eventId)) this.duplicates++;
      else this.rows.set(event.eventId, event);
    }
    return refused;
  };

  async confirmed(producer: string, first: bigint, last: bigint): Promise<bigint[]> {
    if (this.away) throw new Error("the ledger is away, as the test wants");
    const known = new Set(this.sequences(producer));
    const missing: bigint[] = [];
    for (let sequence = first; sequence <= last; sequence++) if (!known.has(sequence)) missing.push(sequence);
    return missing;
  }

  sequences(producer: string): bigint[] {
    return [...this.rows.values()]
      .filter((event) => event.producer === producer)
      .map(({ sequence }) => sequence)
      .sort((a, b) => Number(a - b));
  }
}

/** 1n to `last`. */
export function upTo(last: number): bigint[] {
  return Array.from({ length: last }, (_, i) => BigInt(i + 1));
}
