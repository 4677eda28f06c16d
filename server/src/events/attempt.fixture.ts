import { Outcome } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { usageOf } from "../canonical/usage.ts";
import type { AttemptFacts, AttemptResult } from "./attempt.ts";

/** The facts of the nth attempt of a test. */
export function factsOf(n: number): AttemptFacts {
  return {
    requestId: `req_${n}`,
    attempt: 1,
    keyId: "key_1",
    provider: "sim",
    askedModel: "sim/écho “1”",
    model: "echo",
    doorDialect: "openai-chat",
    upstreamDialect: "anthropic-messages",
    streamed: n % 2 === 0,
    startTimeMs: 1_795_190_400_000 + n,
  };
}

/** A good end of the nth attempt, with figures that tell it from the others. */
export function resultOf(n: number): AttemptResult {
  return {
    outcome: Outcome.OK,
    status: 200,
    usage: usageOf({ inputTokens: n, outputTokens: 2 * n, cacheReadTokens: 7 }),
    usageSource: UsageSource.PROVIDER,
    costNanoUsd: 9_007_199_254_740_993n + BigInt(n),
    priceVersion: "2026-11-01",
    firstByteMs: 12,
    durationMs: 345,
    reason: "",
  };
}
