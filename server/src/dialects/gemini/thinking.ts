import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateRequest, ReasoningOptions } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { effortOf } from "../effort.ts";
import { booleanIn, checkFields, countIn, lookUp, stringIn } from "../wire.ts";
import { gemini3OrLater, gemini25 } from "./model-family.ts";

/*
 * How much to think is a budget on Gemini 2.5 and a level from Gemini 3 on; older models refuse both.
 * https://ai.google.dev/gemini-api/docs/thinking
 */
type Options = Pick<ReasoningOptions, "effort" | "budgetTokens" | "enabled">;

/** -1 leaves the budget to the model, 0 turns thinking off. */
export function decodeThinking(wire: JsonObject): Options | undefined {
  const path = "generationConfig.thinkingConfig";
  checkFields(wire, { includeThoughts: "boolean", thinkingBudget: "integer", thinkingLevel: "string" }, path);
  const level = stringIn(wire.thinkingLevel)?.toLowerCase() ?? "";
  const effort = level === "thinking_level_unspecified" ? "" : level;
  const budget = wire.thinkingBudget;
  const budgetTokens = effort === "" && budget !== 0 ? countIn(budget) : undefined;
  const isOn = budget === -1 || (booleanIn(wire.includeThoughts) && effort === "" && budgetTokens === undefined);
  const enabled = budget === 0 && effort === "" ? false : isOn || undefined;
  if (effort === "" && budgetTokens === undefined && enabled === undefined) return undefined;
  return { effort, budgetTokens, enabled };
}

/** The `thinkingConfig` for a request of another dialect. Whoever asks for thoughts there is shown them. */
export function encodeThinking(
  request: GenerateRequest,
  context: RequestContext,
  crossing: Crossing,
): JsonObject | undefined {
  const { reasoning } = request;
  if (reasoning === undefined) return undefined;
  const { model } = context;
  const isOff = reasoning.enabled === false || reasoning.effort === "none";
  if (gemini3OrLater.test(model)) {
    const budget = reasoning.budgetTokens;
    const effort =
      budget === undefined ? reasoning.effort : effortOf(budget, request.maxOutputTokens ?? context.outputLimit);
    // It cannot be turned off, only down.
    if (isOff) crossing.lose("reasoning_effort");
    const level = isOff ? lowestLevel(model) : levelOf(effort, model);
    if (level === undefined && effort !== "") crossing.lose("reasoning_effort");
    return { ...(isOff ? {} : { includeThoughts: true }), ...(level ? { thinkingLevel: level } : {}) };
  }
  if (gemini25.test(model)) {
    const range = rangeOf(model);
    if (isOff) {
      if (range.canBeOff) return { thinkingBudget: 0 };
      crossing.lose("reasoning_effort");
      return { thinkingBudget: range.least };
    }
    const budget = reasoning.budgetTokens ?? lookUp(budgets, reasoning.effort);
    if (budget === undefined) {
      if (reasoning.effort !== "") crossing.lose("reasoning_effort");
      return { includeThoughts: true };
    }
    return { includeThoughts: true, thinkingBudget: Math.min(Math.max(budget, range.least), range.most) };
  }
  if (!isOff) crossing.lose("reasoning_effort");
  return undefined;
}

function lowestLevel(model: string): string {
  return model.includes("flash") ? "minimal" : "low";
}

function levelOf(effort: string, model: string): string | undefined {
  return effort === "minimal" ? lowestLevel(model) : lookUp(levels, effort);
}

const levels: Readonly<Record<string, string>> = {
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "high",
  max: "high",
};

/** As the vendor's own chat endpoint understands them. https://ai.google.dev/gemini-api/docs/openai#thinking */
const budgets: Readonly<Record<string, number>> = {
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};

/** Outside of this the budget is refused. */
function rangeOf(model: string): { least: number; most: number; canBeOff: boolean } {
  if (model.includes("pro")) return { least: 128, most: 32_768, canBeOff: false };
  return { least: model.includes("lite") ? 512 : 1, most: 24_576, canBeOff: true };
}
