import { seal } from "../../../server/src/dialects/seal.ts";
import type { Feature, Fragment } from "./feature.ts";
import {
  chatTools,
  city,
  converseTools,
  geminiTools,
  messagesTools,
  ownTools,
  profiles,
  responsesTools,
  user,
} from "./words.ts";

/* What is asked for beside the conversation, in the words of every dialect. */

const choice = (
  chat: unknown,
  responses: unknown,
  messages: unknown,
  gemini: unknown,
  own: Fragment,
  converse?: unknown,
  cohere?: unknown,
) =>
  ({
    "openai-chat": { tools: chatTools, tool_choice: chat },
    "openai-responses": { tools: responsesTools, tool_choice: responses },
    "anthropic-messages": { tools: messagesTools, tool_choice: messages },
    gemini: { tools: geminiTools, toolConfig: { functionCallingConfig: gemini } },
    ...(converse !== undefined && {
      "bedrock-converse": { toolConfig: { tools: converseTools, toolChoice: converse } },
    }),
    ...(cohere !== undefined && { "cohere-chat": { tools: chatTools, tool_choice: cohere } }),
    pontage: { tools: ownTools, toolChoice: own },
  }) as Feature["says"];

const underSeal = seal({ origin: "anthropic-messages", signature: "c2lnbmVk", redacted: "" });
const signedThought = '{"type":"thinking","thinking":"Hm, well.","signature":"c2lnbmVk"}';

export const optionFeatures: readonly Feature[] = [
  {
    ...{ name: "tool choice: some", of: "request", otherwise: "refused" },
    says: choice(
      "required",
      "required",
      { type: "any" },
      { mode: "ANY" },
      { mode: "MODE_REQUIRED" },
      { any: {} },
      "REQUIRED",
    ),
  },
  {
    ...{ name: "tool choice: none", of: "request", otherwise: "refused" },
    says: choice("none", "none", { type: "none" }, { mode: "NONE" }, { mode: "MODE_NONE" }, undefined, "NONE"),
    // Without the tools nothing is called either.
    except: { "* > bedrock-converse": "dropped", "* > ollama-chat": "dropped" },
  },
  {
    ...{ name: "tool choice: this one", of: "request", otherwise: "refused" },
    says: choice(
      { type: "function", function: { name: "weather" } },
      { type: "function", name: "weather" },
      { type: "tool", name: "weather" },
      { mode: "ANY", allowedFunctionNames: ["weather"] },
      { mode: "MODE_NAMED", name: "weather" },
      { tool: { name: "weather" } },
    ),
    arrives: {
      // There is nothing else to be called.
      "cohere-chat": { tools: chatTools, tool_choice: "REQUIRED" },
    },
  },
  {
    ...{ name: "one call at a time", of: "request", otherwise: "dropped" },
    says: {
      "openai-chat": { tools: chatTools, parallel_tool_calls: false },
      "openai-responses": { tools: responsesTools, parallel_tool_calls: false },
      "anthropic-messages": { tools: messagesTools, tool_choice: { type: "auto", disable_parallel_tool_use: true } },
      pontage: { tools: ownTools, parallelToolCalls: false },
    },
    arrives: {
      "bedrock-converse": { additionalModelRequestFields: { tool_choice: { disable_parallel_tool_use: true } } },
    },
    except: { "* > cohere-chat": "refused", "* > openai-completions": "refused", "* > ollama-chat": "refused" },
  },
  {
    ...{ name: "a JSON schema", of: "request", otherwise: "refused" },
    says: {
      "cohere-chat": { response_format: { type: "json_object", json_schema: city } },

      "openai-chat": { response_format: { type: "json_schema", json_schema: { name: "answer", schema: city } } },
      "openai-responses": { text: { format: { type: "json_schema", name: "answer", schema: city } } },
      "anthropic-messages": { output_config: { format: { type: "json_schema", schema: city } } },
      gemini: { generationConfig: { responseMimeType: "application/json", responseJsonSchema: city } },
      "ollama-chat": { format: city },
      pontage: { responseFormat: { jsonSchema: { name: "answer", schema: city } } },
    },
    arrives: { "bedrock-converse": { outputConfig: { textFormat: { type: "json_schema" } } } },
    // The format's name has no place.
    lessAt: ["cohere-chat", "anthropic-messages", "gemini", "ollama-chat"],
  },
  {
    ...{ name: "JSON without a schema", of: "request", otherwise: "refused" },
    says: {
      "cohere-chat": { response_format: { type: "json_object" } },

      "openai-chat": { response_format: { type: "json_object" } },
      "openai-responses": { text: { format: { type: "json_object" } } },
      gemini: { generationConfig: { responseMimeType: "application/json" } },
      "ollama-chat": { format: "json" },
      pontage: { responseFormat: { json: {} } },
    },
  },
  {
    ...{ name: "reasoning effort", of: "request", otherwise: "dropped" },
    says: {
      "openai-chat": { reasoning_effort: "high" },
      "openai-responses": { reasoning: { effort: "high" } },
      "anthropic-messages": { output_config: { effort: "high" } },
      "ollama-chat": { think: "high" },
      pontage: { reasoning: { effort: "high" } },
    },
    arrives: {
      "cohere-chat": { thinking: { type: "enabled" } },

      "anthropic-messages": { thinking: { type: "enabled" } },
      gemini: { generationConfig: { thinkingConfig: { includeThoughts: true, thinkingBudget: 24576 } } },
      "bedrock-converse": { additionalModelRequestFields: { thinking: { type: "enabled" } } },
    },
    lessAt: ["cohere-chat", "anthropic-messages", "gemini", "bedrock-converse"],
  },
  {
    ...{ name: "reasoning budget", of: "request", otherwise: "dropped" },
    says: {
      "cohere-chat": { max_tokens: 9999, thinking: { type: "enabled", token_budget: 2048 } },

      "anthropic-messages": { thinking: { type: "enabled", budget_tokens: 2048 } },
      gemini: {
        generationConfig: { maxOutputTokens: 9999, thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } },
      },
      "bedrock-converse": {
        inferenceConfig: { maxTokens: 9999 },
        additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2048 } },
      },
      pontage: { maxOutputTokens: 9999, reasoning: { budgetTokens: 2048 } },
    },
    arrives: {
      "openai-chat": { reasoning_effort: "low" },
      "openai-responses": { reasoning: { effort: "low" } },
      "ollama-chat": { think: "low" },
    },
    lessAt: ["openai-chat", "openai-responses", "ollama-chat"],
  },
  {
    ...{ name: "earlier thoughts, signed", of: "request", otherwise: "dropped" },
    says: {
      "anthropic-messages": {
        messages: [
          { role: "user", content: "Hello" },
          {
            role: "assistant",
            content: [
              { type: "thinking", thinking: "Hm, well.", signature: "c2lnbmVk" },
              { type: "text", text: "Hi" },
            ],
          },
          { role: "user", content: "Go on" },
        ],
      },
      "bedrock-converse": {
        messages: [
          { role: "user", content: [{ text: "Hello" }] },
          {
            role: "assistant",
            content: [
              { reasoningContent: { reasoningText: { text: "Hm, well.", signature: "c2lnbmVk" } } },
              { text: "Hi" },
            ],
          },
          { role: "user", content: [{ text: "Go on" }] },
        ],
      },
    },
    // The words without the signature, which only its maker believes.
    arrives: {
      "cohere-chat": { messages: [{ role: "assistant", content: [{ type: "thinking", thinking: "Hm, well." }] }] },

      deepseek: { messages: [{ role: "assistant", reasoning_content: "Hm, well." }] },
      gemini: { contents: [{ role: "model", parts: [{ text: "Hm, well.", thought: true }] }] },
      "ollama-chat": { messages: [{ role: "assistant", thinking: "Hm, well." }] },
    },
    lessAt: ["cohere-chat", "deepseek", "gemini", "ollama-chat"],
    except: { "* > openai-completions": "refused" },
  },
  {
    ...{ name: "earlier thoughts that Claude has signed, under seal", of: "request", otherwise: "dropped" },
    says: {
      "openai-responses": {
        input: [
          { role: "user", content: "Hello" },
          {
            ...{ type: "reasoning", id: "rs_1", encrypted_content: underSeal },
            summary: [{ type: "summary_text", text: "Hm, well." }],
          },
          { role: "assistant", content: "Hi" },
          { role: "user", content: "Go on" },
        ],
      },
    },
    // Only its maker sees the signature again.
    arrives: {
      "anthropic-messages": signedThought,
      "bedrock-converse": '"reasoningText":{"text":"Hm, well.","signature":"c2lnbmVk"}',
      deepseek: { messages: [{ role: "assistant", reasoning_content: "Hm, well." }] },
      gemini: { contents: [{ role: "model", parts: [{ text: "Hm, well.", thought: true }] }] },
      "cohere-chat": { messages: [{ role: "assistant", content: [{ type: "thinking", thinking: "Hm, well." }] }] },
      "ollama-chat": { messages: [{ role: "assistant", thinking: "Hm, well." }] },
    },
    lessAt: ["deepseek", "gemini", "cohere-chat", "ollama-chat"],
    except: { "openai-responses > openai-responses": "dropped", "* > openai-completions": "refused" },
  },
  {
    ...{ name: "a cache mark", of: "request", otherwise: "dropped" },
    says: {
      "anthropic-messages": {
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "Long", cache_control: { type: "ephemeral" } },
              { type: "text", text: "Short" },
            ],
          },
        ],
      },
      "bedrock-converse": {
        messages: [
          { role: "user", content: [{ text: "Long" }, { cachePoint: { type: "default" } }, { text: "Short" }] },
        ],
      },
      pontage: { messages: user([{ text: { text: "Long" }, cache: {} }, { text: { text: "Short" } }]) },
    },
    arrives: {
      openrouter: { messages: [{ role: "user", content: [{ text: "Long", cache_control: { type: "ephemeral" } }] }] },
    },
    except: { "* > openai-completions": "refused" },
  },
  {
    ...{ name: "log probabilities", of: "request", otherwise: "refused" },
    says: {
      "openai-chat": { logprobs: true },
      "openai-responses": { include: ["message.output_text.logprobs"] },
      gemini: { generationConfig: { responseLogprobs: true } },
      "cohere-chat": { logprobs: true },
      "ollama-chat": { logprobs: true },
      pontage: { logprobs: true },
    },
  },
  {
    ...{ name: "log probabilities of other words", of: "request", otherwise: "refused" },
    says: {
      "openai-chat": { logprobs: true, top_logprobs: 3 },
      "openai-responses": { include: ["message.output_text.logprobs"], top_logprobs: 3 },
      gemini: { generationConfig: { responseLogprobs: true, logprobs: 3 } },
      "ollama-chat": { logprobs: true, top_logprobs: 3 },
      pontage: { logprobs: true, topLogprobs: 3 },
    },
  },
  {
    ...{ name: "several answers", of: "request", otherwise: "refused" },
    says: {
      "openai-completions": { n: 2 },

      "openai-chat": { n: 2 },
      gemini: { generationConfig: { candidateCount: 2 } },
      pontage: { candidateCount: 2 },
    },
  },
  {
    ...{ name: "stop strings", of: "request", otherwise: "refused" },
    says: {
      "openai-completions": { stop: ["HALT"] },
      "cohere-chat": { stop_sequences: ["HALT"] },

      "openai-chat": { stop: ["HALT"] },
      "anthropic-messages": { stop_sequences: ["HALT"] },
      gemini: { generationConfig: { stopSequences: ["HALT"] } },
      "bedrock-converse": { inferenceConfig: { stopSequences: ["HALT"] } },
      "ollama-chat": { options: { stop: ["HALT"] } },
      pontage: { stop: ["HALT"] },
    },
  },
  {
    ...{ name: "seed", of: "request", otherwise: "dropped" },
    says: {
      "openai-completions": { seed: 77231 },
      "cohere-chat": { seed: 77231 },

      "openai-chat": { seed: 77231 },
      gemini: { generationConfig: { seed: 77231 } },
      "ollama-chat": { options: { seed: 77231 } },
      pontage: { seed: "77231" },
    },
    arrives: { mistral: { random_seed: 77231 } },
  },
  {
    ...{ name: "temperature, top p", of: "request", otherwise: "refused" },
    says: {
      "openai-completions": { temperature: 0.61, top_p: 0.62 },
      "cohere-chat": { temperature: 0.61, p: 0.62 },

      "openai-chat": { temperature: 0.61, top_p: 0.62 },
      "openai-responses": { temperature: 0.61, top_p: 0.62 },
      "anthropic-messages": { temperature: 0.61, top_p: 0.62 },
      gemini: { generationConfig: { temperature: 0.61, topP: 0.62 } },
      "bedrock-converse": { inferenceConfig: { temperature: 0.61, topP: 0.62 } },
      "ollama-chat": { options: { temperature: 0.61, top_p: 0.62 } },
      pontage: { temperature: 0.61, topP: 0.62 },
    },
  },
  {
    ...{ name: "top k", of: "request", otherwise: "dropped" },
    says: {
      "cohere-chat": { k: 41 },

      "anthropic-messages": { top_k: 41 },
      gemini: { generationConfig: { topK: 41 } },
      "bedrock-converse": { additionalModelRequestFields: { top_k: 41 } },
      "ollama-chat": { options: { top_k: 41 } },
      pontage: { topK: 41 },
    },
  },
  {
    ...{ name: "penalties", of: "request", otherwise: "dropped" },
    says: {
      "openai-completions": { presence_penalty: 0.32, frequency_penalty: 0.31 },
      "cohere-chat": { presence_penalty: 0.32, frequency_penalty: 0.31 },

      "openai-chat": { presence_penalty: 0.32, frequency_penalty: 0.31 },
      gemini: { generationConfig: { presencePenalty: 0.32, frequencyPenalty: 0.31 } },
      "ollama-chat": { options: { presence_penalty: 0.32, frequency_penalty: 0.31 } },
      pontage: { presencePenalty: 0.32, frequencyPenalty: 0.31 },
    },
  },
  {
    ...{ name: "a limit on output", of: "request", otherwise: "refused" },
    says: {
      "openai-completions": { max_tokens: 4321 },
      "cohere-chat": { max_tokens: 4321 },

      "openai-chat": { max_completion_tokens: 4321 },
      "openai-responses": { max_output_tokens: 4321 },
      "anthropic-messages": { max_tokens: 4321 },
      gemini: { generationConfig: { maxOutputTokens: 4321 } },
      "bedrock-converse": { inferenceConfig: { maxTokens: 4321 } },
      "ollama-chat": { options: { num_predict: 4321 } },
      pontage: { maxOutputTokens: 4321 },
    },
    arrives: Object.fromEntries(profiles.map((name) => [name, { max_tokens: 4321 }])),
  },
  {
    ...{ name: "who asks", of: "request", otherwise: "dropped" },
    says: {
      "openai-completions": { user: "who-asks" },

      "openai-chat": { user: "who-asks" },
      "openai-responses": { user: "who-asks" },
      "anthropic-messages": { metadata: { user_id: "who-asks" } },
      pontage: { user: "who-asks" },
    },
    except: { "* > mistral": "dropped" },
  },
  {
    ...{ name: "metadata", of: "request", otherwise: "dropped" },
    says: {
      "openai-chat": { metadata: { purpose: "trial" } },
      "openai-responses": { metadata: { purpose: "trial" } },
      gemini: { labels: { purpose: "trial" } },
      "bedrock-converse": { requestMetadata: { purpose: "trial" } },
    },
    except: Object.fromEntries(
      ["openai-chat", "openai-responses", "gemini", "bedrock-converse"].map((to) => [`* > ${to}`, "dropped" as const]),
    ),
  },
  {
    ...{ name: "service tier", of: "request", otherwise: "dropped" },
    says: {
      "openai-chat": { service_tier: "flex" },
      "openai-responses": { service_tier: "flex" },
      "anthropic-messages": { service_tier: "standard_only" },
      gemini: { serviceTier: "flex" },
      "bedrock-converse": { serviceTier: { type: "flex" } },
    },
    except: Object.fromEntries(
      ["openai-chat", "openai-responses", "anthropic-messages", "gemini", "bedrock-converse"].map((to) => [
        `* > ${to}`,
        "dropped" as const,
      ]),
    ),
  },
  {
    ...{ name: "web search by the provider", of: "request", otherwise: "refused" },
    says: {
      "openai-chat": { web_search_options: {} },
      "openai-responses": { tools: [{ type: "web_search" }] },
      "anthropic-messages": { tools: [{ type: "web_search_20250305", name: "web_search" }] },
      gemini: { tools: [{ googleSearch: {} }] },
    },
    except: Object.fromEntries(
      ["openai-chat", "openai-responses", "anthropic-messages", "gemini"].map((to) => [
        `* > ${to}`,
        "refused" as const,
      ]),
    ),
  },
  {
    ...{ name: "web search beside functions", of: "request", otherwise: "dropped" },
    says: {
      "openai-responses": { tools: [{ type: "web_search" }, ...responsesTools] },
      "anthropic-messages": { tools: [{ type: "web_search_20250305", name: "web_search" }, ...messagesTools] },
      gemini: { tools: [{ googleSearch: {} }, ...geminiTools] },
    },
    except: {
      ...Object.fromEntries(
        ["openai-responses", "anthropic-messages", "gemini"].map((to) => [`* > ${to}`, "dropped" as const]),
      ),
      "* > openai-completions": "refused",
    },
  },
];
