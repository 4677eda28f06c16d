import { type Usage, usageOf } from "../../server/src/canonical/usage.ts";
import { Random } from "./random.ts";

/**
 * How the upstream answers: at once, slowly, without saying the usage, with an error, with half an answer, or by closing
 * the connection.
 */
export type Manner = "answer" | "slow" | "silent" | "error" | "cut" | "reset";

/** What the upstream will do for one request. Client, upstream and judge each derive it from the request's number. */
export interface Plan {
  readonly manner: Manner;
  readonly words: number;
  /** Between two words of a slow answer. */
  readonly pauseMs: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

/** The cap every request sets. No estimate may be above it. */
export const maxOutputTokens = 64;

/** Each from the number before it up to its own. */
const shares: readonly (readonly [Manner, number])[] = [
  ["answer", 0.6],
  ["slow", 0.8],
  ["silent", 0.86],
  ["error", 0.92],
  ["cut", 0.97],
  ["reset", 1],
];

export function planOf(seed: number, number: number): Plan {
  const random = new Random(seed ^ Math.imul(number, 0x9e3779b1));
  const drawn = random.next();
  const manner = shares.find(([, upTo]) => drawn < upTo)?.[0] ?? "answer";
  const promptTokens = random.between(1, 2_000);
  const completionTokens = random.between(1, 500);
  return {
    manner,
    words: random.between(2, 12),
    pauseMs: random.between(5, 30),
    promptTokens,
    cachedTokens: random.chance(0.5) ? random.between(0, promptTokens) : 0,
    completionTokens,
    reasoningTokens: random.chance(0.5) ? random.between(0, completionTokens) : 0,
  };
}

/** The usage of a complete answer, in the ledger's buckets; undefined when the upstream does not say it. */
export function usageOfPlan(plan: Plan): Usage | undefined {
  if (plan.manner === "silent") return undefined;
  return usageOf({
    inputTokens: plan.promptTokens - plan.cachedTokens,
    cacheReadTokens: plan.cachedTokens,
    outputTokens: plan.completionTokens - plan.reasoningTokens,
    reasoningTokens: plan.reasoningTokens,
  });
}

/** The model's name carries the request's number through the whole system: it looks like the date of a snapshot. */
const family = "gpt-4.1-mini-";

export function modelOf(number: number): string {
  return `${family}${String(number).padStart(8, "0")}`;
}

/** The number in a model's name, with or without the provider before it. */
export function numberOf(model: string): number {
  const digits = /^(?:openai\/)?gpt-4\.1-mini-(\d{8})$/.exec(model)?.[1];
  if (digits === undefined) throw new Error(`${model} is not a model of this test`);
  return Number(digits);
}
