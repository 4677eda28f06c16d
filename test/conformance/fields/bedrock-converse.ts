import { fieldsOfInterface } from "./published.ts";
import { type Shape, sample } from "./shape.ts";

const file = "@aws-sdk/client-bedrock-runtime/dist-types/models/models_0.d.ts";
const dialect = "bedrock-converse";
const user = { role: "user", content: [{ text: "Hello" }] };
const request = { messages: [user] };
const schema = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ toolSpec: { name: "weather", inputSchema: { json: { type: "object" } } } }];
const toolConfig = { tools };
const call = { toolUse: { toolUseId: "tooluse_1", name: "weather", input: {} } };
const result = { toolResult: { toolUseId: "tooluse_1", content: [{ text: "Rain." }] } };
const called = {
  messages: [user, { role: "assistant", content: [call] }, { role: "user", content: [result] }],
  toolConfig,
};

const shape = (name: string, published: string, rest: Pick<Shape, "samples"> & Partial<Shape>): Shape => ({
  ...{ dialect, name, at: [], given: [], request },
  published: () => fieldsOfInterface(file, published),
  ...rest,
});
const block = (name: string, published: string, field: string, content: object, rest: Pick<Shape, "samples">): Shape =>
  shape(`content[].${name}`, published, {
    request: { messages: [{ role: "user", content: [{ [field]: content as never }, { text: "Hello" }] }] },
    at: ["messages", 0, "content", 0, field],
    ...rest,
  });

export const bedrockConverseShapes: readonly Shape[] = [
  shape("request", "ConverseRequest", {
    given: ["modelId", "messages"],
    samples: {
      system: [{ text: "Be brief." }],
      inferenceConfig: { temperature: 0.61 },
      toolConfig: { tools: [{ toolSpec: { name: "weather", inputSchema: { json: schema } } }] },
      guardrailConfig: { guardrailIdentifier: "rail-77", guardrailVersion: "1" },
      additionalModelRequestFields: { top_k: 41 },
      promptVariables: { who: { text: "me" } },
      additionalModelResponseFieldPaths: ["/stop_sequence"],
      requestMetadata: { purpose: "trial" },
      performanceConfig: { latency: "optimized" },
      serviceTier: { type: "flex" },
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: { jsonSchema: { schema: JSON.stringify(schema), name: "place" } },
        },
      },
    },
  }),
  shape("inferenceConfig", "InferenceConfiguration", {
    at: ["inferenceConfig"],
    samples: { maxTokens: 4321, temperature: 0.61, topP: 0.62, stopSequences: ["HALT"] },
  }),
  shape("outputConfig", "OutputConfig", {
    at: ["outputConfig"],
    samples: {
      textFormat: { type: "json_schema", structure: { jsonSchema: { schema: JSON.stringify(schema), name: "place" } } },
      effort: "high",
    },
  }),
  shape("toolConfig", "ToolConfiguration", {
    ...{ at: ["toolConfig"], given: ["tools"], request: { ...request, toolConfig } },
    samples: { toolChoice: { any: {} } },
  }),
  shape("toolSpec", "ToolSpecification", {
    ...{ at: ["toolConfig", "tools", 0, "toolSpec"], given: ["name"], request: { ...request, toolConfig } },
    samples: { description: "Tells the weather.", inputSchema: { json: schema }, strict: true },
  }),
  shape("messages[]", "Message", { ...{ at: ["messages", 0], given: ["role", "content"] }, samples: {} }),
  shape("content[].toolUse", "ToolUseBlock", {
    ...{ at: ["messages", 1, "content", 0, "toolUse"], given: ["toolUseId", "name"], request: called },
    samples: { input: { city: "Bonn" }, type: "server_tool_use" },
  }),
  shape("content[].toolResult", "ToolResultBlock", {
    ...{ at: ["messages", 2, "content", 0, "toolResult"], given: ["toolUseId"], request: called },
    samples: { content: [{ text: "It rains." }], status: "error", type: "web_search" },
  }),
  block(
    "image",
    "ImageBlock",
    "image",
    { format: "png", source: { bytes: "AAAA" } },
    {
      samples: {
        format: "jpeg",
        source: { bytes: "iVBORw0KGgo=" },
        error: { message: "blocked-77" },
      },
    },
  ),
  block(
    "document",
    "DocumentBlock",
    "document",
    { format: "pdf", name: "a", source: { bytes: "AAAA" } },
    {
      samples: {
        format: "csv",
        name: "seventy",
        source: { bytes: "JVBERi0=" },
        context: "From the archive.",
        citations: { enabled: true },
      },
    },
  ),
  {
    ...shape("additionalModelRequestFields", "", { at: ["additionalModelRequestFields"], samples: {} }),
    // The model's own parameters: those of Claude that have a word elsewhere, and one that has none.
    published: () => ["top_k", "thinking", "anthropic_beta"],
    samples: {
      top_k: 41,
      thinking: sample({ type: "enabled", budget_tokens: 2048 }, {}),
      anthropic_beta: ["beta-77"],
    },
  },
];
