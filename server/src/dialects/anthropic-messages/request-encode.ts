import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateRequest, ResponseFormat } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Crossing } from "../crossing.ts";
import type { RequestContext } from "../dialect.ts";
import { opaqueIn } from "../opaque.ts";
import { objectIn } from "../wire.ts";
import { encodeConversation } from "./messages-encode.ts";
import { encodeThinking } from "./thinking.ts";
import { type BlockKind, lacksItsThought } from "./thinking-turn.ts";
import { encodeToolChoice, encodeTools } from "./tools.ts";

export function encodeRequest(request: GenerateRequest, context: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, "anthropic-messages", context.losses);
  const { thinking, output_config: config, metadata, ...extra } = crossing.requestExtra(request.extra) ?? {};
  const { system, messages } = encodeConversation(request, crossing);
  // Required here, and not a number to make up: the model's own limit, when the client set none.
  const maxTokens = request.maxOutputTokens ?? context.outputLimit;
  const wire: JsonObject = { model: context.model, max_tokens: maxTokens };
  if (system !== undefined) wire.system = system;
  wire.messages = messages;
  if (context.stream) wire.stream = true;
  encodeSampling(request, crossing, wire);
  const tools = encodeTools(request, crossing);
  if (tools.length > 0) wire.tools = tools;
  const choice = encodeToolChoice(request, tools, crossing);
  if (choice) wire.tool_choice = choice;
  const thoughts = encodeThinking(request, context, maxTokens, crossing);
  const think = { ...thoughts.thinking, ...objectIn(thinking) };
  const isThinned = !crossing.same || context.thinned;
  if (think.type === "enabled" && isThinned && lacksItsThought(messages, kindOfBlock)) crossing.lose("thinking");
  else if (Object.keys(think).length > 0) wire.thinking = think;
  const output: JsonObject = { ...thoughts.output, ...objectIn(config) };
  if (request.responseFormat && extra.output_format === undefined) {
    const format = encodeFormat(request.responseFormat, crossing);
    if (format) output.format = format;
  }
  if (Object.keys(output).length > 0) wire.output_config = output;
  const user: JsonObject = request.user === "" ? {} : { user_id: request.user };
  if (request.user !== "" || metadata) wire.metadata = { ...user, ...objectIn(metadata) };
  return { ...wire, ...extra };
}

function kindOfBlock({ type }: JsonObject): BlockKind {
  if (type === "thinking" || type === "redacted_thinking") return "thought";
  if (type === "tool_use") return "call";
  return type === "tool_result" ? "result" : undefined;
}

function encodeSampling(request: GenerateRequest, crossing: Crossing, wire: JsonObject): void {
  if (request.temperature !== undefined) {
    if (request.temperature > 1 && !crossing.same) {
      throw crossing.cannot("temperature", `\`temperature\` = ${request.temperature}`, "The largest value there is 1.");
    }
    wire.temperature = request.temperature;
  }
  if (request.topP !== undefined) wire.top_p = request.topP;
  if (request.topK !== undefined) wire.top_k = request.topK;
  if (request.stop.length > 0) wire.stop_sequences = request.stop;
  if ((request.candidateCount ?? 1) > 1) throw crossing.cannot("n", `\`n\` = ${request.candidateCount}`);
  if (request.logprobs) throw crossing.cannot("logprobs", "`logprobs`");
  if (request.topLogprobs) throw crossing.cannot("top_logprobs", "`top_logprobs`");
  // These nudge the odds of words; without them the answer is still an answer to the same question.
  if (request.seed !== undefined) crossing.lose("seed");
  if (request.presencePenalty) crossing.lose("presence_penalty");
  if (request.frequencyPenalty) crossing.lose("frequency_penalty");
}

function encodeFormat(format: ResponseFormat, crossing: Crossing): JsonObject | undefined {
  const { kind } = format;
  switch (kind.case) {
    case "jsonSchema": {
      const { name, description, schema, strict, extra } = kind.value;
      if (name !== "") crossing.lose("response_format.json_schema.name");
      if (description !== "") crossing.lose("response_format.json_schema.description");
      // The schema is always enforced here.
      if (strict === false) crossing.lose("response_format.json_schema.strict");
      const own = crossing.extra(extra, "response_format.json_schema");
      return { type: "json_schema", ...(schema ? { schema } : {}), ...own };
    }
    case "json":
      throw crossing.cannot("response_format", "JSON without a schema", "Give a `json_schema`.");
    case "opaque": {
      const own = opaqueIn(kind.value, "anthropic-messages");
      if (own) return own;
      throw crossing.cannot("response_format", "This shape of the answer");
    }
    default:
      return undefined;
  }
}
