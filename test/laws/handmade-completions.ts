import type { Handmade } from "./handmade.ts";

/** https://platform.openai.com/docs/api-reference/completions/create */
export const handmadeCompletions: readonly Handmade[] = [
  {
    dialect: "openai-completions",
    name: "everything at once",
    request: {
      model: "m",
      prompt: "Once upon",
      suffix: "The end.",
      max_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      n: 2,
      stream: true,
      stream_options: { include_usage: true, something_new: 1 },
      logprobs: 2,
      echo: true,
      stop: ["a", "b"],
      presence_penalty: 0.1,
      frequency_penalty: -0.1,
      best_of: 3,
      logit_bias: { "50256": -100 },
      user: "u-1",
      seed: 7,
      something_else: [1],
    },
  },
  {
    dialect: "openai-completions",
    name: "what a chat can do",
    request: {
      model: "m",
      prompt: "Once upon",
      max_tokens: 9,
      temperature: 0.5,
      stop: "a",
      echo: false,
      best_of: 1,
      suffix: "",
      logit_bias: { "50256": -100 },
    },
  },
  { dialect: "openai-completions", name: "several prompts", request: { model: "m", prompt: ["One", "Two"] } },
  { dialect: "openai-completions", name: "tokens", request: { model: "m", prompt: [1, 2, 3] } },
];
