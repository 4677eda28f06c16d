import type { Fates } from "../fate.ts";

export const fates: Fates = {
  // Said by canonical fields already; kept only for their spelling.
  max_tokens: "pass over",
  safety_identifier: "pass over",
  encoding_format: "pass over",
  output_dimension: "pass over",
  // Numbers that have been made smaller are other vectors.
  output_dtype: (value) => (value === "float" ? "pass over" : "refuse"),
  // Sound, searched pages and older calls are answers of another kind.
  modalities: (value) => (JSON.stringify(value) === '["text"]' ? "pass over" : "refuse"),
  audio: "refuse",
  web_search_options: "refuse",
  // A check that the caller relies on.
  moderation: "refuse",
  functions: "refuse",
  function_call: "refuse",
  verbosity: (value) => (value === "medium" ? "pass over" : "refuse"),
  // A stored answer is asked for later; not storing it is what everybody else does.
  store: (value) => (value === true ? "refuse" : "pass over"),
  // These change speed, price, bookkeeping or the odds of a word, not what is asked.
  prompt_cache_options: "lose",
  prediction: "lose",
  service_tier: "lose",
  logit_bias: "lose",
  metadata: "lose",
  prompt_cache_key: "lose",
  prompt_cache_retention: "lose",
  stream_options: "lose inside",
};
