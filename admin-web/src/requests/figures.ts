import type { RequestSummary } from "@pontage/sdk";
import { resultOf } from "./result.ts";

/** Sums over what is shown. Tokens stay split: a total of unlike things says nothing. */
export interface Figures {
  readonly requests: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly costNanoUsd: bigint;
  /** At least one of the token counts is an estimate. */
  readonly estimated: boolean;
}

export function sum(requests: readonly RequestSummary[]): Figures {
  const total = { failed: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0, costNanoUsd: 0n };
  let estimated = false;
  for (const request of requests) {
    const result = resultOf(request);
    if (result !== "ok" && result !== "cancelled") total.failed++;
    total.inputTokens += inputTokens(request);
    total.cachedTokens += request.usage.cacheReadTokens;
    total.outputTokens += outputTokens(request);
    total.reasoningTokens += request.usage.reasoningTokens;
    total.costNanoUsd += request.cost.nanoUsd;
    estimated ||= request.usage.source === "estimated";
  }
  return { requests: requests.length, estimated, ...total };
}

/** All input that is not read from a cache, written to one or not, sound included. */
export function inputTokens({ usage }: RequestSummary): number {
  return usage.inputTokens + usage.cacheWriteTokens + usage.cacheWrite1hTokens + usage.audioInputTokens;
}

/** All output but reasoning, sound included. */
export function outputTokens({ usage }: RequestSummary): number {
  return usage.outputTokens + usage.audioOutputTokens;
}
