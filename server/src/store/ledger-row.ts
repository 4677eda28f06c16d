import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Outcome, type UsageEvent, UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { usageBuckets, usageOf } from "../canonical/usage.ts";
import { bucketColumns } from "./ledger-entry.ts";

/** The words of the ledger for the numbers of the event, in both directions. */
const outcomeNames: Readonly<Record<Outcome, string>> = {
  [Outcome.UNSPECIFIED]: "unspecified",
  [Outcome.OK]: "ok",
  [Outcome.PARTIAL]: "partial",
  [Outcome.UPSTREAM_ERROR]: "upstream_error",
  [Outcome.INTERRUPTED]: "interrupted",
  [Outcome.UNSENT]: "unsent",
};

const usageSourceNames: Readonly<Record<UsageSource, string>> = {
  [UsageSource.UNSPECIFIED]: "unspecified",
  [UsageSource.PROVIDER]: "provider",
  [UsageSource.COUNTED]: "counted",
  [UsageSource.ESTIMATED]: "estimated",
};

/** A number of a newer program has no word here; `unstorable` keeps such events away from the rows. */
function nameOf(names: Readonly<Record<number, string>>, value: number): string {
  return names[value] ?? "unspecified";
}

function numberOf<Value extends number>(names: Readonly<Record<Value, string>>, name: string): Value {
  const found = Object.entries(names).find(([, other]) => other === name);
  if (!found) throw new Error(`The ledger holds a word nobody wrote: ${name}`);
  return Number(found[0]) as Value;
}

/** The columns an event fills, with their types, in one order for every statement. */
export const eventColumns = {
  event_id: "text",
  request_id: "text",
  attempt: "bigint",
  producer: "text",
  sequence: "bigint",
  key_id: "text",
  provider: "text",
  asked_model: "text",
  model: "text",
  door_dialect: "text",
  upstream_dialect: "text",
  outcome: "text",
  status: "bigint",
  ...(Object.fromEntries(usageBuckets.map((bucket) => [bucketColumns[bucket], "bigint"])) as Record<string, "bigint">),
  usage_source: "text",
  cost_nano_usd: "bigint",
  price_version: "text",
  start_time_ms: "bigint",
  first_byte_ms: "bigint",
  duration_ms: "bigint",
  streamed: "boolean",
  reason: "text",
} as const satisfies Record<string, "text" | "bigint" | "boolean">;

type Cell = string | number | boolean;

/** An event as a row. 64-bit numbers are texts, which nothing rounds. */
function rowOf(event: UsageEvent): Record<string, Cell> {
  const row: Record<string, Cell> = {
    event_id: storable(event.eventId),
    request_id: storable(event.requestId),
    attempt: event.attempt,
    producer: storable(event.producer),
    sequence: String(event.sequence),
    key_id: storable(event.keyId),
    provider: storable(event.provider),
    asked_model: storable(event.askedModel),
    model: storable(event.model),
    door_dialect: storable(event.doorDialect),
    upstream_dialect: storable(event.upstreamDialect),
    outcome: nameOf(outcomeNames, event.outcome),
    status: event.status,
    usage_source: nameOf(usageSourceNames, event.usageSource),
    cost_nano_usd: String(event.costNanoUsd),
    price_version: storable(event.priceVersion),
    start_time_ms: String(event.startTimeMs),
    first_byte_ms: event.firstByteMs,
    duration_ms: event.durationMs,
    streamed: event.streamed,
    reason: storable(event.reason),
  };
  for (const bucket of usageBuckets) row[bucketColumns[bucket]] = event.usage?.[bucket] ?? 0;
  return row;
}

/**
 * Events as columns: one array literal of PostgreSQL for each, in the order of `eventColumns`. The server reads a few long
 * arrays in two thirds of the time it takes for as many JSON objects, and this is done for every call.
 */
export function columnsOf(events: readonly UsageEvent[]): string[] {
  const rows = events.map(rowOf);
  return Object.keys(eventColumns).map((column) => {
    let literal = "{";
    for (const row of rows) {
      const cell = row[column]!;
      literal += `${literal.length > 1 ? "," : ""}${typeof cell === "string" ? quoted(cell) : cell}`;
    }
    return `${literal}}`;
  });
}

function quoted(text: string): string {
  return needsEscape.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : `"${text}"`;
}

const needsEscape = /["\\]/;

/** A row as it comes out of the database: every number as a text. */
export type StoredRow = Record<keyof typeof eventColumns | string, string>;

/** The select list that `eventOf` reads. */
export const storedColumns = Object.keys(eventColumns)
  .map((column) =>
    column === "start_time_ms"
      ? "(extract(epoch from start_time) * 1000)::bigint::text as start_time_ms"
      : `${column}::text as ${column}`,
  )
  .join(", ");

/** The event a row was made from. */
export function eventOf(row: StoredRow): UsageEvent {
  const text = (column: keyof typeof eventColumns) => row[column] ?? "";
  const event: MessageInitShape<typeof UsageEventSchema> = {
    eventId: text("event_id"),
    requestId: text("request_id"),
    attempt: Number(text("attempt")),
    producer: text("producer"),
    sequence: BigInt(text("sequence")),
    keyId: text("key_id"),
    provider: text("provider"),
    askedModel: text("asked_model"),
    model: text("model"),
    doorDialect: text("door_dialect"),
    upstreamDialect: text("upstream_dialect"),
    outcome: numberOf(outcomeNames, text("outcome")),
    status: Number(text("status")),
    usage: usageOf(Object.fromEntries(usageBuckets.map((bucket) => [bucket, Number(row[bucketColumns[bucket]])]))),
    usageSource: numberOf(usageSourceNames, text("usage_source")),
    costNanoUsd: BigInt(text("cost_nano_usd")),
    priceVersion: text("price_version"),
    startTimeMs: BigInt(text("start_time_ms")),
    firstByteMs: Number(text("first_byte_ms")),
    durationMs: Number(text("duration_ms")),
    streamed: text("streamed") === "true",
    reason: text("reason"),
  };
  return create(UsageEventSchema, event);
}

/** Whether two events would be the same row. */
export function sameRow(one: UsageEvent, other: UsageEvent): boolean {
  const [left, right] = [rowOf(one), rowOf(other)];
  return Object.keys(left).every((column) => left[column] === right[column]);
}

/** Why an event can never be a row, or undefined when it can. What the protobuf rules leave open and the columns do not. */
export function unstorable(event: UsageEvent): string | undefined {
  if (!(event.outcome in outcomeNames)) return `outcome: ${event.outcome} is not known`;
  if (!(event.usageSource in usageSourceNames)) {
    return `usage_source: ${event.usageSource} is not known`;
  }
  if (event.sequence > largestBigint) return "sequence: larger than 2^63 - 1";
  if (event.startTimeMs > latestStartTimeMs) return "start_time_ms: after the year 9999";
  return undefined;
}

const largestBigint = 2n ** 63n - 1n;
const latestStartTimeMs = BigInt(Date.UTC(9999, 11, 31));

/** A text as the database can hold it: no NUL, no half of a surrogate pair. Names from clients may have either. */
function storable(text: string): string {
  return text.isWellFormed() && !text.includes("\0") ? text : text.toWellFormed().replaceAll("\0", "\uFFFD");
}
