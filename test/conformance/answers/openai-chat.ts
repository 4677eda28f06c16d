import { fieldsOfInterface } from "../fields/published.ts";
import { sample } from "../fields/shape.ts";
import type { AnswerShape, Wire } from "./shape.ts";

const chat = "openai/resources/chat/completions/completions.d.ts";
const dialect = "openai-chat";

const head = { id: "chatcmpl-1", created: 1, model: "m" };
const counted = { usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } };
const whole = (message: Wire): Wire => ({
  ...{ ...head, object: "chat.completion", ...counted },
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: "stop" }],
});
const hi = whole({ content: "Hi there" });
const call = { id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } };

const chunk = (delta: Wire, more: Wire = {}): Wire => ({
  ...{ ...head, object: "chat.completion.chunk" },
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});
const stream = (...deltas: Wire[]): Wire[] => [
  chunk({ role: "assistant" }),
  ...deltas.map((delta) => chunk(delta)),
  chunk({}, { finish_reason: "stop" }),
  { ...chunk({}), choices: [], ...counted },
];

const shape = (
  name: string,
  published: string,
  rest: Pick<AnswerShape, "samples" | "at"> & Partial<AnswerShape>,
): AnswerShape => ({
  ...{ dialect, name, given: [], answer: hi },
  published: () => fieldsOfInterface(chat, published),
  ...rest,
});

const logprob = { token: "Hi", logprob: -0.257, bytes: null, top_logprobs: [] };
const ofAnswer = {
  id: "chatcmpl-77",
  created: 1767225677,
  model: "model-77",
  moderation: { input: { type: "error", code: "none", message: "Unknown." }, output: null },
  service_tier: "flex",
  system_fingerprint: "fp_77",
};

/** Of chat and of the older completions. */
export const usageShapes = (of: AnswerShape["dialect"], answer: Wire): AnswerShape[] => {
  const usage = (name: string, published: string, at: string[], samples: AnswerShape["samples"]): AnswerShape => ({
    ...{ dialect: of, name, answer, at: ["usage", ...at], given: [], samples },
    published: () => fieldsOfInterface("openai/resources/completions.d.ts", published),
  });
  return [
    {
      ...usage("usage", "CompletionUsage", [], { prompt_tokens: 7321, completion_tokens: 4321, total_tokens: 9321 }),
      given: ["prompt_tokens_details", "completion_tokens_details"],
    },
    usage("usage.prompt_tokens_details", "CompletionUsage.PromptTokensDetails", ["prompt_tokens_details"], {
      audio_tokens: 3,
      cache_write_tokens: 4,
      cached_tokens: 5,
      image_tokens: 2,
      text_tokens: 6,
    }),
    usage("usage.completion_tokens_details", "CompletionUsage.CompletionTokensDetails", ["completion_tokens_details"], {
      accepted_prediction_tokens: 2,
      audio_tokens: 3,
      reasoning_tokens: 4,
      rejected_prediction_tokens: 5,
      text_tokens: 6,
    }),
  ];
};

export const openaiChatAnswers: readonly AnswerShape[] = [
  shape("answer", "ChatCompletion", {
    ...{ at: [], given: ["object", "choices", "usage"] },
    samples: { ...ofAnswer, metadata: { purpose: "trial" } },
  }),
  shape("choices[]", "ChatCompletion.Choice", {
    ...{ at: ["choices", 0], given: ["index", "message"] },
    samples: { finish_reason: "length", logprobs: { content: [logprob], refusal: null } },
  }),
  shape("choices[].message", "ChatCompletionMessage", {
    ...{ at: ["choices", 0, "message"], given: ["role"] },
    samples: {
      content: "Good morning",
      refusal: sample("I would rather not.", { content: null }),
      annotations: [{ type: "url_citation", url_citation: { url: "https://example.com/77", title: "T" } }],
      audio: { id: "audio_1", data: "UklGRg==", expires_at: 1, transcript: "Spoken words" },
      function_call: sample({ name: "older", arguments: "{}" }, { content: null }),
      tool_calls: [call],
    },
  }),
  shape("choices[].message.tool_calls[]", "ChatCompletionMessageFunctionToolCall", {
    ...{ at: ["choices", 0, "message", "tool_calls", 0], given: ["type"], answer: whole({ tool_calls: [call] }) },
    samples: { id: "call_77", function: { name: "forecast", arguments: '{"city":"Bonn"}' } },
  }),
  ...usageShapes(dialect, hi),
  shape("chunk, the first", "ChatCompletionChunk", {
    ...{ at: [0], given: ["object", "choices", "usage"], answer: stream({ content: "Hi" }) },
    samples: { ...ofAnswer, obfuscation: "x7y7z7" },
  }),
  shape("chunk, the last", "ChatCompletionChunk", {
    ...{ at: [3], given: ["object", "choices", "id", "created", "model"], answer: stream({ content: "Hi" }) },
    samples: {
      moderation: ofAnswer.moderation,
      obfuscation: "x7y7z7",
      service_tier: "flex",
      system_fingerprint: "fp_77",
      usage: { prompt_tokens: 7321, completion_tokens: 4321, total_tokens: 11642 },
    },
  }),
  shape("chunk: choices[]", "ChatCompletionChunk.Choice", {
    ...{ at: [2, "choices", 0], given: ["index", "delta"], answer: stream({ content: "Hi" }) },
    samples: { finish_reason: "length", logprobs: { content: [logprob], refusal: null } },
  }),
  shape("chunk: choices[].delta", "ChatCompletionChunk.Choice.Delta", {
    named: ["message"],
    ...{ at: [1, "choices", 0, "delta"], given: ["role"], answer: stream({}) },
    samples: {
      content: "Good morning",
      refusal: "I would rather not.",
      audio: { id: "audio_1", data: "UklGRg==" },
      function_call: { name: "older", arguments: "{}" },
      tool_calls: [{ index: 0, ...call }],
    },
  }),
];
