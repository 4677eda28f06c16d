import type { Fates, Names } from "../fate.ts";

/** https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion */
export const fates: Fates = {
  // Said by canonical fields already, or saying nothing; kept only for their spelling.
  format: (value) => (value === "" ? "pass over" : "refuse"),
  tools: "pass over",
  // How the server runs the model and where it cuts what does not fit: there is no such server elsewhere.
  keep_alive: "lose",
  truncate: "lose",
  shift: "lose",
  _debug_render_only: "refuse",
  options: "lose inside",
  "options.num_predict": (value) => (typeof value === "number" && value < 0 ? "pass over" : "lose"),
  "options.num_ctx": "lose",
  "options.num_batch": "lose",
  "options.num_gpu": "lose",
  "options.main_gpu": "lose",
  "options.num_thread": "lose",
  "options.num_keep": "lose",
  "options.numa": "lose",
  "options.low_vram": "lose",
  "options.f16_kv": "lose",
  "options.logits_all": "lose",
  "options.vocab_only": "lose",
  "options.embedding_only": "lose",
  "options.use_mmap": "lose",
  "options.use_mlock": "lose",
  "options.draft_num_predict": "lose",
  // These nudge the odds of words.
  "options.min_p": "lose",
  "options.tfs_z": "lose",
  "options.typical_p": "lose",
  "options.repeat_last_n": "lose",
  "options.repeat_penalty": "lose",
  "options.mirostat": "lose",
  "options.mirostat_tau": "lose",
  "options.mirostat_eta": "lose",
  "options.penalize_newline": "lose",
  // Below zero it stands for "no limit" or for "any", as leaving it out does.
  "options.top_k": "lose",
};

export const names: Names = {
  temperature: "options.temperature",
  top_k: "options.top_k",
  seed: "options.seed",
  presence_penalty: "options.presence_penalty",
  frequency_penalty: "options.frequency_penalty",
  stop: "options.stop",
  "response_format.json_schema": "format",
  response_format: "format",
  reasoning_effort: "think",
  thinking: "think",
};
