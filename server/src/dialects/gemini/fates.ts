import type { Fates, Names } from "../fate.ts";

/** Fields inside `generationConfig` and `toolConfig` are named with their path. */
export const fates: Fates = {
  // The conversation, or a part of it, is stored at the provider.
  cachedContent: "refuse",
  // Rules that somebody has set up to be kept.
  modelArmorConfig: "refuse",
  // How much to filter, how to bill, how to serve: the question stays the same.
  safetySettings: "lose",
  labels: "lose",
  serviceTier: "lose",
  // Goes on with an answer that is kept at the provider.
  continuationToken: "refuse",
  // Where the answer is to be put, which nobody else would do.
  outputConfig: "refuse",
  // A stored answer is asked for later; not storing it is what everybody else does.
  store: (value) => (value === true ? "refuse" : "pass over"),

  // Said by canonical fields already; kept only for their spelling.
  model: "pass over",
  embedContentConfig: "lose inside",
  generationConfig: "pass over",
  "generationConfig.thinkingConfig": "pass over",
  "generationConfig.responseSchema": "pass over",
  // Sound and pictures are answers of another kind.
  "generationConfig.responseModalities": (value) =>
    /^\["text"\]$|^\[\]$/i.test(JSON.stringify(value)) ? "pass over" : "refuse",
  "generationConfig.responseFormat": "refuse",
  "generationConfig.speechConfig": "refuse",
  "generationConfig.imageConfig": "refuse",
  "generationConfig.audioTranscriptionConfig": "refuse",
  "generationConfig.translationConfig": "refuse",
  "generationConfig.mediaResolution": "lose",
  "generationConfig.audioTimestamp": "lose",
  "generationConfig.enableAffectiveDialog": "lose",
  "generationConfig.enableEnhancedCivicAnswers": "lose",
  // Which model answers is the caller's choice, and was made in the path.
  "generationConfig.routingConfig": "refuse",
  "generationConfig.modelSelectionConfig": "refuse",
  "toolConfig.functionCallingConfig": "lose inside",
  "toolConfig.functionCallingConfig.streamFunctionCallArguments": "lose",
  "toolConfig.retrievalConfig": "lose",
  "toolConfig.includeServerSideToolInvocations": "lose",
};

export const names: Names = {
  temperature: "generationConfig.temperature",
  top_k: "generationConfig.topK",
  seed: "generationConfig.seed",
  presence_penalty: "generationConfig.presencePenalty",
  frequency_penalty: "generationConfig.frequencyPenalty",
  logprobs: "generationConfig.responseLogprobs",
  top_logprobs: "generationConfig.logprobs",
  n: "generationConfig.candidateCount",
  stop: "generationConfig.stopSequences",
  "response_format.json_schema": "generationConfig.responseJsonSchema",
  response_format: "generationConfig.responseMimeType",
  reasoning_effort: "generationConfig.thinkingConfig",
  thinking: "generationConfig.thinkingConfig",
  tool_choice: "toolConfig.functionCallingConfig",
};
