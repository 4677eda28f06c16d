import { Money, type RequestNews, type RequestSummary } from "@pontage/sdk";

/** A request for tests. */
export function sample(change: Partial<RequestSummary> & { id: string }): RequestSummary {
  return {
    startTime: new Date("2026-11-20T12:00:00Z"),
    status: 200,
    reason: "",
    keyId: "key_1",
    keyName: "first-key",
    askedModel: "sim/echo",
    provider: "sim",
    model: "echo",
    doorDialect: "openai-chat",
    upstreamDialect: "openai-chat",
    streamed: false,
    usage: {
      inputTokens: 9,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      cacheWrite1hTokens: 0,
      audioInputTokens: 0,
      outputTokens: 24,
      reasoningTokens: 0,
      audioOutputTokens: 0,
      source: "provider",
    },
    cost: new Money(120_000n),
    attempts: 1,
    firstByteMs: 41,
    durationMs: 400,
    simulated: true,
    abandoned: false,
    ...change,
  };
}

/** News of the requests `from` to `to`, oldest first. */
export function newsOf(from: number, to: number): RequestNews[] {
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const n = from + index;
    return { type: "request", request: sample({ id: `req_${n}` }), cursor: `c${n}` };
  });
}
