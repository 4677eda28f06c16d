import { expect, test } from "vitest";
import { factsIn, type ModelFacts } from "./model-facts.ts";

const yes = { supported: true };
const no = { supported: false };

/** Entries as each vendor's list has them, shortened to the fields that count and some that could be mistaken for them. */
test.each<[vendor: string, entry: Parameters<typeof factsIn>[0], facts: ModelFacts]>([
  ["OpenAI", { id: "gpt-4.1", object: "model", created: 1, owned_by: "system" }, {}],
  [
    "OpenRouter",
    {
      id: "openai/gpt-4o",
      context_length: 128_000,
      architecture: {
        modality: "text+image->text",
        input_modalities: ["text", "image", "file"],
        output_modalities: ["text"],
      },
      pricing: { prompt: "0.0000025" },
      top_provider: { context_length: 128_000, max_completion_tokens: 16_384, is_moderated: true },
      supported_parameters: ["max_tokens", "tools", "structured_outputs"],
    },
    {
      contextTokens: 128_000,
      maxOutputTokens: 16_384,
      inputModalities: ["text", "image", "file"],
      outputModalities: ["text"],
      tools: true,
      reasoning: false,
      structuredOutput: true,
    },
  ],
  [
    "Anthropic",
    {
      id: "claude-x",
      type: "model",
      max_input_tokens: 200_000,
      max_tokens: 64_000,
      capabilities: { image_input: yes, pdf_input: no, thinking: { ...yes, types: {} }, structured_outputs: yes },
    },
    {
      contextTokens: 200_000,
      maxOutputTokens: 64_000,
      inputModalities: ["text", "image"],
      reasoning: true,
      structuredOutput: true,
    },
  ],
  ["Anthropic, of an older model", { type: "model", max_input_tokens: null, max_tokens: null, capabilities: null }, {}],
  [
    "Gemini",
    { name: "models/gemini-x", inputTokenLimit: 1_048_576, outputTokenLimit: 65_536, thinking: true },
    { contextTokens: 1_048_576, maxOutputTokens: 65_536, reasoning: true },
  ],
  [
    "Mistral",
    {
      id: "mistral-x",
      max_context_length: 131_072,
      capabilities: { completion_chat: true, function_calling: true, vision: false, audio: true, reasoning: false },
    },
    { contextTokens: 131_072, inputModalities: ["text", "audio"], tools: true, reasoning: false },
  ],
  ["Groq", { context_window: 131_072, max_completion_tokens: 8192 }, { contextTokens: 131_072, maxOutputTokens: 8192 }],
  ["Cohere", { name: "command-x", context_length: 256_000, endpoints: ["chat"] }, { contextTokens: 256_000 }],
  ["vLLM", { id: "m", object: "model", max_model_len: 4096 }, { contextTokens: 4096 }],
  [
    "Bedrock",
    { modelId: "amazon.nova-x", inputModalities: ["TEXT", "IMAGE"], outputModalities: ["TEXT"] },
    { inputModalities: ["text", "image"], outputModalities: ["text"] },
  ],
  ["a server whose max_tokens is another thing", { id: "m", object: "model", max_tokens: 5 }, {}],
  [
    "nobody",
    {
      context_length: "many",
      max_completion_tokens: -1,
      capabilities: ["vision"],
      architecture: 3,
      inputTokenLimit: 0,
    },
    {},
  ],
])("%s", (_, entry, facts) => {
  expect(factsIn(entry)).toEqual(facts);
});
