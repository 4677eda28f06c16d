import { fieldsOfInterface } from "./published.ts";
import { type Shape, sample } from "./shape.ts";

const dialect = "cohere-chat";
const user = { role: "user", content: "Hello" };
const request = { model: "m", messages: [user] };
const schema = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ type: "function", function: { name: "weather" } }];
const call = { id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } };

/** The types of the vendor's library are in another case than what it sends. */
const onWire = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const shape = (name: string, published: string, rest: Pick<Shape, "samples"> & Partial<Shape>): Shape => ({
  ...{ dialect, name, at: [], given: [], request },
  published: () => fieldsOfInterface(`cohere-ai/api/${pathOf(published)}.d.ts`, published).map(onWire),
  ...rest,
});
const pathOf = (name: string) => (name === "V2ChatRequest" ? `resources/v2/client/requests/${name}` : `types/${name}`);

const image = { role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/77.png" } }] };

export const cohereChatShapes: readonly Shape[] = [
  shape("request", "V2ChatRequest", {
    given: ["model", "messages"],
    samples: {
      tools,
      strict_tools: sample(true, { tools }),
      documents: ["A cat is an animal."],
      citation_options: { mode: "FAST" },
      response_format: { type: "json_object", json_schema: schema },
      safety_mode: "STRICT",
      max_tokens: 4321,
      stop_sequences: ["HALT"],
      temperature: 0.61,
      seed: 77231,
      frequency_penalty: 0.31,
      presence_penalty: 0.32,
      k: 41,
      p: 0.62,
      logprobs: true,
      tool_choice: sample("REQUIRED", { tools }),
      thinking: sample({ type: "enabled", token_budget: 2048 }, { max_tokens: 9999 }),
      priority: 17,
    },
  }),
  shape("thinking", "Thinking", {
    ...{ at: ["thinking"], given: ["type"], request: { ...request, max_tokens: 9999 } },
    samples: { token_budget: sample(2048, { type: "enabled" }) },
  }),
  shape("response_format", "JsonResponseFormatV2", {
    ...{ at: ["response_format"], request: { ...request, response_format: { type: "json_object" } } },
    samples: { json_schema: sample(schema, { type: "json_object" }) },
  }),
  shape("messages[] (assistant)", "AssistantMessage", {
    ...{ at: ["messages", 1], given: ["content"] },
    request: { ...request, messages: [user, { role: "assistant", content: "Hi" }, user] },
    samples: {
      tool_calls: [call],
      tool_plan: "Thinking of tools.",
      citations: [{ start: 0, end: 2, text: "Hi", sources: [] }],
    },
  }),
  shape("messages[] (tool)", "ToolMessageV2", {
    ...{ at: ["messages", 2], given: ["tool_call_id"] },
    request: {
      ...request,
      messages: [
        user,
        { role: "assistant", tool_calls: [call] },
        { role: "tool", tool_call_id: "call_1", content: "" },
      ],
    },
    samples: { content: "It rains." },
  }),
  shape("content[] (text)", "ChatTextContent", {
    ...{ at: ["messages", 0, "content", 0] },
    request: { ...request, messages: [{ role: "user", content: [{ type: "text", text: "Well." }] }] },
    samples: { text: "Hello there." },
  }),
  shape("content[] (thinking)", "ChatThinkingContent", {
    ...{ at: ["messages", 1, "content", 0] },
    request: {
      ...request,
      messages: [
        user,
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "" },
            { type: "text", text: "Hi" },
          ],
        },
        user,
      ],
    },
    samples: { thinking: "Thinking hard." },
  }),
  shape("content[].image_url", "ImageUrl", {
    ...{ at: ["messages", 0, "content", 0, "image_url"], given: ["url"], request: { ...request, messages: [image] } },
    samples: { detail: "low" },
  }),
  shape("content[] (document)", "DocumentContent", {
    ...{ at: ["messages", 2, "content", 0] },
    request: {
      ...request,
      messages: [
        user,
        { role: "assistant", tool_calls: [call] },
        { role: "tool", tool_call_id: "call_1", content: [{ type: "document" }, { type: "text", text: "Rain." }] },
      ],
    },
    samples: { document: { id: "d77", data: { text: "A cat." } } },
  }),
  shape("tools[]", "ToolV2", {
    ...{ at: ["tools", 0], given: ["type"], request: { ...request, tools: [{ type: "function" }] } },
    samples: { function: { name: "weather", description: "Tells it.", parameters: schema } },
  }),
  shape("tools[].function", "ToolV2Function", {
    ...{ at: ["tools", 0, "function"], given: ["name"], request: { ...request, tools } },
    samples: { description: "Tells it.", parameters: schema },
  }),
];
