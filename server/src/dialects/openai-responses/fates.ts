import type { Fates, Names } from "../fate.ts";
import { listIn } from "../wire.ts";

/** https://platform.openai.com/docs/api-reference/responses/create */
export const fates: Fates = {
  // What the provider would have to remember. Nobody else does.
  previous_response_id: "refuse",
  conversation: "refuse",
  background: (value) => (value === true ? "refuse" : "pass over"),
  // Prompts are kept at the vendor's.
  prompt: "refuse",
  // Storing is the default here and what nobody else does; whoever then asks for the stored answer is refused by name.
  store: (value) => (value === true ? "lose" : "pass over"),
  // A check that the caller relies on.
  moderation: "refuse",
  // Leaves out what no longer fits; without it the provider says that the conversation is too long.
  truncation: (value) => (value === "disabled" ? "pass over" : "refuse"),
  // What is worth including is shown anyway; the rest belongs to tools that are refused.
  include: (value) => ((listIn(value) ?? []).every(isShownAnyway) ? "pass over" : "lose"),
  // Said by a canonical field already; kept only for its spelling.
  safety_identifier: "pass over",
  text: "lose inside",
  "text.verbosity": (value) => (value === "medium" ? "pass over" : "refuse"),
  reasoning: "lose inside",
  "reasoning.context": "lose",
  "reasoning.generate_summary": "lose",
  "reasoning.mode": "lose",
  "reasoning.summary": "lose",
  stream_options: "lose inside",
  // These change speed, price, bookkeeping or the vendor's own tools, not what is asked.
  access_programs: "lose",
  context_management: "lose",
  image: "lose",
  max_tool_calls: "lose",
  metadata: "lose",
  prompt_cache_key: "lose",
  prompt_cache_options: "lose",
  prompt_cache_retention: "lose",
  service_tier: "lose",
};

function isShownAnyway(what: unknown): boolean {
  return what === "reasoning.encrypted_content" || what === logprobs;
}

/** The entry of `include` that asks for log probabilities. */
export const logprobs = "message.output_text.logprobs";

const stateless = "The provider of this model keeps nothing between calls.";

export const hints: Readonly<Record<string, string>> = {
  previous_response_id: `${stateless} Send the whole conversation in \`input\`.`,
  conversation: `${stateless} Send the whole conversation in \`input\`.`,
  item_reference: `${stateless} Send the item itself.`,
  background: `${stateless} Wait for the answer, or stream it.`,
  prompt: `${stateless} Send the prompt's text in \`input\`.`,
};

export const names: Names = {
  "response_format.json_schema": "text.format",
  response_format: "text.format",
  reasoning_effort: "reasoning.effort",
  thinking: "reasoning.effort",
  logprobs: "include",
};
