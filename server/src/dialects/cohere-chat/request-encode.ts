import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateRequest, ReasoningOptions, ResponseFormat } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Crossing, takeSpelling } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { budgetOf } from "../effort.ts";
import { opaqueIn } from "../opaque.ts";
import { encodeMessages } from "./messages-encode.ts";
import { encodeTools } from "./tools.ts";

export function encodeRequest(request: GenerateRequest, context: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, "cohere-chat", context.losses);
  const extra = crossing.requestExtra(request.extra);
  const wire: JsonObject = { model: context.model, messages: encodeMessages(request, crossing) };
  if (context.stream) wire.stream = true;
  Object.assign(wire, encodeTools(request, crossing));
  if (request.maxOutputTokens !== undefined) wire.max_tokens = request.maxOutputTokens;
  encodeSampling(request, crossing, wire);
  if (request.responseFormat) wire.response_format = encodeFormat(request.responseFormat, crossing);
  const limit = request.maxOutputTokens ?? context.outputLimit;
  if (request.reasoning) wire.thinking = encodeThinking(request.reasoning, limit);
  if (wire.thinking === null) delete wire.thinking;
  if (request.user !== "") crossing.lose("user");
  return { ...wire, ...extra };
}

function encodeSampling(request: GenerateRequest, crossing: Crossing, wire: JsonObject): void {
  if (request.temperature !== undefined) {
    if (request.temperature > 1 && !crossing.same) {
      throw crossing.cannot("temperature", `\`temperature\` = ${request.temperature}`, "The largest value there is 1.");
    }
    wire.temperature = request.temperature;
  }
  if (request.topP !== undefined) wire.p = request.topP;
  if (request.topK !== undefined) wire.k = request.topK;
  if (request.stop.length > 0) wire.stop_sequences = request.stop;
  if (request.seed !== undefined) wire.seed = Number(request.seed);
  if (request.presencePenalty !== undefined) wire.presence_penalty = request.presencePenalty;
  if (request.frequencyPenalty !== undefined) wire.frequency_penalty = request.frequencyPenalty;
  if (request.logprobs !== undefined) wire.logprobs = request.logprobs;
  if (request.topLogprobs) throw crossing.cannot("top_logprobs", "`top_logprobs`");
  if ((request.candidateCount ?? 1) > 1) throw crossing.cannot("n", `\`n\` = ${request.candidateCount}`);
}

/** On with or without a budget, or off. */
function encodeThinking({ effort, budgetTokens, enabled }: ReasoningOptions, limit: number): JsonObject | null {
  if (effort === "none" || enabled === false) {
    return { type: "disabled", ...(budgetTokens === undefined ? {} : { token_budget: budgetTokens }) };
  }
  if (effort === "" && budgetTokens === undefined && enabled === undefined) return null;
  const budget = budgetTokens ?? budgetOf(effort, limit);
  return { type: "enabled", ...(budget === undefined ? {} : { token_budget: budget }) };
}

function encodeFormat(format: ResponseFormat, crossing: Crossing): JsonObject {
  const { kind } = format;
  switch (kind.case) {
    case "json":
      return { type: "json_object" };
    case "jsonSchema": {
      const { name, description, schema, strict, extra } = kind.value;
      if (name !== "") crossing.lose("response_format.json_schema.name");
      if (description !== "") crossing.lose("response_format.json_schema.description");
      // The schema is always enforced here.
      if (strict === false) crossing.lose("response_format.json_schema.strict");
      const { spelt, rest } = takeSpelling(extra);
      const own = crossing.extra(rest, "response_format.json_schema");
      return { type: "json_object", ...(schema ? { [spelt || "json_schema"]: schema } : {}), ...own };
    }
    case "opaque": {
      const own = opaqueIn(kind.value, "cohere-chat");
      if (own) return own;
      throw crossing.cannot("response_format", "This shape of the answer");
    }
    default:
      return { type: "text" };
  }
}
