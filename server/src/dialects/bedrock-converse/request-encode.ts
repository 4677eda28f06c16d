import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateRequest, ResponseFormat } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { type BlockKind, lacksItsThought } from "../anthropic-messages/thinking-turn.ts";
import { Crossing, takeSpelling } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { opaqueIn } from "../opaque.ts";
import { objectIn } from "../wire.ts";
import { encodeConversation } from "./messages-encode.ts";
import { encodeModelFields, thinkingNames } from "./model-fields.ts";
import { vendorOf } from "./model-vendor.ts";
import { encodeToolConfig } from "./tools.ts";

/** The model and whether to stream are said by the path. */
export function encodeRequest(request: GenerateRequest, context: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, "bedrock-converse", context.losses);
  const vendor = vendorOf(context.model);
  const own = crossing.requestExtra(request.extra) ?? {};
  const { inferenceConfig, toolConfig, outputConfig, additionalModelRequestFields, ...extra } = own;
  const { system, messages } = encodeConversation(request, vendor, crossing);
  const wire: JsonObject = {};
  if (messages.length > 0) wire.messages = messages;
  if (system.length > 0) wire.system = system;
  const sampling = { ...encodeSampling(request, crossing), ...objectIn(inferenceConfig) };
  if (Object.keys(sampling).length > 0 || inferenceConfig) wire.inferenceConfig = sampling;
  const tools = encodeToolConfig(request, vendor, crossing, objectIn(toolConfig));
  if (tools.config) wire.toolConfig = tools.config;
  const model = encodeModelFields(request, context, vendor, crossing, objectIn(additionalModelRequestFields));
  const fields = { ...model.fields, ...tools.fields };
  if ((!crossing.same || context.thinned) && lacksItsThought(messages, kindOfBlock)) {
    for (const name of thinkingNames) {
      if (objectIn(fields[name])?.type !== "enabled") continue;
      delete fields[name];
      crossing.lose("thinking");
    }
  }
  if (Object.keys(fields).length > 0 || additionalModelRequestFields) wire.additionalModelRequestFields = fields;
  const output: JsonObject = model.effort === undefined ? {} : { effort: model.effort };
  if (request.responseFormat) {
    const format = encodeFormat(request.responseFormat, crossing);
    if (format) output.textFormat = format;
  }
  const config = { ...output, ...objectIn(outputConfig) };
  if (Object.keys(config).length > 0) wire.outputConfig = config;
  // Nobody but who asks is told which string it was; models that do not know the field leave it out.
  if (request.stop.length > 0 && !crossing.same) wire.additionalModelResponseFieldPaths = ["/stop_sequence"];
  return { ...wire, ...extra };
}

function kindOfBlock(block: JsonObject): BlockKind {
  if (block.reasoningContent) return "thought";
  if (block.toolUse) return "call";
  return block.toolResult ? "result" : undefined;
}

function encodeSampling(request: GenerateRequest, crossing: Crossing): JsonObject {
  const wire: JsonObject = {};
  if (request.maxOutputTokens !== undefined) wire.maxTokens = request.maxOutputTokens;
  if (request.temperature !== undefined) {
    if (request.temperature > 1 && !crossing.same) {
      throw crossing.cannot("temperature", `\`temperature\` = ${request.temperature}`, "The largest value there is 1.");
    }
    wire.temperature = request.temperature;
  }
  if (request.topP !== undefined) wire.topP = request.topP;
  if (request.stop.length > 0) wire.stopSequences = request.stop;
  if ((request.candidateCount ?? 1) > 1) throw crossing.cannot("n", `\`n\` = ${request.candidateCount}`);
  if (request.logprobs) throw crossing.cannot("logprobs", "`logprobs`");
  if (request.topLogprobs) throw crossing.cannot("top_logprobs", "`top_logprobs`");
  // These nudge the odds of words; without them the answer is still an answer to the same question.
  if (request.seed !== undefined) crossing.lose("seed");
  if (request.presencePenalty) crossing.lose("presence_penalty");
  if (request.frequencyPenalty) crossing.lose("frequency_penalty");
  if (request.user !== "") crossing.lose(request.dialect === "anthropic-messages" ? "metadata.user_id" : "user");
  return wire;
}

function encodeFormat(format: ResponseFormat, crossing: Crossing): JsonObject | undefined {
  const { kind } = format;
  switch (kind.case) {
    case "jsonSchema": {
      const { name, description, schema = {}, strict, extra } = kind.value;
      const { spelt, rest } = takeSpelling(extra);
      // The schema is always enforced here.
      if (strict === false) crossing.lose("response_format.json_schema.strict");
      const definition: JsonObject = { schema: spelt !== "" && crossing.same ? spelt : JSON.stringify(schema) };
      if (name !== "") definition.name = name;
      if (description !== "") definition.description = description;
      const own = crossing.extra(rest, "response_format.json_schema");
      return { type: "json_schema", structure: { jsonSchema: { ...definition, ...own } } };
    }
    case "json":
      throw crossing.cannot("response_format", "JSON without a schema", "Give a `json_schema`.");
    case "opaque": {
      const own = opaqueIn(kind.value, "bedrock-converse");
      if (own) return own;
      throw crossing.cannot("response_format", "This shape of the answer");
    }
    default:
      return undefined;
  }
}
