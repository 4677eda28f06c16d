import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateRequest } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { encodeThinking } from "../anthropic-messages/thinking.ts";
import { type Crossing, spelling, takeSpelling } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { effortOf } from "../effort.ts";
import { countIn, fieldsBeside, lookUp, objectIn } from "../wire.ts";

/*
 * `additionalModelRequestFields`: parameters that are the model's own and not the service's. Two of Claude's are understood,
 * since they have canonical words: `top_k`, and how much to think, which the service takes under two names.
 */

export interface ModelFields {
  readonly topK: number | undefined;
  readonly thinking: { readonly enabled: boolean; readonly budgetTokens?: number } | undefined;
  /** What is not understood. */
  readonly rest: JsonObject | undefined;
}

/** The service takes it under either. */
export const thinkingNames = ["thinking", "reasoning_config"] as const;

export function decodeModelFields(wire: JsonObject | undefined): ModelFields {
  if (wire === undefined) return { topK: undefined, thinking: undefined, rest: undefined };
  const topK = countIn(wire.top_k);
  const spelt = thinkingNames.find((name) => objectIn(wire[name]));
  const said = spelt === undefined ? undefined : decodeThinking(objectIn(wire[spelt])!);
  const words = new Set<string>();
  if (topK !== undefined) words.add("top_k");
  if (spelt !== undefined && said) words.add(spelt);
  const rest: JsonObject = fieldsBeside(wire, words) ?? {};
  if (spelt !== undefined && said?.rest) rest[spelt] = said.rest;
  // It is there, even if all it says is understood or it says nothing.
  if (spelt === "reasoning_config" && said) rest[spelling] = spelt;
  const isEmpty = Object.keys(rest).length === 0 && Object.keys(wire).length > 0;
  return { topK, thinking: said?.thinking, rest: isEmpty ? undefined : rest };
}

function decodeThinking(wire: JsonObject) {
  const budgetTokens = countIn(wire.budget_tokens);
  const known = wire.type === "enabled" || wire.type === "adaptive" || wire.type === "disabled";
  if (!known || (wire.type === "enabled") !== (budgetTokens !== undefined)) return undefined;
  const rest = fieldsBeside(wire, new Set(["type", "budget_tokens"]));
  const enabled = wire.type !== "disabled";
  return { thinking: budgetTokens === undefined ? { enabled } : { enabled, budgetTokens }, rest };
}

/** What a request says with the model's own parameters, and the effort, which is the service's. */
export interface EncodedModelFields {
  readonly fields: JsonObject;
  readonly effort: string | undefined;
}

export function encodeModelFields(
  request: GenerateRequest,
  context: RequestContext,
  vendor: string | undefined,
  crossing: Crossing,
  own: JsonObject | undefined,
): EncodedModelFields {
  const { spelt, rest = {} } = takeSpelling(own);
  const fields: JsonObject = {};
  encodeTopK(request, vendor, crossing, fields);
  const { thinking, effort } = encodeReasoning(request, context, vendor, crossing);
  for (const [name, value] of Object.entries(thinking)) {
    const known = name === "thinking" && spelt !== "" ? spelt : name;
    fields[known] = objectIn(value) ? { ...objectIn(value), ...objectIn(rest[known]) } : value;
  }
  return { fields: { ...rest, ...fields }, effort };
}

function encodeTopK(
  { topK }: GenerateRequest,
  vendor: string | undefined,
  crossing: Crossing,
  fields: JsonObject,
): void {
  if (topK === undefined) return;
  if (vendor === "amazon" && !crossing.same) fields.inferenceConfig = { topK };
  else if (crossing.same || vendor === undefined || vendor === "anthropic" || vendor === "mistral") fields.top_k = topK;
  else if (vendor === "cohere") fields.k = topK;
  else crossing.lose("top_k");
}

function encodeReasoning(
  request: GenerateRequest,
  context: RequestContext,
  vendor: string | undefined,
  crossing: Crossing,
): { thinking: JsonObject; effort: string | undefined } {
  const { reasoning } = request;
  if (reasoning === undefined) return { thinking: {}, effort: undefined };
  const limit = request.maxOutputTokens ?? context.outputLimit;
  if (crossing.same || vendor === undefined || vendor === "anthropic") {
    // One table for the family, whoever runs its models.
    const { thinking, output } = encodeThinking(request, context, limit, crossing);
    const effort = typeof output.effort === "string" ? output.effort : undefined;
    return { thinking: thinking ? { thinking } : {}, effort };
  }
  const isOff = reasoning.enabled === false || reasoning.effort === "none";
  const words =
    reasoning.effort || (reasoning.budgetTokens === undefined ? "medium" : effortOf(reasoning.budgetTokens, limit));
  const level = lookUp(levels, words) ?? "high";
  if (vendor === "openai" && !isOff) return { thinking: { reasoning_effort: level }, effort: undefined };
  // Nova thinks since its second version. https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html
  if (vendor === "amazon" && context.model.includes("nova-2")) {
    const config: JsonObject = isOff ? { type: "disabled" } : { type: "enabled", maxReasoningEffort: level };
    return { thinking: { reasoningConfig: config }, effort: undefined };
  }
  // The others think or do not think, and nobody can tell them to.
  crossing.lose(isOff ? "thinking" : "reasoning_effort");
  return { thinking: {}, effort: undefined };
}

const levels: Readonly<Record<string, string>> = { minimal: "low", low: "low", medium: "medium", high: "high" };
