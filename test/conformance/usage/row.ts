import type { UsageBucket } from "../../../server/src/canonical/usage.ts";

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
