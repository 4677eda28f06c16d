import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateRequest, ResponseFormat } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Crossing } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { effortOf } from "../effort.ts";
import { opaqueIn } from "../opaque.ts";
import { objectIn } from "../wire.ts";
import { logprobs } from "./fates.ts";
import { encodeInput } from "./input-encode.ts";
import { encodeToolChoice, encodeTools } from "./tools.ts";

export function encodeRequest(request: GenerateRequest, context: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, "openai-responses", context.losses);
  const { text, reasoning, ...extra } = crossing.requestExtra(request.extra) ?? {};
  const { instructions, input } = encodeInput(request, crossing);
  const wire: JsonObject = { model: context.model };
  if (instructions !== undefined) wire.instructions = instructions;
  if (!Array.isArray(input) || input.length > 0 || !crossing.same || request.messages.length > 0) wire.input = input;
  if (context.stream) wire.stream = true;
  if (request.tools.length > 0) wire.tools = encodeTools(request, crossing);
  const choice = request.toolChoice && encodeToolChoice(request.toolChoice, crossing);
  if (choice !== undefined) wire.tool_choice = choice;
  if (request.parallelToolCalls !== undefined) wire.parallel_tool_calls = request.parallelToolCalls;
  if (request.maxOutputTokens !== undefined) wire.max_output_tokens = request.maxOutputTokens;
  encodeSampling(request, crossing, wire);
  const format: JsonObject = request.responseFormat ? { format: encodeFormat(request.responseFormat, crossing) } : {};
  const said = { ...format, ...objectIn(text) };
  if (Object.keys(said).length > 0) wire.text = said;
  const effort = effortIn(request, context, crossing);
  const thinking: JsonObject = { ...(effort === undefined ? {} : { effort }), ...objectIn(reasoning) };
  if (Object.keys(thinking).length > 0) wire.reasoning = thinking;
  if (request.user !== "" && extra.safety_identifier !== request.user) wire.user = request.user;
  if (!crossing.same) encodeStatelessness(request, effort, wire);
  return { ...wire, ...extra };
}

/**
 * The provider stores answers unless it is told not to, and no other dialect's client asks for that. What it thinks is then
 * lost between calls unless it is sent along encrypted, which models that do not think refuse to do.
 */
function encodeStatelessness(request: GenerateRequest, effort: string | undefined, wire: JsonObject): void {
  wire.store = false;
  const include: string[] = [];
  if (effort !== undefined && effort !== "none") include.push("reasoning.encrypted_content");
  if (request.logprobs) include.push(logprobs);
  if (include.length > 0) wire.include = include;
}

function encodeSampling(request: GenerateRequest, crossing: Crossing, wire: JsonObject): void {
  if (request.temperature !== undefined) wire.temperature = request.temperature;
  if (request.topP !== undefined) wire.top_p = request.topP;
  if (request.topLogprobs !== undefined) wire.top_logprobs = request.topLogprobs;
  if (request.stop.length > 0) throw crossing.cannot("stop", "`stop`");
  if ((request.candidateCount ?? 1) > 1) throw crossing.cannot("n", `\`n\` = ${request.candidateCount}`);
  // These nudge the odds of words; without them the answer is still an answer to the same question.
  if (request.topK !== undefined) crossing.lose("top_k");
  if (request.seed !== undefined) crossing.lose("seed");
  if (request.presencePenalty) crossing.lose("presence_penalty");
  if (request.frequencyPenalty) crossing.lose("frequency_penalty");
}

function effortIn(request: GenerateRequest, context: RequestContext, crossing: Crossing): string | undefined {
  const { reasoning } = request;
  if (reasoning === undefined) return undefined;
  if (reasoning.effort !== "") return reasoning.effort;
  if (reasoning.budgetTokens !== undefined) {
    return effortOf(reasoning.budgetTokens, request.maxOutputTokens ?? context.outputLimit);
  }
  // Models that do not reason refuse `reasoning` altogether, so "off" cannot be said to all of them.
  if (reasoning.enabled === false) crossing.lose("thinking");
  return undefined;
}

function encodeFormat(format: ResponseFormat, crossing: Crossing): JsonObject {
  const { kind } = format;
  switch (kind.case) {
    case "json":
      return { type: "json_object" };
    case "jsonSchema": {
      const { name, description, schema, strict, extra } = kind.value;
      const wire: JsonObject = { type: "json_schema", name: name === "" && !crossing.same ? "answer" : name };
      if (description !== "") wire.description = description;
      if (schema) wire.schema = schema;
      // Not added where the origin does not say it: strictness refuses schemas that are fine without.
      if (strict !== undefined) wire.strict = strict;
      return { ...wire, ...crossing.extra(extra, "response_format") };
    }
    case "opaque": {
      const own = opaqueIn(kind.value, "openai-responses");
      if (own) return own;
      throw crossing.cannot("response_format", "This shape of the answer");
    }
    default:
      return { type: "text" };
  }
}
