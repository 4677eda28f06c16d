import type { Feature, Fragment } from "./feature.ts";

/* What answers hold, in the words of every dialect that has some: as an upstream says it, and as a client must read it. */

const args = { city: "Bonn" };
const text = JSON.stringify(args);

const chat = (message: Fragment, finish: string, more: Fragment = {}): Fragment => ({
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finish, ...more }],
});
const responses = (...output: Fragment[]): Fragment => ({ output });
const said = (content: Fragment): Fragment => ({
  ...{ type: "message", id: "msg_1", role: "assistant", status: "completed" },
  content: [content],
});
const messages = (stop: string, ...content: Fragment[]): Fragment => ({ content, stop_reason: stop });
const gemini = (finish: string, parts: Fragment[], more: Fragment = {}): Fragment => ({
  candidates: [{ index: 0, content: { role: "model", parts }, finishReason: finish, ...more }],
});
const converse = (stop: string, ...content: Fragment[]): Fragment => ({
  output: { message: { role: "assistant", content } },
  stopReason: stop,
});
const ollama = (message: Fragment, reason = "stop"): Fragment => ({
  message: { role: "assistant", ...message },
  done_reason: reason,
});
const cohere = (finish: string, ...content: Fragment[]): Fragment => ({
  finish_reason: finish,
  message: { role: "assistant", content },
});
const completion = (said: string, finish: string, more: Fragment = {}): Fragment => ({
  choices: [{ text: said, index: 0, logprobs: null, finish_reason: finish, ...more }],
});
const own = (finish: string, parts: Fragment[], more: Fragment = {}): Fragment => ({
  choices: [{ ...(parts.length > 0 && { parts }), finishReason: `FINISH_REASON_${finish}`, ...more }],
});

const calls = (ids: readonly string[]): Feature["says"] => ({
  "openai-chat": chat(
    {
      content: null,
      tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "weather", arguments: text } })),
    },
    "tool_calls",
  ),
  "openai-responses": responses(
    ...ids.map((id) => ({
      type: "function_call",
      id: `fc_${id}`,
      status: "completed",
      call_id: id,
      name: "weather",
      arguments: text,
    })),
  ),
  "anthropic-messages": messages(
    "tool_use",
    ...ids.map((id) => ({ type: "tool_use", id, name: "weather", input: args })),
  ),
  gemini: gemini(
    "STOP",
    ids.map((id) => ({ functionCall: { id, name: "weather", args } })),
  ),
  "bedrock-converse": converse(
    "tool_use",
    ...ids.map((toolUseId) => ({ toolUse: { toolUseId, name: "weather", input: args } })),
  ),
  "ollama-chat": ollama({
    content: "",
    tool_calls: ids.map((id) => ({ id, function: { name: "weather", arguments: args } })),
  }),
  "cohere-chat": {
    finish_reason: "TOOL_CALL",
    message: {
      role: "assistant",
      tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "weather", arguments: text } })),
    },
  },
  pontage: own(
    "TOOL_CALLS",
    ids.map((id) => ({ toolCall: { id, name: "weather", arguments: text } })),
  ),
});

const hi: Fragment = { type: "output_text", text: "Hi there", annotations: [] };

/** A part that only says which call it is at its vendor is not looked for elsewhere. */
const callsRead = (ids: readonly string[]): Feature["arrives"] => ({
  "openai-responses": responses(
    ...ids.map((call_id) => ({ type: "function_call", call_id, name: "weather", arguments: text })),
  ),
  // Some stop with calls as they stop with words.
  pontage: { choices: [{ parts: ids.map((id) => ({ toolCall: { id, name: "weather", arguments: text } })) }] },
});

export const answerFeatures: readonly Feature[] = [
  {
    ...{ name: "text", of: "answer", otherwise: "dropped" },
    says: {
      "cohere-chat": cohere("COMPLETE", { type: "text", text: "Hi there" }),
      "openai-completions": completion("Hi there", "stop"),

      "openai-chat": chat({ content: "Hi there" }, "stop"),
      "openai-responses": responses(said(hi)),
      "anthropic-messages": messages("end_turn", { type: "text", text: "Hi there" }),
      gemini: gemini("STOP", [{ text: "Hi there" }]),
      "bedrock-converse": converse("end_turn", { text: "Hi there" }),
      "ollama-chat": ollama({ content: "Hi there" }),
      pontage: own("STOP", [{ text: { text: "Hi there" } }]),
    },
    arrives: {
      "openai-responses": responses({ type: "message", content: [{ type: "output_text", text: "Hi there" }] }),
    },
  },
  {
    ...{
      name: "a tool call",
      of: "answer",
      otherwise: "dropped",
      says: calls(["call_a1"]),
      arrives: callsRead(["call_a1"])!,
    },
  },
  {
    ...{ name: "parallel tool calls", of: "answer", otherwise: "dropped" },
    ...{ says: calls(["call_a1", "call_b2"]), arrives: callsRead(["call_a1", "call_b2"])! },
  },
  {
    ...{ name: "thoughts", of: "answer", otherwise: "dropped" },
    says: {
      "cohere-chat": cohere(
        "COMPLETE",
        { type: "thinking", thinking: "Hm, well." },
        { type: "text", text: "Hi there" },
      ),

      "openai-chat": chat({ content: "Hi there", reasoning_content: "Hm, well." }, "stop"),
      "openai-responses": responses(
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm, well." }] },
        said(hi),
      ),
      "anthropic-messages": messages(
        "end_turn",
        { type: "thinking", thinking: "Hm, well.", signature: "" },
        { type: "text", text: "Hi there" },
      ),
      gemini: gemini("STOP", [{ text: "Hm, well.", thought: true }, { text: "Hi there" }]),
      "bedrock-converse": converse(
        "end_turn",
        { reasoningContent: { reasoningText: { text: "Hm, well." } } },
        { text: "Hi there" },
      ),
      "ollama-chat": ollama({ content: "Hi there", thinking: "Hm, well." }),
      pontage: own("STOP", [{ reasoning: { text: "Hm, well." } }, { text: { text: "Hi there" } }]),
    },
    arrives: {
      "anthropic-messages": messages(
        "end_turn",
        { type: "thinking", thinking: "Hm, well." },
        { type: "text", text: "Hi there" },
      ),
      "openai-responses": responses({ type: "reasoning", summary: [{ type: "summary_text", text: "Hm, well." }] }),
    },
  },
  {
    ...{ name: "signed thoughts", of: "answer", otherwise: "dropped" },
    says: {
      "anthropic-messages": messages(
        "end_turn",
        { type: "thinking", thinking: "Hm, well.", signature: "c2lnbmVk" },
        { type: "text", text: "Hi there" },
      ),
      "bedrock-converse": converse(
        "end_turn",
        { reasoningContent: { reasoningText: { text: "Hm, well.", signature: "c2lnbmVk" } } },
        { text: "Hi there" },
      ),
      pontage: own("STOP", [
        { reasoning: { text: "Hm, well.", signature: "c2lnbmVk" } },
        { text: { text: "Hi there" } },
      ]),
    },
    arrives: {
      "cohere-chat": cohere(
        "COMPLETE",
        { type: "thinking", thinking: "Hm, well." },
        { type: "text", text: "Hi there" },
      ),

      "openai-chat": chat(
        { reasoning_details: [{ type: "reasoning.text", text: "Hm, well.", signature: "c2lnbmVk" }] },
        "stop",
      ),
      // Sealed, to come back as it was.
      "openai-responses": '"encrypted_content":"pontage.v1.',
    },
    lessAt: ["cohere-chat"],
  },
  {
    ...{ name: "hidden thoughts", of: "answer", otherwise: "dropped" },
    says: {
      "openai-responses": responses(
        { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "aGlkZGVu" },
        said(hi),
      ),
      "anthropic-messages": messages(
        "end_turn",
        { type: "redacted_thinking", data: "aGlkZGVu" },
        { type: "text", text: "Hi there" },
      ),
      "bedrock-converse": converse(
        "end_turn",
        { reasoningContent: { redactedContent: "YUdsa1pHVnU=" } },
        { text: "Hi there" },
      ),
      pontage: own("STOP", [{ reasoning: { redacted: "aGlkZGVu" } }, { text: { text: "Hi there" } }]),
    },
    arrives: {
      "openai-chat": chat({ reasoning_details: [{ type: "reasoning.encrypted", data: "aGlkZGVu" }] }, "stop"),
      // Nobody but its maker reads what OpenAI has encrypted.
      "openai-responses > anthropic-messages": '"data":"pontage.v1.',
      "openai-responses > bedrock-converse": `"redactedContent":"${btoa("pontage.v1.").slice(0, 14)}`,
      "openai-responses": '"encrypted_content":"pontage.v1.',
    },
    except: { "openai-responses > openai-chat": "dropped" },
  },
  {
    ...{ name: "citations", of: "answer", otherwise: "dropped" },
    says: {
      "cohere-chat": {
        message: {
          role: "assistant",
          content: [{ type: "text", text: "Hi there" }],
          citations: [
            {
              start: 0,
              end: 2,
              text: "Hi",
              sources: [{ type: "document", id: "d1", document: { url: "https://example.com/77" } }],
            },
          ],
        },
      },

      "openai-chat": chat(
        {
          content: "Hi there",
          annotations: [
            {
              type: "url_citation",
              url_citation: { url: "https://example.com/77", title: "T", start_index: 0, end_index: 2 },
            },
          ],
        },
        "stop",
      ),
      "openai-responses": responses(
        said({
          ...hi,
          annotations: [
            { type: "url_citation", url: "https://example.com/77", title: "T", start_index: 0, end_index: 2 },
          ],
        }),
      ),
      "anthropic-messages": messages("end_turn", {
        ...{ type: "text", text: "Hi there" },
        citations: [
          {
            type: "web_search_result_location",
            url: "https://example.com/77",
            title: "T",
            encrypted_index: "e",
            cited_text: "Hi",
          },
        ],
      }),
      gemini: gemini("STOP", [{ text: "Hi there" }], {
        groundingMetadata: { groundingChunks: [{ web: { uri: "https://example.com/77", title: "T" } }] },
      }),
    },
    arrives: Object.fromEntries(
      [
        "pontage",
        "openai-chat",
        "openai-responses",
        "anthropic-messages",
        "gemini",
        "cohere-chat",
        "bedrock-converse",
      ].map((to) => [to, "https://example.com/77"]),
    ),
    // The place in the text, where the target cites whole blocks; what the source says, where it has only an address.
    except: Object.fromEntries(
      [
        ...["openai-chat", "openai-responses", "cohere-chat"].flatMap((from) => [
          `${from} > anthropic-messages`,
          `${from} > bedrock-converse`,
        ]),
        ...["anthropic-messages", "cohere-chat"].flatMap((from) => [
          `${from} > openai-chat`,
          `${from} > openai-responses`,
        ]),
      ].map((pair) => [pair, "converted" as const]),
    ),
  },
  {
    ...{ name: "log probabilities", of: "answer", otherwise: "dropped" },
    says: {
      "cohere-chat": {
        ...cohere("COMPLETE", { type: "text", text: "Hi there" }),
        logprobs: [{ token_ids: [7], text: "Hi there", logprobs: [-0.25] }],
      },
      "openai-completions": completion("Hi there", "stop", {
        logprobs: { tokens: ["Hi there"], token_logprobs: [-0.25], top_logprobs: null, text_offset: [0] },
      }),

      "openai-chat": chat({ content: "Hi there" }, "stop", {
        logprobs: { content: [{ token: "Hi there", logprob: -0.25, bytes: null, top_logprobs: [] }], refusal: null },
      }),
      "openai-responses": responses(
        said({ ...hi, logprobs: [{ token: "Hi there", logprob: -0.25, bytes: [], top_logprobs: [] }] }),
      ),
      "ollama-chat": { ...ollama({ content: "Hi there" }), logprobs: [{ token: "Hi there", logprob: -0.25 }] },
      gemini: gemini("STOP", [{ text: "Hi there" }], {
        avgLogprobs: -0.25,
        logprobsResult: { chosenCandidates: [{ token: "Hi there", logProbability: -0.25 }] },
      }),
    },
    except: Object.fromEntries(
      ["openai-chat", "openai-responses", "ollama-chat", "gemini", "cohere-chat", "openai-completions"].map((to) => [
        `* > ${to}`,
        "dropped" as const,
      ]),
    ),
    arrives: { pontage: "-0.25" },
  },
  {
    ...{ name: "a refusal", of: "answer", otherwise: "dropped" },
    says: {
      "openai-chat": chat({ content: null, refusal: "I would rather not." }, "stop"),
      "openai-responses": responses(said({ type: "refusal", refusal: "I would rather not." })),
      pontage: own("FILTERED", [{ refusal: { text: "I would rather not." } }]),
    },
    arrives: {
      "cohere-chat": { message: { content: [{ type: "text", text: "I would rather not." }] } },
      "openai-completions": { choices: [{ text: "I would rather not." }] },

      "openai-responses": responses({
        type: "message",
        content: [{ type: "refusal", refusal: "I would rather not." }],
      }),
      "anthropic-messages": { content: [{ type: "text", text: "I would rather not." }] },
      gemini: { candidates: [{ content: { parts: [{ text: "I would rather not." }] } }] },
      "bedrock-converse": { output: { message: { content: [{ text: "I would rather not." }] } } },
      "ollama-chat": { message: { content: "I would rather not." } },
      pontage: { choices: [{ parts: [{ refusal: { text: "I would rather not." } }] }] },
    },
    lessAt: ["cohere-chat", "openai-completions"],
  },
  {
    ...{ name: "stopped for safety", of: "answer", otherwise: "dropped" },
    says: {
      "openai-completions": completion("Hi", "content_filter"),

      "openai-chat": chat({ content: "Hi" }, "content_filter"),
      "openai-responses": {
        ...responses({ ...said({ ...hi, text: "Hi" }), status: "incomplete" }),
        ...{ status: "incomplete", incomplete_details: { reason: "content_filter" } },
      },
      "anthropic-messages": messages("refusal", { type: "text", text: "Hi" }),
      gemini: gemini("SAFETY", [{ text: "Hi" }]),
      "bedrock-converse": converse("content_filtered", { text: "Hi" }),
      pontage: own("FILTERED", [{ text: { text: "Hi" } }]),
    },
    arrives: {
      "cohere-chat": cohere("COMPLETE", { type: "text", text: "Hi" }),

      "openai-responses": { status: "incomplete", incomplete_details: { reason: "content_filter" } },
      "ollama-chat": { message: { content: "Hi" }, done_reason: "content_filter" },
    },
    lessAt: ["cohere-chat"],
  },
  {
    ...{ name: "cut off at the limit", of: "answer", otherwise: "dropped" },
    says: {
      "openai-completions": completion("Hi", "length"),
      "cohere-chat": cohere("MAX_TOKENS", { type: "text", text: "Hi" }),

      "openai-chat": chat({ content: "Hi" }, "length"),
      "openai-responses": {
        ...responses({ ...said({ ...hi, text: "Hi" }), status: "incomplete" }),
        ...{ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
      },
      "anthropic-messages": messages("max_tokens", { type: "text", text: "Hi" }),
      gemini: gemini("MAX_TOKENS", [{ text: "Hi" }]),
      "bedrock-converse": converse("max_tokens", { text: "Hi" }),
      "ollama-chat": ollama({ content: "Hi" }, "length"),
      pontage: own("LENGTH", [{ text: { text: "Hi" } }]),
    },
    arrives: { "openai-responses": { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } } },
  },
  {
    ...{ name: "stopped at a stop string", of: "answer", otherwise: "dropped" },
    says: {
      "cohere-chat": cohere("STOP_SEQUENCE", { type: "text", text: "Hi" }),

      "anthropic-messages": { ...messages("stop_sequence", { type: "text", text: "Hi" }), stop_sequence: "HALT" },
      "bedrock-converse": converse("stop_sequence", { text: "Hi" }),
      pontage: own("STOP_SEQUENCE", [{ text: { text: "Hi" } }]),
    },
    arrives: {
      "openai-completions": completion("Hi", "stop"),

      "openai-chat": chat({ content: "Hi" }, "stop"),
      "openai-responses": { status: "completed" },
      "anthropic-messages": messages("stop_sequence", { type: "text", text: "Hi" }),
      gemini: gemini("STOP", [{ text: "Hi" }]),
      "ollama-chat": ollama({ content: "Hi" }, "stop"),
    },
    // There it is not said which one it was.
    except: { "anthropic-messages > cohere-chat": "converted" },
    lessAt: ["openai-completions", "openai-chat", "openai-responses", "gemini", "ollama-chat"],
  },
  {
    ...{ name: "usage", of: "answer", otherwise: "dropped" },
    says: {
      "cohere-chat": { usage: { tokens: { input_tokens: 21, output_tokens: 9 } } },
      "openai-completions": { usage: { prompt_tokens: 21, completion_tokens: 9, total_tokens: 30 } },

      "openai-chat": { usage: { prompt_tokens: 21, completion_tokens: 9, total_tokens: 30 } },
      "openai-responses": { usage: { input_tokens: 21, output_tokens: 9, total_tokens: 30 } },
      "anthropic-messages": { usage: { input_tokens: 21, output_tokens: 9 } },
      gemini: { usageMetadata: { promptTokenCount: 21, candidatesTokenCount: 9, totalTokenCount: 30 } },
      "bedrock-converse": { usage: { inputTokens: 21, outputTokens: 9, totalTokens: 30 } },
      "ollama-chat": { prompt_eval_count: 21, eval_count: 9 },
      pontage: { usage: { inputTokens: 21, outputTokens: 9 } },
    },
  },
  {
    ...{ name: "usage of a cache", of: "answer", otherwise: "dropped" },
    says: {
      "cohere-chat": { usage: { tokens: { input_tokens: 21, output_tokens: 9 }, cached_tokens: 16 } },
      "openai-completions": {
        usage: {
          prompt_tokens: 21,
          completion_tokens: 9,
          total_tokens: 30,
          prompt_tokens_details: { cached_tokens: 16 },
        },
      },

      "openai-chat": {
        usage: {
          prompt_tokens: 21,
          completion_tokens: 9,
          total_tokens: 30,
          prompt_tokens_details: { cached_tokens: 16 },
        },
      },
      "openai-responses": {
        usage: { input_tokens: 21, output_tokens: 9, total_tokens: 30, input_tokens_details: { cached_tokens: 16 } },
      },
      "anthropic-messages": { usage: { input_tokens: 5, output_tokens: 9, cache_read_input_tokens: 16 } },
      gemini: {
        usageMetadata: {
          promptTokenCount: 21,
          candidatesTokenCount: 9,
          totalTokenCount: 30,
          cachedContentTokenCount: 16,
        },
      },
      "bedrock-converse": { usage: { inputTokens: 5, outputTokens: 9, totalTokens: 30, cacheReadInputTokens: 16 } },
      pontage: { usage: { inputTokens: 5, outputTokens: 9, cacheReadTokens: 16 } },
    },
    arrives: { "ollama-chat": { prompt_eval_count: 21, eval_count: 9 } },
    lessAt: ["ollama-chat"],
  },
];
