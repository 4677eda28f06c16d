import type { JsonObject } from "@bufbuild/protobuf";
import { type Usage, usageOf } from "../../canonical/usage.ts";
import { countIn, objectIn } from "../wire.ts";

/** Takes `usage` apart. Cached tokens stand beside `input_tokens`, thoughts inside `output_tokens`. */
export function decodeUsage(value: unknown): Usage | undefined {
  const wire = objectIn(value);
  const input = countIn(wire?.input_tokens);
  const output = countIn(wire?.output_tokens);
  if (wire === undefined || (input === undefined && output === undefined)) return undefined;
  const lifetimes = objectIn(wire.cache_creation) ?? {};
  const oneHour = countIn(lifetimes.ephemeral_1h_input_tokens) ?? 0;
  const written =
    countIn(wire.cache_creation_input_tokens) ?? oneHour + (countIn(lifetimes.ephemeral_5m_input_tokens) ?? 0);
  const cacheWrite1hTokens = Math.min(oneHour, written);
  const thoughts = countIn(objectIn(wire.output_tokens_details)?.thinking_tokens) ?? 0;
  const reasoningTokens = Math.min(thoughts, output ?? 0);
  return usageOf({
    inputTokens: input ?? 0,
    cacheReadTokens: countIn(wire.cache_read_input_tokens) ?? 0,
    cacheWriteTokens: written - cacheWrite1hTokens,
    cacheWrite1hTokens,
    outputTokens: (output ?? 0) - reasoningTokens,
    reasoningTokens,
  });
}

/**
 * Joins what the beginning and the end of a stream say. The end repeats or completes the beginning; a field it leaves out
 * or sets to null has not changed. Compatible servers begin with zeros and say all at the end.
 */
export function mergeUsage(before: JsonObject | undefined, more: unknown): JsonObject | undefined {
  const wire = objectIn(more);
  if (wire === undefined) return before;
  const merged: JsonObject = { ...before };
  for (const [field, value] of Object.entries(wire)) if (value !== null) merged[field] = value;
  return merged;
}

export function encodeUsage(usage: Usage | undefined): JsonObject {
  const written = (usage?.cacheWriteTokens ?? 0) + (usage?.cacheWrite1hTokens ?? 0);
  const wire: JsonObject = {
    // Sound has no bucket of its own here: it counts as input and output.
    input_tokens: (usage?.inputTokens ?? 0) + (usage?.audioInputTokens ?? 0),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: usage?.cacheReadTokens ?? 0,
    output_tokens: (usage?.outputTokens ?? 0) + (usage?.reasoningTokens ?? 0) + (usage?.audioOutputTokens ?? 0),
  };
  if (usage && usage.cacheWrite1hTokens > 0) {
    wire.cache_creation = {
      ephemeral_5m_input_tokens: usage.cacheWriteTokens,
      ephemeral_1h_input_tokens: usage.cacheWrite1hTokens,
    };
  }
  if (usage && usage.reasoningTokens > 0) wire.output_tokens_details = { thinking_tokens: usage.reasoningTokens };
  return wire;
}
