import { type UsageBucket, usageBuckets } from "../canonical/usage.ts";
import { bucketColumns } from "./ledger-entry.ts";
import type { Sql } from "./sql.ts";

export type UsageDimension = "key" | "provider" | "model" | "outcome";

export interface UsageQuery {
  /** What to group by; none means the total alone. */
  by?: readonly UsageDimension[];
  /** The span begins here. */
  startTimeMs?: number;
  /** The span ends before here. */
  endTimeMs?: number;
}

export interface UsageSumsRow {
  /** Set when grouped by key; the name is empty when the key is not known. */
  keyId?: string;
  keyName?: string;
  provider?: string;
  model?: string;
  outcome?: string;
  attempts: bigint;
  costNanoUsd: bigint;
  /** Attempts that reached a provider and had no price. */
  unpricedAttempts: bigint;
  estimatedAttempts: bigint;
  tokens: Record<UsageBucket, bigint>;
}

export interface UsageSums {
  /** At most ten thousand, the dearest first. */
  rows: UsageSumsRow[];
  /** Over everything, also over what did not fit into `rows`. */
  total: UsageSumsRow;
}

const mostRows = 10_000;

const columns: Readonly<Record<UsageDimension, string>> = {
  key: "key_id",
  provider: "provider",
  model: "model",
  outcome: "outcome",
};

const sums = [
  "count(*)::text as attempts",
  "coalesce(sum(cost_nano_usd), 0)::text as cost",
  "(count(*) filter (where price_version = '' and outcome <> 'unsent'))::text as unpriced",
  "(count(*) filter (where usage_source = 'estimated'))::text as estimated",
  ...usageBuckets.map((bucket) => `coalesce(sum(${bucketColumns[bucket]}), 0)::text as ${bucketColumns[bucket]}`),
].join(", ");

export async function queryUsage(sql: Sql, { by = [], startTimeMs, endTimeMs }: UsageQuery): Promise<UsageSums> {
  // Each dimension is one of four constant column names; nothing of the caller's gets into the statement.
  const grouped = [...new Set(by)].map((dimension) => columns[dimension]);
  const sets = grouped.length > 0 ? `grouping sets ((${grouped.join(", ")}), ())` : "grouping sets (())";
  const isTotal = grouped.length > 0 ? `grouping(${grouped.join(", ")}) <> 0` : "true";
  const found = await sql.rows<Record<string, string> & { is_total: boolean }>(
    `with summed as (
       select ${[...grouped, `${isTotal} as is_total`, "sum(cost_nano_usd) as dearness", sums].join(", ")}
       from ledger_entry
       where ($1::timestamptz is null or start_time >= $1) and ($2::timestamptz is null or start_time < $2)
       group by ${sets}
     )
     select summed.*${grouped.includes("key_id") ? ", coalesce((select name from api_key where id = key_id), '') as key_name" : ""}
     from summed order by is_total desc, dearness desc nulls last limit ${mostRows + 1}`,
    [timestamp(startTimeMs), timestamp(endTimeMs)],
  );
  const [total, ...rows] = found.map((row) => sumsRow(row, row.is_total ? [] : grouped));
  return { rows, total: total! };
}

const timestamp = (timeMs: number | undefined) => (timeMs === undefined ? null : new Date(timeMs).toISOString());

function sumsRow(row: Record<string, string | boolean>, grouped: readonly string[]): UsageSumsRow {
  const text = (column: string) => String(row[column] ?? "");
  return {
    ...(grouped.includes("key_id") && { keyId: text("key_id"), keyName: text("key_name") }),
    ...(grouped.includes("provider") && { provider: text("provider") }),
    ...(grouped.includes("model") && { model: text("model") }),
    ...(grouped.includes("outcome") && { outcome: text("outcome") }),
    attempts: BigInt(text("attempts")),
    costNanoUsd: BigInt(text("cost")),
    unpricedAttempts: BigInt(text("unpriced")),
    estimatedAttempts: BigInt(text("estimated")),
    tokens: Object.fromEntries(usageBuckets.map((bucket) => [bucket, BigInt(text(bucketColumns[bucket]))])) as Record<
      UsageBucket,
      bigint
    >,
  };
}
