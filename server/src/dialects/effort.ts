/*
 * How much to think, in words and in tokens. A level is a share of the output limit and back, so that the two ways agree.
 */
const shares: readonly (readonly [effort: string, share: number])[] = [
  ["minimal", 0.1],
  ["low", 0.2],
  ["medium", 0.5],
  ["high", 0.8],
  ["xhigh", 0.9],
  ["max", 0.95],
];

/** The smallest budget the Messages dialect accepts. */
export const smallestBudget = 1024;

/**
 * The budget for a level; undefined when the output limit leaves no room for one, as the limit is never raised, and for
 * levels nobody has heard of.
 */
export function budgetOf(effort: string, maxOutputTokens: number): number | undefined {
  const share = shares.find(([name]) => name === effort)?.[1];
  if (share === undefined || maxOutputTokens <= smallestBudget) return undefined;
  return Math.min(Math.max(Math.floor(share * maxOutputTokens), smallestBudget), maxOutputTokens - 1);
}

/** The level a budget comes closest to, among those that every reasoning model knows. */
export function effortOf(budgetTokens: number, maxOutputTokens: number): string {
  const share = budgetTokens / Math.max(maxOutputTokens, 1);
  if (share < 0.35) return "low";
  return share < 0.65 ? "medium" : "high";
}
