import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Usage, UsageSchema } from "@pontage/gen/pontage/v1/usage_pb.ts";

export type { Usage };

export function usageOf(buckets: MessageInitShape<typeof UsageSchema>): Usage {
  return create(UsageSchema, buckets);
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
