import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateRequest, ResponseFormat } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Crossing } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { opaqueIn } from "../opaque.ts";
import { objectIn } from "../wire.ts";
import { encodeConversation } from "./contents-encode.ts";
import { encodeThinking } from "./thinking.ts";
import { encodeToolChoice, encodeTools } from "./tools.ts";

/** The model and the wish for a stream are in the path and not in here. */
export function encodeRequest(request: GenerateRequest, context: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, "gemini", context.losses);
  const { top, config: saidConfig, toolConfig: saidToolConfig } = apart(crossing.requestExtra(request.extra));
  const { systemInstruction, contents } = encodeConversation(request, context, crossing);
  const wire: JsonObject = { contents };
  if (systemInstruction) wire.systemInstruction = systemInstruction;
  const tools = encodeTools(request, crossing);
  if (tools.length > 0) wire.tools = tools;
  const toolConfig = { ...encodeToolConfig(request, tools, crossing) };
  for (const [field, value] of Object.entries(saidToolConfig)) {
    toolConfig[field] = { ...objectIn(toolConfig[field]), ...objectIn(value) };
    if (objectIn(value) === undefined) toolConfig[field] = value;
  }
  if (Object.keys(toolConfig).length > 0) wire.toolConfig = toolConfig;
  const config: JsonObject = {};
  encodeSampling(request, crossing, config);
  if (request.responseFormat) Object.assign(config, encodeFormat(request.responseFormat, crossing));
  const thinking = crossing.same ? undefined : encodeThinking(request, context, crossing);
  if (thinking) config.thinkingConfig = thinking;
  Object.assign(config, saidConfig);
  // Both are the same schema; the API takes one.
  if (saidConfig.responseSchema !== undefined) delete config.responseJsonSchema;
  if (Object.keys(config).length > 0) wire.generationConfig = config;
  if (request.user !== "") crossing.lose("user");
  return { ...wire, ...top };
}

/** Takes the fields that are named with their path to the objects they belong in. */
function apart(extra: JsonObject | undefined): { top: JsonObject; config: JsonObject; toolConfig: JsonObject } {
  const fields = { top: {} as JsonObject, config: {} as JsonObject, toolConfig: {} as JsonObject };
  for (const [path, value] of Object.entries(extra ?? {})) {
    if (path.startsWith("generationConfig.")) fields.config[path.slice("generationConfig.".length)] = value;
    else if (path.startsWith("toolConfig.")) fields.toolConfig[path.slice("toolConfig.".length)] = value;
    else fields.top[path] = value;
  }
  return fields;
}

function encodeToolConfig(
  request: GenerateRequest,
  tools: readonly JsonObject[],
  crossing: Crossing,
): JsonObject | undefined {
  if (tools.length === 0 && !crossing.same) return undefined;
  // There is no switch: the model may call several functions at once, and calls are never cut from an answer.
  if (request.parallelToolCalls === false) crossing.lose("parallel_tool_calls");
  const choice = encodeToolChoice(request.toolChoice, crossing);
  return choice && { functionCallingConfig: choice };
}

/** The API refuses more. https://ai.google.dev/api/generate-content#generationconfig */
const mostStops = 5;

function encodeSampling(request: GenerateRequest, crossing: Crossing, config: JsonObject): void {
  if (request.temperature !== undefined) config.temperature = request.temperature;
  if (request.topP !== undefined) config.topP = request.topP;
  if (request.topK !== undefined) config.topK = request.topK;
  if (request.maxOutputTokens !== undefined) config.maxOutputTokens = request.maxOutputTokens;
  if (request.stop.length > 0) {
    if (request.stop.length > mostStops && !crossing.same) {
      throw crossing.cannot("stop", `More than ${mostStops} stop strings`);
    }
    config.stopSequences = request.stop;
  }
  if (request.candidateCount !== undefined) config.candidateCount = request.candidateCount;
  if (request.seed !== undefined) {
    const isSmall = request.seed >= -0x80000000n && request.seed <= 0x7fffffffn;
    if (isSmall || crossing.same) config.seed = Number(request.seed);
    else crossing.lose("seed");
  }
  if (request.presencePenalty !== undefined) config.presencePenalty = request.presencePenalty;
  if (request.frequencyPenalty !== undefined) config.frequencyPenalty = request.frequencyPenalty;
  if (request.logprobs !== undefined) config.responseLogprobs = request.logprobs;
  if (request.topLogprobs !== undefined) config.logprobs = request.topLogprobs;
}

function encodeFormat(format: ResponseFormat, crossing: Crossing): JsonObject {
  const { kind } = format;
  switch (kind.case) {
    case "text":
      return crossing.same ? { responseMimeType: "text/plain" } : {};
    case "json":
      return { responseMimeType: "application/json" };
    case "jsonSchema": {
      const { name, description, schema, strict, extra } = kind.value;
      if (name !== "") crossing.lose("response_format.json_schema.name");
      if (description !== "") crossing.lose("response_format.json_schema.description");
      // The schema is always enforced here.
      if (strict === false) crossing.lose("response_format.json_schema.strict");
      crossing.extra(extra, "response_format.json_schema");
      return { responseMimeType: "application/json", ...(schema ? { responseJsonSchema: schema } : {}) };
    }
    case "opaque": {
      const own = opaqueIn(kind.value, "gemini");
      if (own) return own;
      throw crossing.cannot("response_format", "This shape of the answer");
    }
    default:
      return {};
  }
}
