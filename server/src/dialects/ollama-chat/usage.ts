import type { JsonObject } from "@bufbuild/protobuf";
import { totalInputTokens, totalOutputTokens, type Usage, usageOf } from "../../canonical/usage.ts";
import type { Crossing } from "../crossing.ts";
import { countIn } from "../wire.ts";

/** Two numbers. The count of the prompt is absent where the prompt was still in memory. */
export function decodeUsage(wire: JsonObject): Usage | undefined {
  const inputTokens = countIn(wire.prompt_eval_count);
  const outputTokens = countIn(wire.eval_count);
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  return usageOf({ inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 });
}

export function encodeUsage(usage: Usage | undefined, crossing: Crossing): JsonObject {
  if (usage === undefined) return {};
  if (usage.cacheReadTokens > 0) crossing.lose("usage.cache_read_tokens");
  if (usage.cacheWriteTokens + usage.cacheWrite1hTokens > 0) crossing.lose("usage.cache_write_tokens");
  if (usage.reasoningTokens > 0) crossing.lose("usage.reasoning_tokens");
  const input = totalInputTokens(usage);
  return { ...(input > 0 ? { prompt_eval_count: input } : {}), eval_count: totalOutputTokens(usage) };
}
