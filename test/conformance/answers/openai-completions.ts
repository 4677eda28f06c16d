import { fieldsOfInterface } from "../fields/published.ts";
import { usageShapes } from "./openai-chat.ts";
import type { AnswerShape, Wire } from "./shape.ts";

const file = "openai/resources/completions.d.ts";
const dialect = "openai-completions";
const head = { id: "cmpl-1", object: "text_completion", created: 1, model: "m" };
const choice = (text: string, finish: string | null): Wire => ({
  text,
  index: 0,
  logprobs: null,
  finish_reason: finish,
});
const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const whole = { ...head, choices: [choice("Hi there", "stop")], usage };
const stream = [
  { ...head, choices: [choice("Hi there", null)] },
  { ...head, choices: [choice("", "stop")] },
  { ...head, choices: [], usage },
];

const ofAnswer = { id: "cmpl-77", created: 1767225677, model: "model-77", system_fingerprint: "fp_77" };
const logprobs = { tokens: ["Hi"], token_logprobs: [-0.257], top_logprobs: null, text_offset: [0] };

const shape = (name: string, published: string, rest: Omit<AnswerShape, "dialect" | "name" | "published">) =>
  ({
    ...{ dialect, name, published: () => fieldsOfInterface(file, published), ...rest },
  }) satisfies AnswerShape;

export const openaiCompletionsAnswers: readonly AnswerShape[] = [
  shape("answer", "Completion", {
    ...{ at: [], given: ["object", "choices", "usage"], answer: whole, samples: ofAnswer },
  }),
  shape("choices[]", "CompletionChoice", {
    ...{ at: ["choices", 0], given: ["index"], answer: whole },
    samples: { text: "Good morning", finish_reason: "length", logprobs },
  }),
  ...usageShapes(dialect, whole),
  shape("chunk, the first", "Completion", {
    ...{ at: [0], given: ["object", "choices", "usage"], answer: stream, samples: ofAnswer },
  }),
  shape("chunk: choices[]", "CompletionChoice", {
    ...{ at: [1, "choices", 0], given: ["index"], answer: stream },
    samples: { text: "Good morning", finish_reason: "length", logprobs },
  }),
];
