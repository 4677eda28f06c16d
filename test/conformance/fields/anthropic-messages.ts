import { fieldsOfInterface } from "./published.ts";
import { type Shape, sample } from "./shape.ts";

const file = "@anthropic-ai/sdk/resources/messages/messages.d.ts";
const dialect = "anthropic-messages";
const user = { role: "user", content: "Hello" };
const request = { model: "m", max_tokens: 9999, messages: [user] };
const schema = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ name: "weather", input_schema: { type: "object" } }];
const text = { type: "text", text: "Hello" };
const call = { type: "tool_use", id: "toolu_1", name: "weather", input: {} };
const result = { type: "tool_result", tool_use_id: "toolu_1", content: "Rain." };
const cached = { cache_control: { type: "ephemeral", ttl: "1h" } };

const shape = (name: string, published: string, rest: Pick<Shape, "samples"> & Partial<Shape>): Shape => ({
  ...{ dialect, name, at: [], given: ["type"], request },
  published: () => fieldsOfInterface(file, published),
  ...rest,
});
const block = (
  name: string,
  published: string,
  content: object,
  rest: Pick<Shape, "samples"> & Partial<Shape>,
): Shape =>
  shape(`content[] (${name})`, published, {
    request: { ...request, messages: [{ role: "user", content: [content as never, text] }] },
    at: ["messages", 0, "content", 0],
    ...rest,
  });
const called = {
  ...request,
  tools,
  messages: [user, { role: "assistant", content: [call] }, { role: "user", content: [result] }],
};

export const anthropicMessagesShapes: readonly Shape[] = [
  shape("request", "MessageCreateParamsBase", {
    given: ["model", "messages"],
    request: { model: "m", messages: [user], max_tokens: 9999 },
    samples: {
      max_tokens: 4321,
      cache_control: { type: "ephemeral" },
      container: "container_77",
      diagnostics: { previous_message_id: "msg_77" },
      inference_geo: "eu",
      metadata: { user_id: "who-asks" },
      output_config: { effort: "high" },
      service_tier: "standard_only",
      speed: "fast",
      stop_sequences: ["HALT"],
      stream: true,
      system: "Be brief.",
      thinking: { type: "enabled", budget_tokens: 1024 },
      tool_choice: sample({ type: "any" }, { tools }),
      tools: [{ name: "weather", description: "Tells it.", input_schema: schema }],
      user_profile_id: "profile_77",
      workspace_id: "workspace_77",
    },
  }),
  shape("metadata", "Metadata", { ...{ at: ["metadata"], given: [] }, samples: { user_id: "who-asks" } }),
  shape("output_config", "OutputConfig", {
    ...{ at: ["output_config"], given: [] },
    samples: { effort: "high", format: { type: "json_schema", schema } },
  }),
  shape("thinking (enabled)", "ThinkingConfigEnabled", {
    ...{
      at: ["thinking"],
      request: { ...request, max_tokens: 9999, thinking: { type: "enabled", budget_tokens: 1024 } },
    },
    samples: { budget_tokens: 8000, display: "omitted" },
  }),
  shape("tool_choice", "ToolChoiceTool", {
    ...{ at: ["tool_choice"], given: ["type", "name"] },
    request: { ...request, tools, tool_choice: { type: "tool", name: "weather" } },
    samples: { disable_parallel_tool_use: true },
  }),
  block("text", "TextBlockParam", text, {
    given: ["type", "text"],
    samples: {
      ...cached,
      citations: [
        {
          type: "char_location",
          cited_text: "Hel",
          document_index: 0,
          document_title: "T",
          start_char_index: 0,
          end_char_index: 3,
        },
      ],
    },
  }),
  block(
    "image",
    "ImageBlockParam",
    { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
    {
      samples: {
        source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" },
        ...cached,
        transformations: [{ type: "crop" }],
      },
    },
  ),
  block(
    "document",
    "DocumentBlockParam",
    { type: "document", source: { type: "base64", media_type: "application/pdf", data: "AAAA" } },
    {
      samples: {
        source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" },
        ...cached,
        citations: { enabled: true },
        context: "From the archive.",
        title: "Seventy",
      },
    },
  ),
  shape("content[] (tool call)", "ToolUseBlockParam", {
    ...{ at: ["messages", 1, "content", 0], given: ["type", "id", "name"], request: called },
    samples: {
      input: { city: "Bonn" },
      ...cached,
      caller: { type: "code_execution", tool_id: "srvtoolu_9" },
      toolset_name: "places",
    },
  }),
  shape("content[] (result)", "ToolResultBlockParam", {
    ...{ at: ["messages", 2, "content", 0], given: ["type", "tool_use_id"], request: called },
    samples: { ...cached, content: "It rains.", is_error: true, toolset_name: "places" },
  }),
  shape("content[] (thinking)", "ThinkingBlockParam", {
    ...{ at: ["messages", 1, "content", 0] },
    request: {
      ...request,
      messages: [
        user,
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Hm.", signature: "c2ln" },
            { type: "text", text: "Hi" },
          ],
        },
        user,
      ],
    },
    samples: { signature: "Y2FuYXJ5", thinking: "Thinking hard." },
  }),
  shape("content[] (redacted thinking)", "RedactedThinkingBlockParam", {
    ...{ at: ["messages", 1, "content", 0] },
    request: {
      ...request,
      messages: [
        user,
        {
          role: "assistant",
          content: [
            { type: "redacted_thinking", data: "ZGF0YQ==" },
            { type: "text", text: "Hi" },
          ],
        },
        user,
      ],
    },
    samples: { data: "Y2FuYXJ5" },
  }),
  shape("tools[]", "Tool", {
    ...{ at: ["tools", 0], given: ["name"], request: { ...request, tools } },
    samples: {
      input_schema: schema,
      allowed_callers: ["direct"],
      ...cached,
      defer_loading: true,
      description: "Tells the weather.",
      eager_input_streaming: true,
      input_examples: [{ city: "Bonn" }],
      strict: true,
      type: "custom",
    },
  }),
];
