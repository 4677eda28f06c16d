import type { JsonObject } from "@bufbuild/protobuf";
import { totalInputTokens, type Usage, usageOf } from "../../canonical/usage.ts";
import type { Crossing } from "../crossing.ts";
import { countIn, listIn, objectIn, stringIn } from "../wire.ts";

/**
 * Takes `usageMetadata` apart. Cached tokens are counted inside the prompt; thoughts stand beside the candidates, and what
 * tools of the provider's own brought in stands beside the prompt.
 */
export function decodeUsage(value: unknown): Usage | undefined {
  const wire = objectIn(value);
  const prompt = countIn(wire?.promptTokenCount);
  const candidates = countIn(wire?.candidatesTokenCount);
  const thoughts = countIn(wire?.thoughtsTokenCount);
  if (wire === undefined || (prompt === undefined && candidates === undefined && thoughts === undefined)) {
    return undefined;
  }
  return usageOf({ ...inputBuckets(wire, prompt ?? 0), ...outputBuckets(wire, candidates ?? 0, thoughts ?? 0) });
}

function inputBuckets(wire: JsonObject, prompt: number) {
  const cacheReadTokens = Math.min(countIn(wire.cachedContentTokenCount) ?? 0, prompt);
  const fresh = prompt - cacheReadTokens;
  const audio = audioIn(wire.promptTokensDetails) - audioIn(wire.cacheTokensDetails);
  const audioInputTokens = Math.min(Math.max(audio, 0), fresh);
  const toolUse = countIn(wire.toolUsePromptTokenCount) ?? 0;
  return { inputTokens: Math.min(fresh - audioInputTokens + toolUse, 0xffffffff), cacheReadTokens, audioInputTokens };
}

function outputBuckets(wire: JsonObject, candidates: number, reasoningTokens: number) {
  const audioOutputTokens = Math.min(audioIn(wire.candidatesTokensDetails), candidates);
  return { outputTokens: candidates - audioOutputTokens, reasoningTokens, audioOutputTokens };
}

function audioIn(details: unknown): number {
  const audio = listIn(details)?.find((detail) => stringIn(objectIn(detail)?.modality) === "AUDIO");
  return countIn(objectIn(audio)?.tokenCount) ?? 0;
}

export function encodeUsage(usage: Usage, crossing: Crossing): JsonObject {
  // What is written to a cache is input like any other here.
  if (usage.cacheWriteTokens + usage.cacheWrite1hTokens > 0) crossing.lose("usage.cache_write_tokens");
  const prompt = totalInputTokens(usage);
  const candidates = usage.outputTokens + usage.audioOutputTokens;
  const wire: JsonObject = {
    promptTokenCount: prompt,
    candidatesTokenCount: candidates,
    totalTokenCount: prompt + candidates + usage.reasoningTokens,
  };
  if (usage.cacheReadTokens > 0) wire.cachedContentTokenCount = usage.cacheReadTokens;
  if (usage.reasoningTokens > 0) wire.thoughtsTokenCount = usage.reasoningTokens;
  if (usage.audioInputTokens > 0) {
    wire.promptTokensDetails = details(prompt - usage.audioInputTokens, usage.audioInputTokens);
  }
  if (usage.audioOutputTokens > 0) wire.candidatesTokensDetails = details(usage.outputTokens, usage.audioOutputTokens);
  return wire;
}

function details(text: number, audio: number): JsonObject[] {
  return [
    { modality: "TEXT", tokenCount: text },
    { modality: "AUDIO", tokenCount: audio },
  ];
}
