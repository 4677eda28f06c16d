import { expect, test } from "vitest";
import { totalOutputTokens, usageOf } from "../canonical/usage.ts";
import { estimateUsage } from "./estimate.ts";

const facts = { reported: undefined, requestBytes: 35, frames: 40, bytes: 4000, maxOutputTokens: undefined };

test("one frame is one token, at most the bytes received and the client's cap", () => {
  expect(estimateUsage(facts)).toEqual(usageOf({ inputTokens: 10, outputTokens: 40 }));
  expect(estimateUsage({ ...facts, bytes: 7 }).outputTokens).toBe(7);
  expect(estimateUsage({ ...facts, maxOutputTokens: 3 }).outputTokens).toBe(3);
});

test("what was reported before the end is the least, and the rest is counted on top", () => {
  const reported = usageOf({ inputTokens: 80, cacheReadTokens: 5, outputTokens: 4 });
  expect(estimateUsage({ ...facts, reported })).toEqual({ ...reported, outputTokens: 40 });
  expect(estimateUsage({ ...facts, reported, frames: 2 })).toEqual(reported);
});

/*
 * A Gemini stream that broke off had said after every chunk what it had cost by then: 168 tokens of thoughts and 6 of words.
 * The 40 chunks were held against the words alone, so 40 tokens of words were billed beside the thoughts they consisted of.
 */
test("frames that were thoughts are not billed again as words", () => {
  const reported = usageOf({ inputTokens: 38, outputTokens: 6, reasoningTokens: 168 });
  expect(estimateUsage({ ...facts, reported })).toEqual(reported);
  const mixed = usageOf({ inputTokens: 1, outputTokens: 6, reasoningTokens: 10, audioOutputTokens: 4 });
  expect(totalOutputTokens(estimateUsage({ ...facts, reported: mixed }))).toBe(40);
});
