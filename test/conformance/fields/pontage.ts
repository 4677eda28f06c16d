import {
  CacheMarkSchema,
  GenerateRequestSchema,
  JsonSchemaFormatSchema,
  MediaSchema,
  MessageSchema,
  PartSchema,
  ReasoningOptionsSchema,
  ReasoningSchema,
  ResponseFormatSchema,
  ToolCallSchema,
  ToolChoiceSchema,
  ToolResultSchema,
  ToolSchema,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { type Shape, sample } from "./shape.ts";

/* Our own RPC is a door like the others, and its fields are those of the contract. */

const dialect = "pontage";
const hello = { text: { text: "Hello" } };
const user = { role: "ROLE_USER", parts: [hello] };
const request = { model: "m", messages: [user] };
const schema = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ name: "weather", parameters: schema }];
const call = { toolCall: { id: "call_1", name: "weather", arguments: "{}" } };
const assistant = (...parts: Shape["request"][]) => ({ role: "ROLE_ASSISTANT", parts });
const png = { data: "iVBORw0KGgo=", mimeType: "image/png" };
/** What only one dialect knows, in the place where it stands there. */
const extra = sample({ logit_bias: { "50256": -37 } }, { dialect: "openai-chat" });

const shape = (
  name: string,
  { fields }: typeof GenerateRequestSchema | { readonly fields: typeof GenerateRequestSchema.fields },
  rest: Pick<Shape, "samples"> & Partial<Shape>,
): Shape => ({
  ...{ dialect, name, at: [], given: [], request },
  published: () => fields.map(({ jsonName }) => jsonName),
  ...rest,
});

export const pontageShapes: readonly Shape[] = [
  shape("request", GenerateRequestSchema, {
    given: ["model", "messages", "dialect"],
    samples: {
      tools,
      toolChoice: sample({ mode: "MODE_REQUIRED" }, { tools }),
      parallelToolCalls: sample(false, { tools }),
      maxOutputTokens: 4321,
      temperature: 0.61,
      topP: 0.62,
      topK: 41,
      stop: ["HALT"],
      candidateCount: 3,
      seed: "77231",
      presencePenalty: 0.32,
      frequencyPenalty: 0.31,
      logprobs: true,
      topLogprobs: sample(7, { logprobs: true }),
      responseFormat: { jsonSchema: { name: "place", schema } },
      reasoning: { effort: "high" },
      user: "who-asks",
      extra,
    },
  }),
  shape("messages[]", MessageSchema, {
    ...{ at: ["messages", 0], given: ["role"] },
    samples: { parts: [{ text: { text: "Good morning" } }], name: "anna", extra: { mood: "fine-77" }, bare: true },
  }),
  shape("messages[].parts[]", PartSchema, {
    ...{
      at: ["messages", 0, "parts", 0],
      given: ["toolCall", "toolResult", "reasoning", "refusal", "signature", "origin"],
    },
    request: { model: "m", messages: [{ role: "ROLE_USER", parts: [{}, hello] }] },
    samples: {
      text: { text: "Good morning" },
      image: png,
      audio: { data: "UklGRg==", mimeType: "audio/wav" },
      file: { data: "JVBERi0=", mimeType: "application/pdf", filename: "a.pdf" },
      opaque: { dialect: "openai-chat", value: { type: "part_77" } },
      cache: sample({ ttlSeconds: 3600 }, { text: { text: "Long" } }),
      extra: sample({ mood: "fine-77" }, { text: { text: "Long" } }),
      citations: sample([{ url: "https://example.com/77" }], { text: { text: "Long" } }),
    },
  }),
  shape("messages[].parts[] (the assistant's)", PartSchema, {
    ...{
      at: ["messages", 1, "parts", 0],
      given: ["text", "image", "audio", "file", "toolResult", "opaque", "cache", "extra", "citations"],
    },
    request: { ...request, messages: [user, assistant({}, hello), user] },
    samples: {
      toolCall: call.toolCall,
      reasoning: { text: "Thinking hard." },
      refusal: { text: "I would rather not." },
      signature: sample("c2lnbmVk", { text: { text: "Well" }, origin: "gemini" }),
      origin: sample("gemini", { text: { text: "Well" }, signature: "c2lnbmVk" }),
    },
  }),
  shape("parts[].image", MediaSchema, {
    ...{ at: ["messages", 0, "parts", 0, "image"], given: ["mimeType"] },
    request: { model: "m", messages: [{ role: "ROLE_USER", parts: [{ image: { mimeType: "image/png" } }, hello] }] },
    samples: {
      data: "iVBORw0KGgo=",
      url: "https://example.com/77.png",
      fileId: "file-77",
      filename: sample("cat.png", { data: png.data }),
    },
  }),
  shape("parts[].toolCall", ToolCallSchema, {
    ...{
      at: ["messages", 1, "parts", 0, "toolCall"],
      request: { ...request, messages: [user, assistant(call), user] },
    },
    samples: { id: "call_77", name: "forecast", arguments: '{"city":"Bonn"}' },
  }),
  shape("parts[].toolResult", ToolResultSchema, {
    ...{ at: ["messages", 2, "parts", 0, "toolResult"], given: ["toolCallId"] },
    request: {
      ...request,
      messages: [
        user,
        assistant(call),
        { role: "ROLE_USER", parts: [{ toolResult: { toolCallId: "call_1", parts: [hello] } }] },
      ],
    },
    samples: { parts: [{ text: { text: "It rains." } }], isError: true, bare: true },
  }),
  shape("parts[].reasoning", ReasoningSchema, {
    ...{ at: ["messages", 1, "parts", 0, "reasoning"] },
    request: { ...request, messages: [user, assistant({ reasoning: {} }, hello), user] },
    samples: { text: "Thinking hard.", signature: sample("c2lnbmVk", { text: "Hm." }), redacted: "aGlkZGVu" },
  }),
  shape("parts[].cache", CacheMarkSchema, {
    ...{ at: ["messages", 0, "parts", 0, "cache"], samples: { ttlSeconds: 3600 } },
    request: { model: "m", messages: [{ role: "ROLE_USER", parts: [hello, hello] }] },
  }),
  shape("tools[]", ToolSchema, {
    ...{ at: ["tools", 0], given: ["name"], request: { ...request, tools } },
    samples: {
      description: "Tells it.",
      parameters: { type: "object", properties: { place: { type: "string" } } },
      strict: true,
      cache: { ttlSeconds: 3600 },
      extra: { mood: "fine-77" },
      opaque: { dialect: "openai-chat", value: { type: "tool_77" } },
    },
  }),
  shape("toolChoice", ToolChoiceSchema, {
    ...{ at: ["toolChoice"], request: { ...request, tools } },
    samples: {
      mode: "MODE_REQUIRED",
      name: sample("weather", { mode: "MODE_NAMED" }),
      opaque: { dialect: "openai-chat", value: { type: "choice_77" } },
    },
  }),
  shape("responseFormat", ResponseFormatSchema, {
    ...{ at: ["responseFormat"] },
    samples: {
      text: {},
      json: {},
      jsonSchema: { name: "place", schema },
      opaque: { dialect: "openai-chat", value: { type: "format_77" } },
    },
  }),
  shape("responseFormat.jsonSchema", JsonSchemaFormatSchema, {
    ...{ at: ["responseFormat", "jsonSchema"], given: ["name", "schema"] },
    request: { ...request, responseFormat: { jsonSchema: { name: "answer", schema } } },
    samples: { description: "Where it is.", strict: true, extra: { mood: "fine-77" } },
  }),
  shape("reasoning", ReasoningOptionsSchema, {
    ...{ at: ["reasoning"], request: { ...request, maxOutputTokens: 9999 } },
    samples: { effort: "high", budgetTokens: 2048, enabled: true },
  }),
];
