import type { Fates, Names } from "../fate.ts";

/** https://docs.cohere.com/reference/chat */
export const fates: Fates = {
  // Said by a canonical field already; kept only for its spelling.
  tools: "pass over",
  thinking: "lose",
  // Pictures are seen to be some.
  input_type: (value) => (value === "image" ? "pass over" : "lose"),
  // Numbers that have been made smaller are other vectors.
  embedding_types: (value) => (/"(u?int8|u?binary)"/.test(JSON.stringify(value)) ? "refuse" : "pass over"),
  // What the answer is to be grounded in.
  documents: "refuse",
  // How strictly the model must keep to the schemas, and how it cites.
  strict_tools: (value) => (value === false ? "pass over" : "lose"),
  citation_options: "lose",
  // The default is what other models do by themselves; a stricter mode is a promise to somebody.
  safety_mode: (value) => (value === "STRICT" ? "refuse" : value === "CONTEXTUAL" ? "pass over" : "lose"),
  priority: "lose",
  raw_prompting: "refuse",
};

export const names: Names = {
  top_p: "p",
  top_k: "k",
  stop: "stop_sequences",
  reasoning_effort: "thinking",
};
