import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { UsageBatchSchema, UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { expect, test } from "vitest";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import { type AttemptFacts, decodeClosed, decodeFacts, encodeClosed, encodeFacts, toUsageEvent } from "./attempt.ts";

test("facts and results survive the journal", () => {
  const text = encodeFacts(7, factsOf(7));
  expect(decodeFacts(`${text}]`)).toEqual({ sequence: 7, facts: factsOf(7) });
  for (const result of [resultOf(7), { ...resultOf(7), usage: undefined }, { ...resultOf(7), model: "echo-2" }]) {
    expect(decodeClosed(encodeClosed(text, result))).toEqual({ sequence: 7, facts: factsOf(7), result });
  }
});

test("the event says what the attempt was", () => {
  const event = toUsageEvent("gw_1", { sequence: 7, facts: factsOf(7), result: { ...resultOf(7), model: "echo-2" } });
  expect(event).toMatchObject({
    eventId: "req_7:1",
    requestId: "req_7",
    producer: "gw_1",
    sequence: 7n,
    askedModel: "sim/écho “1”",
    model: "echo-2",
    costNanoUsd: 9_007_199_254_741_000n,
    startTimeMs: 1_795_190_400_007n,
    usage: { inputTokens: 7, outputTokens: 14, cacheReadTokens: 7 },
  });
});

test("whatever the attempt says, the event keeps its rules and can be sent", () => {
  const validator = createValidator();
  const odd = "\u0000😀\ud83d".repeat(3000);
  const strange: AttemptFacts = {
    ...factsOf(1),
    requestId: odd,
    keyId: odd,
    provider: odd,
    askedModel: odd,
    model: odd,
    doorDialect: odd,
    upstreamDialect: odd,
    startTimeMs: Number.NaN,
  };
  const result = {
    ...resultOf(1),
    usage: { ...resultOf(1).usage!, inputTokens: -5, outputTokens: Number.NaN, reasoningTokens: 2 ** 40 },
    costNanoUsd: -1n,
    status: Number.NaN,
    firstByteMs: 1.7,
    durationMs: Number.POSITIVE_INFINITY,
    priceVersion: odd,
    reason: odd,
    model: odd,
  };
  const closed = { sequence: 1, facts: strange, result };
  for (const attempt of [closed, decodeClosed(encodeClosed(encodeFacts(1, strange), result))]) {
    const event = toUsageEvent("gw_1", attempt);
    expect(validator.validate(UsageEventSchema, event).kind).toBe("valid");
    const batch = toBinary(UsageBatchSchema, create(UsageBatchSchema, { events: [event] }));
    expect(fromBinary(UsageBatchSchema, batch).events).toEqual([event]);
    expect(event).toMatchObject({
      costNanoUsd: 0n,
      usage: { inputTokens: 0, outputTokens: 0, reasoningTokens: 0xffffffff },
    });
  }
});
