import type { Fates } from "../fate.ts";

/** A prompt that only this dialect knows has no type. */
export const hints = { "": "Send one text as `prompt`." };

export const fates: Fates = {
  // Said by canonical fields already; kept only for their spelling.
  stop: "pass over",
  // What a chat model cannot do: write what comes before another text, repeat the prompt, choose the best of several.
  suffix: (value) => (value === "" ? "pass over" : "refuse"),
  echo: (value) => (value === false ? "pass over" : "refuse"),
  best_of: (value) => (value === 1 ? "pass over" : "refuse"),
  // A number here and two fields there, and other lists in the answer.
  logprobs: "refuse",
  logit_bias: "lose",
  stream_options: "lose inside",
};
