import { fieldsOfInterface } from "./published.ts";
import { type Shape, sample } from "./shape.ts";

const dialect = "openai-completions";
const request = { model: "m", prompt: "Hello" };

export const openaiCompletionsShapes: readonly Shape[] = [
  {
    ...{ dialect, name: "request", at: [], given: ["model"], request },
    published: () => fieldsOfInterface("openai/resources/completions.d.ts", "CompletionCreateParamsBase"),
    samples: {
      prompt: "Once upon a time",
      best_of: 3,
      echo: true,
      frequency_penalty: 0.31,
      logit_bias: { "50256": -37 },
      logprobs: 3,
      max_tokens: 4321,
      n: 2,
      presence_penalty: 0.32,
      seed: 77231,
      stop: ["HALT"],
      stream: true,
      stream_options: sample({ include_obfuscation: true }, { stream: true }),
      suffix: "the end",
      temperature: 0.61,
      top_p: 0.62,
      user: "who-asks",
    },
  },
];
