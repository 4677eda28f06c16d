import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateRequest, ResponseFormat } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Crossing } from "../crossing.ts";
import type { Quirks, RequestContext } from "../dialect.ts";
import { effortOf } from "../effort.ts";
import { opaqueIn } from "../opaque.ts";
import { objectIn } from "../wire.ts";
import { encodeMessages } from "./messages-encode.ts";
import { encodeToolChoice, encodeTools } from "./tools.ts";

export function encodeRequest(request: GenerateRequest, context: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, "openai-chat", context.losses);
  const quirks = context.quirks ?? {};
  const { stream_options: options, ...extra } = crossing.requestExtra(request.extra) ?? {};
  const wire: JsonObject = { model: context.model, messages: encodeMessages(request, crossing, quirks) };
  if (context.stream) {
    wire.stream = true;
    const asked = { ...objectIn(options), ...(context.askUsage ? { include_usage: true } : {}) };
    if (!context.usageUnasked && Object.keys(asked).length > 0) wire.stream_options = asked;
  }
  if (request.tools.length > 0) {
    const keepCacheMarks = quirks.takesCacheMarks ?? false;
    wire.tools = encodeTools(request, crossing, keepCacheMarks);
  }
  const choice = request.toolChoice && encodeToolChoice(request.toolChoice, crossing);
  if (choice !== undefined) wire.tool_choice = choice;
  if (request.parallelToolCalls !== undefined) wire.parallel_tool_calls = request.parallelToolCalls;
  if (request.maxOutputTokens !== undefined && extra.max_tokens === undefined) {
    wire[quirks.legacyMaxTokens && !crossing.same ? "max_tokens" : "max_completion_tokens"] = request.maxOutputTokens;
  }
  encodeSampling(request, crossing, wire, quirks);
  if (request.responseFormat) wire.response_format = encodeFormat(request.responseFormat, crossing);
  encodeEffort(request, context, crossing, wire);
  if (request.user !== "" && extra.safety_identifier !== request.user) {
    if (quirks.noUser) crossing.lose("user");
    else wire.user = request.user;
  }
  return { ...wire, ...extra };
}

function encodeSampling(request: GenerateRequest, crossing: Crossing, wire: JsonObject, quirks: Quirks): void {
  if (request.temperature !== undefined) wire.temperature = request.temperature;
  if (request.topP !== undefined) wire.top_p = request.topP;
  if (request.topK !== undefined) {
    // Many compatible servers know it, the vendor refuses it.
    if (crossing.same) wire.top_k = request.topK;
    else crossing.lose("top_k");
  }
  if (request.stop.length > 0) wire.stop = request.stop;
  if (request.candidateCount !== undefined) wire.n = request.candidateCount;
  if (request.seed !== undefined) wire[quirks.randomSeed ? "random_seed" : "seed"] = Number(request.seed);
  if (request.presencePenalty !== undefined) wire.presence_penalty = request.presencePenalty;
  if (request.frequencyPenalty !== undefined) wire.frequency_penalty = request.frequencyPenalty;
  if (request.logprobs !== undefined) wire.logprobs = request.logprobs;
  if (request.topLogprobs !== undefined) wire.top_logprobs = request.topLogprobs;
}

function encodeEffort(request: GenerateRequest, context: RequestContext, crossing: Crossing, wire: JsonObject): void {
  const { reasoning } = request;
  if (reasoning === undefined) return;
  if (reasoning.effort !== "") wire.reasoning_effort = reasoning.effort;
  else if (reasoning.budgetTokens !== undefined) {
    wire.reasoning_effort = effortOf(reasoning.budgetTokens, request.maxOutputTokens ?? context.outputLimit);
  } else if (reasoning.enabled === false) {
    // Models that do not reason refuse `reasoning_effort` altogether, so "off" cannot be said to all of them.
    crossing.lose("thinking");
  }
}

function encodeFormat(format: ResponseFormat, crossing: Crossing): JsonObject {
  const { kind } = format;
  switch (kind.case) {
    case "json":
      return { type: "json_object" };
    case "jsonSchema": {
      const { name, description, schema, strict, extra } = kind.value;
      const body: JsonObject = { name: name === "" && !crossing.same ? "answer" : name };
      if (description !== "") body.description = description;
      if (schema) body.schema = schema;
      // Not added where the origin does not say it: strictness refuses schemas that are fine without.
      if (strict !== undefined) body.strict = strict;
      return { type: "json_schema", json_schema: { ...body, ...crossing.extra(extra, "response_format") } };
    }
    case "opaque": {
      const own = opaqueIn(kind.value, "openai-chat");
      if (own) return own;
      throw crossing.cannot("response_format", "This shape of the answer");
    }
    default:
      return { type: "text" };
  }
}
