import type { Fates, Names } from "../fate.ts";

export const fates: Fates = {
  // The path says it.
  modelId: "pass over",
  // Empty, or it would have been understood.
  system: "pass over",
  inferenceConfig: "lose inside",
  toolConfig: "lose inside",
  outputConfig: "lose inside",
  // The model's own parameters, but for those that canonical fields say.
  additionalModelRequestFields: "lose inside",
  "additionalModelRequestFields.anthropic_beta": "lose",
  // What must not be said or heard is a promise, not a wish.
  guardrailConfig: "refuse",
  // The words of a prompt stored at the service.
  promptVariables: "refuse",
  additionalModelResponseFieldPaths: "lose",
  // These change speed, price and bookkeeping, not what is asked.
  requestMetadata: "lose",
  performanceConfig: "lose",
  serviceTier: "lose",
};

export const names: Names = {
  temperature: "inferenceConfig.temperature",
  stop: "inferenceConfig.stopSequences",
  top_k: "additionalModelRequestFields.top_k",
  tools: "toolConfig.tools",
  tool_choice: "toolConfig.toolChoice",
  "response_format.json_schema": "outputConfig.textFormat.structure.jsonSchema",
  response_format: "outputConfig.textFormat",
  reasoning_effort: "additionalModelRequestFields.thinking",
  thinking: "additionalModelRequestFields.thinking",
};
