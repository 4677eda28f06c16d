import { fieldsOfInterface } from "../fields/published.ts";
import { sample } from "../fields/shape.ts";
import type { AnswerShape, Wire } from "./shape.ts";

const file = "@anthropic-ai/sdk/resources/messages/messages.d.ts";
const dialect = "anthropic-messages";

const head = { id: "msg_1", type: "message", role: "assistant", model: "m" };
const usage = { input_tokens: 11, output_tokens: 7 };
const whole = (...content: Wire[]): Wire => ({ ...head, content, stop_reason: "end_turn", stop_sequence: null, usage });
const hi = { type: "text", text: "Hi there" };
const tool = { type: "tool_use", id: "toolu_1", name: "weather", input: { at: 1 } };
const thought = { type: "thinking", thinking: "Hm, well.", signature: "c2lnbmVk" };

const stream = (block: Wire, ...deltas: Wire[]): Wire[] => [
  { type: "message_start", message: { ...whole(), stop_reason: null, usage: { input_tokens: 11, output_tokens: 1 } } },
  { type: "content_block_start", index: 0, content_block: block },
  ...deltas.map((delta) => ({ type: "content_block_delta", index: 0, delta })),
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 7 } },
  { type: "message_stop" },
];
const words = stream({ type: "text", text: "" }, { type: "text_delta", text: "Hi there" });

const shape = (
  name: string,
  published: string,
  rest: Pick<AnswerShape, "samples" | "at"> & Partial<AnswerShape>,
): AnswerShape => ({
  ...{ dialect, name, given: [], answer: whole(hi) },
  published: () => fieldsOfInterface(file, published),
  ...rest,
});

const container = { id: "container_77", expires_at: "2026-01-01T00:00:00Z" };
const refusal = { type: "refusal", category: "cyber", explanation: "Not this." };
const citations = [
  {
    ...{ type: "web_search_result_location", url: "https://example.com/77", title: "T" },
    ...{ encrypted_index: "e", cited_text: "Hi" },
  },
];
const counts = {
  cache_creation_input_tokens: 4000,
  cache_read_input_tokens: 5000,
  input_tokens: 7321,
  output_tokens: 4321,
  output_tokens_details: sample({ thinking_tokens: 5 }, { output_tokens: 7 }),
  server_tool_use: { web_search_requests: 3, web_fetch_requests: 0 },
};

export const anthropicMessagesAnswers: readonly AnswerShape[] = [
  shape("answer", "Message", {
    ...{ at: [], given: ["type", "role", "content", "usage"] },
    samples: {
      id: "msg_77",
      model: "model-77",
      container,
      diagnostics: { cache_miss_reason: "model_changed" },
      stop_details: sample(refusal, { stop_reason: "refusal" }),
      stop_reason: "max_tokens",
      stop_sequence: sample("HALT", { stop_reason: "stop_sequence" }),
    },
  }),
  shape("usage", "Usage", {
    at: ["usage"],
    samples: {
      ...counts,
      cache_creation: sample(
        { ephemeral_1h_input_tokens: 400, ephemeral_5m_input_tokens: 0 },
        { cache_creation_input_tokens: 400 },
      ),
      inference_geo: "us",
      service_tier: "priority",
      speed: "fast",
    },
  }),
  shape("content[] (text)", "TextBlock", {
    ...{ at: ["content", 0], given: ["type"] },
    samples: { text: "Good morning", citations },
  }),
  shape("content[] (thinking)", "ThinkingBlock", {
    ...{ at: ["content", 0], given: ["type"], answer: whole(thought, hi) },
    samples: { thinking: "Thinking hard.", signature: "YW5vdGhlcg==" },
  }),
  shape("content[] (redacted_thinking)", "RedactedThinkingBlock", {
    ...{ at: ["content", 0], given: ["type"], answer: whole({ type: "redacted_thinking", data: "aGlk" }, hi) },
    samples: { data: "aGlkZGVu" },
  }),
  shape("content[] (tool_use)", "ToolUseBlock", {
    ...{ at: ["content", 0], given: ["type"], answer: whole(tool) },
    samples: {
      id: "toolu_77",
      name: "forecast",
      input: { city: "Bonn" },
      caller: { type: "direct" },
      toolset_name: "set-77",
    },
  }),
  shape("message_start: message", "Message", {
    ...{ at: [0, "message"], answer: words },
    given: ["type", "role", "content", "usage", "stop_reason", "stop_sequence", "stop_details"],
    samples: { id: "msg_77", model: "model-77", container, diagnostics: { cache_miss_reason: "model_changed" } },
  }),
  shape("content_block_delta: text", "TextDelta", {
    named: ["content"],
    ...{ at: [2, "delta"], given: ["type"], answer: words, samples: { text: "Good morning" } },
  }),
  shape("content_block_delta: citations", "CitationsDelta", {
    named: ["content"],
    ...{ at: [3, "delta"], given: ["type"], samples: { citation: citations[0]! } },
    answer: stream({ type: "text", text: "" }, { type: "text_delta", text: "Hi" }, { type: "citations_delta" }),
  }),
  shape("content_block_delta: thinking", "ThinkingDelta", {
    named: ["content"],
    ...{ at: [2, "delta"], given: ["type"], samples: { thinking: "Thinking hard." } },
    answer: stream({ type: "thinking", thinking: "", signature: "" }, { type: "thinking_delta", thinking: "" }),
  }),
  shape("content_block_delta: signature", "SignatureDelta", {
    named: ["content"],
    ...{ at: [3, "delta"], given: ["type"], samples: { signature: "c2lnbmVk" } },
    answer: stream(
      { type: "thinking", thinking: "", signature: "" },
      { type: "thinking_delta", thinking: "Hm." },
      { type: "signature_delta", signature: "" },
    ),
  }),
  shape("content_block_delta: input_json", "InputJSONDelta", {
    named: ["content"],
    ...{ at: [2, "delta"], given: ["type"], samples: { partial_json: '{"city":"Bonn"}' } },
    answer: stream({ ...tool, input: {} }, { type: "input_json_delta", partial_json: "" }),
  }),
  shape("message_delta: delta", "RawMessageDeltaEvent.Delta", {
    ...{ at: [4, "delta"], answer: words },
    samples: {
      container,
      stop_details: sample(refusal, { stop_reason: "refusal" }),
      stop_reason: "max_tokens",
      stop_sequence: sample("HALT", { stop_reason: "stop_sequence" }),
    },
  }),
  shape("message_delta: usage", "MessageDeltaUsage", { at: [4, "usage"], answer: words, samples: counts }),
];
