import { fieldsOfInterface } from "../fields/published.ts";
import { sample } from "../fields/shape.ts";
import type { AnswerShape, Wire } from "./shape.ts";

const file = "@aws-sdk/client-bedrock-runtime/dist-types/models/models_0.d.ts";
const dialect = "bedrock-converse";

const usage = { inputTokens: 11, outputTokens: 7, totalTokens: 18 };
const whole = (...content: Wire[]): Wire => ({
  output: { message: { role: "assistant", content } },
  ...{ stopReason: "end_turn", usage, metrics: { latencyMs: 1 } },
});
const hi = { text: "Hi there" };
const tool = { toolUse: { toolUseId: "tooluse_1", name: "weather", input: { at: 1 } } };
const at = ["output", "message", "content", 0];

const stream = (start: Wire | undefined, ...deltas: Wire[]): Wire[] => [
  { messageStart: { role: "assistant" } },
  ...(start ? [{ contentBlockStart: { contentBlockIndex: 0, start } }] : []),
  ...deltas.map((delta) => ({ contentBlockDelta: { contentBlockIndex: 0, delta } })),
  { contentBlockStop: { contentBlockIndex: 0 } },
  { messageStop: { stopReason: "end_turn" } },
  { metadata: { usage, metrics: { latencyMs: 1 } } },
];
/** Words and thoughts begin without a start. */
const words = stream(undefined, { text: "Hi there" });

const shape = (
  name: string,
  published: string | readonly string[],
  rest: Pick<AnswerShape, "samples" | "at"> & Partial<AnswerShape>,
): AnswerShape => ({
  ...{ dialect, name, given: [], answer: whole(hi) },
  published: () => (typeof published === "string" ? fieldsOfInterface(file, published) : published),
  ...rest,
});

const more = {
  performanceConfig: { latency: "optimized" },
  serviceTier: { type: "flex" },
  trace: { promptRouter: { invokedModelId: "model-77" } },
};
const counts = {
  inputTokens: 7321,
  outputTokens: 4321,
  totalTokens: 9321,
  cacheReadInputTokens: 5000,
  cacheWriteInputTokens: 4000,
  cacheDetails: sample([{ ttl: "1h", inputTokens: 40 }], { cacheWriteInputTokens: 40 }),
};
/** What models say. The others are said to them. */
const asked = ["document", "video", "toolResult", "guardContent", "cachePoint", "searchResult"];
const changes = ["toolAddition", "toolRemoval"];

export const bedrockConverseAnswers: readonly AnswerShape[] = [
  shape("answer", "ConverseResponse", {
    ...{ at: [], given: ["output", "usage"] },
    samples: {
      stopReason: "max_tokens",
      metrics: { latencyMs: 7321 },
      additionalModelResponseFields: { stop_sequence: "HALT" },
      ...more,
    },
  }),
  shape("usage", "TokenUsage", { at: ["usage"], samples: counts }),
  shape(
    "output.message.content[]",
    ["text", "toolUse", "reasoningContent", "citationsContent", "image", "audio", ...asked, ...changes],
    {
      ...{ at, given: [...asked, ...changes], answer: whole({}, hi) },
      samples: {
        text: "Good morning",
        toolUse: { toolUseId: "tooluse_77", name: "forecast", input: { city: "Bonn" } },
        reasoningContent: { reasoningText: { text: "Thinking hard.", signature: "c2lnbmVk" } },
        citationsContent: { content: [{ text: "Cited words" }], citations: [{ title: "T77" }] },
        image: { format: "png", source: { bytes: "iVBORw0KGgo=" } },
        audio: { format: "wav", source: { bytes: "UklGRg==" } },
      },
    },
  ),
  shape("output.message.content[].toolUse", "ToolUseBlock", {
    ...{ at: [...at, "toolUse"], answer: whole(tool) },
    samples: { toolUseId: "tooluse_77", name: "forecast", input: { city: "Bonn" }, type: "server_tool_use" },
  }),
  shape("output.message.content[].reasoningContent.reasoningText", "ReasoningTextBlock", {
    ...{ at: [...at, "reasoningContent", "reasoningText"] },
    answer: whole({ reasoningContent: { reasoningText: { text: "Hm." } } }, hi),
    samples: { text: "Thinking hard.", signature: "c2lnbmVk" },
  }),
  shape("output.message.content[].reasoningContent", ["redactedContent", "reasoningText"], {
    ...{ at: [...at, "reasoningContent"], given: ["reasoningText"], answer: whole({ reasoningContent: {} }, hi) },
    samples: { redactedContent: "aGlkZGVu" },
  }),
  shape("contentBlockStart", ["toolUse"], {
    named: ["content"],
    ...{ at: [1, "contentBlockStart", "start"], answer: stream({}) },
    samples: { toolUse: { toolUseId: "tooluse_77", name: "forecast" } },
  }),
  shape("contentBlockDelta", ["text", "toolUse", "reasoningContent", "citation"], {
    named: ["content"],
    ...{ at: [1, "contentBlockDelta", "delta"], given: ["toolUse"], answer: stream(undefined, {}) },
    samples: {
      text: "Good morning",
      reasoningContent: { text: "Thinking hard." },
      citation: { title: "T77", sourceContent: [{ text: "Cited words" }] },
    },
  }),
  shape("contentBlockDelta of a tool", ["input"], {
    named: ["content"],
    ...{ at: [2, "contentBlockDelta", "delta", "toolUse"] },
    answer: stream({ toolUse: { toolUseId: "tooluse_1", name: "weather" } }, { toolUse: { input: "" } }),
    samples: { input: '{"city":"Bonn"}' },
  }),
  shape("contentBlockDelta of a thought", ["text", "signature", "redactedContent"], {
    named: ["content"],
    ...{
      at: [1, "contentBlockDelta", "delta", "reasoningContent"],
      answer: stream(undefined, { reasoningContent: {} }),
    },
    samples: { text: "Thinking hard.", signature: "c2lnbmVk", redactedContent: "aGlkZGVu" },
  }),
  shape("messageStop", "MessageStopEvent", {
    ...{ at: [3, "messageStop"], answer: words },
    samples: { stopReason: "max_tokens", additionalModelResponseFields: { stop_sequence: "HALT" } },
  }),
  shape("metadata", "ConverseStreamMetadataEvent", {
    ...{ at: [4, "metadata"], given: ["usage"], answer: words, samples: { metrics: { latencyMs: 7321 }, ...more } },
  }),
  shape("metadata.usage", "TokenUsage", { at: [4, "metadata", "usage"], answer: words, samples: counts }),
];
