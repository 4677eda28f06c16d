import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Reason } from "../../canonical/error.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import { openaiResponses } from "./index.ts";
import { cross, fromChat, thrown, toChat, toMessages } from "./responses.fixture.ts";

describe("hazards 8 and 9: calls and results", () => {
  const input: JsonObject[] = [
    { role: "user", content: "Both" },
    { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm." }], encrypted_content: "gAAA" },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "Let me look." }] },
    { type: "function_call", id: "fc_1", call_id: "call:1", name: "look", arguments: '{"at":1}' },
    { type: "function_call", id: "fc_2", call_id: "call:2", name: "look", arguments: '{"at":2}' },
    { type: "function_call_output", call_id: "call:2", output: "two" },
    { type: "function_call_output", call_id: "call:1", output: "one" },
  ];
  const tools = [{ type: "function", name: "look", parameters: { type: "object" } }];

  test("the items of one turn are one turn elsewhere, in the order of the calls", () => {
    const { wire } = toMessages({ input, tools });
    const [, assistant, results] = wire.messages as JsonObject[];
    expect((assistant!.content as JsonObject[]).map(({ type }) => type)).toEqual(["text", "tool_use", "tool_use"]);
    expect((results!.content as JsonObject[]).map(({ content }) => content)).toEqual(["one", "two"]);
    // What does not fit in an id travels in a form that can be undone.
    expect((results!.content as JsonObject[])[0]!.tool_use_id).toMatch(/^pt_[a-zA-Z0-9_-]+$/);
  });

  test("on chat the calls stand in one message and the results in one each", () => {
    const { wire } = toChat({ input, tools });
    expect((wire.messages as JsonObject[]).map(({ role }) => role)).toEqual(["user", "assistant", "tool", "tool"]);
    expect((wire.messages as JsonObject[])[1]!.tool_calls).toHaveLength(2);
  });

  test("a call without its result is refused where the provider would refuse it", () => {
    expect(thrown(() => toMessages({ input: input.slice(0, 4), tools })).param).toBe("input[1]");
  });

  test("hazards 11: arguments that are no object are refused where they must be one", () => {
    const broken = { type: "function_call", call_id: "c", name: "look", arguments: "[1" };
    const result = { type: "function_call_output", call_id: "c", output: "" };
    const said = [{ role: "user", content: "Hello" }, broken, result];
    expect(thrown(() => toMessages({ input: said })).param).toBe("input[1]");
    expect(toChat({ input: said }).wire.messages).toMatchObject([
      {},
      { tool_calls: [{ function: { arguments: "[1" } }] },
      {},
    ]);
  });

  test("hazards 19: pictures in a result, and a result that says it failed", () => {
    const picture = { type: "input_image", image_url: "data:image/png;base64,iVBORw0KGgo=" };
    const output = [{ type: "input_text", text: "Here:" }, picture];
    const said = [...input.slice(0, 5), { type: "function_call_output", call_id: "call:1", output }, input[5]!];
    const result = (toMessages({ input: said, tools }).wire.messages as JsonObject[])[2]!.content as JsonObject[];
    expect(result[0]!.content).toMatchObject([{ type: "text" }, { type: "image" }]);

    const { wire } = cross(anthropicMessages, openaiResponses, {
      model: "m",
      max_tokens: 10,
      messages: [
        { role: "user", content: "Look" },
        { role: "assistant", content: [{ type: "tool_use", id: "t", name: "look", input: {} }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t", is_error: true, content: "No." }] },
      ],
    });
    expect((wire.input as JsonObject[]).at(-1)).toEqual({
      type: "function_call_output",
      call_id: "t",
      output: "Error: No.",
    });
  });
});

describe("hazards 14, 15 and 18: tools", () => {
  const tool = { type: "function", name: "f", description: "d", parameters: { type: "object" } };

  test.each<[choice: JsonValue, chat: JsonValue, messages: JsonValue]>([
    ["auto", "auto", { type: "auto" }],
    ["none", "none", { type: "none" }],
    ["required", "required", { type: "any" }],
    [
      { type: "function", name: "f" },
      { type: "function", function: { name: "f" } },
      { type: "tool", name: "f" },
    ],
  ])("the choice %j", (tool_choice, chat, messages) => {
    expect(toChat({ tools: [tool], tool_choice }).wire.tool_choice).toEqual(chat);
    expect(toMessages({ tools: [tool], tool_choice }).wire.tool_choice).toEqual(messages);
    expect(
      fromChat({ tools: [{ type: "function", function: { name: "f" } }], tool_choice: chat }).wire.tool_choice,
    ).toEqual(tool_choice);
  });

  test("the switch for parallel calls", () => {
    expect(toChat({ tools: [tool], parallel_tool_calls: false }).wire.parallel_tool_calls).toBe(false);
    expect(toMessages({ tools: [tool], parallel_tool_calls: false }).wire.tool_choice).toEqual({
      type: "auto",
      disable_parallel_tool_use: true,
    });
  });

  test.each(["web_search", "mcp", "custom", "namespace", "local_shell"])(
    "a tool of type %s is left out beside others, and refused by its type where it is all there is",
    (type) => {
      const { wire, lost } = toChat({ tools: [tool, { type, name: "x" }] });
      expect(wire.tools).toHaveLength(1);
      expect(lost).toEqual(["tools[1]"]);
      const error = thrown(() => toMessages({ tools: [{ type, name: "x" }] }));
      expect(error).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, param: "tools[0]" });
      expect(error.message).toContain(`\`${type}\``);
    },
  );

  test("a choice among some tools is refused where nothing means it", () => {
    const tool_choice = { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "f" }] };
    expect(thrown(() => toChat({ tools: [tool], tool_choice })).param).toBe("tool_choice");
  });

  test("functions are strict here unless they say otherwise, and elsewhere it is the other way round", () => {
    const chat = (strict?: boolean) => [{ type: "function", function: { name: "f", ...(strict ? { strict } : {}) } }];
    expect(fromChat({ tools: chat() }).wire.tools).toEqual([
      { type: "function", name: "f", strict: false, parameters: null },
    ]);
    expect(fromChat({ tools: chat(true) }).wire.tools).toMatchObject([{ strict: true }]);
  });
});
