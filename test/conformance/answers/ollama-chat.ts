import { fieldsOfInterface } from "../fields/published.ts";
import type { AnswerShape, Wire } from "./shape.ts";

const file = "ollama/dist/browser.d.ts";
const dialect = "ollama-chat";
const head = { model: "m", created_at: "2026-01-01T00:00:00Z" };
const end = { done: true, done_reason: "stop", prompt_eval_count: 11, eval_count: 7 };
const message = { role: "assistant", content: "Hi there" };
const whole: Wire = { ...head, message, ...end };
const stream: Wire[] = [
  { ...head, message, done: false },
  { ...head, message: { role: "assistant", content: "" }, ...end },
];
const call = { function: { name: "forecast", arguments: { city: "Bonn" } } };

const shape = (
  name: string,
  published: string,
  rest: Pick<AnswerShape, "samples" | "at" | "answer"> & Partial<AnswerShape>,
): AnswerShape => ({ dialect, name, given: [], published: () => fieldsOfInterface(file, published), ...rest });

const ending = {
  done_reason: "length",
  total_duration: 7001,
  load_duration: 7002,
  prompt_eval_count: 7321,
  prompt_eval_duration: 7003,
  eval_count: 4321,
  eval_duration: 7004,
  logprobs: [{ token: "Hi", logprob: -0.257 }],
};
const samples = { content: "Good morning", thinking: "Thinking hard.", images: ["iVBORw0KGgo="], tool_calls: [call] };

export const ollamaChatAnswers: readonly AnswerShape[] = [
  shape("answer", "ChatResponse", {
    ...{ at: [], given: ["message", "done"], answer: whole },
    samples: { model: "model-77", created_at: "2026-01-01T00:01:17Z", ...ending },
  }),
  shape("message", "Message", { at: ["message"], given: ["role", "tool_name"], answer: whole, samples }),
  shape("stream: the first", "ChatResponse", {
    ...{ at: [0], given: ["message", "done", ...Object.keys(ending).filter((field) => field !== "logprobs")] },
    ...{ answer: stream },
    samples: { model: "model-77", created_at: "2026-01-01T00:01:17Z", logprobs: ending.logprobs },
  }),
  shape("stream: message", "Message", {
    ...{ at: [0, "message"], given: ["role", "tool_name"], answer: stream, samples },
  }),
  shape("stream: the last", "ChatResponse", {
    ...{ at: [1], given: ["message", "done", "model", "created_at"], answer: stream, samples: ending },
  }),
];
