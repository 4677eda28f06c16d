import { createHash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import { type UsageEvent, UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { type UsageBucket, usageBuckets } from "../canonical/usage.ts";
import { bucketColumns } from "./ledger-entry.ts";
import { columnsOf, eventColumns, eventOf, type StoredRow, sameRow, storedColumns } from "./ledger-row.ts";
import { queryUsage, type UsageDimension, type UsageQuery, type UsageSums, type UsageSumsRow } from "./ledger-usage.ts";
import { type Verification, verifyLedger } from "./ledger-verify.ts";
import { oneRow, type Pool, readConsistently, sqlOn } from "./sql.ts";

export type { UsageDimension, UsageQuery, UsageSums, UsageSumsRow, Verification };

/** The sum of a scope's rows. */
export interface BalanceSums {
  attempts: bigint;
  costNanoUsd: bigint;
  tokens: Record<UsageBucket, bigint>;
}

/** Sequence numbers from `first` to `last`, both included. */
export interface SequenceRange {
  first: bigint;
  last: bigint;
}

export interface Letter {
  reason: string;
  /** The event as it came. */
  payload: Uint8Array;
  /**
   * The place in its producer's journal. Given only when the origin is beyond doubt, because the journal takes an event that
   * was set aside as dealt with: a forged letter must not make a real event forgotten.
   */
  origin?: { producer: string; sequence: bigint };
}

export const totalScope = "total";
export const keyScope = (keyId: string) => `key:${keyId}`;

const sums = (...columns: readonly string[]) => columns.map((column) => `sum(${column}) as ${column}`).join(", ");
const bucketList = usageBuckets.map((bucket) => bucketColumns[bucket]);
const inserted = Object.keys(eventColumns).map((column) => (column === "start_time_ms" ? "start_time" : column));
const selected = Object.keys(eventColumns).map((column) =>
  column === "start_time_ms" ? "'epoch'::timestamptz + start_time_ms * interval '1 millisecond'" : column,
);

/**
 * Inserts what is not there yet, and adds what was inserted to the balances: one statement, so either both happen or neither.
 * Both inserts walk their rows in a fixed order, so that two consumers with overlapping batches wait for each other and never
 * in a circle.
 */
const recordSql = `
  with given as (
    select * from unnest(
      ${Object.values(eventColumns)
        .map((type, at) => `$${at + 1}::${type}[]`)
        .join(", ")}
    ) as event (${Object.keys(eventColumns).join(", ")})
  ), entered as (
    insert into ledger_entry (${inserted.join(", ")})
    select ${selected.join(", ")} from given order by event_id
    on conflict (event_id) do nothing
    returning key_id, cost_nano_usd, ${bucketList.join(", ")}
  ), keyed as (
    select key_id, count(*) as attempts, ${sums("cost_nano_usd", ...bucketList)} from entered group by key_id
  ), scoped as (
    select 'key:' || key_id as scope, attempts, cost_nano_usd, ${bucketList.join(", ")} from keyed
    union all
    select '${totalScope}', ${sums("attempts", "cost_nano_usd", ...bucketList)} from keyed having count(*) > 0
  ), added as (
    insert into balance (scope, attempts, cost_nano_usd, ${bucketList.join(", ")})
    select * from scoped order by scope
    on conflict (scope) do update set
      attempts = balance.attempts + excluded.attempts,
      cost_nano_usd = balance.cost_nano_usd + excluded.cost_nano_usd,
      ${bucketList.map((bucket) => `${bucket} = balance.${bucket} + excluded.${bucket}`).join(", ")}
  )
  select coalesce(sum(attempts), 0)::int as inserted from keyed`;

/** Every attempt that reached a provider, exactly once, and what it all adds up to. */
export class Ledger {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * Makes rows of events. An event that is a row already changes nothing, however often it comes and whoever else records it
   * at the same time; one that says something else under a known id is set aside. Resolves after the commit.
   */
  async record(events: readonly UsageEvent[]): Promise<{ inserted: number }> {
    const fresh = new Map<string, UsageEvent>();
    const doubtful: UsageEvent[] = [];
    for (const event of events) {
      const known = fresh.get(event.eventId);
      if (known === undefined) fresh.set(event.eventId, event);
      else if (!sameRow(known, event)) doubtful.push(event);
    }
    if (fresh.size === 0) return { inserted: 0 };
    const columns = columnsOf([...fresh.values()]);
    const result = await oneRow<{ inserted: number }>(sqlOn(this.#pool), recordSql, columns, "record_events");
    // Fewer rows than events: most likely a repetition. Only then is it worth reading what stands there.
    if (result.inserted < fresh.size) doubtful.push(...fresh.values());
    if (doubtful.length > 0) await this.#setAsideContradictions(doubtful);
    return result;
  }

  async #setAsideContradictions(events: readonly UsageEvent[]) {
    const stored = await this.entries(events.map((event) => event.eventId));
    for (const event of events) {
      const row = stored.get(event.eventId);
      if (row && !sameRow(row, event)) {
        await this.deadLetter({
          reason: `event_id: ${event.eventId} is in the ledger with other content`,
          payload: toBinary(UsageEventSchema, event),
          origin: { producer: event.producer, sequence: event.sequence },
        });
      }
    }
  }

  /** The rows with these event ids, as the events they were made from. */
  async entries(eventIds: readonly string[]): Promise<Map<string, UsageEvent>> {
    const sql = `select ${storedColumns} from ledger_entry where event_id = any($1::text[])`;
    const rows = await sqlOn(this.#pool).rows<StoredRow>(sql, [eventIds]);
    return new Map(rows.map((row) => [row.event_id!, eventOf(row)]));
  }

  /**
   * Which of a producer's sequence numbers the ledger does not have. The journal may delete a segment when there is none.
   * An event that was set aside counts as dealt with.
   */
  async missing(producer: string, first: bigint, last: bigint): Promise<SequenceRange[]> {
    if (last < first) return [];
    const rows = await sqlOn(this.#pool).rows<{ first: string; last: string }>(
      `with known as (
         select sequence from ledger_entry where producer = $1 and sequence between $2::bigint and $3::bigint
         union select sequence from dead_letter where producer = $1 and sequence between $2::bigint and $3::bigint
         union select $2::bigint - 1 union select $3::bigint + 1
       ), steps as (
         select sequence, lead(sequence) over (order by sequence) as next from known
       )
       select (sequence + 1)::text as first, (next - 1)::text as last from steps where next - sequence > 1 order by sequence`,
      [producer, String(first), String(last)],
    );
    return rows.map((row) => ({ first: BigInt(row.first), last: BigInt(row.last) }));
  }

  /** Sums over a span of time, by the dimensions asked for, the dearest first. */
  query(query: UsageQuery): Promise<UsageSums> {
    return queryUsage(sqlOn(this.#pool), query);
  }

  /** The balances of some scopes, or of all. A scope without rows is absent. */
  async balances(scopes?: readonly string[]): Promise<Map<string, BalanceSums>> {
    const rows = await sqlOn(this.#pool).rows<Record<string, string>>(
      `select scope, attempts::text, cost_nano_usd::text, ${bucketList.map((bucket) => `${bucket}::text`).join(", ")}
       from balance where $1::text[] is null or scope = any($1::text[])`,
      [scopes ?? null],
    );
    return new Map(
      rows.map((row) => [
        row.scope!,
        {
          attempts: BigInt(row.attempts!),
          costNanoUsd: BigInt(row.cost_nano_usd!),
          tokens: Object.fromEntries(
            usageBuckets.map((bucket) => [bucket, BigInt(row[bucketColumns[bucket]]!)]),
          ) as Record<UsageBucket, bigint>,
        },
      ]),
    );
  }

  /** Sets an event aside. The same letter again changes nothing. */
  async deadLetter({ reason, payload, origin }: Letter): Promise<void> {
    const words = reason.toWellFormed().replaceAll("\0", "\uFFFD");
    const id = createHash("sha256").update(words).update("\0").update(payload).digest("hex");
    await sqlOn(this.#pool).rows(
      `insert into dead_letter (id, reason, payload, producer, sequence)
       values ($1, $2, $3, $4, $5) on conflict (id) do nothing`,
      [id, words, Buffer.from(payload), origin?.producer ?? null, origin ? String(origin.sequence) : null],
    );
  }

  async deadLetterCount(): Promise<bigint> {
    const row = await oneRow<{ letters: string }>(
      sqlOn(this.#pool),
      "select count(*)::text as letters from dead_letter",
    );
    return BigInt(row.letters);
  }

  /** Proves that the rows add up to the balances, that every cost follows from its row, and that no event is missing. */
  verify(): Promise<Verification> {
    return readConsistently(this.#pool, verifyLedger);
  }
}
