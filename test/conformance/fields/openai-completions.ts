import { fieldsOfInterface } from "./published.ts";
import type { Shape } from "./shape.ts";

const dialect = "openai-completions";

export const openaiCompletionsShapes: readonly Shape[] = [
  {
    ...{ dialect, name: "request", at: [], given: ["model", "prompt"], request: { model: "m", prompt: "Hello" } },
    published: () => fieldsOfInterface("openai/resources/completions.d.ts", "CompletionCreateParamsBase"),
    samples: {
      best_of: 3,
      echo: true,
      frequency_penalty: 0.31,
      logit_bias: { "50256": -37 },
      logprobs: 2,
      max_tokens: 4321,
      n: 3,
      presence_penalty: 0.32,
      seed: 4711,
      stop: ["halt"],
      stream: true,
      stream_options: { include_obfuscation: false },
      suffix: "The end.",
      temperature: 0.61,
      top_p: 0.83,
      user: "user-77",
    },
  },
];
