import type { Usage } from "@pontage/gen/pontage/v1/usage_pb.ts";

export type { Usage };

/** A literal is what `create` would return, without the walk over the descriptor: this runs for every call. */
export function usageOf(buckets: Partial<Readonly<Record<UsageBucket, number>>>): Usage {
  return {
    $typeName: "pontage.v1.Usage",
    inputTokens: buckets.inputTokens ?? 0,
    cacheReadTokens: buckets.cacheReadTokens ?? 0,
    cacheWriteTokens: buckets.cacheWriteTokens ?? 0,
    cacheWrite1hTokens: buckets.cacheWrite1hTokens ?? 0,
    audioInputTokens: buckets.audioInputTokens ?? 0,
    outputTokens: buckets.outputTokens ?? 0,
    reasoningTokens: buckets.reasoningTokens ?? 0,
    audioOutputTokens: buckets.audioOutputTokens ?? 0,
  };
}

/** The buckets, in the order of the proto. Everything that sums or prices usage walks this list. */
export const usageBuckets = [
  "inputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "audioInputTokens",
  "outputTokens",
  "reasoningTokens",
  "audioOutputTokens",
] as const satisfies readonly (keyof Usage)[];

export type UsageBucket = (typeof usageBuckets)[number];

export function totalTokens(usage: Usage): number {
  return usageBuckets.reduce((sum, bucket) => sum + usage[bucket], 0);
}

export function totalInputTokens(usage: Usage): number {
  return (
    usage.inputTokens +
    usage.cacheReadTokens +
    usage.cacheWriteTokens +
    usage.cacheWrite1hTokens +
    usage.audioInputTokens
  );
}

export function totalOutputTokens(usage: Usage): number {
  return usage.outputTokens + usage.reasoningTokens + usage.audioOutputTokens;
}
