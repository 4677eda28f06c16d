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

/**
 * The fields of a request that asked for nothing. Strict readers want them, and an answer does not know its request.
 */
const plain: JsonObject = {
  background: false,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  store: false,
  temperature: null,
  text: { format: { type: "text" } },
  tool_choice: "auto",
  tools: [],
  top_p: null,
  truncation: "disabled",
  user: null,
  metadata: {},
};

/** The fields beside the answer itself. */
export function fieldsOf(extra: JsonObject | undefined, crossing: Crossing): JsonObject {
  const own = crossing.extra(extra, "");
  return crossing.same ? { ...objectIn(own?.[echo]), ...fieldsBeside(own ?? {}, new Set([echo])) } : plain;
}
