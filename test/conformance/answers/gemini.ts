import { fieldsOfInterface } from "../fields/published.ts";
import { sample } from "../fields/shape.ts";
import type { AnswerShape, Wire } from "./shape.ts";

const file = "@google/genai/dist/genai.d.ts";
const dialect = "gemini";

const answer = (...parts: Wire[]): Wire => ({
  candidates: [{ index: 0, content: { role: "model", parts }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 },
  ...{ modelVersion: "m", responseId: "r1" },
});
const hi = { text: "Hi there" };
const modality = (tokenCount: number) => [{ modality: "TEXT", tokenCount }];

type Rest = Pick<AnswerShape, "samples" | "at"> & Partial<AnswerShape> & { readonly answer?: Wire };

/** The chunks of a stream are answers too. */
const shapes = (name: string, published: string, rest: Rest): AnswerShape[] => {
  const whole: AnswerShape = {
    ...{ dialect, name, given: [], answer: answer(hi) },
    published: () => fieldsOfInterface(file, published),
    ...rest,
  };
  return [whole, { ...whole, name: `stream: ${name}`, at: [0, ...rest.at], answer: [whole.answer as Wire] }];
};

/** What the library adds, and what only requests have. */
const notSent = ["sdkHttpResponse", "automaticFunctionCallingHistory"];

export const geminiAnswers: readonly AnswerShape[] = [
  ...shapes("answer", "GenerateContentResponse", {
    ...{ at: [], given: ["candidates", "usageMetadata", ...notSent] },
    samples: {
      createTime: "2026-01-01T00:01:17Z",
      modelVersion: "model-77",
      responseId: "r77",
      promptFeedback: { safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "LOW" }] },
      modelStatus: { modelStage: "LEGACY" },
    },
  }),
  ...shapes("candidates[]", "Candidate", {
    ...{ at: ["candidates", 0], given: ["index", "content"] },
    samples: {
      citationMetadata: { citations: [{ uri: "https://example.com/77" }] },
      finishMessage: "The end of it.",
      tokenCount: 77,
      finishReason: "MAX_TOKENS",
      groundingMetadata: { groundingChunks: [{ web: { uri: "https://example.com/77", title: "T" } }] },
      avgLogprobs: -0.257,
      logprobsResult: { chosenCandidates: [{ token: "Hi", logProbability: -0.257 }] },
      safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "LOW" }],
      urlContextMetadata: { urlMetadata: [{ retrievedUrl: "https://example.com/77" }] },
      continuationToken: "more-77",
    },
  }),
  ...shapes("candidates[].content.parts[]", "Part", {
    ...{ at: ["candidates", 0, "content", "parts", 0], given: ["functionResponse"] },
    samples: {
      text: "Good morning",
      thought: true,
      thoughtSignature: "c2lnbmVk",
      functionCall: { id: "call_77", name: "forecast", args: { city: "Bonn" } },
      inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" },
      fileData: { fileUri: "https://example.com/77.png", mimeType: "image/png" },
      executableCode: { language: "PYTHON", code: "print(77)" },
      codeExecutionResult: { outcome: "OUTCOME_OK", output: "77" },
      toolCall: { id: "t77", toolType: "GOOGLE_SEARCH_WEB" },
      toolResponse: { id: "t77", toolType: "GOOGLE_SEARCH_WEB" },
      mediaResolution: { level: "MEDIA_RESOLUTION_LOW" },
      videoMetadata: { startOffset: "77s" },
      partMetadata: { part: "meta-77" },
      audioTranscription: { text: "Spoken words" },
      mediaProcessing: { mode: "mode-77" },
      speechMetadata: { speaker: "speaker-77" },
    },
    answer: answer({}, hi),
  }),
  ...shapes("candidates[].content.parts[].functionCall", "FunctionCall", {
    at: ["candidates", 0, "content", "parts", 0, "functionCall"],
    answer: answer({ functionCall: { name: "weather", args: {} } }),
    samples: {
      id: "call_77",
      name: "forecast",
      args: { city: "Bonn" },
      partialArgs: [{ jsonPath: "$.city", stringValue: "Bonn" }],
      willContinue: true,
    },
  }),
  ...shapes("promptFeedback", "GenerateContentResponsePromptFeedback", {
    ...{ at: ["promptFeedback"], answer: { ...answer(), candidates: [] } },
    samples: {
      blockReason: "SAFETY",
      blockReasonMessage: sample("Not this.", { blockReason: "SAFETY" }),
      safetyRatings: sample([{ category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH" }], { blockReason: "SAFETY" }),
    },
  }),
  ...shapes("usageMetadata", "GenerateContentResponseUsageMetadata", {
    ...{ at: ["usageMetadata"] },
    samples: {
      cachedContentTokenCount: 5,
      cacheTokensDetails: sample(modality(5), { cachedContentTokenCount: 5 }),
      candidatesTokenCount: 4321,
      candidatesTokensDetails: modality(7),
      promptTokenCount: 7321,
      promptTokensDetails: modality(11),
      thoughtsTokenCount: 4,
      toolUsePromptTokenCount: 3000,
      toolUsePromptTokensDetails: modality(3),
      totalTokenCount: 9321,
      trafficType: "PROVISIONED_THROUGHPUT",
      initialPromptTokenCount: 9,
    },
  }),
];
