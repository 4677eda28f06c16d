import { allPrices } from "../billing/price.ts";
import { usageBuckets } from "../canonical/usage.ts";
import { bucketColumns } from "./ledger-entry.ts";
import { oneRow, type Sql } from "./sql.ts";

export interface Verification {
  rows: bigint;
  costNanoUsd: bigint;
  /** What is wrong, one sentence each, at most 100. Empty means the ledger is sound. */
  problems: string[];
  deadLetters: bigint;
}

const mostProblems = 100;
const bucketList = usageBuckets.map((bucket) => bucketColumns[bucket]);
const inputList = usageBuckets
  .filter((bucket) => /^(input|cache|audioInput)/.test(bucket))
  .map((bucket) => bucketColumns[bucket]);

/** Runs inside one read-only transaction, so that what is written meanwhile cannot look like a mistake. */
export async function verifyLedger(sql: Sql): Promise<Verification> {
  const totals = await oneRow<{ rows: string; cost: string; letters: string }>(
    sql,
    `select count(*)::text as rows, coalesce(sum(cost_nano_usd), 0)::text as cost,
       (select count(*) from dead_letter)::text as letters from ledger_entry`,
  );
  const problems: string[] = [];
  for (const check of [balanceProblems, costProblems, unchargeableProblems, gapProblems, repeatedSequenceProblems]) {
    if (problems.length < mostProblems) problems.push(...(await check(sql, mostProblems - problems.length)));
  }
  return {
    rows: BigInt(totals.rows),
    costNanoUsd: BigInt(totals.cost),
    problems,
    deadLetters: BigInt(totals.letters),
  };
}

/** The rows of every scope against its balance, in attempts, money and each kind of token. */
async function balanceProblems(sql: Sql, limit: number): Promise<string[]> {
  const figures = ["attempts", "cost_nano_usd", ...bucketList];
  const found = await sql.rows<Record<string, string>>(
    `with scoped as (
       select 'key:' || key_id as scope, * from ledger_entry union all select 'total', * from ledger_entry
     ), summed as (
       select scope, count(*) as attempts, sum(cost_nano_usd) as cost_nano_usd,
         ${bucketList.map((bucket) => `sum(${bucket}) as ${bucket}`).join(", ")}
       from scoped group by scope
     )
     select scope, ${figures
       .map(
         (figure) =>
           `coalesce(summed.${figure}, 0)::text as rows_${figure}, coalesce(balance.${figure}, 0)::text as kept_${figure}`,
       )
       .join(", ")}
     from summed full outer join balance using (scope)
     where ${figures.map((figure) => `coalesce(summed.${figure}, 0) <> coalesce(balance.${figure}, 0)`).join(" or ")}
     order by scope limit $1`,
    [limit],
  );
  return found.map((row) => {
    const wrong = figures
      .filter((figure) => row[`rows_${figure}`] !== row[`kept_${figure}`])
      .map((figure) => `${figure} of its rows is ${row[`rows_${figure}`]}, the balance says ${row[`kept_${figure}`]}`);
    return `Balance ${row.scope}: ${wrong.join("; ")}.`;
  });
}

/** Every cost against the price its row names, as far as this program knows that price. */
async function costProblems(sql: Sql, limit: number): Promise<string[]> {
  // A price with a second tier is two lines: up to the limit, and above it.
  const lines = allPrices().flatMap(({ version, rates, above }) => {
    const line = (from: number, to: number | null, of: typeof rates) => ({
      version,
      above_input: from,
      up_to_input: to,
      ...Object.fromEntries(usageBuckets.map((bucket) => [bucketColumns[bucket], String(of[bucket])])),
    });
    return above
      ? [line(-1, above.inputTokens, rates), line(above.inputTokens, null, above.rates)]
      : [line(-1, null, rates)];
  });
  const found = await sql.rows<{ event_id: string; cost: string; expected: string }>(
    `with price as (
       select * from json_to_recordset($1::json) as line (
         version text, above_input numeric, up_to_input numeric, ${bucketList.map((bucket) => `${bucket} numeric`).join(", ")}
       )
     ), priced as (
       select event_id, cost_nano_usd,
         ceil((${bucketList.map((bucket) => `entry.${bucket} * price.${bucket}`).join(" + ")}) / 1000000) as expected
       from ledger_entry as entry
       join price on price.version = entry.price_version
         and ${inputList.map((bucket) => `entry.${bucket}`).join(" + ")} > price.above_input
         and (price.up_to_input is null or ${inputList.map((bucket) => `entry.${bucket}`).join(" + ")} <= price.up_to_input)
     )
     select event_id, cost_nano_usd::text as cost, expected::text as expected
     from priced where cost_nano_usd <> expected order by event_id limit $2`,
    [JSON.stringify(lines), limit],
  );
  return found.map(
    ({ event_id, cost, expected }) => `Row ${event_id}: its usage costs ${expected} nano-USD, the row says ${cost}.`,
  );
}

/** What was never sent costs nothing, and what has no price has no cost. */
async function unchargeableProblems(sql: Sql, limit: number): Promise<string[]> {
  const found = await sql.rows<{ event_id: string; outcome: string; cost: string }>(
    `select event_id, outcome, cost_nano_usd::text as cost from ledger_entry
     where cost_nano_usd <> 0 and (outcome = 'unsent' or price_version = '') order by event_id limit $1`,
    [limit],
  );
  return found.map(({ event_id, outcome, cost }) =>
    outcome === "unsent"
      ? `Row ${event_id}: it was never sent, and costs ${cost} nano-USD.`
      : `Row ${event_id}: it has no price, and costs ${cost} nano-USD.`,
  );
}

/** Numbers a producer must have given out, because it gave out later ones, and which are neither a row nor set aside. */
async function gapProblems(sql: Sql, limit: number): Promise<string[]> {
  const found = await sql.rows<{ producer: string; first: string; last: string }>(
    `with known as (
       select producer, sequence from ledger_entry
       union select producer, sequence from dead_letter where producer is not null
       union select distinct producer, 0 from ledger_entry
     ), steps as (
       select producer, sequence, lead(sequence) over (partition by producer order by sequence) as next from known
     )
     select producer, (sequence + 1)::text as first, (next - 1)::text as last
     from steps where next - sequence > 1 order by producer, sequence limit $1`,
    [limit],
  );
  return found.map(({ producer, first, last }) =>
    first === last
      ? `Producer ${producer}: event ${first} is missing.`
      : `Producer ${producer}: events ${first} to ${last} are missing.`,
  );
}

async function repeatedSequenceProblems(sql: Sql, limit: number): Promise<string[]> {
  const found = await sql.rows<{ producer: string; sequence: string; times: number }>(
    `select producer, sequence::text as sequence, count(*)::int as times from ledger_entry
     group by producer, sequence having count(*) > 1 order by producer, sequence limit $1`,
    [limit],
  );
  return found.map(
    ({ producer, sequence, times }) =>
      `Producer ${producer}: event ${sequence} is in the ledger ${times} times, under different ids.`,
  );
}
