import type { JsonObject } from "@bufbuild/protobuf";
import { totalInputTokens, totalOutputTokens, type Usage, usageOf } from "../../canonical/usage.ts";
import { countIn, objectIn } from "../wire.ts";

/** Takes `usage` apart into disjoint buckets. Undefined when it does not say. */
export function decodeUsage(value: unknown): Usage | undefined {
  const wire = objectIn(value);
  const prompt = countIn(wire?.prompt_tokens);
  const completion = countIn(wire?.completion_tokens);
  if (wire === undefined || (prompt === undefined && completion === undefined)) return undefined;
  return usageOf({ ...inputBuckets(wire, prompt ?? 0), ...outputBuckets(wire, prompt ?? 0, completion ?? 0) });
}

/** Cached and audio tokens are counted inside `prompt_tokens` by everyone. */
function inputBuckets(wire: JsonObject, prompt: number) {
  const details = objectIn(wire.prompt_tokens_details) ?? {};
  // DeepSeek and Together put the cached part beside the total and not into the details.
  const cached = countIn(details.cached_tokens) ?? countIn(wire.prompt_cache_hit_tokens) ?? countIn(wire.cached_tokens);
  // xAI models on Azure report more cached tokens than tokens: a part is never larger than its whole.
  const cacheReadTokens = Math.min(cached ?? 0, prompt);
  const cacheWriteTokens = Math.min(countIn(details.cache_write_tokens) ?? 0, prompt - cacheReadTokens);
  const rest = prompt - cacheReadTokens - cacheWriteTokens;
  const audioInputTokens = Math.min(countIn(details.audio_tokens) ?? 0, rest);
  return { inputTokens: rest - audioInputTokens, cacheReadTokens, cacheWriteTokens, audioInputTokens };
}

/** Reasoning is counted inside `completion_tokens`, except where the total shows that it stands beside it (xAI). */
function outputBuckets(wire: JsonObject, prompt: number, completion: number) {
  const details = objectIn(wire.completion_tokens_details) ?? {};
  const reasoning = countIn(details.reasoning_tokens) ?? countIn(wire.reasoning_tokens) ?? 0;
  const standsBeside = reasoning > 0 && countIn(wire.total_tokens) === prompt + completion + reasoning;
  const reasoningTokens = standsBeside ? reasoning : Math.min(reasoning, completion);
  const rest = standsBeside ? completion : completion - reasoningTokens;
  const audioOutputTokens = Math.min(countIn(details.audio_tokens) ?? 0, rest);
  return { outputTokens: rest - audioOutputTokens, reasoningTokens, audioOutputTokens };
}

export function encodeUsage(usage: Usage): JsonObject {
  const input = totalInputTokens(usage);
  const output = totalOutputTokens(usage);
  const written = usage.cacheWriteTokens + usage.cacheWrite1hTokens;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: usage.cacheReadTokens,
      audio_tokens: usage.audioInputTokens,
      // OpenRouter's word: the vendor itself has no price for writing.
      ...(written > 0 ? { cache_write_tokens: written } : {}),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: usage.audioOutputTokens,
    },
  };
}
