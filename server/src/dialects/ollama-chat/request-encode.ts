import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GenerateRequest, ReasoningOptions, ResponseFormat } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Crossing } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { effortOf } from "../effort.ts";
import { opaqueIn } from "../opaque.ts";
import { lookUp, objectIn } from "../wire.ts";
import { encodeMessages } from "./messages-encode.ts";
import { encodeTools } from "./tools.ts";

export function encodeRequest(request: GenerateRequest, context: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, "ollama-chat", context.losses);
  const { options: more, ...extra } = crossing.requestExtra(request.extra) ?? {};
  const wire: JsonObject = {
    model: context.model,
    messages: encodeMessages(request, crossing),
    // The default here is the other way round than everywhere else, so it is always said.
    stream: context.stream,
  };
  const tools = encodeTools(request, crossing);
  if (tools.length > 0) wire.tools = tools;
  if (request.logprobs !== undefined) wire.logprobs = request.logprobs;
  if (request.topLogprobs !== undefined) wire.top_logprobs = request.topLogprobs;
  const format = request.responseFormat && encodeFormat(request.responseFormat, crossing);
  if (format !== undefined) wire.format = format;
  const think = request.reasoning && encodeThink(request.reasoning, request, context, crossing);
  if (think !== undefined) wire.think = think;
  if ((request.candidateCount ?? 1) > 1) throw crossing.cannot("n", `\`n\` = ${request.candidateCount}`);
  if (request.user !== "") crossing.lose("user");
  const options = { ...encodeOptions(request), ...objectIn(more) };
  if (Object.keys(options).length > 0 || more !== undefined) wire.options = options;
  return { ...wire, ...extra };
}

function encodeOptions(request: GenerateRequest): JsonObject {
  const options: JsonObject = {};
  if (request.temperature !== undefined) options.temperature = request.temperature;
  if (request.topP !== undefined) options.top_p = request.topP;
  if (request.topK !== undefined) options.top_k = request.topK;
  if (request.maxOutputTokens !== undefined) options.num_predict = request.maxOutputTokens;
  if (request.stop.length > 0) options.stop = request.stop;
  if (request.seed !== undefined) options.seed = Number(request.seed);
  if (request.presencePenalty !== undefined) options.presence_penalty = request.presencePenalty;
  if (request.frequencyPenalty !== undefined) options.frequency_penalty = request.frequencyPenalty;
  return options;
}

/** A level, or merely on and off: which of the two a model takes, only the server knows. */
function encodeThink(
  { effort, budgetTokens, enabled }: ReasoningOptions,
  { maxOutputTokens }: GenerateRequest,
  { outputLimit }: RequestContext,
  crossing: Crossing,
): JsonValue | undefined {
  if (crossing.same) return effort === "" ? enabled : effort;
  if (effort === "none" || enabled === false) return false;
  if (effort !== "") return lookUp(levels, effort) ?? effort;
  if (budgetTokens !== undefined) return effortOf(budgetTokens, maxOutputTokens ?? outputLimit);
  return enabled;
}

/** The levels of other vendors, as the nearest that Ollama's models know. */
const levels: Readonly<Record<string, string>> = { minimal: "low", xhigh: "high", max: "high" };

function encodeFormat(format: ResponseFormat, crossing: Crossing): JsonValue | undefined {
  const { kind } = format;
  switch (kind.case) {
    case "json":
      return "json";
    case "jsonSchema": {
      const { name, description, schema, strict, extra } = kind.value;
      if (name !== "") crossing.lose("response_format.json_schema.name");
      if (description !== "") crossing.lose("response_format.json_schema.description");
      // The schema is always enforced here.
      if (strict === false) crossing.lose("response_format.json_schema.strict");
      crossing.extra(extra, "response_format.json_schema");
      return schema ?? "json";
    }
    case "opaque": {
      const own = opaqueIn(kind.value, "ollama-chat");
      if (own) return own.format;
      throw crossing.cannot("response_format", "This shape of the answer");
    }
    default:
      return undefined;
  }
}
