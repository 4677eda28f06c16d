import { fieldsOfInterface } from "../fields/published.ts";
import type { AnswerShape, Wire } from "./shape.ts";

const dialect = "cohere-chat";
const onWire = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const usage = { tokens: { input_tokens: 11, output_tokens: 7 } };
const whole: Wire = {
  ...{ id: "c1", finish_reason: "COMPLETE", usage },
  message: { role: "assistant", content: [{ type: "text", text: "Hi there" }] },
};
const call = { id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } };
const citation = { start: 0, end: 2, text: "Hi", sources: [{ type: "document", id: "d77" }] };
const logprob = { token_ids: [77], text: "Hi", logprobs: [-0.257] };

const said = (type: string, message: Wire, more: Wire = { index: 0 }): Wire => ({ type, ...more, delta: { message } });
const stream: Wire[] = [
  said("message-start", { role: "assistant" }, { id: "c1" }),
  said("tool-plan-delta", {}, {}),
  said("content-start", { content: { type: "text", text: "" } }),
  said("content-delta", { content: { text: "Hi there" } }),
  { type: "content-end", index: 0 },
  said("tool-call-start", { tool_calls: call }),
  said("tool-call-delta", { tool_calls: { function: { arguments: "" } } }),
  { type: "tool-call-end", index: 0 },
  said("citation-start", {}),
  { type: "citation-end", index: 0 },
  { type: "message-end", delta: { finish_reason: "COMPLETE", usage } },
];

const shape = (
  name: string,
  published: string | readonly string[],
  rest: Pick<AnswerShape, "samples" | "at"> & Partial<AnswerShape>,
): AnswerShape => ({
  ...{ dialect, name, given: [], answer: whole },
  published: () =>
    typeof published === "string"
      ? fieldsOfInterface(`cohere-ai/api/${published}.d.ts`, published.slice(published.lastIndexOf("/") + 1)).map(
          onWire,
        )
      : published,
  ...rest,
});

export const cohereChatAnswers: readonly AnswerShape[] = [
  shape("answer", "resources/v2/types/V2ChatResponse", {
    ...{ at: [], given: ["message", "usage"] },
    samples: { id: "c77", finish_reason: "MAX_TOKENS", logprobs: [logprob] },
  }),
  shape("message", "types/AssistantMessageResponse", {
    ...{ at: ["message"], given: ["role"] },
    samples: {
      tool_calls: [call],
      tool_plan: "Thinking of tools.",
      content: [{ type: "text", text: "Good morning" }],
      citations: [citation],
    },
  }),
  shape("message.content[] (thinking)", "types/ChatThinkingContent", {
    ...{ at: ["message", "content", 0] },
    answer: { ...whole, message: { role: "assistant", content: [{ type: "thinking", thinking: "" }] } },
    samples: { thinking: "Thinking hard." },
  }),
  shape("message.tool_calls[]", "types/ToolCallV2", {
    ...{ at: ["message", "tool_calls", 0], given: ["type"] },
    answer: { ...whole, message: { role: "assistant", tool_calls: [call] } },
    samples: { id: "call_77", function: { name: "forecast", arguments: '{"city":"Bonn"}' } },
  }),
  shape("usage", "types/Usage", {
    at: ["usage"],
    samples: {
      billed_units: { input_tokens: 3, output_tokens: 2, search_units: 77 },
      tokens: { input_tokens: 7321, output_tokens: 4321 },
      cached_tokens: 5,
    },
  }),
  shape("message-start", "types/ChatMessageStartEvent", {
    ...{ at: [0], given: ["delta"], answer: stream, samples: { id: "c77" } },
  }),
  shape("tool-plan-delta", ["tool_plan"], {
    ...{ at: [1, "delta", "message"], answer: stream, samples: { tool_plan: "Thinking of tools." } },
  }),
  shape("content-start", ["text", "thinking"], {
    ...{ at: [2, "delta", "message", "content"], given: ["thinking"], answer: stream, samples: { text: "Oh. " } },
  }),
  shape("content-delta", "types/ChatContentDeltaEvent", {
    ...{ at: [3], given: ["index"], answer: stream },
    samples: { delta: { message: { content: { text: "Good morning" } } }, logprobs: logprob },
  }),
  shape("tool-call-start", "types/ToolCallV2", {
    ...{ at: [5, "delta", "message", "tool_calls"], given: ["type"], answer: stream },
    samples: { id: "call_77", function: { name: "forecast", arguments: "" } },
  }),
  shape("tool-call-delta", ["arguments"], {
    ...{ at: [6, "delta", "message", "tool_calls", "function"], samples: { arguments: '{"city":"Bonn"}' } },
    answer: stream.with(5, said("tool-call-start", { tool_calls: { ...call, function: { name: "weather" } } })),
  }),
  shape("citation-start", ["citations"], {
    ...{ at: [8, "delta", "message"], answer: stream, samples: { citations: citation } },
  }),
  shape("message-end", "types/ChatMessageEndEventDelta", {
    ...{ at: [10, "delta"], given: ["error"], answer: stream },
    samples: { finish_reason: "MAX_TOKENS", usage: { tokens: { input_tokens: 7321, output_tokens: 4321 } } },
  }),
];
