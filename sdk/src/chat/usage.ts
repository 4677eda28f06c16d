import type { Receipt } from "../gen/pontage/v1/chat_pb.ts";
import { type Usage, UsageSource } from "../gen/pontage/v1/usage_pb.ts";
import { Money } from "../money.ts";

/** Where a usage figure comes from. With `unknown`, the zeros mean that nothing is known. */
export type UsageFrom = "provider" | "counted" | "estimated" | "unknown";

/** Tokens in disjoint buckets: each token is in exactly one, so a total is a sum. */
export interface TokenUsage {
  /** Input tokens read at the full price. */
  readonly inputTokens: number;
  /** Input tokens served from the provider's prompt cache. */
  readonly cacheReadTokens: number;
  /** Input tokens written to the provider's prompt cache with its default lifetime. */
  readonly cacheWriteTokens: number;
  /** Input tokens written to the provider's prompt cache for one hour. */
  readonly cacheWrite1hTokens: number;
  readonly audioInputTokens: number;
  /** Visible output tokens: text and tool calls. */
  readonly outputTokens: number;
  /** Reasoning tokens, shown or hidden. */
  readonly reasoningTokens: number;
  readonly audioOutputTokens: number;
  /** Where the figure comes from. */
  readonly source: UsageFrom;
}

const sources: Record<UsageSource, UsageFrom> = {
  [UsageSource.UNSPECIFIED]: "unknown",
  [UsageSource.PROVIDER]: "provider",
  [UsageSource.COUNTED]: "counted",
  [UsageSource.ESTIMATED]: "estimated",
};

export function decodeUsageSource(source: number): UsageFrom {
  return sources[source as UsageSource] ?? "unknown";
}

export function decodeUsage(usage: Usage | undefined, source: number): TokenUsage {
  return {
    inputTokens: usage?.inputTokens ?? 0,
    cacheReadTokens: usage?.cacheReadTokens ?? 0,
    cacheWriteTokens: usage?.cacheWriteTokens ?? 0,
    cacheWrite1hTokens: usage?.cacheWrite1hTokens ?? 0,
    audioInputTokens: usage?.audioInputTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    reasoningTokens: usage?.reasoningTokens ?? 0,
    audioOutputTokens: usage?.audioOutputTokens ?? 0,
    source: usage ? decodeUsageSource(source) : "unknown",
  };
}

/** What a call cost. */
export class Cost extends Money {
  /** The version of the price table it was computed with. Empty when the model has no price; then nothing was charged. */
  readonly priceVersion: string;

  constructor(receipt: Receipt) {
    super(receipt.costNanoUsd);
    this.priceVersion = receipt.priceVersion;
  }
}
