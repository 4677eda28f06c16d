import { fieldsOfInterface } from "../fields/published.ts";
import { sample } from "../fields/shape.ts";
import type { AnswerShape, Wire } from "./shape.ts";

const file = "openai/resources/responses/responses.d.ts";
const dialect = "openai-responses";

const usage = { input_tokens: 11, output_tokens: 7, total_tokens: 18 };
const head = { id: "resp_1", object: "response", created_at: 1, model: "m" };
const whole = (...output: Wire[]): Wire => ({ ...head, status: "completed", output, usage });
const words = { type: "output_text", text: "Hi there", annotations: [] };
const message = (content: Wire): Wire => ({
  ...{ type: "message", id: "msg_1", role: "assistant", status: "completed", content: [content] },
});
const hi = message(words);
const call = {
  ...{ type: "function_call", id: "fc_1", call_id: "call_1", name: "weather", arguments: '{"at":1}' },
  status: "completed",
};
const thought = { type: "reasoning", id: "rs_1", summary: [] };

/** The last event repeats all that has come. */
const stream = (item: Wire, ...events: Wire[]): Wire[] => [
  { type: "response.created", response: { ...head, status: "in_progress", output: [] } },
  { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress" } },
  ...events.map((event) => ({ output_index: 0, item_id: `${item.id}`, ...event })),
  { type: "response.output_item.done", output_index: 0, item: { ...item, status: "completed" } },
  { type: "response.completed", response: whole(item) },
];
const text = stream(
  hi,
  { type: "response.content_part.added", content_index: 0, part: { ...words, text: "" } },
  { type: "response.output_text.delta", content_index: 0, delta: "Hi there" },
);

const shape = (
  name: string,
  published: string,
  rest: Pick<AnswerShape, "samples" | "at"> & Partial<AnswerShape>,
): AnswerShape => ({
  ...{ dialect, name, given: [], answer: whole(hi) },
  published: () => fieldsOfInterface(file, published),
  ...rest,
});

/** What the answer repeats of its request. */
export const repeated = {
  instructions: "Be brief.",
  metadata: { purpose: "trial" },
  parallel_tool_calls: false,
  temperature: 0.61,
  tool_choice: "required",
  tools: [{ type: "function", name: "weather", parameters: {}, strict: false }],
  top_p: 0.62,
  background: true,
  max_output_tokens: 4321,
  max_tool_calls: 17,
  previous_response_id: "resp_0",
  prompt: { id: "pmpt_77" },
  prompt_cache_key: "key-of-cache",
  prompt_cache_options: { mode: "explicit", ttl: "30m" },
  prompt_cache_retention: "24h",
  reasoning: { effort: "high" },
  safety_identifier: "who-is-safe",
  text: { verbosity: "low" },
  top_logprobs: 7,
  truncation: "auto",
  user: "who-asks",
};
const ofAnswer = {
  ...repeated,
  access_programs: { cyber: "standard" },
  completed_at: 1767225678,
  conversation: { id: "conv_77" },
  image: { context_compression: "enabled" },
  moderation: { input: { type: "error", code: "none", message: "Unknown." }, output: null },
  prompt_cache_diagnostics: { type: "cache_miss", reason: "model_changed", cache_missed_tokens: 77 },
  service_tier: "flex",
  tool_usage: { web_search: { num_requests: 77 } },
};
const logprobs = [{ token: "Hi", logprob: -0.257, bytes: [], top_logprobs: [] }];
/** Where a thing stands, and the number of the event: each dialect has its own. */
const places: readonly string[] = [
  "type",
  "item_id",
  "output_index",
  "content_index",
  "summary_index",
  "sequence_number",
];

const event = (name: string, published: string, rest: Pick<AnswerShape, "samples" | "at" | "answer">): AnswerShape => ({
  ...shape(name, published, { ...rest, named: ["output"] }),
  given: fieldsOfInterface(file, published).filter((field) => places.includes(field)),
});

export const openaiResponsesAnswers: readonly AnswerShape[] = [
  shape("answer", "Response", {
    // The library makes `output_text`; of an `error` the error table knows.
    ...{ at: [], given: ["object", "output", "usage", "output_text", "error"] },
    samples: {
      id: "resp_77",
      created_at: 1767225677,
      model: "model-77",
      status: sample("incomplete", { incomplete_details: { reason: "max_output_tokens" } }),
      incomplete_details: sample({ reason: "content_filter" }, { status: "incomplete" }),
      ...ofAnswer,
    },
  }),
  shape("output[] (message)", "ResponseOutputMessage", {
    ...{ at: ["output", 0], given: ["type", "role", "content"] },
    samples: { id: "msg_77", status: "incomplete", phase: "commentary" },
  }),
  shape("output[] (message).content[] (text)", "ResponseOutputText", {
    ...{ at: ["output", 0, "content", 0], given: ["type"] },
    samples: {
      text: "Good morning",
      annotations: [{ type: "url_citation", url: "https://example.com/77", title: "T", start_index: 0, end_index: 2 }],
      logprobs,
    },
  }),
  shape("output[] (message).content[] (refusal)", "ResponseOutputRefusal", {
    ...{
      at: ["output", 0, "content", 0],
      given: ["type"],
      answer: whole(message({ type: "refusal", refusal: "No." })),
    },
    samples: { refusal: "I would rather not." },
  }),
  shape("output[] (function_call)", "ResponseFunctionToolCall", {
    ...{ at: ["output", 0], given: ["type"], answer: whole(call) },
    samples: {
      arguments: '{"city":"Bonn"}',
      call_id: "call_77",
      name: "forecast",
      id: "fc_77",
      async: true,
      caller: { type: "program", caller_id: "caller-77" },
      namespace: "space-77",
      status: "incomplete",
    },
  }),
  shape("output[] (reasoning)", "ResponseReasoningItem", {
    ...{ at: ["output", 0], given: ["type"], answer: whole(thought, hi) },
    samples: {
      id: "rs_77",
      summary: [{ type: "summary_text", text: "Thinking hard." }],
      content: [{ type: "reasoning_text", text: "Thinking harder." }],
      encrypted_content: "aGlkZGVu",
      status: "incomplete",
    },
  }),
  shape("usage", "ResponseUsage", {
    ...{ at: ["usage"], given: ["input_tokens_details", "output_tokens_details"] },
    samples: { input_tokens: 7321, output_tokens: 4321, total_tokens: 9321 },
  }),
  shape("usage.input_tokens_details", "ResponseUsage.InputTokensDetails", {
    at: ["usage", "input_tokens_details"],
    samples: {
      cached_tokens: 5,
      cache_write_tokens: 4,
      cache_write_tokens_details: sample({ ttl_12h_tokens: 4, ttl_30m_tokens: 0 }, { cache_write_tokens: 4 }),
    },
  }),
  shape("usage.output_tokens_details", "ResponseUsage.OutputTokensDetails", {
    ...{ at: ["usage", "output_tokens_details"], samples: { reasoning_tokens: 4 } },
  }),
  shape("response.completed: response", "Response", {
    ...{ at: [5, "response"], answer: text },
    given: [
      "id",
      "created_at",
      "model",
      "status",
      "object",
      "output",
      "usage",
      "output_text",
      "error",
      "incomplete_details",
    ],
    samples: ofAnswer,
  }),
  event("response.output_text.delta", "ResponseTextDeltaEvent", {
    at: [3],
    answer: text,
    samples: { delta: "Good morning", logprobs },
  }),
  event("response.refusal.delta", "ResponseRefusalDeltaEvent", {
    at: [3],
    samples: { delta: "I would rather not." },
    answer: stream(
      message({ type: "refusal", refusal: "" }),
      { type: "response.content_part.added", content_index: 0, part: { type: "refusal", refusal: "" } },
      { type: "response.refusal.delta", content_index: 0, delta: "" },
    ),
  }),
  event("response.function_call_arguments.delta", "ResponseFunctionCallArgumentsDeltaEvent", {
    ...{ at: [2], samples: { delta: '{"city":"Bonn"}' } },
    answer: stream({ ...call, arguments: "" }, { type: "response.function_call_arguments.delta", delta: "" }),
  }),
  event("response.reasoning_summary_text.delta", "ResponseReasoningSummaryTextDeltaEvent", {
    at: [3],
    samples: { delta: "Thinking hard." },
    answer: stream(
      thought,
      { type: "response.reasoning_summary_part.added", summary_index: 0, part: { type: "summary_text", text: "" } },
      { type: "response.reasoning_summary_text.delta", summary_index: 0, delta: "" },
    ),
  }),
  event("response.reasoning_text.delta", "ResponseReasoningTextDeltaEvent", {
    at: [2],
    samples: { delta: "Thinking hard." },
    answer: stream(thought, { type: "response.reasoning_text.delta", content_index: 0, delta: "" }),
  }),
];
