import type { UsageBucket } from "../../server/src/canonical/usage.ts";
import { usageBuckets } from "../../server/src/canonical/usage.ts";
import { bucketColumns } from "../../server/src/store/ledger-entry.ts";
import type { Store } from "../../server/src/store/store.ts";

export interface Row {
  readonly eventId: string;
  readonly requestId: string;
  readonly attempt: number;
  readonly producer: string;
  readonly sequence: bigint;
  readonly keyId: string;
  readonly askedModel: string;
  readonly outcome: string;
  readonly status: number;
  readonly usageSource: string;
  readonly priceVersion: string;
  readonly sums: Sums;
}

/** What rows add up to: money and every kind of token. */
export type Sums = Readonly<Record<"costNanoUsd" | UsageBucket, bigint>>;

/** Everything the database says, read at one moment. */
export interface Books {
  readonly rows: readonly Row[];
  /** By scope. */
  readonly balances: ReadonlyMap<string, { readonly attempts: bigint; readonly sums: Sums }>;
  readonly deadLetters: readonly string[];
}

type Cells = Readonly<Record<string, string>>;

/** Reads the tables themselves, past everything that computes with them. */
export async function readBooks(store: Store): Promise<Books> {
  const sql = `select
    (select coalesce(json_agg(row_to_json(entry)), '[]') from (
       select event_id, request_id, attempt::text, producer, sequence::text, key_id, asked_model, outcome, status::text,
         usage_source, price_version, ${sumColumns} from ledger_entry) as entry) as rows,
    (select coalesce(json_agg(row_to_json(kept)), '[]') from (
       select scope, attempts::text, ${sumColumns} from balance) as kept) as balances,
    (select coalesce(json_agg(reason), '[]') from dead_letter) as letters`;
  const [found] = (await store.orm.em.getConnection().execute(sql)) as [
    { rows: Cells[]; balances: Cells[]; letters: string[] },
  ];
  return {
    rows: found.rows.map((cells) => ({
      eventId: cells.event_id!,
      requestId: cells.request_id!,
      attempt: Number(cells.attempt),
      producer: cells.producer!,
      sequence: BigInt(cells.sequence!),
      keyId: cells.key_id!,
      askedModel: cells.asked_model!,
      outcome: cells.outcome!,
      status: Number(cells.status),
      usageSource: cells.usage_source!,
      priceVersion: cells.price_version!,
      sums: sumsIn(cells),
    })),
    balances: new Map(
      found.balances.map((cells) => [cells.scope!, { attempts: BigInt(cells.attempts!), sums: sumsIn(cells) }]),
    ),
    deadLetters: found.letters,
  };
}

const sumColumns = ["cost_nano_usd", ...Object.values(bucketColumns)].map((column) => `${column}::text`).join(", ");

function sumsIn(cells: Cells): Sums {
  const buckets = usageBuckets.map((bucket) => [bucket, BigInt(cells[bucketColumns[bucket]]!)] as const);
  return { costNanoUsd: BigInt(cells.cost_nano_usd!), ...(Object.fromEntries(buckets) as Record<UsageBucket, bigint>) };
}
