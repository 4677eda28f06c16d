import type { JsonObject } from "@bufbuild/protobuf";
import type { DialectId } from "../../server/src/dialects/dialect.ts";
import { handmadeBedrock } from "./handmade-bedrock.ts";
import { handmadeCohere } from "./handmade-cohere.ts";
import { handmadeCompletions } from "./handmade-completions.ts";
import { handmadeGemini } from "./handmade-gemini.ts";
import { handmadeOllama } from "./handmade-ollama.ts";
import { handmadeResponses } from "./handmade-responses.ts";

export interface Handmade {
  readonly dialect: DialectId;
  readonly name: string;
  readonly request: JsonObject;
  /** Where the path says something. */
  readonly path?: string;
}

/** Requests written by hand from the vendors' documentation, for what no recording shows. */
export const handmade: readonly Handmade[] = [
  {
    dialect: "openai-chat",
    name: "everything at once",
    request: {
      model: "gpt-5",
      messages: [
        {
          role: "developer",
          content: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral", ttl: "1h" } }],
        },
        {
          role: "user",
          name: "Ann",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=", detail: "low" } },
            { type: "image_url", image_url: { url: "https://example.com/a.png" } },
            { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "a.pdf" } },
            { type: "file", file: { file_id: "file-1" } },
            { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } },
            { type: "new_part", anything: [1, { deep: true }] },
          ],
        },
        {
          role: "assistant",
          content: "Let me look.",
          reasoning_content: "A picture.",
          tool_calls: [{ id: "call_1", type: "function", function: { name: "look", arguments: '{ "at": 1 }' } }],
          unknown_field: 1,
        },
        { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "A cat." }] },
        { role: "assistant", content: null, refusal: "I cannot say." },
        { role: "assistant", content: "x", audio: { id: "audio_1" } },
        { role: "function", name: "old", content: "1" },
        { role: "user", content: "Go on" },
      ],
      tools: [
        {
          type: "function",
          function: { name: "look", description: "Looks", parameters: { type: "object" }, strict: true },
        },
        { type: "custom", custom: { name: "free", format: { type: "text" } } },
      ],
      tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [] } },
      parallel_tool_calls: false,
      max_completion_tokens: 100,
      temperature: 0.3,
      top_p: 0.9,
      top_k: 40,
      stop: ["END"],
      n: 2,
      seed: -5,
      presence_penalty: -1,
      frequency_penalty: 0.5,
      logit_bias: { "1": -100 },
      logprobs: true,
      top_logprobs: 3,
      response_format: {
        type: "json_schema",
        json_schema: { name: "a", description: "b", schema: { type: "object" }, strict: false },
      },
      reasoning_effort: "low",
      verbosity: "low",
      user: "u",
      safety_identifier: "s",
      store: true,
      metadata: { k: "v" },
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
      prediction: { type: "content", content: "x" },
      brand_new: { a: [null, 1] },
    },
  },
  {
    dialect: "openai-chat",
    name: "other spellings",
    request: {
      model: "mistral-small",
      messages: [
        { role: "user", content: "Hello" },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: [{ type: "text", text: "Hm." }] },
            { type: "text", text: "Well" },
          ],
          prefix: true,
        },
      ],
      max_tokens: 10,
      top_k: -1,
      safety_identifier: "s",
      tools: [{ type: "function", function: { name: "f" }, cache_control: { type: "ephemeral" } }],
      tool_choice: { type: "function", function: { name: "f" } },
      response_format: { type: "json_object" },
    },
  },
  {
    dialect: "openai-chat",
    name: "signed thoughts",
    request: {
      model: "claude",
      messages: [
        { role: "user", content: "Hello" },
        {
          role: "assistant",
          content: "Hi",
          reasoning_content: "Hm.",
          reasoning_details: [
            { type: "reasoning.text", text: "Hm.", signature: "c2ln", format: "anthropic-claude-v1", index: 0 },
            { type: "reasoning.encrypted", data: "eA==", format: "anthropic-claude-v1", index: 1 },
          ],
        },
        { role: "user", content: "Again" },
      ],
    },
  },
  {
    dialect: "anthropic-messages",
    name: "everything at once",
    request: {
      model: "claude-haiku-4-5",
      max_tokens: 4000,
      system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral", ttl: "1h" } }],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?", citations: [] },
            { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } },
            { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
            { type: "image", source: { type: "file", file_id: "file_1" } },
            {
              type: "document",
              source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" },
              title: "a.pdf",
              citations: { enabled: true },
            },
            { type: "document", source: { type: "text", media_type: "text/plain", data: "ü" }, context: "c" },
            { type: "document", source: { type: "content", content: [{ type: "text", text: "x" }] } },
            { type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "x" }] },
            { type: "container_upload", file_id: "file_2" },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Hm.", signature: "c2ln" },
            { type: "redacted_thinking", data: "eA==" },
            { type: "text", text: "Let me look." },
            { type: "tool_use", id: "toolu_1", name: "look", input: { at: 1 }, cache_control: { type: "ephemeral" } },
            { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "cat" } },
            { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] },
          ],
        },
        {
          role: "user",
          content: [
            {
              type: "tool_result",
              tool_use_id: "toolu_1",
              is_error: true,
              content: [
                { type: "text", text: "No." },
                { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } },
              ],
            },
            { type: "text", text: "And?" },
          ],
        },
        { role: "system", content: "Now in French." },
        { role: "user", content: "Go on" },
      ],
      tools: [
        { name: "look", description: "Looks", input_schema: { type: "object" }, strict: true, defer_loading: true },
        { type: "custom", name: "plain", input_schema: { type: "object" }, cache_control: { type: "ephemeral" } },
        { type: "web_search_20250305", name: "web_search", max_uses: 3 },
      ],
      tool_choice: { type: "any", disable_parallel_tool_use: true },
      thinking: { type: "enabled", budget_tokens: 1024, display: "omitted" },
      output_config: { effort: "low", format: { type: "json_schema", schema: { type: "object" } }, more: 1 },
      metadata: { user_id: "u", other: "o" },
      temperature: 0.3,
      top_p: 0.9,
      top_k: 40,
      stop_sequences: ["END"],
      stream: true,
      service_tier: "auto",
      mcp_servers: [{ type: "url", url: "https://example.com", name: "m" }],
      container: "c",
      context_management: { edits: [] },
      brand_new: { a: [null, 1] },
    },
  },
  {
    dialect: "anthropic-messages",
    name: "a result with a picture",
    request: {
      model: "claude-haiku-4-5",
      max_tokens: 4000,
      system: "Be brief.",
      messages: [
        { role: "user", content: "Look" },
        {
          role: "assistant",
          content: [
            { type: "text", text: "One moment." },
            { type: "tool_use", id: "toolu_1", name: "look", input: {} },
            { type: "tool_use", id: "toolu_2", name: "look", input: { at: [1] } },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "toolu_1", is_error: true, content: "No." },
            {
              type: "tool_result",
              tool_use_id: "toolu_2",
              content: [
                { type: "text", text: "Here:" },
                { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } },
              ],
            },
            { type: "text", text: "And?" },
          ],
        },
      ],
      tools: [{ name: "look", input_schema: { type: "object" } }],
      thinking: { type: "adaptive" },
      output_config: { effort: "high" },
      tool_choice: { type: "tool", name: "look" },
    },
  },
  ...handmadeResponses,
  ...handmadeGemini,
  ...handmadeBedrock,
  ...handmadeOllama,
  ...handmadeCohere,
  ...handmadeCompletions,
];
