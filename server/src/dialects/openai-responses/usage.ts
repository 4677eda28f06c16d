import type { JsonObject } from "@bufbuild/protobuf";
import { totalInputTokens, totalOutputTokens, type Usage, usageOf } from "../../canonical/usage.ts";
import { countIn, objectIn } from "../wire.ts";

/** Takes `usage` apart. Cached tokens are counted inside `input_tokens`, reasoning inside `output_tokens`. */
export function decodeUsage(value: unknown): Usage | undefined {
  const wire = objectIn(value);
  const input = countIn(wire?.input_tokens);
  const output = countIn(wire?.output_tokens);
  if (wire === undefined || (input === undefined && output === undefined)) return undefined;
  const read = objectIn(wire.input_tokens_details) ?? {};
  // A part is never larger than its whole, whatever a server says.
  const cacheReadTokens = Math.min(countIn(read.cached_tokens) ?? 0, input ?? 0);
  const cacheWriteTokens = Math.min(countIn(read.cache_write_tokens) ?? 0, (input ?? 0) - cacheReadTokens);
  const thought = countIn(objectIn(wire.output_tokens_details)?.reasoning_tokens) ?? 0;
  const reasoningTokens = Math.min(thought, output ?? 0);
  return usageOf({
    inputTokens: (input ?? 0) - cacheReadTokens - cacheWriteTokens,
    cacheReadTokens,
    cacheWriteTokens,
    outputTokens: (output ?? 0) - reasoningTokens,
    reasoningTokens,
  });
}

/** Sound has no bucket of its own here: it counts as input and output. */
export function encodeUsage(usage: Usage): JsonObject {
  const input = totalInputTokens(usage);
  const output = totalOutputTokens(usage);
  const written = usage.cacheWriteTokens + usage.cacheWrite1hTokens;
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cacheReadTokens,
      ...(written > 0 ? { cache_write_tokens: written } : {}),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: input + output,
  };
}
