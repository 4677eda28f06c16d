import type { UsageCase } from "./row.ts";

export const bedrockConverse: readonly UsageCase[] = [
  {
    name: "bedrock/guardrail-intervened",
    says: "28; 26",
    buckets: { inputTokens: 28, outputTokens: 26 },
    sum: "28 x 2000 + 26 x 8000",
    costNanoUsd: 264_000n,
  },
  {
    name: "bedrock/parallel-tools.1-call",
    says: "701, none cached; 97",
    buckets: { inputTokens: 701, outputTokens: 97 },
    sum: "701 x 2000 + 97 x 8000",
    costNanoUsd: 2_178_000n,
  },
  {
    name: "bedrock/thinking.2-replay",
    says: "67, none cached; 47, nobody says how many of thoughts",
    buckets: { inputTokens: 67, outputTokens: 47 },
    sum: "67 x 2000 + 47 x 8000",
    costNanoUsd: 510_000n,
  },
  {
    name: "bedrock/tool-no-params",
    says: "925; 18",
    buckets: { inputTokens: 925, outputTokens: 18 },
    sum: "925 x 2000 + 18 x 8000",
    costNanoUsd: 1_994_000n,
  },
  {
    name: "bedrock/redacted-thinking",
    says: "92; 253, nobody says how many of thoughts",
    buckets: { inputTokens: 92, outputTokens: 253 },
    sum: "92 x 2000 + 253 x 8000",
    costNanoUsd: 2_208_000n,
  },
  {
    name: "bedrock/stream-citations",
    says: "670; 28",
    buckets: { inputTokens: 670, outputTokens: 28 },
    sum: "670 x 2000 + 28 x 8000",
    costNanoUsd: 1_564_000n,
  },
  {
    name: "bedrock/text",
    says: "8; 10",
    buckets: { inputTokens: 8, outputTokens: 10 },
    sum: "8 x 2000 + 10 x 8000",
    costNanoUsd: 96_000n,
  },
  {
    name: "bedrock/tool-call",
    says: "415; 202",
    buckets: { inputTokens: 415, outputTokens: 202 },
    sum: "415 x 2000 + 202 x 8000",
    costNanoUsd: 2_446_000n,
  },
];
