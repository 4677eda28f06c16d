import type { UsageCase } from "./row.ts";

export const cohereChat: readonly UsageCase[] = [
  {
    name: "cohere/parallel-tools.1-call",
    says: "1568 with 992 cached; 132",
    buckets: { inputTokens: 576, cacheReadTokens: 992, outputTokens: 132 },
    sum: "576 x 2000 + 992 x 200.5 + 132 x 8000",
    costNanoUsd: 2_406_896n,
  },
  {
    name: "cohere/parallel-tools.2-result",
    says: "1774 with 1088 cached; 51",
    buckets: { inputTokens: 686, cacheReadTokens: 1088, outputTokens: 51 },
    sum: "686 x 2000 + 1088 x 200.5 + 51 x 8000",
    costNanoUsd: 1_998_144n,
  },
  {
    name: "cohere/stream-citations",
    says: "508 with 144 cached; 86 with 28 of reasoning",
    buckets: { inputTokens: 364, cacheReadTokens: 144, outputTokens: 58, reasoningTokens: 28 },
    sum: "364 x 2000 + 144 x 200.5 + 58 x 8000 + 28 x 9000",
    costNanoUsd: 1_472_872n,
  },
  {
    name: "cohere/stream-tools.1-call",
    says: "1508 with 1472 cached; 67",
    buckets: { inputTokens: 36, cacheReadTokens: 1472, outputTokens: 67 },
    sum: "36 x 2000 + 1472 x 200.5 + 67 x 8000",
    costNanoUsd: 903_136n,
  },
  {
    name: "cohere/thinking.1",
    says: "1394 with 1360 cached; 55 with 38 of reasoning",
    buckets: { inputTokens: 34, cacheReadTokens: 1360, outputTokens: 17, reasoningTokens: 38 },
    sum: "34 x 2000 + 1360 x 200.5 + 17 x 8000 + 38 x 9000",
    costNanoUsd: 818_680n,
  },
];
