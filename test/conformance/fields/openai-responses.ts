import { fieldsOfInterface } from "./published.ts";
import { type Shape, sample } from "./shape.ts";

const file = "openai/resources/responses/responses.d.ts";
const dialect = "openai-responses";
const user = { type: "message", role: "user", content: "Hello" };
const request = { model: "m", input: [user], store: false };
const schema = { type: "object", properties: { city: { type: "string" } } };
const tool = { type: "function", name: "weather", parameters: schema, strict: null };
const tools = [tool];
const call = { type: "function_call", call_id: "call_1", name: "weather", arguments: "{}" };
const result = { type: "function_call_output", call_id: "call_1", output: "Rain." };
const thought = { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Thinking." }] };
const said = {
  type: "message",
  role: "assistant",
  id: "msg_1",
  status: "completed",
  content: [{ type: "output_text", text: "Hi", annotations: [] }],
};
const text = { type: "input_text", text: "Hello" };

const shape = (name: string, published: string, rest: Pick<Shape, "samples"> & Partial<Shape>): Shape => ({
  ...{ dialect, name, at: ["input", 0], given: ["type"], request },
  published: () => fieldsOfInterface(file, published),
  ...rest,
});
const part = (name: string, published: string, content: object, rest: Pick<Shape, "samples"> & Partial<Shape>): Shape =>
  shape(`content[] (${name})`, published, {
    request: { ...request, input: [{ type: "message", role: "user", content: [content as never, text] }] },
    at: ["input", 0, "content", 0],
    ...rest,
  });

const breakpoint = { prompt_cache_breakpoint: { mode: "explicit" } };
const caller = { caller: { type: "program", caller_id: "caller_9" } };

export const openaiResponsesShapes: readonly Shape[] = [
  shape("request", "ResponseCreateParamsBase", {
    at: [],
    given: ["model", "input"],
    request: { model: "m", input: [user] },
    samples: {
      access_programs: ["trusted"],
      background: true,
      context_management: [{ type: "compaction", compact_threshold: 1234 }],
      conversation: "conv_77",
      image: { quality: "low" },
      include: ["reasoning.encrypted_content", "file_search_call.results"],
      instructions: "Be brief.",
      max_output_tokens: 4321,
      max_tool_calls: 5,
      metadata: { purpose: "trial" },
      moderation: { model: "omni-moderation-9" },
      parallel_tool_calls: sample(false, { tools }),
      previous_response_id: "resp_77",
      prompt: { id: "pmpt_77" },
      prompt_cache_key: "key-of-cache",
      prompt_cache_options: { mode: "explicit" },
      prompt_cache_retention: "24h",
      reasoning: { effort: "high", summary: "auto" },
      safety_identifier: "who-is-safe",
      service_tier: "flex",
      store: true,
      stream: true,
      stream_options: sample({ include_obfuscation: false }, { stream: true }),
      temperature: 0.61,
      text: { format: { type: "json_schema", name: "place", schema }, verbosity: "medium" },
      tool_choice: sample("required", { tools }),
      tools,
      top_logprobs: sample(7, { include: ["message.output_text.logprobs"] }),
      top_p: 0.62,
      truncation: "auto",
      user: "who-asks",
    },
  }),
  {
    ...shape("reasoning", "", { at: ["reasoning"], given: [], samples: {} }),
    published: () => fieldsOfInterface("openai/resources/shared.d.ts", "Reasoning"),
    samples: { context: "all_turns", effort: "high", generate_summary: "concise", mode: "pro", summary: "detailed" },
  },
  shape("text", "ResponseTextConfig", {
    ...{ at: ["text"], given: [] },
    samples: { format: { type: "json_schema", name: "place", schema }, verbosity: "low" },
  }),
  shape("text.format", "ResponseFormatTextJSONSchemaConfig", {
    ...{ at: ["text", "format"], given: ["type", "name"] },
    request: { ...request, text: { format: { type: "json_schema", name: "place", schema } } },
    samples: {
      schema: { type: "object", properties: { town: { type: "string" } } },
      description: "Where it is.",
      strict: true,
    },
  }),
  shape("input[] (message)", "EasyInputMessage", {
    given: ["type", "role", "content"],
    samples: { phase: "commentary" },
  }),
  shape("input[] (answer)", "ResponseOutputMessage", {
    ...{ at: ["input", 1], given: ["type", "role", "content"] },
    request: { ...request, input: [user, said, user] },
    samples: { id: "msg_77", status: "incomplete", phase: "final_answer" },
  }),
  shape("input[] (function call)", "ResponseFunctionToolCall", {
    ...{ at: ["input", 1], given: ["type", "name", "call_id"] },
    request: { ...request, input: [user, call, result], tools },
    samples: {
      arguments: '{"city":"Bonn"}',
      id: "fc_77",
      async: true,
      namespace: "places",
      status: "completed",
      ...caller,
    },
  }),
  shape("input[] (result)", "FunctionCallOutput", {
    ...{ at: ["input", 2], given: ["type", "call_id"] },
    request: { ...request, input: [user, call, result], tools },
    samples: {
      output: "It rains.",
      id: "fco_77",
      name: "weather",
      namespace: "places",
      status: "completed",
      ...caller,
    },
  }),
  shape("input[] (reasoning)", "ResponseReasoningItem", {
    ...{ at: ["input", 1], given: ["type"] },
    request: { ...request, input: [user, thought, said, user] },
    samples: {
      id: "rs_77",
      summary: [{ type: "summary_text", text: "Thinking hard." }],
      content: [{ type: "reasoning_text", text: "Thinking aloud." }],
      encrypted_content: "gAAAAcanary",
      status: "completed",
    },
  }),
  part("text", "ResponseInputText", text, { given: ["type", "text"], samples: breakpoint }),
  part(
    "image",
    "ResponseInputImage",
    { type: "input_image" },
    {
      samples: {
        detail: sample("low", { image_url: "data:image/png;base64,AAAA" }),
        file_id: "file_77",
        image_url: "data:image/png;base64,iVBORw0KGgo=",
        ...breakpoint,
      },
    },
  ),
  part(
    "file",
    "ResponseInputFile",
    { type: "input_file" },
    {
      samples: {
        detail: sample("low", { filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" }),
        file_data: sample("data:application/pdf;base64,JVBERi0=", { filename: "a.pdf" }),
        file_id: "file_77",
        file_url: "https://example.com/77.pdf",
        filename: sample("seventy.pdf", { file_data: "data:application/pdf;base64,AAAA" }),
        ...breakpoint,
      },
    },
  ),
  shape("tools[]", "FunctionTool", {
    ...{ at: ["tools", 0], given: ["type", "name"] },
    request: { ...request, tools },
    samples: {
      parameters: { type: "object", properties: { town: { type: "string" } } },
      strict: true,
      allowed_callers: ["programmatic"],
      async: true,
      defer_loading: true,
      description: "Tells the weather.",
      output_schema: { type: "object", properties: { rain: { type: "boolean" } } },
    },
  }),
];
