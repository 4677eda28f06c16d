import type { JsonObject } from "@bufbuild/protobuf";
import type { UsageBucket } from "../../../server/src/canonical/usage.ts";
import type { DialectId } from "../../../server/src/dialects/dialect.ts";
import type { UsageCase } from "./row.ts";

/** What vendors document and no recording has: sound, caches of an hour, caches in other servers' words. */
export const documented: readonly (UsageCase & {
  readonly dialect: DialectId;
  readonly wire: JsonObject;
  /** The published page. */
  readonly source: string;
})[] = [
  {
    name: "sound both ways",
    dialect: "openai-chat",
    source: "https://platform.openai.com/docs/api-reference/chat/object",
    wire: {
      usage: {
        prompt_tokens: 100,
        completion_tokens: 80,
        total_tokens: 180,
        prompt_tokens_details: { cached_tokens: 20, audio_tokens: 50 },
        completion_tokens_details: { reasoning_tokens: 10, audio_tokens: 60 },
      },
    },
    says: "100 with 20 cached and 50 heard; 80 with 10 of reasoning and 60 spoken",
    buckets: {
      inputTokens: 30,
      cacheReadTokens: 20,
      audioInputTokens: 50,
      outputTokens: 10,
      reasoningTokens: 10,
      audioOutputTokens: 60,
    },
    sum: "30 x 2000 + 20 x 200.5 + 50 x 32000 + 10 x 8000 + 10 x 9000 + 60 x 64000",
    costNanoUsd: 5_674_010n,
  },
  {
    name: "DeepSeek's words for its cache",
    dialect: "openai-chat",
    source: "https://api-docs.deepseek.com/api/create-chat-completion",
    wire: {
      usage: {
        prompt_tokens: 300,
        prompt_cache_hit_tokens: 256,
        prompt_cache_miss_tokens: 44,
        completion_tokens: 5,
        total_tokens: 305,
      },
    },
    says: "300: 256 hit the cache and 44 missed; 5",
    buckets: { inputTokens: 44, cacheReadTokens: 256, outputTokens: 5 },
    sum: "44 x 2000 + 256 x 200.5 + 5 x 8000",
    costNanoUsd: 179_328n,
  },
  {
    name: "OpenRouter's written cache",
    dialect: "openai-chat",
    source: "https://openrouter.ai/docs/guides/administration/usage-accounting",
    wire: {
      usage: {
        prompt_tokens: 1000,
        completion_tokens: 1,
        total_tokens: 1001,
        prompt_tokens_details: { cached_tokens: 300, cache_write_tokens: 600 },
      },
    },
    says: "1000 with 300 read and 600 written; 1",
    buckets: { inputTokens: 100, cacheReadTokens: 300, cacheWriteTokens: 600, outputTokens: 1 },
    sum: "100 x 2000 + 300 x 200.5 + 600 x 2500 + 1 x 8000",
    costNanoUsd: 1_768_150n,
  },
  {
    name: "caches of five minutes and of an hour",
    dialect: "anthropic-messages",
    source: "https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching",
    wire: {
      usage: {
        input_tokens: 7,
        cache_read_input_tokens: 1001,
        cache_creation_input_tokens: 556,
        cache_creation: { ephemeral_5m_input_tokens: 456, ephemeral_1h_input_tokens: 100 },
        output_tokens: 3,
      },
    },
    says: "7, beside them 1001 read, 456 written for five minutes and 100 for an hour; 3",
    buckets: {
      inputTokens: 7,
      cacheReadTokens: 1001,
      cacheWriteTokens: 456,
      cacheWrite1hTokens: 100,
      outputTokens: 3,
    },
    sum: "7 x 2000 + 1001 x 200.5 + 456 x 2500 + 100 x 4000 + 3 x 8000",
    costNanoUsd: 1_778_701n,
  },
  {
    name: "a cache of an hour",
    dialect: "bedrock-converse",
    source: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html",
    wire: {
      usage: {
        inputTokens: 7,
        outputTokens: 3,
        totalTokens: 1110,
        cacheReadInputTokens: 500,
        cacheWriteInputTokens: 600,
        cacheDetails: [
          { ttl: "1h", inputTokens: 200 },
          { ttl: "5m", inputTokens: 400 },
        ],
      },
    },
    says: "7, beside them 500 read and 600 written, of those 200 for an hour; 3",
    buckets: {
      inputTokens: 7,
      cacheReadTokens: 500,
      cacheWriteTokens: 400,
      cacheWrite1hTokens: 200,
      outputTokens: 3,
    },
    sum: "7 x 2000 + 500 x 200.5 + 400 x 2500 + 200 x 4000 + 3 x 8000",
    costNanoUsd: 1_938_250n,
  },
  {
    name: "sound, of which a part was cached",
    dialect: "gemini",
    source: "https://ai.google.dev/api/generate-content#UsageMetadata",
    wire: {
      usageMetadata: {
        promptTokenCount: 500,
        cachedContentTokenCount: 200,
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 300 },
          { modality: "AUDIO", tokenCount: 200 },
        ],
        cacheTokensDetails: [
          { modality: "TEXT", tokenCount: 150 },
          { modality: "AUDIO", tokenCount: 50 },
        ],
        candidatesTokenCount: 90,
        candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 70 }],
        thoughtsTokenCount: 11,
        totalTokenCount: 601,
      },
    },
    says: "500 with 200 heard, cached 200 with 50 of those; 90 with 70 spoken, and 11 of thoughts",
    buckets: {
      inputTokens: 150,
      cacheReadTokens: 200,
      audioInputTokens: 150,
      outputTokens: 20,
      reasoningTokens: 11,
      audioOutputTokens: 70,
    },
    sum: "150 x 2000 + 200 x 200.5 + 150 x 32000 + 20 x 8000 + 11 x 9000 + 70 x 64000",
    costNanoUsd: 9_879_100n,
  },
];

/**
 * Where a vendor puts its own bill beside its numbers: the rates of the model it served, in nano-USD per token, and where
 * the bill stands in the recording's `usage`. The buckets have to add up to it.
 */
export const billed: readonly {
  readonly dialect: DialectId;
  readonly name: string;
  readonly rates: Partial<Record<UsageBucket, number>>;
  readonly field: "cost" | "cost_in_usd_ticks";
}[] = [
  ["openai-chat", "xai/tool-call", [300, 75, 500]],
  ["openai-chat", "xai/stream-tool-call", [300, 75, 500]],
  ["openai-responses", "xai/parallel-tools.1-call", [1250, 200, 2500]],
  ["openai-responses", "xai/stream-tools.1-call", [1250, 200, 2500]],
  ["openai-responses", "xai/thinking.1", [1250, 200, 2500]],
  ["openai-chat", "openrouter/parallel-tools.1-call", [1000, 100, 5000]],
  ["openai-chat", "openrouter/stream-tools.1-call", [1000, 100, 5000]],
].map(([dialect, name, rates]) => {
  const [inputTokens, cacheReadTokens, outputTokens] = rates as number[];
  return {
    dialect: dialect as DialectId,
    name: name as string,
    rates: { inputTokens, cacheReadTokens, outputTokens, reasoningTokens: outputTokens },
    field: (name as string).startsWith("xai") ? "cost_in_usd_ticks" : "cost",
  };
});
