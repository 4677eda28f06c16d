import type { JsonObject } from "@bufbuild/protobuf";
import { totalInputTokens, totalOutputTokens, type Usage, usageOf } from "../../canonical/usage.ts";
import type { Crossing } from "../crossing.ts";
import { countIn, objectIn } from "../wire.ts";

/** What the model read and wrote. What is billed is less, and stays beside it as it was said. */
export function decodeUsage(value: unknown): Usage | undefined {
  const wire = objectIn(value);
  const tokens = objectIn(wire?.tokens) ?? objectIn(wire?.billed_units);
  const input = countIn(tokens?.input_tokens);
  const output = countIn(tokens?.output_tokens);
  if (wire === undefined || (input === undefined && output === undefined)) return undefined;
  const cacheReadTokens = Math.min(countIn(wire.cached_tokens) ?? 0, input ?? 0);
  const reasoningTokens = Math.min(countIn(tokens?.reasoning_tokens) ?? 0, output ?? 0);
  return usageOf({
    inputTokens: (input ?? 0) - cacheReadTokens,
    cacheReadTokens,
    outputTokens: (output ?? 0) - reasoningTokens,
    reasoningTokens,
  });
}

export function encodeUsage(usage: Usage, crossing: Crossing): JsonObject {
  if (usage.cacheWriteTokens + usage.cacheWrite1hTokens > 0) crossing.lose("usage.cache_write_tokens");
  const { cacheReadTokens, reasoningTokens } = usage;
  return {
    tokens: {
      input_tokens: totalInputTokens(usage),
      output_tokens: totalOutputTokens(usage),
      ...(reasoningTokens > 0 ? { reasoning_tokens: reasoningTokens } : {}),
    },
    ...(cacheReadTokens > 0 ? { cached_tokens: cacheReadTokens } : {}),
  };
}
