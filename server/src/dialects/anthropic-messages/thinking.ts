import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateRequest } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { budgetOf, smallestBudget } from "../effort.ts";

/*
 * How much to think is said in two ways. Older Claude models take a budget and refuse effort, newer ones take effort and
 * refuse budgets. Other vendors' models behind this dialect know the older way.
 */
const takesEffort = /claude-(?:(?:opus|sonnet|haiku)-(?:4-[6-9]|4-\d{2}(?!\d)|[5-9]|\d{2}(?!\d))|[a-z]+-\d)/;
const takesBudget = /claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8}|@|$|-v\d|-latest))/;

function speaksEffort(model: string): boolean {
  return model.includes("claude") && !takesBudget.test(model) && takesEffort.test(model);
}

export interface Thinking {
  readonly thinking: JsonObject | undefined;
  readonly output: JsonObject;
}

export function encodeThinking(
  request: GenerateRequest,
  context: RequestContext,
  maxTokens: number,
  crossing: Crossing,
): Thinking {
  const { reasoning } = request;
  if (reasoning === undefined) return { thinking: undefined, output: {} };
  const { effort, budgetTokens, enabled } = reasoning;
  if (crossing.same) {
    return { thinking: asSaid(enabled, budgetTokens), output: effort === "" ? {} : { effort } };
  }
  if (enabled === false || effort === "none") return { thinking: { type: "disabled" }, output: {} };
  if (speaksEffort(context.model)) {
    const level = effort === "minimal" ? "low" : effort;
    return { thinking: { type: "adaptive" }, output: level === "" ? {} : { effort: level } };
  }
  const budget = budgetTokens ?? budgetOf(effort === "" ? "medium" : effort, maxTokens);
  if (budget === undefined || budget >= maxTokens || budget < smallestBudget) {
    // The limit on output leaves no room to think, and limits are never raised.
    crossing.lose("reasoning_effort");
    return { thinking: undefined, output: {} };
  }
  return { thinking: { type: "enabled", budget_tokens: budget }, output: {} };
}

function asSaid(enabled: boolean | undefined, budgetTokens: number | undefined): JsonObject | undefined {
  if (enabled === undefined) return undefined;
  if (!enabled) return { type: "disabled" };
  return budgetTokens === undefined ? { type: "adaptive" } : { type: "enabled", budget_tokens: budgetTokens };
}
