import type { UsageCase } from "./row.ts";

export const ollamaChat: readonly UsageCase[] = [
  {
    name: "ollama/stream",
    says: "17; 50",
    buckets: { inputTokens: 17, outputTokens: 50 },
    sum: "17 x 2000 + 50 x 8000",
    costNanoUsd: 434_000n,
  },
  {
    name: "ollama/tool-call",
    says: "44; 113",
    buckets: { inputTokens: 44, outputTokens: 113 },
    sum: "44 x 2000 + 113 x 8000",
    costNanoUsd: 992_000n,
  },
];
