import type { UsageCase } from "./row.ts";

export const openaiCompletions: readonly UsageCase[] = [
  {
    name: "openai/davinci",
    says: "8; 16",
    buckets: { inputTokens: 8, outputTokens: 16 },
    sum: "8 x 2000 + 16 x 8000",
    costNanoUsd: 144_000n,
  },
  {
    name: "openai/stream-text",
    says: "14; 16",
    buckets: { inputTokens: 14, outputTokens: 16 },
    sum: "14 x 2000 + 16 x 8000",
    costNanoUsd: 156_000n,
  },
  {
    name: "openai/text",
    says: "14; 16",
    buckets: { inputTokens: 14, outputTokens: 16 },
    sum: "14 x 2000 + 16 x 8000",
    costNanoUsd: 156_000n,
  },
];
