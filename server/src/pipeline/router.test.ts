import { expect, test } from "vitest";
import type { DialectId, Operation } from "../dialects/dialect.ts";
import type { ProviderTypeName } from "../providers/catalogue.ts";
import { createProvider } from "../providers/provider.ts";
import { Router } from "./router.ts";

const clock = { nowMs: () => 1795000000000, monotonicMs: () => 0 };

/** What a provider of this type hears of a call for `p/<model>`. */
function heard(type: ProviderTypeName, door: DialectId, operation: Operation, model = "m") {
  const provider = createProvider({ name: "p", type, baseUrl: "http://127.0.0.1:1", credential: "k" }, clock);
  const target = new Router([provider]).target(`p/${model}`, door, operation);
  void provider.dispatcher.close();
  return target && [target.speaking.dialect.id, target.operation, target.path];
}

test.each([
  // The client's own dialect where the provider has the operation in it.
  ["gemini", "gemini", "embed", ["gemini", "embed", "/models/m:batchEmbedContents"]],
  ["gemini", "gemini", "embed-one", ["gemini", "embed-one", "/models/m:embedContent"]],
  ["ollama_native", "ollama-chat", "embed-one", ["ollama-chat", "embed-one", "/api/embeddings"]],
  ["ollama_native", "openai-chat", "embed", ["openai-chat", "embed", "/v1/embeddings"]],
  // One input goes among several where the client's form for one is not known.
  ["openai", "gemini", "embed-one", ["openai-chat", "embed", "/embeddings"]],
  ["gemini", "ollama-chat", "embed-one", ["gemini", "embed", "/models/m:batchEmbedContents"]],
  ["cohere", "openai-chat", "embed", ["cohere-chat", "embed", "/v2/embed"]],
  ["mistral", "cohere-chat", "embed", ["openai-chat", "embed", "/embeddings"]],
  // Nowhere to go.
  ["anthropic", "openai-chat", "embed", undefined],
  ["groq", "openai-chat", "embed", undefined],
] as const)("%s, asked in %s to %s, hears %j", (type, door, operation, expected) => {
  expect(heard(type, door, operation)).toEqual(expected);
});

// OpenAI answers 404 to every newer model at the path of completions, and its clients would never reach them.
test.each([
  ["openai", "gpt-3.5-turbo-instruct", "openai-completions", "/completions"],
  ["openai", "ft:davinci-002:org", "openai-completions", "/completions"],
  ["openai", "gpt-5-mini", "openai-chat", "/chat/completions"],
  ["vllm", "any", "openai-completions", "/completions"],
  ["groq", "any", "openai-chat", "/chat/completions"],
  ["anthropic", "any", "anthropic-messages", "/messages"],
] as const)("completions of %s/%s are asked for in %s", (type, model, dialect, path) => {
  expect(heard(type, "openai-completions", "generate", model)).toEqual([dialect, "generate", path]);
});

test("chat is never asked for as completions", () => {
  expect(heard("openai_compatible", "anthropic-messages", "generate")?.[0]).toBe("openai-chat");
});
