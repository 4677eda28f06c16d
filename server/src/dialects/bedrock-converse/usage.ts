import type { JsonObject } from "@bufbuild/protobuf";
import { totalTokens, type Usage, usageOf } from "../../canonical/usage.ts";
import type { Crossing } from "../crossing.ts";
import { countIn, listIn, objectIn } from "../wire.ts";

/** Takes `usage` apart. Cached tokens stand beside `inputTokens`; thoughts are in `outputTokens`, nobody says how many. */
export function decodeUsage(value: unknown): Usage | undefined {
  const wire = objectIn(value);
  const input = countIn(wire?.inputTokens);
  const output = countIn(wire?.outputTokens);
  if (wire === undefined || (input === undefined && output === undefined)) return undefined;
  const written = countIn(wire.cacheWriteInputTokens) ?? 0;
  const cacheWrite1hTokens = Math.min(writtenForOneHour(wire), written);
  return usageOf({
    inputTokens: input ?? 0,
    cacheReadTokens: countIn(wire.cacheReadInputTokens) ?? 0,
    cacheWriteTokens: written - cacheWrite1hTokens,
    cacheWrite1hTokens,
    outputTokens: output ?? 0,
  });
}

function writtenForOneHour(wire: JsonObject): number {
  const details = (listIn(wire.cacheDetails) ?? []).map((detail) => objectIn(detail) ?? {});
  return details.reduce((sum, { ttl, inputTokens }) => sum + (ttl === "1h" ? (countIn(inputTokens) ?? 0) : 0), 0);
}

export function encodeUsage(usage: Usage, crossing: Crossing): JsonObject {
  // They are counted, but cannot be told from the rest of the output.
  if (usage.reasoningTokens > 0) crossing.lose("usage.reasoning_tokens");
  const wire: JsonObject = {
    // Sound has no bucket of its own here: it counts as input and output.
    inputTokens: usage.inputTokens + usage.audioInputTokens,
    outputTokens: usage.outputTokens + usage.reasoningTokens + usage.audioOutputTokens,
    totalTokens: totalTokens(usage),
  };
  const written = usage.cacheWriteTokens + usage.cacheWrite1hTokens;
  if (usage.cacheReadTokens > 0) wire.cacheReadInputTokens = usage.cacheReadTokens;
  if (written > 0) wire.cacheWriteInputTokens = written;
  if (usage.cacheWrite1hTokens > 0) {
    wire.cacheDetails = [
      { ttl: "1h", inputTokens: usage.cacheWrite1hTokens },
      ...(usage.cacheWriteTokens > 0 ? [{ ttl: "5m", inputTokens: usage.cacheWriteTokens }] : []),
    ];
  }
  return wire;
}
