import { fieldsOfInterface } from "./published.ts";
import { type Shape, sample } from "./shape.ts";

const completions = "openai/resources/chat/completions/completions.d.ts";
const dialect = "openai-chat";
const user = { role: "user", content: "Hello" };
const request = { model: "m", messages: [user] };
const schema = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ type: "function", function: { name: "weather" } }];
const call = { id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } };
const text = { type: "text", text: "Hello" };

const message = (
  role: string,
  published: string,
  rest: Pick<Shape, "samples" | "request"> & Partial<Shape>,
): Shape => ({
  ...{ dialect, name: `messages[] (${role})`, at: ["messages", 0], given: ["role", "content"] },
  published: () => fieldsOfInterface(completions, published),
  ...rest,
});

const part = (name: string, published: string, content: object, rest: Partial<Shape>): Shape => ({
  ...{ dialect, name: `content[] (${name})`, at: ["messages", 0, "content", 0], given: ["type"], samples: {} },
  published: () => fieldsOfInterface(completions, published),
  request: { model: "m", messages: [{ role: "user", content: [content as never, text] }] },
  ...rest,
});

const breakpoint = { prompt_cache_breakpoint: { mode: "explicit" } };

export const openaiChatShapes: readonly Shape[] = [
  {
    ...{ dialect, name: "request", at: [], given: ["model", "messages"], request },
    published: () => fieldsOfInterface(completions, "ChatCompletionCreateParamsBase"),
    samples: {
      audio: sample({ format: "mp3", voice: "alloy" }, { modalities: ["text"] }),
      frequency_penalty: 0.31,
      function_call: "auto",
      functions: [{ name: "old" }],
      logit_bias: { "50256": -37 },
      logprobs: true,
      max_completion_tokens: 4321,
      max_tokens: 4322,
      metadata: { purpose: "trial" },
      modalities: ["text", "audio"],
      moderation: { model: "omni-moderation-9" },
      n: 3,
      parallel_tool_calls: sample(false, { tools }),
      prediction: { type: "content", content: "foreseen" },
      presence_penalty: 0.32,
      prompt_cache_key: "key-of-cache",
      prompt_cache_options: { mode: "explicit" },
      prompt_cache_retention: "24h",
      reasoning_effort: "high",
      response_format: { type: "json_schema", json_schema: { name: "place", schema } },
      safety_identifier: "who-is-safe",
      seed: 77231,
      service_tier: "flex",
      stop: ["HALT"],
      store: true,
      stream: true,
      stream_options: sample({ include_obfuscation: false }, { stream: true }),
      temperature: 0.61,
      tool_choice: sample("required", { tools }),
      tools: [{ type: "function", function: { name: "weather", description: "Tells it.", parameters: schema } }],
      top_logprobs: sample(7, { logprobs: true }),
      top_p: 0.62,
      user: "who-asks",
      verbosity: "low",
      web_search_options: { search_context_size: "low" },
    },
  },
  message("system", "ChatCompletionSystemMessageParam", {
    request: { model: "m", messages: [{ role: "system", content: "Be brief." }, user] },
    samples: { name: "headmaster" },
  }),
  message("developer", "ChatCompletionDeveloperMessageParam", {
    request: { model: "m", messages: [{ role: "developer", content: "Be brief." }, user] },
    samples: { name: "developer-name" },
  }),
  message("user", "ChatCompletionUserMessageParam", { request, samples: { name: "somebody" } }),
  message("assistant", "ChatCompletionAssistantMessageParam", {
    request: { model: "m", messages: [user, { role: "assistant", content: "Hi" }, user], tools },
    at: ["messages", 1],
    given: ["role", "content", "tool_calls"],
    samples: {
      audio: { id: "audio_77" },
      function_call: { name: "old", arguments: "{}" },
      name: "assistant-name",
      refusal: "I would rather not.",
    },
  }),
  {
    ...{ dialect, name: "messages[] (assistant) with calls", at: ["messages", 1], given: [] },
    published: () => ["tool_calls"],
    request: {
      model: "m",
      messages: [
        user,
        { role: "assistant", content: "Hi" },
        { role: "tool", tool_call_id: "call_1", content: "Rain." },
      ],
      tools,
    },
    samples: { tool_calls: [{ ...call, function: { name: "weather", arguments: '{"city":"Bonn"}' } }] },
  },
  message("tool", "ChatCompletionToolMessageParam", {
    request: {
      model: "m",
      messages: [
        user,
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: "call_1", content: "Rain." },
      ],
      tools,
    },
    at: ["messages", 2],
    given: ["role", "content", "tool_call_id"],
    samples: {},
  }),
  part("text", "ChatCompletionContentPartText", text, { given: ["type", "text"], samples: breakpoint }),
  part(
    "image",
    "ChatCompletionContentPartImage",
    { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
    {
      samples: { image_url: { url: "data:image/png;base64,iVBORw0KGgo=", detail: "low" }, ...breakpoint },
    },
  ),
  part(
    "audio",
    "ChatCompletionContentPartInputAudio",
    { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
    {
      samples: { input_audio: { data: "UklGRg==", format: "wav" }, ...breakpoint },
    },
  ),
  {
    ...{
      dialect,
      name: "tools[].function",
      at: ["tools", 0, "function"],
      given: ["name"],
      request: { ...request, tools },
    },
    published: () => fieldsOfInterface("openai/resources/shared.d.ts", "FunctionDefinition"),
    samples: { description: "Tells the weather.", parameters: schema, strict: true },
  },
  {
    ...{ dialect, name: "response_format.json_schema", at: ["response_format", "json_schema"], given: ["name"] },
    request: { ...request, response_format: { type: "json_schema", json_schema: { name: "place", schema } } },
    published: () => ["name", "description", "schema", "strict"],
    samples: {
      description: "Where it is.",
      schema: { type: "object", properties: { town: { type: "string" } } },
      strict: true,
    },
  },
];
