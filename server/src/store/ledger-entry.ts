import { defineEntity, p } from "@mikro-orm/postgresql";
import type { UsageBucket } from "../canonical/usage.ts";

/** The column of each usage bucket, in the ledger and in the balances. */
export const bucketColumns: Readonly<Record<UsageBucket, string>> = {
  inputTokens: "input_tokens",
  cacheReadTokens: "cache_read_tokens",
  cacheWriteTokens: "cache_write_tokens",
  cacheWrite1hTokens: "cache_write_1h_tokens",
  audioInputTokens: "audio_input_tokens",
  outputTokens: "output_tokens",
  reasoningTokens: "reasoning_tokens",
  audioOutputTokens: "audio_output_tokens",
};

/** The usage buckets as columns. A count is 32 bits wide and unsigned on the wire, so it needs a `bigint` here. */
const buckets = {
  inputTokens: p.bigint().name(bucketColumns.inputTokens),
  cacheReadTokens: p.bigint().name(bucketColumns.cacheReadTokens),
  cacheWriteTokens: p.bigint().name(bucketColumns.cacheWriteTokens),
  cacheWrite1hTokens: p.bigint().name(bucketColumns.cacheWrite1hTokens),
  audioInputTokens: p.bigint().name(bucketColumns.audioInputTokens),
  outputTokens: p.bigint().name(bucketColumns.outputTokens),
  reasoningTokens: p.bigint().name(bucketColumns.reasoningTokens),
  audioOutputTokens: p.bigint().name(bucketColumns.audioOutputTokens),
};

const LedgerEntrySchema = defineEntity({
  name: "LedgerEntry",
  tableName: "ledger_entry",
  properties: {
    /** `request_id:attempt`: one row for each attempt, however often its event arrives. */
    eventId: p.text().primary(),
    requestId: p.text(),
    attempt: p.bigint(),
    producer: p.text(),
    sequence: p.bigint(),
    keyId: p.text(),
    provider: p.text(),
    askedModel: p.text(),
    model: p.text(),
    doorDialect: p.text(),
    upstreamDialect: p.text(),
    /** `ok`, `partial`, `upstream_error`, `interrupted`, `unsent`. */
    outcome: p.text(),
    status: p.bigint(),
    ...buckets,
    /** `unspecified`, `provider`, `counted`, `estimated`. */
    usageSource: p.text(),
    costNanoUsd: p.bigint(),
    /** Which price the cost follows from. Empty when the model has none. */
    priceVersion: p.text(),
    startTime: p.datetime().columnType("timestamptz"),
    firstByteMs: p.bigint(),
    durationMs: p.bigint(),
    streamed: p.boolean(),
    reason: p.text(),
    insertTime: p.datetime().columnType("timestamptz").defaultRaw("now()"),
  },
  indexes: [
    { name: "ledger_entry_producer_sequence", properties: ["producer", "sequence"] },
    {
      name: "ledger_entry_start_time",
      expression: "create index ledger_entry_start_time on ledger_entry using brin (start_time)",
    },
  ],
});

/** One attempt: one call to one upstream. Rows are never changed; a correction is a new row. */
export class LedgerEntry extends LedgerEntrySchema.class {}
LedgerEntrySchema.setClass(LedgerEntry);

const BalanceSchema = defineEntity({
  name: "Balance",
  tableName: "balance",
  properties: {
    /** `total`, or `key:` and a key's id. */
    scope: p.text().primary(),
    attempts: p.bigint(),
    /** Wider than a row's cost, so that no sum of rows can fail to fit. */
    costNanoUsd: p.bigint().columnType("numeric(38,0)"),
    ...buckets,
  },
});

/** The sum of the rows of a scope, kept by the statement that inserts them. */
export class Balance extends BalanceSchema.class {}
BalanceSchema.setClass(Balance);

const DeadLetterSchema = defineEntity({
  name: "DeadLetter",
  tableName: "dead_letter",
  properties: {
    /** SHA-256 of reason and payload, hex: a letter that arrives again is the same letter. */
    id: p.text().primary(),
    reason: p.text(),
    payload: p.blob(),
    /** The place in its producer's journal, when the event's origin is beyond doubt: it then counts as dealt with. */
    producer: p.text().nullable(),
    sequence: p.bigint().nullable(),
    insertTime: p.datetime().columnType("timestamptz").defaultRaw("now()"),
  },
  indexes: [{ name: "dead_letter_producer_sequence", properties: ["producer", "sequence"] }],
});

/** An event that could not be believed, set aside as it came. */
export class DeadLetter extends DeadLetterSchema.class {}
DeadLetterSchema.setClass(DeadLetter);
