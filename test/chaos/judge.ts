import { costNanoUsd, priceOfVersion } from "../../server/src/billing/price.ts";
import { type Usage, usageBuckets, usageOf } from "../../server/src/canonical/usage.ts";
import type { Books, Row, Sums } from "./books.ts";
import type { Heard } from "./clients.ts";
import { maxOutputTokens, numberOf, planOf, usageOfPlan } from "./plan.ts";

/** What the world outside the gateway saw, and what its books say. */
export interface Evidence {
  readonly seed: number;
  readonly heard: readonly Heard[];
  /** Requests that reached the upstream, by number. */
  readonly received: ReadonlyMap<number, number>;
  readonly books: Books;
}

/** A fault begins with one of these words. */
export type FaultKind = "lost" | "wrong" | "invented" | "doubled" | "unbalanced" | "charged" | "refused" | "truncated";

/** What is wrong with the books, one sentence each. An honest ledger has no faults. */
export function judge(evidence: Evidence): string[] {
  const { books } = evidence;
  return [
    ...judgeAnswers(evidence),
    ...judgeUpstream(evidence),
    ...judgeRows(books.rows),
    ...judgeBalances(books),
    ...books.deadLetters.map((reason) => `refused: a dead letter, ${reason}`),
  ];
}

/** L1, S4: what a client has to its last byte is an `ok` row, once, with what the upstream said. */
function judgeAnswers({ seed, heard, books }: Evidence): string[] {
  const faults: string[] = [];
  const rows = Map.groupBy(books.rows, ({ requestId }) => requestId);
  for (const { number, requestId, complete } of heard) {
    if (!complete) continue;
    const plan = planOf(seed, number);
    if (!["answer", "slow", "silent"].includes(plan.manner)) {
      faults.push(`truncated: request ${number} looked complete, but the upstream's answer was ${plan.manner}`);
      continue;
    }
    const good = (rows.get(requestId ?? "") ?? []).filter(({ outcome }) => outcome === "ok");
    const [row] = good;
    if (!row) {
      const others = (rows.get(requestId ?? "") ?? []).map(({ outcome }) => outcome);
      faults.push(
        `lost: request ${number} (${requestId}) was answered in full and has ${others.join(", ") || "no row"}`,
      );
      continue;
    }
    if (good.length > 1) faults.push(`doubled: request ${number} has ${good.length} ok rows`);
    faults.push(...judgeUsage(row, usageOfPlan(plan)));
  }
  return faults;
}

function judgeUsage(row: Row, said: Usage | undefined): string[] {
  if (!said) {
    const output = row.sums.outputTokens;
    const fits = row.usageSource === "estimated" && output > 0n && output <= BigInt(maxOutputTokens);
    return fits
      ? []
      : [`wrong: ${row.eventId} has ${output} output tokens by ${row.usageSource}, of a silent upstream`];
  }
  const differing = usageBuckets.filter((bucket) => row.sums[bucket] !== BigInt(said[bucket]));
  const words = differing.map((bucket) => `${bucket} ${row.sums[bucket]} instead of ${said[bucket]}`);
  if (row.usageSource !== "provider") words.push(`its usage is by ${row.usageSource}`);
  return words.length > 0 ? [`wrong: ${row.eventId} has ${words.join(", ")}`] : [];
}

/** L2, L3: every request that reached the upstream is one row; a row beyond those cost nothing. */
function judgeUpstream({ heard, received, books }: Evidence): string[] {
  const faults: string[] = [];
  const rows = Map.groupBy(books.rows, ({ askedModel }) => numberOf(askedModel));
  for (const [number, times] of received) {
    const found = rows.get(number)?.length ?? 0;
    if (found < times) faults.push(`lost: request ${number} reached the upstream ${times} times and has ${found} rows`);
  }
  for (const [number, found] of rows) {
    if (number < 1 || number > heard.length) faults.push(`invented: a row for request ${number}, which nobody made`);
    const times = received.get(number) ?? 0;
    const answered = found.filter(({ status, sums }) => status > 0 || sums.costNanoUsd > 0n);
    if (answered.length > times) {
      const outcomes = answered.map(({ outcome }) => outcome).join(", ");
      faults.push(`charged: request ${number} reached the upstream ${times} times and has the rows ${outcomes}`);
    }
    if (new Set(found.map(({ requestId }) => requestId)).size > 1)
      faults.push(`invented: request ${number} was made once and has rows of several calls`);
  }
  return faults;
}

const outcomes = ["ok", "partial", "upstream_error", "interrupted", "unsent"];

/** L2, L5: each row by itself. */
function judgeRows(rows: readonly Row[]): string[] {
  const faults: string[] = [];
  for (const name of ["eventId", "place"] as const) {
    const keys = rows.map((row) => (name === "eventId" ? row.eventId : `${row.producer} ${row.sequence}`));
    const twice = new Set(keys).size;
    if (twice < rows.length) faults.push(`doubled: ${rows.length} rows have ${twice} different values of ${name}`);
  }
  for (const row of rows) {
    if (row.eventId !== `${row.requestId}:${row.attempt}`)
      faults.push(`wrong: ${row.eventId} is not of ${row.requestId}`);
    if (!outcomes.includes(row.outcome)) faults.push(`wrong: ${row.eventId} ended as ${row.outcome}`);
    const usage = usageOf(Object.fromEntries(usageBuckets.map((bucket) => [bucket, Number(row.sums[bucket])])));
    const price = priceOfVersion(row.priceVersion);
    const cost = price ? costNanoUsd(usage, price) : 0n;
    if (row.sums.costNanoUsd !== cost) faults.push(`wrong: ${row.eventId} costs ${row.sums.costNanoUsd}, not ${cost}`);
    if (row.outcome === "ok" && cost === 0n) faults.push(`wrong: ${row.eventId} is ok and costs nothing`);
    if (row.outcome === "unsent" && cost > 0n) faults.push(`charged: ${row.eventId} was not sent and costs ${cost}`);
  }
  return faults;
}

/** L4: the rows of every key, and all rows, add up to the balances. */
function judgeBalances({ rows, balances }: Books): string[] {
  const scopes = new Map([["total", rows], ...[...Map.groupBy(rows, ({ keyId }) => `key:${keyId}`)]] as [
    string,
    readonly Row[],
  ][]);
  const faults: string[] = [];
  for (const scope of balances.keys()) if (!scopes.has(scope)) faults.push(`unbalanced: ${scope} has no rows`);
  for (const [scope, own] of scopes) {
    const kept = balances.get(scope);
    if (!kept && own.length === 0) continue;
    if (kept?.attempts !== BigInt(own.length))
      faults.push(`unbalanced: ${scope} has ${own.length} rows, the balance says ${kept?.attempts}`);
    for (const figure of ["costNanoUsd", ...usageBuckets] as const satisfies readonly (keyof Sums)[]) {
      const sum = own.reduce((sum, row) => sum + row.sums[figure], 0n);
      if (kept?.sums[figure] !== sum)
        faults.push(`unbalanced: ${figure} of ${scope} is ${sum}, the balance says ${kept?.sums[figure]}`);
    }
  }
  return faults;
}

/** How many rows ended in which way, for the report of a run. */
export function outcomeCounts({ rows }: Books): Record<string, number> {
  return Object.fromEntries(outcomes.map((name) => [name, rows.filter(({ outcome }) => outcome === name).length]));
}
