import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { LossReport } from "../../canonical/loss.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import type { Dialect } from "../dialect.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { bedrockConverse } from "./index.ts";

const claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const nova = "us.amazon.nova-2-lite-v1:0";
const mistral = "mistral.mistral-large-2402-v1:0";

interface Crossed {
  readonly wire: JsonObject;
  readonly lost: readonly string[];
}

/** A request of another dialect as Converse says it. */
function from(dialect: Dialect, wire: JsonObject, model = claude): Crossed {
  const losses = new LossReport();
  const request = dialect.request.decode({ model: "m", messages: [{ role: "user", content: "Hello" }], ...wire });
  const options = { model, stream: false, askUsage: false, outputLimit: 8192, losses };
  return { wire: bedrockConverse.request.encode(request, options), lost: losses.paths };
}

const fromChat = (wire: JsonObject, model?: string) => from(openaiChat, wire, model);
const fromMessages = (wire: JsonObject, model?: string) =>
  from(anthropicMessages, { max_tokens: 4000, ...wire }, model);

/** A request of Converse as another dialect says it. */
function as(dialect: Dialect, wire: JsonObject, model = claude): Crossed {
  const losses = new LossReport();
  const messages = [{ role: "user", content: [{ text: "Hello" }] }];
  const request = bedrockConverse.request.decode({ messages, ...wire }, { model });
  const options = { model: "m", stream: false, askUsage: false, outputLimit: 8192, losses };
  return { wire: dialect.request.encode(request, options), lost: losses.paths };
}

function refusal(attempt: () => unknown): GatewayError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
}

const call = (id: string, args = "{}") => ({ id, type: "function", function: { name: "f", arguments: args } });
const tools = [{ type: "function", function: { name: "f" } }];
const called: JsonObject[] = [
  { role: "user", content: "Hello" },
  { role: "assistant", content: null, tool_calls: [call("a"), call("b")] },
  { role: "tool", tool_call_id: "b", content: "2" },
  { role: "tool", tool_call_id: "a", content: "1" },
  { role: "user", content: "And?" },
];

describe("what Converse cannot say is refused by name when its loss would change the call", () => {
  test.each<[param: string, wire: JsonObject]>([
    ["n", { n: 2 }],
    ["temperature", { temperature: 1.5 }],
    ["logprobs", { logprobs: true }],
    ["response_format", { response_format: { type: "json_object" } }],
    ["tools[0]", { tools: [{ type: "web_search" }] }],
    ["tools[0].name", { tools: [{ type: "function", function: { name: "f".repeat(65) } }] }],
    ["parallel_tool_calls", { tools: [...tools, ...tools], tool_choice: "required", parallel_tool_calls: false }],
    [
      "messages[0].content[0]",
      {
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }] }],
      },
    ],
    [
      "messages[0].content[0]",
      { messages: [{ role: "user", content: [{ type: "file", file: { file_id: "file-1" } }] }] },
    ],
    ["messages[0]", { messages: [{ role: "assistant", content: "Hi" }] }],
    [
      "messages[1]",
      {
        messages: [
          { role: "user", content: "Hello" },
          { role: "assistant", content: "Hi" },
        ],
      },
    ],
  ])("%s", (param, wire) => {
    expect(refusal(() => fromChat(wire))).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, status: 400, param });
  });

  test("a guardrail is a promise: no other dialect takes the call without it", () => {
    const wire = { guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" } };
    expect(refusal(() => as(openaiChat, wire)).param).toBe("guardrailConfig");
  });
});

describe("turns", () => {
  test("row 1: leading instructions become `system`, one block each; later ones stay in their place", () => {
    const { wire } = fromChat({
      messages: [
        { role: "system", content: "A" },
        { role: "developer", content: "B" },
        { role: "user", content: "Hello" },
        { role: "system", content: "C" },
        { role: "user", content: "Go on" },
      ],
    });
    expect(wire.system).toEqual([{ text: "A" }, { text: "B" }]);
    expect((wire.messages as JsonObject[]).map(({ role }) => role)).toEqual(["user", "system", "user"]);
  });

  test("rows 2, 8: results of one turn are in one turn, in the order of the calls and before other words", () => {
    const { wire } = fromChat({ messages: called, tools });
    expect(wire.messages).toHaveLength(3);
    expect((wire.messages as JsonObject[])[2]).toEqual({
      role: "user",
      content: [
        { toolResult: { toolUseId: "a", content: [{ text: "1" }] } },
        { toolResult: { toolUseId: "b", content: [{ text: "2" }] } },
        { text: "And?" },
      ],
    });
  });

  test("row 8: a call without a result, and a result without a call, are refused early", () => {
    expect(refusal(() => fromChat({ messages: called.slice(0, 3), tools })).message).toContain("`a`");
    const alone = [{ role: "tool", tool_call_id: "x", content: "1" }];
    expect(refusal(() => fromChat({ messages: alone, tools })).message).toContain("`x`");
  });

  test("row 4: a last assistant turn of Messages is continued, in both directions", () => {
    const turns: JsonObject[] = [
      { role: "user", content: "Hello" },
      { role: "assistant", content: "I say" },
    ];
    expect(fromMessages({ messages: turns }).wire.messages).toHaveLength(2);
    const own: JsonObject[] = [
      { role: "user", content: [{ text: "Hello" }] },
      { role: "assistant", content: [{ text: "I say" }] },
    ];
    expect(as(anthropicMessages, { messages: own }).wire.messages).toHaveLength(2);
    expect(refusal(() => as(openaiChat, { messages: own })).reason).toBe(Reason.CANNOT_TRANSLATE);
  });

  test("row 5: texts of nothing but blanks are left out, since the service refuses them", () => {
    const { wire } = fromChat({
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: " \n" },
            { type: "text", text: "Hello" },
          ],
        },
        { role: "assistant", content: "", tool_calls: [call("a")] },
        { role: "tool", tool_call_id: "a", content: "" },
        { role: "user", content: "" },
      ],
      tools,
    });
    expect(wire.messages).toEqual([
      { role: "user", content: [{ text: "Hello" }] },
      { role: "assistant", content: [{ toolUse: { toolUseId: "a", name: "f", input: {} } }] },
      { role: "user", content: [{ toolResult: { toolUseId: "a", content: [] } }] },
    ]);
  });
});

describe("tools", () => {
  test("rows 9, 17: ids and names that the service does not take come back the same, and long ids stay apart", () => {
    const id = "call:1/ü";
    const { wire } = fromChat({
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", tool_calls: [{ ...call(id), function: { name: "files.read", arguments: "{}" } }] },
        { role: "tool", tool_call_id: id, content: "1" },
      ],
      tools: [{ type: "function", function: { name: "files.read" } }],
    });
    const text = JSON.stringify(wire);
    for (const [, said] of text.matchAll(/"(?:toolUseId|name)":"([^"]*)"/g))
      expect(said).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    const back = bedrockConverse.request.decode(wire, { model: claude });
    expect(back.tools[0]?.name).toBe("files.read");
    expect(back.messages[1]?.parts[0]?.kind.value).toMatchObject({ id, name: "files.read" });
    expect(back.messages[2]?.parts[0]?.kind.value).toMatchObject({ toolCallId: id });

    const long = ["x", "y"].map((end) => "call".repeat(40) + end);
    const many = fromChat({
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", tool_calls: long.map((one) => call(one)) },
        ...long.map((one) => ({ role: "tool", tool_call_id: one, content: one.slice(-1) })),
      ],
      tools,
    });
    const turns = bedrockConverse.request.decode(many.wire, { model: claude }).messages;
    const [calls, results] = [turns[1]!.parts, turns[2]!.parts].map((parts) =>
      parts.map(({ kind }) =>
        kind.case === "toolCall" ? kind.value.id : (kind.value as { toolCallId: string }).toolCallId,
      ),
    );
    expect(new Set(calls).size).toBe(2);
    expect(results).toEqual(calls);
  });

  test("row 9: Mistral's models take ids of nine letters and digits", () => {
    const text = JSON.stringify(fromChat({ messages: called, tools }, mistral).wire);
    const ids = Array.from(text.matchAll(/"toolUseId":"([^"]*)"/g), ([, id]) => id!);
    expect(ids).toHaveLength(4);
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9]{9}$/);
    expect(new Set(ids).size).toBe(2);
  });

  test("row 11: arguments that are no object are refused in requests and kept as they are in answers", () => {
    const messages: JsonObject[] = [
      { role: "user", content: "Hello" },
      { role: "assistant", tool_calls: [call("a", "[1]")] },
      { role: "tool", tool_call_id: "a", content: "1" },
    ];
    expect(refusal(() => fromChat({ messages, tools })).reason).toBe(Reason.INVALID_ARGUMENT);
    const answer = {
      id: "1",
      choices: [{ index: 0, message: { tool_calls: [call("a", '{"x":')] }, finish_reason: "length" }],
    };
    const wire = bedrockConverse.unary.encode(openaiChat.unary.decode(answer), new LossReport());
    expect(wire).toMatchObject({
      stopReason: "max_tokens",
      output: { message: { content: [{ toolUse: { input: '{"x":' } }] } },
    });
  });

  test.each<[choice: unknown, wire: unknown]>([
    ["auto", { auto: {} }],
    ["required", { any: {} }],
    [{ type: "function", function: { name: "f" } }, { tool: { name: "f" } }],
  ])("row 14: a choice of %o", (choice, expected) => {
    const { wire } = fromChat({ tools, tool_choice: choice as string });
    expect((wire.toolConfig as JsonObject).toolChoice).toEqual(expected);
  });

  test("row 14: there is no `none`, so the tools are left out", () => {
    const { wire, lost } = fromChat({ tools, tool_choice: "none" });
    expect(wire.toolConfig).toBeUndefined();
    expect(lost).toEqual(["tools"]);
  });

  test("row 16: calls in the history have a list of tools, and that nobody forbids their use is reported", () => {
    for (const more of [{}, { tools, tool_choice: "none" }] as JsonObject[]) {
      const { wire, lost } = fromChat({ messages: called, ...more });
      expect(wire.toolConfig).toEqual({
        tools: [{ toolSpec: { name: "f", inputSchema: { json: { type: "object" } } } }],
      });
      expect(lost).toEqual(["tool_choice"]);
    }
  });

  test("row 15: one call at a time is said to Claude in its own words, and to nobody else", () => {
    const { wire } = fromChat({ tools, tool_choice: "auto", parallel_tool_calls: false });
    expect(wire.toolConfig).not.toHaveProperty("toolChoice");
    expect(wire.additionalModelRequestFields).toEqual({
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
    });
    const choice = { type: "auto", disable_parallel_tool_use: true };
    const refused = refusal(() =>
      fromMessages({ tools: [{ name: "f", input_schema: {} }], tool_choice: choice }, nova),
    );
    expect(refused.param).toBe("tool_choice.disable_parallel_tool_use");
  });

  test("row 19: results hold text, JSON, pictures and documents, and say that they failed", () => {
    const result = (more: object) => ({
      messages: [
        { role: "user", content: [{ text: "Hello" }] },
        { role: "assistant", content: [{ toolUse: { toolUseId: "a", name: "f", input: {} } }] },
        { role: "user", content: [{ toolResult: { toolUseId: "a", ...more } }] },
      ],
      toolConfig: { tools: [{ toolSpec: { name: "f", inputSchema: { json: {} } } }] },
    });
    const failed = as(openaiChat, result({ status: "error", content: [{ json: { why: 1 } }] }));
    expect((failed.wire.messages as JsonObject[])[2]).toMatchObject({ role: "tool", content: 'Error: {"why":1}' });
    const messages: JsonObject[] = [
      { role: "user", content: "Hello" },
      { role: "assistant", content: [{ type: "tool_use", id: "a", name: "f", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "a", is_error: true, content: "No." }] },
    ];
    const [claudes, mistrals] = [claude, mistral].map(
      (model) => (fromMessages({ messages }, model).wire.messages as JsonObject[])[2],
    );
    expect(claudes).toMatchObject({ content: [{ toolResult: { status: "error", content: [{ text: "No." }] } }] });
    // Only two makers' models know the flag.
    expect(mistrals).toMatchObject({ content: [{ toolResult: { content: [{ text: "Error: No." }] } }] });
    expect(JSON.stringify(mistrals)).not.toContain("status");
  });
});

describe("thoughts", () => {
  const thinking = { type: "thinking", thinking: "Hm.", signature: "c2ln" };
  const redacted = { type: "redacted_thinking", data: "EtkECkgI" };
  const messages: JsonObject[] = [
    { role: "user", content: "Hello" },
    { role: "assistant", content: [thinking, redacted, { type: "text", text: "Hi" }] },
    { role: "user", content: "Again" },
  ];

  test("rows 22, 23: Claude's signatures go to Claude and come back to the byte, encrypted thoughts as well", () => {
    const { wire, lost } = fromMessages({ messages });
    expect((wire.messages as JsonObject[])[1]).toEqual({
      role: "assistant",
      content: [
        { reasoningContent: { reasoningText: { text: "Hm.", signature: "c2ln" } } },
        { reasoningContent: { redactedContent: Buffer.from("EtkECkgI").toString("base64") } },
        { text: "Hi" },
      ],
    });
    expect(lost).toEqual([]);
    const back = as(anthropicMessages, { messages: wire.messages! });
    expect((back.wire.messages as JsonObject[])[1]).toEqual(messages[1]);
  });

  test("row 24: other models are not sent Claude's thoughts, and Claude none that it has not signed", () => {
    const other = fromMessages({ messages }, nova);
    expect((other.wire.messages as JsonObject[])[1]).toEqual({ role: "assistant", content: [{ text: "Hi" }] });
    expect(other.lost).toEqual(["messages[1].content[0]", "messages[1].content[1]"]);
    const unsigned = fromChat({
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Hi", reasoning_content: "Hm." },
        { role: "user", content: "Again" },
      ],
    });
    expect(JSON.stringify(unsigned.wire)).not.toContain("Hm.");
    expect(unsigned.lost).toEqual(["messages[1].reasoning_content"]);
  });

  test("row 24: bytes that are no text were encrypted by somebody else, and no other dialect is sent them", () => {
    const own: JsonObject[] = [
      { role: "user", content: [{ text: "Hello" }] },
      { role: "assistant", content: [{ reasoningContent: { redactedContent: "/////w==" } }, { text: "Hi" }] },
      { role: "user", content: [{ text: "Again" }] },
    ];
    const { wire, lost } = as(anthropicMessages, { messages: own });
    expect(JSON.stringify(wire)).not.toContain("/////");
    expect(lost).toEqual(["messages[1].content[0].encrypted_content"]);
  });

  test.each<[model: string, fields: unknown, config: unknown]>([
    [claude, { thinking: { type: "enabled", budget_tokens: 4096 } }, undefined],
    ["us.anthropic.claude-opus-4-7-v1", { thinking: { type: "adaptive" } }, { effort: "medium" }],
    [nova, { reasoningConfig: { type: "enabled", maxReasoningEffort: "medium" } }, undefined],
    ["openai.gpt-oss-120b-1:0", { reasoning_effort: "medium" }, undefined],
  ])("row 21: how much to think is said in %s's own words", (model, fields, config) => {
    const { wire, lost } = fromChat({ reasoning_effort: "medium", max_completion_tokens: 8192 }, model);
    expect(wire.additionalModelRequestFields).toEqual(fields);
    expect(wire.outputConfig).toEqual(config);
    expect(lost).toEqual([]);
  });

  test("row 21: a model that cannot be told is not told, and that is reported", () => {
    const { wire, lost } = fromChat({ reasoning_effort: "medium" }, "meta.llama3-1-8b-instruct-v1:0");
    expect(wire.additionalModelRequestFields).toBeUndefined();
    expect(lost).toEqual(["reasoning_effort"]);
  });
});
