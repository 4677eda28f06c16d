import type { JsonObject } from "@bufbuild/protobuf";
import type { UsageBucket } from "../../../server/src/canonical/usage.ts";
import type { DialectId } from "../../../server/src/dialects/dialect.ts";

/*
 * What every recorded answer used and costs, worked out by hand from the numbers in the recording and what its vendor means
 * by them, and never by the gateway's own decoders. What includes what:
 *
 * - OpenAI, and who copies it: the prompt holds what was cached and what was heard, the completion holds the reasoning. At
 *   xAI's chat the reasoning stands beside the completion, which the total shows.
 * - Anthropic and Bedrock: cached input stands beside the input; thoughts are in the output.
 * - Google: the prompt holds what was cached; thoughts stand beside the candidates, what tools brought beside the prompt.
 * - Cohere: `tokens` are what the model read and wrote, with the cached ones inside; the `billed_units` are fewer.
 * - A part is never larger than its whole, whatever a server says.
 */

/** In nano-USD per token, of every bucket another price. One of them is a fraction, so that rounding up shows. */
export const pricePerToken: Readonly<Record<UsageBucket, number>> = {
  inputTokens: 2000,
  cacheReadTokens: 200.5,
  cacheWriteTokens: 2500,
  cacheWrite1hTokens: 4000,
  audioInputTokens: 32_000,
  outputTokens: 8000,
  reasoningTokens: 9000,
  audioOutputTokens: 64_000,
};

export interface UsageCase {
  readonly name: string;
  /** The vendor's numbers in short: input; output. */
  readonly says: string;
  /** Those that are not 0. Absent where the answer says nothing, so that an estimate has to do. */
  readonly buckets?: Partial<Readonly<Record<UsageBucket, number>>>;
  readonly sum?: string;
  readonly costNanoUsd?: bigint;
}

/** Every recorded answer that is not an error's, by the dialect it is in. */
export const usageCases: Readonly<Record<DialectId, readonly UsageCase[]>> = {
  "openai-chat": [
    {
      name: "azure/content-filter-output",
      says: "15; 19",
      buckets: { inputTokens: 15, outputTokens: 19 },
      sum: "15 x 2000 + 19 x 8000",
      costNanoUsd: 182_000n,
    },
    {
      name: "azure/parallel-tools.1-call",
      says: "293, of which it says 387 are cached; 58",
      buckets: { cacheReadTokens: 293, outputTokens: 58 },
      sum: "293 x 200.5 + 58 x 8000",
      costNanoUsd: 522_747n,
    },
    { name: "azure/stream-prompt-filter-first", says: "nothing" },
    {
      name: "deepseek/parallel-tools.1-call",
      says: "407, all missed the cache; 94",
      buckets: { inputTokens: 407, outputTokens: 94 },
      sum: "407 x 2000 + 94 x 8000",
      costNanoUsd: 1_566_000n,
    },
    {
      name: "deepseek/stream-tools.1-call",
      says: "348, all missed the cache; 65",
      buckets: { inputTokens: 348, outputTokens: 65 },
      sum: "348 x 2000 + 65 x 8000",
      costNanoUsd: 1_216_000n,
    },
    {
      name: "deepseek/thinking.1",
      says: "12, all missed the cache; 35 with 26 of reasoning",
      buckets: { inputTokens: 12, outputTokens: 9, reasoningTokens: 26 },
      sum: "12 x 2000 + 9 x 8000 + 26 x 9000",
      costNanoUsd: 330_000n,
    },
    {
      name: "groq/reasoning",
      says: "17; 649 with 570 of reasoning",
      buckets: { inputTokens: 17, outputTokens: 79, reasoningTokens: 570 },
      sum: "17 x 2000 + 79 x 8000 + 570 x 9000",
      costNanoUsd: 5_796_000n,
    },
    { name: "groq/stream-error-tool-use-failed", says: "nothing" },
    {
      name: "groq/stream-tool-call",
      says: "210; 15",
      buckets: { inputTokens: 210, outputTokens: 15 },
      sum: "210 x 2000 + 15 x 8000",
      costNanoUsd: 540_000n,
    },
    {
      name: "groq/tool-call",
      says: "218; 15",
      buckets: { inputTokens: 218, outputTokens: 15 },
      sum: "218 x 2000 + 15 x 8000",
      costNanoUsd: 556_000n,
    },
    {
      name: "mistral/parallel-tools.1-call",
      says: "227; 36",
      buckets: { inputTokens: 227, outputTokens: 36 },
      sum: "227 x 2000 + 36 x 8000",
      costNanoUsd: 742_000n,
    },
    {
      name: "mistral/reasoning",
      says: "10; 46, nobody says how many of reasoning",
      buckets: { inputTokens: 10, outputTokens: 46 },
      sum: "10 x 2000 + 46 x 8000",
      costNanoUsd: 388_000n,
    },
    {
      name: "mistral/stream-tools.1-call",
      says: "159 with 128 cached; 28",
      buckets: { inputTokens: 31, cacheReadTokens: 128, outputTokens: 28 },
      sum: "31 x 2000 + 128 x 200.5 + 28 x 8000",
      costNanoUsd: 311_664n,
    },
    {
      name: "mistral/tool-no-params",
      says: "86; 23",
      buckets: { inputTokens: 86, outputTokens: 23 },
      sum: "86 x 2000 + 23 x 8000",
      costNanoUsd: 356_000n,
    },
    {
      name: "ollama/stream-tools.1-call",
      says: "169; 55",
      buckets: { inputTokens: 169, outputTokens: 55 },
      sum: "169 x 2000 + 55 x 8000",
      costNanoUsd: 778_000n,
    },
    {
      name: "openai/audio-input",
      says: "28: 27 of text and 1 of audio; 17",
      buckets: { inputTokens: 27, audioInputTokens: 1, outputTokens: 17 },
      sum: "27 x 2000 + 1 x 32000 + 17 x 8000",
      costNanoUsd: 222_000n,
    },
    {
      name: "openai/cached-tokens",
      says: "1370 with 1280 cached; 155",
      buckets: { inputTokens: 90, cacheReadTokens: 1280, outputTokens: 155 },
      sum: "90 x 2000 + 1280 x 200.5 + 155 x 8000",
      costNanoUsd: 1_676_640n,
    },
    {
      name: "openai/citations-web-search",
      says: "13; 197",
      buckets: { inputTokens: 13, outputTokens: 197 },
      sum: "13 x 2000 + 197 x 8000",
      costNanoUsd: 1_602_000n,
    },
    {
      name: "openai/legacy-function-call",
      says: "76; 35",
      buckets: { inputTokens: 76, outputTokens: 35 },
      sum: "76 x 2000 + 35 x 8000",
      costNanoUsd: 432_000n,
    },
    {
      name: "openai/n-2-choices",
      says: "12; 24 in both answers",
      buckets: { inputTokens: 12, outputTokens: 24 },
      sum: "12 x 2000 + 24 x 8000",
      costNanoUsd: 216_000n,
    },
    {
      name: "openai/refusal",
      says: "65; 13",
      buckets: { inputTokens: 65, outputTokens: 13 },
      sum: "65 x 2000 + 13 x 8000",
      costNanoUsd: 234_000n,
    },
    {
      name: "openai/stream-detailed-usage-length",
      says: "12; 100, all of reasoning",
      buckets: { inputTokens: 12, reasoningTokens: 100 },
      sum: "12 x 2000 + 100 x 9000",
      costNanoUsd: 924_000n,
    },
    {
      name: "openai/stream-parallel-tools",
      says: "75; 51",
      buckets: { inputTokens: 75, outputTokens: 51 },
      sum: "75 x 2000 + 51 x 8000",
      costNanoUsd: 558_000n,
    },
    {
      name: "openai/structured-output",
      says: "68; 41",
      buckets: { inputTokens: 68, outputTokens: 41 },
      sum: "68 x 2000 + 41 x 8000",
      costNanoUsd: 464_000n,
    },
    {
      name: "openrouter/parallel-tools.1-call",
      says: "701; 98",
      buckets: { inputTokens: 701, outputTokens: 98 },
      sum: "701 x 2000 + 98 x 8000",
      costNanoUsd: 2_186_000n,
    },
    {
      name: "openrouter/stream-error-in-chunk",
      says: "43; 10, of which it says 11 are of reasoning; it failed",
      buckets: { inputTokens: 43, reasoningTokens: 10 },
      sum: "43 x 2000 + 10 x 9000",
      costNanoUsd: 176_000n,
    },
    {
      name: "openrouter/stream-tools.1-call",
      says: "633; 75",
      buckets: { inputTokens: 633, outputTokens: 75 },
      sum: "633 x 2000 + 75 x 8000",
      costNanoUsd: 1_866_000n,
    },
    {
      name: "perplexity/stream-citations",
      says: "10; 336, counted on in every chunk",
      buckets: { inputTokens: 10, outputTokens: 336 },
      sum: "10 x 2000 + 336 x 8000",
      costNanoUsd: 2_708_000n,
    },
    {
      name: "perplexity/text",
      says: "9; 12",
      buckets: { inputTokens: 9, outputTokens: 12 },
      sum: "9 x 2000 + 12 x 8000",
      costNanoUsd: 114_000n,
    },
    { name: "tgi/stream-tool-call", says: "nothing" },
    {
      name: "tgi/stream-usage",
      says: "39; 3",
      buckets: { inputTokens: 39, outputTokens: 3 },
      sum: "39 x 2000 + 3 x 8000",
      costNanoUsd: 102_000n,
    },
    {
      name: "together/tool-call",
      says: "198, none cached; 24",
      buckets: { inputTokens: 198, outputTokens: 24 },
      sum: "198 x 2000 + 24 x 8000",
      costNanoUsd: 588_000n,
    },
    { name: "vllm/stream-text", says: "nothing" },
    {
      name: "vllm/text",
      says: "43; 36",
      buckets: { inputTokens: 43, outputTokens: 36 },
      sum: "43 x 2000 + 36 x 8000",
      costNanoUsd: 374_000n,
    },
    {
      name: "xai/stream-tool-call",
      says: "291 with 290 cached; 26 and beside them 196 of reasoning: 513 in all",
      buckets: { inputTokens: 1, cacheReadTokens: 290, outputTokens: 26, reasoningTokens: 196 },
      sum: "1 x 2000 + 290 x 200.5 + 26 x 8000 + 196 x 9000",
      costNanoUsd: 2_032_145n,
    },
    {
      name: "xai/tool-call",
      says: "291 with 244 cached; 26 and beside them 189 of reasoning: 506 in all",
      buckets: { inputTokens: 47, cacheReadTokens: 244, outputTokens: 26, reasoningTokens: 189 },
      sum: "47 x 2000 + 244 x 200.5 + 26 x 8000 + 189 x 9000",
      costNanoUsd: 2_051_922n,
    },
  ],
  "openai-completions": [
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
  ],
  "openai-responses": [
    {
      name: "deepseek/stream-reasoning",
      says: "95; 14 with 12 of reasoning",
      buckets: { inputTokens: 95, outputTokens: 2, reasoningTokens: 12 },
      sum: "95 x 2000 + 2 x 8000 + 12 x 9000",
      costNanoUsd: 314_000n,
    },
    {
      name: "openai/parallel-tools.1-call",
      says: "112; 284 with 192 of reasoning",
      buckets: { inputTokens: 112, outputTokens: 92, reasoningTokens: 192 },
      sum: "112 x 2000 + 92 x 8000 + 192 x 9000",
      costNanoUsd: 2_688_000n,
    },
    {
      name: "openai/parallel-tools.2-result",
      says: "426; 385 with 256 of reasoning",
      buckets: { inputTokens: 426, outputTokens: 129, reasoningTokens: 256 },
      sum: "426 x 2000 + 129 x 8000 + 256 x 9000",
      costNanoUsd: 4_188_000n,
    },
    {
      name: "openai/prompt-cache.2-read",
      says: "6165 with 6016 cached; 5",
      buckets: { inputTokens: 149, cacheReadTokens: 6016, outputTokens: 5 },
      sum: "149 x 2000 + 6016 x 200.5 + 5 x 8000",
      costNanoUsd: 1_544_208n,
    },
    {
      name: "openai/stream-custom-tool",
      says: "50; 20",
      buckets: { inputTokens: 50, outputTokens: 20 },
      sum: "50 x 2000 + 20 x 8000",
      costNanoUsd: 260_000n,
    },
    { name: "openai/stream-error", says: "nothing" },
    {
      name: "openai/stream-logprobs",
      says: "25; 10",
      buckets: { inputTokens: 25, outputTokens: 10 },
      sum: "25 x 2000 + 10 x 8000",
      costNanoUsd: 130_000n,
    },
    {
      name: "openai/stream-text",
      says: "20; 10",
      buckets: { inputTokens: 20, outputTokens: 10 },
      sum: "20 x 2000 + 10 x 8000",
      costNanoUsd: 120_000n,
    },
    {
      name: "openai/stream-tools.1-call",
      says: "87; 339 with 256 of reasoning",
      buckets: { inputTokens: 87, outputTokens: 83, reasoningTokens: 256 },
      sum: "87 x 2000 + 83 x 8000 + 256 x 9000",
      costNanoUsd: 3_142_000n,
    },
    {
      name: "openai/structured-output",
      says: "45; 752 with 704 of reasoning",
      buckets: { inputTokens: 45, outputTokens: 48, reasoningTokens: 704 },
      sum: "45 x 2000 + 48 x 8000 + 704 x 9000",
      costNanoUsd: 6_810_000n,
    },
    {
      name: "openai/thinking.1",
      says: "14; 5",
      buckets: { inputTokens: 14, outputTokens: 5 },
      sum: "14 x 2000 + 5 x 8000",
      costNanoUsd: 68_000n,
    },
    {
      name: "openai/thinking.2-replay",
      says: "31; 16 with 9 of reasoning",
      buckets: { inputTokens: 31, outputTokens: 7, reasoningTokens: 9 },
      sum: "31 x 2000 + 7 x 8000 + 9 x 9000",
      costNanoUsd: 199_000n,
    },
    {
      name: "openai/tool-no-params",
      says: "47; 403 with 384 of reasoning",
      buckets: { inputTokens: 47, outputTokens: 19, reasoningTokens: 384 },
      sum: "47 x 2000 + 19 x 8000 + 384 x 9000",
      costNanoUsd: 3_702_000n,
    },
    {
      name: "xai/parallel-tools.1-call",
      says: "396 with 192 cached; 240 with 210 of reasoning",
      buckets: { inputTokens: 204, cacheReadTokens: 192, outputTokens: 30, reasoningTokens: 210 },
      sum: "204 x 2000 + 192 x 200.5 + 30 x 8000 + 210 x 9000",
      costNanoUsd: 2_576_496n,
    },
    {
      name: "xai/stream-tools.1-call",
      says: "340 with 320 cached; 105 with 83 of reasoning",
      buckets: { inputTokens: 20, cacheReadTokens: 320, outputTokens: 22, reasoningTokens: 83 },
      sum: "20 x 2000 + 320 x 200.5 + 22 x 8000 + 83 x 9000",
      costNanoUsd: 1_027_160n,
    },
    {
      name: "xai/thinking.1",
      says: "200 with 128 cached; 192 with 189 of reasoning",
      buckets: { inputTokens: 72, cacheReadTokens: 128, outputTokens: 3, reasoningTokens: 189 },
      sum: "72 x 2000 + 128 x 200.5 + 3 x 8000 + 189 x 9000",
      costNanoUsd: 1_894_664n,
    },
  ],
  "anthropic-messages": [
    {
      name: "anthropic/parallel-tools.1-call",
      says: "701; 98",
      buckets: { inputTokens: 701, outputTokens: 98 },
      sum: "701 x 2000 + 98 x 8000",
      costNanoUsd: 2_186_000n,
    },
    {
      name: "anthropic/parallel-tools.2-result",
      says: "893; 90",
      buckets: { inputTokens: 893, outputTokens: 90 },
      sum: "893 x 2000 + 90 x 8000",
      costNanoUsd: 2_506_000n,
    },
    {
      name: "anthropic/prompt-cache.1-write",
      says: "10 and beside them 7351 written for five minutes; 4",
      buckets: { inputTokens: 10, cacheWriteTokens: 7351, outputTokens: 4 },
      sum: "10 x 2000 + 7351 x 2500 + 4 x 8000",
      costNanoUsd: 18_429_500n,
    },
    {
      name: "anthropic/prompt-cache.2-read",
      says: "10 and beside them 7351 read; 4",
      buckets: { inputTokens: 10, cacheReadTokens: 7351, outputTokens: 4 },
      sum: "10 x 2000 + 7351 x 200.5 + 4 x 8000",
      costNanoUsd: 1_525_876n,
    },
    {
      name: "anthropic/redacted-thinking",
      says: "92; 196, nobody says how many of thoughts",
      buckets: { inputTokens: 92, outputTokens: 196 },
      sum: "92 x 2000 + 196 x 8000",
      costNanoUsd: 1_752_000n,
    },
    {
      name: "anthropic/refusal",
      says: "18; 5",
      buckets: { inputTokens: 18, outputTokens: 5 },
      sum: "18 x 2000 + 5 x 8000",
      costNanoUsd: 76_000n,
    },
    {
      name: "anthropic/stop-sequence",
      says: "32; 5",
      buckets: { inputTokens: 32, outputTokens: 5 },
      sum: "32 x 2000 + 5 x 8000",
      costNanoUsd: 104_000n,
    },
    {
      name: "anthropic/stream-citations",
      says: "672; 1 at the start, 39 at the end",
      buckets: { inputTokens: 672, outputTokens: 39 },
      sum: "672 x 2000 + 39 x 8000",
      costNanoUsd: 1_656_000n,
    },
    {
      name: "anthropic/stream-prefill-stop-sequence",
      says: "16; 3 at the start, 28 at the end",
      buckets: { inputTokens: 16, outputTokens: 28 },
      sum: "16 x 2000 + 28 x 8000",
      costNanoUsd: 256_000n,
    },
    {
      name: "anthropic/stream-redacted-thinking",
      says: "92; 88 at the start, 189 at the end",
      buckets: { inputTokens: 92, outputTokens: 189 },
      sum: "92 x 2000 + 189 x 8000",
      costNanoUsd: 1_696_000n,
    },
    {
      name: "anthropic/stream-refusal",
      says: "18; 1 at the start, 5 at the end",
      buckets: { inputTokens: 18, outputTokens: 5 },
      sum: "18 x 2000 + 5 x 8000",
      costNanoUsd: 76_000n,
    },
    {
      name: "anthropic/stream-structured-output",
      says: "231; 1 at the start, 118 at the end",
      buckets: { inputTokens: 231, outputTokens: 118 },
      sum: "231 x 2000 + 118 x 8000",
      costNanoUsd: 1_406_000n,
    },
    {
      name: "anthropic/stream-thinking",
      says: "80; 638 with 353 of thoughts",
      buckets: { inputTokens: 80, outputTokens: 285, reasoningTokens: 353 },
      sum: "80 x 2000 + 285 x 8000 + 353 x 9000",
      costNanoUsd: 5_617_000n,
    },
    {
      name: "anthropic/stream-thinking-tool-result",
      says: "707; 89 with none of thoughts",
      buckets: { inputTokens: 707, outputTokens: 89 },
      sum: "707 x 2000 + 89 x 8000",
      costNanoUsd: 2_126_000n,
    },
    {
      name: "anthropic/stream-thinking-tool-use",
      says: "598; 92 with 53 of thoughts",
      buckets: { inputTokens: 598, outputTokens: 39, reasoningTokens: 53 },
      sum: "598 x 2000 + 39 x 8000 + 53 x 9000",
      costNanoUsd: 1_985_000n,
    },
    {
      name: "anthropic/stream-tools.1-call",
      says: "633; 75",
      buckets: { inputTokens: 633, outputTokens: 75 },
      sum: "633 x 2000 + 75 x 8000",
      costNanoUsd: 1_866_000n,
    },
    {
      name: "anthropic/stream-tools.2-result",
      says: "748; 49",
      buckets: { inputTokens: 748, outputTokens: 49 },
      sum: "748 x 2000 + 49 x 8000",
      costNanoUsd: 1_888_000n,
    },
    {
      name: "anthropic/structured-output",
      says: "181; 12",
      buckets: { inputTokens: 181, outputTokens: 12 },
      sum: "181 x 2000 + 12 x 8000",
      costNanoUsd: 458_000n,
    },
    {
      name: "anthropic/thinking.1",
      says: "45; 39 with 23 of thoughts",
      buckets: { inputTokens: 45, outputTokens: 16, reasoningTokens: 23 },
      sum: "45 x 2000 + 16 x 8000 + 23 x 9000",
      costNanoUsd: 425_000n,
    },
    {
      name: "anthropic/tool-no-params",
      says: "571; 41",
      buckets: { inputTokens: 571, outputTokens: 41 },
      sum: "571 x 2000 + 41 x 8000",
      costNanoUsd: 1_470_000n,
    },
  ],
  gemini: [
    {
      name: "gemini/grounding-citations",
      says: "10 and beside them 73 that the search brought; 30 and beside them 109 of thoughts",
      buckets: { inputTokens: 83, outputTokens: 30, reasoningTokens: 109 },
      sum: "83 x 2000 + 30 x 8000 + 109 x 9000",
      costNanoUsd: 1_387_000n,
    },
    {
      name: "gemini/parallel-tools.1-call",
      says: "143; 44 and 109 of thoughts",
      buckets: { inputTokens: 143, outputTokens: 44, reasoningTokens: 109 },
      sum: "143 x 2000 + 44 x 8000 + 109 x 9000",
      costNanoUsd: 1_619_000n,
    },
    {
      name: "gemini/parallel-tools.2-result",
      says: "277; 47",
      buckets: { inputTokens: 277, outputTokens: 47 },
      sum: "277 x 2000 + 47 x 8000",
      costNanoUsd: 930_000n,
    },
    { name: "gemini/prompt-feedback-only", says: "nothing" },
    {
      name: "gemini/safety-finish",
      says: "14; nothing",
      buckets: { inputTokens: 14 },
      sum: "14 x 2000",
      costNanoUsd: 28_000n,
    },
    {
      name: "gemini/structured-json-schema",
      says: "5; 177 and 331 of thoughts",
      buckets: { inputTokens: 5, outputTokens: 177, reasoningTokens: 331 },
      sum: "5 x 2000 + 177 x 8000 + 331 x 9000",
      costNanoUsd: 4_405_000n,
    },
    {
      name: "gemini/structured-output",
      says: "13; 10 and 258 of thoughts",
      buckets: { inputTokens: 13, outputTokens: 10, reasoningTokens: 258 },
      sum: "13 x 2000 + 10 x 8000 + 258 x 9000",
      costNanoUsd: 2_428_000n,
    },
    {
      name: "gemini/thinking.1",
      says: "9; 7 and 33 of thoughts",
      buckets: { inputTokens: 9, outputTokens: 7, reasoningTokens: 33 },
      sum: "9 x 2000 + 7 x 8000 + 33 x 9000",
      costNanoUsd: 371_000n,
    },
    {
      name: "gemini/thought-signatures.1",
      says: "120; 32 and 132 of thoughts",
      buckets: { inputTokens: 120, outputTokens: 32, reasoningTokens: 132 },
      sum: "120 x 2000 + 32 x 8000 + 132 x 9000",
      costNanoUsd: 1_684_000n,
    },
    {
      name: "gemini/thought-signatures.2",
      says: "339; 23 and 51 of thoughts",
      buckets: { inputTokens: 339, outputTokens: 23, reasoningTokens: 51 },
      sum: "339 x 2000 + 23 x 8000 + 51 x 9000",
      costNanoUsd: 1_321_000n,
    },
    {
      name: "gemini/tool-no-params",
      says: "41; 14 and 47 of thoughts",
      buckets: { inputTokens: 41, outputTokens: 14, reasoningTokens: 47 },
      sum: "41 x 2000 + 14 x 8000 + 47 x 9000",
      costNanoUsd: 617_000n,
    },
    { name: "gemini/error-404", says: "nothing" },
    { name: "gemini/prompt-blocked", says: "nothing" },
    {
      name: "gemini/reasoning-tools",
      says: "71; 33 at the end and 93 of thoughts",
      buckets: { inputTokens: 71, outputTokens: 33, reasoningTokens: 93 },
      sum: "71 x 2000 + 33 x 8000 + 93 x 9000",
      costNanoUsd: 1_243_000n,
    },
    {
      name: "gemini/recitation-no-content",
      says: "9; 261 at the end",
      buckets: { inputTokens: 9, outputTokens: 261 },
      sum: "9 x 2000 + 261 x 8000",
      costNanoUsd: 2_106_000n,
    },
    {
      name: "gemini/stream-tools.1-call",
      says: "103; 30 and 43 of thoughts",
      buckets: { inputTokens: 103, outputTokens: 30, reasoningTokens: 43 },
      sum: "103 x 2000 + 30 x 8000 + 43 x 9000",
      costNanoUsd: 833_000n,
    },
    {
      name: "gemini/thinking-function-call",
      says: "38; 6 at the end and 168 of thoughts",
      buckets: { inputTokens: 38, outputTokens: 6, reasoningTokens: 168 },
      sum: "38 x 2000 + 6 x 8000 + 168 x 9000",
      costNanoUsd: 1_636_000n,
    },
    {
      name: "vertex/logprobs",
      says: "6; 1 and 23 of thoughts",
      buckets: { inputTokens: 6, outputTokens: 1, reasoningTokens: 23 },
      sum: "6 x 2000 + 1 x 8000 + 23 x 9000",
      costNanoUsd: 227_000n,
    },
    {
      name: "vertex/model-armor-block",
      says: "19; 6 and 27 of thoughts",
      buckets: { inputTokens: 19, outputTokens: 6, reasoningTokens: 27 },
      sum: "19 x 2000 + 6 x 8000 + 27 x 9000",
      costNanoUsd: 329_000n,
    },
    { name: "vertex/error-mid-stream", says: "nothing" },
    {
      name: "vertex/partial-function-args",
      says: "36 at the end; 33 and 93 of thoughts",
      buckets: { inputTokens: 36, outputTokens: 33, reasoningTokens: 93 },
      sum: "36 x 2000 + 33 x 8000 + 93 x 9000",
      costNanoUsd: 1_173_000n,
    },
    {
      name: "vertex/stream-tools.1-call",
      says: "70; 17 and 43 of thoughts",
      buckets: { inputTokens: 70, outputTokens: 17, reasoningTokens: 43 },
      sum: "70 x 2000 + 17 x 8000 + 43 x 9000",
      costNanoUsd: 663_000n,
    },
  ],
  "bedrock-converse": [
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
  ],
  "cohere-chat": [
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
  ],
  "ollama-chat": [
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
  ],
};

/** Every recorded answer of vectors. */
export const embeddingUsageCases: readonly UsageCase[] = [
  {
    name: "openai/embeddings/base64",
    says: "7",
    buckets: { inputTokens: 7 },
    sum: "7 x 2000",
    costNanoUsd: 14_000n,
  },
  {
    name: "openai/embeddings/multiple-texts",
    says: "3",
    buckets: { inputTokens: 3 },
    sum: "3 x 2000",
    costNanoUsd: 6000n,
  },
  {
    name: "cohere/embed-v2/multiple-texts",
    says: "3 billed, and no pictures",
    buckets: { inputTokens: 3 },
    sum: "3 x 2000",
    costNanoUsd: 6000n,
  },
  { name: "gemini/batch-embed-contents/multiple-texts", says: "nothing" },
];

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
    sum: "7 x 2000 + 1001 x 200.5 + 456 x 2500 + 100 x 4000 + 3 x 8000, rounded up",
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
