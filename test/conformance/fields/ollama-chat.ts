import { fieldsOfInterface } from "./published.ts";
import { type Shape, sample } from "./shape.ts";

const file = "ollama/dist/browser.d.ts";
const dialect = "ollama-chat";
const user = { role: "user", content: "Hello" };
const request = { model: "m", messages: [user], stream: false };
const call = { function: { name: "weather", arguments: { city: "Bonn" } } };
const schema = { type: "object", properties: { city: { type: "string" } } };

const shape = (name: string, published: string, rest: Pick<Shape, "samples"> & Partial<Shape>): Shape => ({
  ...{ dialect, name, at: [], given: [], request },
  published: () => fieldsOfInterface(file, published),
  ...rest,
});

export const ollamaChatShapes: readonly Shape[] = [
  shape("request", "ChatRequest", {
    given: ["model", "messages"],
    request: { model: "m", messages: [user] },
    samples: {
      stream: false,
      format: schema,
      keep_alive: "77m",
      tools: [{ type: "function", function: { name: "weather", description: "Tells it.", parameters: schema } }],
      think: "high",
      logprobs: true,
      top_logprobs: sample(7, { logprobs: true }),
      options: { temperature: 0.61 },
    },
  }),
  shape("options", "Options", {
    at: ["options"],
    samples: {
      numa: true,
      num_ctx: 8192,
      num_batch: 17,
      num_gpu: 18,
      main_gpu: 19,
      low_vram: true,
      f16_kv: true,
      logits_all: true,
      vocab_only: true,
      use_mmap: true,
      use_mlock: true,
      embedding_only: true,
      num_thread: 21,
      num_keep: 22,
      seed: 77231,
      num_predict: 4321,
      top_k: 41,
      top_p: 0.62,
      min_p: 0.03,
      tfs_z: 0.04,
      typical_p: 0.05,
      repeat_last_n: 23,
      temperature: 0.61,
      repeat_penalty: 1.17,
      presence_penalty: 0.32,
      frequency_penalty: 0.31,
      mirostat: 2,
      mirostat_tau: 5.7,
      mirostat_eta: 0.17,
      penalize_newline: true,
      stop: ["HALT"],
    },
  }),
  shape("messages[]", "Message", {
    ...{ at: ["messages", 0], given: ["role", "content", "tool_calls", "tool_name"] },
    samples: { thinking: sample("Thinking hard.", { role: "assistant" }), images: ["iVBORw0KGgo="] },
  }),
  shape("messages[] with calls", "", {
    ...{ at: ["messages", 1], published: () => ["tool_calls"] },
    request: { ...request, messages: [user, { role: "assistant", content: "Hi" }, user] },
    samples: { tool_calls: [call] },
  }),
  shape("messages[] of a tool", "", {
    ...{ at: ["messages", 2], published: () => ["tool_name"] },
    request: {
      ...request,
      messages: [user, { role: "assistant", content: "", tool_calls: [call] }, { role: "tool", content: "Rain." }],
    },
    samples: { tool_name: "weather" },
  }),
];
