import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { Connection } from "./connection.ts";
import { type UsageRow as ProtoRow, UsageDimension, type UsageService } from "./gen/pontage/admin/v1/usage_pb.ts";
import { Money } from "./money.ts";
import type { CallOptions } from "./options.ts";

const dimensions = {
  key: UsageDimension.KEY,
  provider: UsageDimension.PROVIDER,
  model: UsageDimension.MODEL,
  outcome: UsageDimension.OUTCOME,
} as const;

/** What usage can be grouped by. */
export type UsageDimensionName = keyof typeof dimensions;

/** What to sum. */
export interface UsageQuery {
  /** What to group by; nothing means one row over everything. */
  by?: readonly UsageDimensionName[];
  /** The span begins here. At the beginning when left out. */
  from?: Date | string;
  /** The span ends before here. Now when left out. */
  to?: Date | string;
}

/** The sum of some rows of the ledger. The fields it was not grouped by are empty. */
export interface UsageRow {
  readonly keyId: string;
  readonly keyName: string;
  readonly provider: string;
  readonly model: string;
  readonly outcome: string;
  readonly attempts: bigint;
  /** Tokens in disjoint buckets. */
  readonly tokens: {
    readonly input: bigint;
    readonly cacheRead: bigint;
    readonly cacheWrite: bigint;
    readonly audio: bigint;
    readonly output: bigint;
    readonly reasoning: bigint;
  };
  readonly cost: Money;
  /** How many of the attempts had no price. */
  readonly unpricedAttempts: bigint;
  /** How many of the attempts have an estimated usage. */
  readonly estimatedAttempts: bigint;
}

/** Who used what, and what it cost. Needs the admin token. */
export class Usage {
  readonly #connection: Connection;
  readonly #client: Client<typeof UsageService>;

  constructor(connection: Connection, client: Client<typeof UsageService>) {
    this.#connection = connection;
    this.#client = client;
  }

  /** Sums the ledger. The dearest rows come first. */
  async query(query: UsageQuery = {}, options: CallOptions = {}): Promise<{ rows: UsageRow[]; total: UsageRow }> {
    const { by = [], from, to } = query;
    const request = {
      by: by.map((name) => dimensions[name]),
      ...(from === undefined ? {} : { startTime: timestampFromDate(toDate(from)) }),
      ...(to === undefined ? {} : { endTime: timestampFromDate(toDate(to)) }),
    };
    const { message } = await this.#connection.unary((own) => this.#client.queryUsage(request, own), options);
    return { rows: message.rows.map(decodeRow), total: decodeRow(message.total) };
  }
}

function toDate(time: Date | string): Date {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) throw new TypeError(`"${String(time)}" is not a time.`);
  return date;
}

function decodeRow(row: ProtoRow | undefined): UsageRow {
  return {
    keyId: row?.keyId ?? "",
    keyName: row?.keyName ?? "",
    provider: row?.provider ?? "",
    model: row?.model ?? "",
    outcome: row?.outcome ?? "",
    attempts: row?.attempts ?? 0n,
    tokens: {
      input: row?.totals?.inputTokens ?? 0n,
      cacheRead: row?.totals?.cacheReadTokens ?? 0n,
      cacheWrite: row?.totals?.cacheWriteTokens ?? 0n,
      audio: row?.totals?.audioTokens ?? 0n,
      output: row?.totals?.outputTokens ?? 0n,
      reasoning: row?.totals?.reasoningTokens ?? 0n,
    },
    cost: new Money(row?.costNanoUsd ?? 0n),
    unpricedAttempts: row?.unpricedAttempts ?? 0n,
    estimatedAttempts: row?.estimatedAttempts ?? 0n,
  };
}
