import type { JsonObject } from "@bufbuild/protobuf";
import type { RequestHead } from "../dialect.ts";
import { checkTexts } from "../openai-chat/texts.ts";
import { booleanIn, checkFields, countIn, type FieldTypes, invalid, objectIn, required } from "../wire.ts";

/** The fields of a request that are known, with their types. Others pass unread within the dialect. */
const requestFields: FieldTypes = {
  model: "string",
  suffix: "string",
  max_tokens: "count",
  temperature: "amount",
  top_p: "amount",
  n: "count",
  stream: "boolean",
  stream_options: "object",
  logprobs: "count",
  echo: "boolean",
  stop: "string or list",
  presence_penalty: "number",
  frequency_penalty: "number",
  best_of: "count",
  logit_bias: "object",
  user: "string",
  seed: "integer",
};

export function readHead(wire: JsonObject): RequestHead {
  checkFields(wire, requestFields);
  required(wire.model, "model");
  if (wire.model === "") throw invalid("model", "`model` is empty.");
  required(wire.prompt, "prompt");
  checkTexts(wire.prompt!, "prompt");
  const wrong = Array.isArray(wire.stop) ? wire.stop.findIndex((stop) => typeof stop !== "string") : -1;
  if (wrong !== -1) throw invalid(`stop[${wrong}]`, `\`stop[${wrong}]\` must be a string.`);
  const options = objectIn(wire.stream_options) ?? {};
  checkFields(options, { include_usage: "boolean" }, "stream_options");
  return {
    model: wire.model as string,
    stream: booleanIn(wire.stream) ?? false,
    showUsage: options.include_usage === true,
    maxOutputTokens: countIn(wire.max_tokens),
  };
}
