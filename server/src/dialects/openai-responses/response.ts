import type { JsonObject } from "@bufbuild/protobuf";
import { setField } from "../../canonical/extra.ts";
import type { Crossing } from "../crossing.ts";
import { fieldsBeside, objectIn } from "../wire.ts";

/*
 * The response object. Most of its fields repeat the request, which says nothing that the client does not know. They are
 * kept apart, to be written back to the same dialect and to be no loss elsewhere.
 */
const echo = "pontage_echo";

const echoed = new Set([
  "background",
  "completed_at",
  "conversation",
  "frequency_penalty",
  "instructions",
  "max_output_tokens",
  "max_tool_calls",
  "output_text",
  "parallel_tool_calls",
  "presence_penalty",
  "previous_response_id",
  "prompt",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "reasoning",
  "safety_identifier",
  "store",
  "temperature",
  "text",
  "tool_choice",
  "tools",
  "top_logprobs",
  "top_p",
  "truncation",
  "user",
]);

/** What the canonical reply says itself. */
const known = new Set(["id", "object", "created_at", "model", "status", "incomplete_details", "error", "output"]);

/** The fields without a canonical word. */
export function extraOf(response: JsonObject): JsonObject | undefined {
  const said: JsonObject = {};
  const repeated: JsonObject = {};
  const beside = fieldsBeside(response, known);
  for (const field in beside) setField(echoed.has(field) ? repeated : said, field, beside[field]!);
  if (Object.keys(repeated).length > 0) said[echo] = repeated;
  return Object.keys(said).length > 0 ? said : undefined;
}

/** What an answer says of its request, where the request left it open. https://platform.openai.com/docs/api-reference/responses/object */
const open: JsonObject = {
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  safety_identifier: null,
  temperature: 1,
  tool_choice: "auto",
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: "disabled",
  user: null,
  metadata: {},
};

/** What no request changes: the gateway stores nothing, answers at once, and knows nothing of penalties and tiers here. */
const fixed: JsonObject = {
  background: false,
  completed_at: null,
  frequency_penalty: 0,
  presence_penalty: 0,
  service_tier: "default",
  store: false,
};

/** An answer from elsewhere repeats the request of its own client. Strict readers want all of it. */
function repeated(request: JsonObject): JsonObject {
  const fields: JsonObject = { ...fixed };
  for (const field in open) fields[field] = request[field] ?? open[field]!;
  fields.reasoning = { effort: null, summary: null, ...objectIn(request.reasoning) };
  fields.text = { format: { type: "text" }, ...objectIn(request.text) };
  return fields;
}

/** The fields beside the answer itself. */
export function fieldsOf(extra: JsonObject | undefined, crossing: Crossing, request: JsonObject = {}): JsonObject {
  const own = crossing.extra(extra, "");
  if (!crossing.same) return repeated(request);
  return { ...objectIn(own?.[echo]), ...fieldsBeside(own ?? {}, new Set([echo])) };
}
