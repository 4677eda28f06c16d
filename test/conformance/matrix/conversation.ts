import type { Feature, Fragment, Speaker } from "./feature.ts";
import {
  args,
  chatTools,
  converseTools,
  geminiTools,
  hello,
  messagesTools,
  ownTools,
  profiles,
  responsesTools,
  text,
  user,
} from "./words.ts";

/* What conversations hold, in the words of every dialect. The same words stand for what a client sends and for what an
 * upstream must receive. */

const png = "iVBORw0KGgo=";
const pdf = "JVBERi0=";
const wav = "UklGRg==";
/** A conversation in which calls were made and answered. */
function called(ids: readonly string[], { error = false } = {}): Feature["says"] {
  const output = error ? "No such city" : "Rain.";
  const mark = error ? "Error: " : "";
  const chat: Fragment = {
    tools: chatTools,
    messages: [
      { role: "user", content: "Hello" },
      {
        role: "assistant",
        tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "weather", arguments: text } })),
      },
      ...ids.map((id) => ({ role: "tool", tool_call_id: id, content: mark + output })),
    ],
  };
  return {
    "openai-chat": chat,
    "cohere-chat": chat,
    "openai-responses": {
      tools: responsesTools,
      input: [
        { role: "user", content: "Hello" },
        ...ids.map((id) => ({ type: "function_call", call_id: id, name: "weather", arguments: text })),
        ...ids.map((id) => ({ type: "function_call_output", call_id: id, output: mark + output })),
      ],
    },
    "anthropic-messages": {
      tools: messagesTools,
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", content: ids.map((id) => ({ type: "tool_use", id, name: "weather", input: args })) },
        {
          role: "user",
          content: ids.map((id) => ({
            type: "tool_result",
            tool_use_id: id,
            content: output,
            ...(error && { is_error: true }),
          })),
        },
      ],
    },
    gemini: {
      tools: geminiTools,
      contents: [
        { role: "user", parts: [{ text: "Hello" }] },
        { role: "model", parts: ids.map((id) => ({ functionCall: { id, name: "weather", args } })) },
        {
          role: "user",
          parts: ids.map((id) => ({
            functionResponse: { id, name: "weather", response: { [error ? "error" : "output"]: output } },
          })),
        },
      ],
    },
    "bedrock-converse": {
      toolConfig: { tools: converseTools },
      messages: [
        { role: "user", content: [{ text: "Hello" }] },
        { role: "assistant", content: ids.map((id) => ({ toolUse: { toolUseId: id, name: "weather", input: args } })) },
        {
          role: "user",
          content: ids.map((id) => ({
            toolResult: { toolUseId: id, content: [{ text: output }], ...(error && { status: "error" }) },
          })),
        },
      ],
    },
    "ollama-chat": {
      tools: chatTools,
      messages: [
        { role: "user", content: "Hello" },
        {
          role: "assistant",
          content: "",
          tool_calls: ids.map((id) => ({ id, function: { name: "weather", arguments: args } })),
        },
        ...ids.map((id) => ({ role: "tool", tool_name: "weather", tool_call_id: id, content: mark + output })),
      ],
    },
    pontage: {
      tools: ownTools,
      messages: [
        ...user([hello]),
        { role: "ROLE_ASSISTANT", parts: ids.map((id) => ({ toolCall: { id, name: "weather", arguments: text } })) },
        ...user(
          ids.map((id) => ({
            toolResult: { toolCallId: id, parts: [{ text: { text: output } }], ...(error && { isError: true }) },
          })),
        ),
      ],
    },
  };
}

const later = [
  { role: "user", content: "Hello" },
  { role: "assistant", content: "Hi" },
  { role: "system", content: "Be brief." },
  { role: "user", content: "Go on" },
];

function only(says: Feature["says"], speakers: readonly Speaker[]): Record<string, Fragment> {
  return Object.fromEntries(speakers.flatMap((speaker) => (says[speaker] ? [[speaker, says[speaker]]] : [])));
}

/** An image that came by its address, or by its bytes. */
const media = (how: "data" | "url"): Feature["says"] => {
  const url = how === "url" ? "https://example.com/77.png" : `data:image/png;base64,${png}`;
  return {
    "openai-chat": { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] },
    "cohere-chat": { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] },
    "openai-responses": { input: [{ role: "user", content: [{ type: "input_image", image_url: url }] }] },
    "anthropic-messages": {
      messages: [
        {
          role: "user",
          content: [
            {
              type: "image",
              source: how === "url" ? { type: "url", url } : { type: "base64", media_type: "image/png", data: png },
            },
          ],
        },
      ],
    },
    gemini: {
      contents: [
        {
          role: "user",
          parts: [
            how === "url"
              ? { fileData: { fileUri: url, mimeType: "image/png" } }
              : { inlineData: { mimeType: "image/png", data: png } },
          ],
        },
      ],
    },
    ...(how === "data" && {
      "bedrock-converse": {
        messages: [{ role: "user", content: [{ image: { format: "png", source: { bytes: png } } }] }],
      },
      "ollama-chat": { messages: [{ role: "user", content: "", images: [png] }] },
    }),
    pontage: {
      messages: user([
        { image: how === "url" ? { url, mimeType: "image/png" } : { data: png, mimeType: "image/png" } },
      ]),
    },
  };
};

export const conversationFeatures: readonly Feature[] = [
  {
    ...{ name: "system text", of: "request", otherwise: "refused" },
    says: {
      "cohere-chat": {
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Hello" },
        ],
      },

      "openai-chat": {
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Hello" },
        ],
      },
      "openai-responses": { instructions: "Be brief." },
      "anthropic-messages": { system: "Be brief." },
      gemini: { systemInstruction: { parts: [{ text: "Be brief." }] } },
      "bedrock-converse": { system: [{ text: "Be brief." }] },
      "ollama-chat": {
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Hello" },
        ],
      },
      pontage: { messages: [{ role: "ROLE_SYSTEM", parts: [{ text: { text: "Be brief." } }] }, ...user([hello])] },
    },
  },
  {
    ...{ name: "developer text", of: "request", otherwise: "refused" },
    says: {
      "openai-chat": {
        messages: [
          { role: "developer", content: "Be brief." },
          { role: "user", content: "Hello" },
        ],
      },
      "openai-responses": {
        input: [
          { role: "developer", content: "Be brief." },
          { role: "user", content: "Hello" },
        ],
      },
      pontage: { messages: [{ role: "ROLE_DEVELOPER", parts: [{ text: { text: "Be brief." } }] }, ...user([hello])] },
    },
    arrives: {
      "cohere-chat": { messages: [{ role: "system", content: "Be brief." }] },

      ...Object.fromEntries(profiles.map((name) => [name, { messages: [{ role: "system", content: "Be brief." }] }])),
      "anthropic-messages": { system: "Be brief." },
      gemini: { systemInstruction: { parts: [{ text: "Be brief." }] } },
      "bedrock-converse": { system: [{ text: "Be brief." }] },
      "ollama-chat": { messages: [{ role: "system", content: "Be brief." }] },
    },
  },
  {
    ...{ name: "system text that comes later", of: "request", otherwise: "refused" },
    says: {
      "openai-chat": { messages: later },
      "openai-responses": { input: later },
      "anthropic-messages": { messages: later },
      "bedrock-converse": { messages: later.map(({ role, content }) => ({ role, content: [{ text: content }] })) },
      "cohere-chat": { messages: later },
      "ollama-chat": { messages: later },
      pontage: {
        messages: [
          ...user([hello]),
          { role: "ROLE_ASSISTANT", parts: [{ text: { text: "Hi" } }] },
          { role: "ROLE_SYSTEM", parts: [{ text: { text: "Be brief." } }] },
          ...user([{ text: { text: "Go on" } }]),
        ],
      },
    },
    arrives: {
      // The user says it, where it stands.
      gemini: { contents: [{ role: "user", parts: [{ text: "Be brief." }, { text: "Go on" }] }] },
    },
    lessAt: ["gemini"],
  },
  {
    ...{ name: "several turns", of: "request", otherwise: "refused" },
    says: {
      "cohere-chat": {
        messages: [
          { role: "user", content: "One" },
          { role: "assistant", content: "Two" },
          { role: "user", content: "Three" },
        ],
      },

      "openai-chat": {
        messages: [
          { role: "user", content: "One" },
          { role: "assistant", content: "Two" },
          { role: "user", content: "Three" },
        ],
      },
      "openai-responses": {
        input: [
          { role: "user", content: "One" },
          { role: "assistant", content: "Two" },
          { role: "user", content: "Three" },
        ],
      },
      "anthropic-messages": {
        messages: [
          { role: "user", content: "One" },
          { role: "assistant", content: "Two" },
          { role: "user", content: "Three" },
        ],
      },
      gemini: {
        contents: [
          { role: "user", parts: [{ text: "One" }] },
          { role: "model", parts: [{ text: "Two" }] },
          { role: "user", parts: [{ text: "Three" }] },
        ],
      },
      "bedrock-converse": {
        messages: [
          { role: "user", content: [{ text: "One" }] },
          { role: "assistant", content: [{ text: "Two" }] },
          { role: "user", content: [{ text: "Three" }] },
        ],
      },
      "ollama-chat": {
        messages: [
          { role: "user", content: "One" },
          { role: "assistant", content: "Two" },
          { role: "user", content: "Three" },
        ],
      },
      pontage: {
        messages: [
          ...user([{ text: { text: "One" } }]),
          { role: "ROLE_ASSISTANT", parts: [{ text: { text: "Two" } }] },
          ...user([{ text: { text: "Three" } }]),
        ],
      },
    },
  },
  { ...{ name: "image by its bytes", of: "request", otherwise: "refused", says: media("data") } },
  {
    ...{ name: "image by its address", of: "request", otherwise: "refused", says: media("url") },
    arrives: {
      gemini: { contents: [{ role: "user", parts: [{ fileData: { fileUri: "https://example.com/77.png" } }] }] },
    },
  },
  {
    ...{ name: "PDF", of: "request", otherwise: "refused" },
    says: {
      "openai-chat": {
        messages: [
          {
            role: "user",
            content: [{ type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${pdf}` } }],
          },
        ],
      },
      "openai-responses": {
        input: [
          {
            role: "user",
            content: [{ type: "input_file", filename: "a.pdf", file_data: `data:application/pdf;base64,${pdf}` }],
          },
        ],
      },
      "anthropic-messages": {
        messages: [
          {
            role: "user",
            content: [{ type: "document", source: { type: "base64", media_type: "application/pdf", data: pdf } }],
          },
        ],
      },
      gemini: { contents: [{ role: "user", parts: [{ inlineData: { mimeType: "application/pdf", data: pdf } }] }] },
      "bedrock-converse": {
        messages: [
          {
            role: "user",
            content: [{ text: "Read." }, { document: { format: "pdf", name: "a", source: { bytes: pdf } } }],
          },
        ],
      },
      pontage: { messages: user([{ file: { data: pdf, mimeType: "application/pdf", filename: "a.pdf" } }]) },
    },
    arrives: {
      "openai-chat": {
        messages: [
          { role: "user", content: [{ type: "file", file: { file_data: `data:application/pdf;base64,${pdf}` } }] },
        ],
      },
      "openai-responses": {
        input: [{ role: "user", content: [{ type: "input_file", file_data: `data:application/pdf;base64,${pdf}` }] }],
      },
      "bedrock-converse": {
        messages: [{ role: "user", content: [{ document: { format: "pdf", source: { bytes: pdf } } }] }],
      },
    },
    // It has no place for the file's name.
    lessAt: ["gemini"],
  },
  {
    ...{ name: "sound", of: "request", otherwise: "refused" },
    says: {
      "openai-chat": {
        messages: [{ role: "user", content: [{ type: "input_audio", input_audio: { data: wav, format: "wav" } }] }],
      },
      gemini: { contents: [{ role: "user", parts: [{ inlineData: { mimeType: "audio/wav", data: wav } }] }] },
      "bedrock-converse": {
        messages: [{ role: "user", content: [{ audio: { format: "wav", source: { bytes: wav } } }] }],
      },
      pontage: { messages: user([{ audio: { data: wav, mimeType: "audio/wav" } }]) },
    },
  },
  {
    ...{ name: "tools", of: "request", otherwise: "refused" },
    says: {
      "cohere-chat": { tools: chatTools },

      "openai-chat": { tools: chatTools },
      "openai-responses": { tools: responsesTools },
      "anthropic-messages": { tools: messagesTools },
      gemini: { tools: geminiTools },
      "bedrock-converse": { toolConfig: { tools: converseTools } },
      "ollama-chat": { tools: chatTools },
      pontage: { tools: ownTools },
    },
  },
  { ...{ name: "a call and its result", of: "request", otherwise: "refused", says: called(["call_a1"]) } },
  {
    ...{
      name: "parallel calls and results",
      of: "request",
      otherwise: "refused",
      says: called(["call_a1", "call_b2"]),
    },
  },
  {
    // Some have no mark for it, and say it in words.
    ...{ name: "a call that failed", of: "request", otherwise: "refused" },
    says: only(called(["call_a1"], { error: true }), ["anthropic-messages", "gemini", "bedrock-converse", "pontage"]),
    arrives: only(called(["call_a1"], { error: true }), [
      "openai-chat",
      "openai-responses",
      "ollama-chat",
      "cohere-chat",
    ]),
    lessAt: ["openai-chat", "openai-responses", "ollama-chat", "cohere-chat"],
  },
  {
    ...{ name: "an image as a result", of: "request", otherwise: "refused" },
    says: {
      "openai-responses": {
        tools: responsesTools,
        input: [
          { role: "user", content: "Hello" },
          { type: "function_call", call_id: "call_a1", name: "weather", arguments: text },
          {
            type: "function_call_output",
            call_id: "call_a1",
            output: [{ type: "input_image", image_url: `data:image/png;base64,${png}` }],
          },
        ],
      },
      "anthropic-messages": {
        tools: messagesTools,
        messages: [
          { role: "user", content: "Hello" },
          { role: "assistant", content: [{ type: "tool_use", id: "call_a1", name: "weather", input: args }] },
          {
            role: "user",
            content: [
              {
                type: "tool_result",
                tool_use_id: "call_a1",
                content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: png } }],
              },
            ],
          },
        ],
      },
      "bedrock-converse": {
        toolConfig: { tools: converseTools },
        messages: [
          { role: "user", content: [{ text: "Hello" }] },
          { role: "assistant", content: [{ toolUse: { toolUseId: "call_a1", name: "weather", input: args } }] },
          {
            role: "user",
            content: [
              { toolResult: { toolUseId: "call_a1", content: [{ image: { format: "png", source: { bytes: png } } }] } },
            ],
          },
        ],
      },
      pontage: {
        tools: ownTools,
        messages: [
          ...user([hello]),
          { role: "ROLE_ASSISTANT", parts: [{ toolCall: { id: "call_a1", name: "weather", arguments: text } }] },
          ...user([
            { toolResult: { toolCallId: "call_a1", parts: [{ image: { data: png, mimeType: "image/png" } }] } },
          ]),
        ],
      },
    },
    arrives: {
      // It follows as the user's.
      "openai-chat": {
        messages: [
          { role: "tool" },
          { role: "user", content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${png}` } }] },
        ],
      },
      gemini: { contents: [{ role: "user", parts: [{ functionResponse: { name: "weather" } }] }] },
      "ollama-chat": { messages: [{ role: "tool", images: [png] }] },
    },
    lessAt: ["openai-chat"],
  },
];
