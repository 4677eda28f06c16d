import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Reason } from "../../canonical/error.ts";
import { LossReport } from "../../canonical/loss.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import { openaiChat } from "../openai-chat/index.ts";
import {
  call,
  called,
  configOf,
  contents,
  cross,
  fromChat,
  fromMessages,
  partsOf,
  refusalOf,
  toChat,
  tools,
} from "./crossed.fixture.ts";
import { gemini } from "./index.ts";

describe("tools", () => {
  test("hazards 8 and 10: results are one content, first, in the order of the calls, under their functions' names", () => {
    const messages = called([call("a"), call("b")]);
    [messages[2], messages[3]] = [messages[3]!, messages[2]!];
    const crossed = fromChat({ messages: [...messages, { role: "user", content: "And?" }], tools });
    expect(partsOf(crossed, 2)).toEqual([
      { functionResponse: { id: "a", name: "f", response: { output: "of a" } } },
      { functionResponse: { id: "b", name: "f", response: { output: "of b" } } },
      { text: "And?" },
    ]);
  });

  test.each<[why: string, more: JsonObject[]]>([
    [
      "a call without a result",
      [
        { role: "assistant", tool_calls: [call("a")] },
        { role: "user", content: "?" },
      ],
    ],
    ["a result without a call", [{ role: "tool", tool_call_id: "a", content: "x" }]],
    ["broken arguments", called([call("a", '{"x')]).slice(1)],
    ["arguments that are no object", called([call("a", "[1]")]).slice(1)],
  ])("hazards 8 and 11: %s is refused early", (_, more) => {
    const messages: JsonObject[] = [{ role: "user", content: "Hello" }, ...more];
    expect(refusalOf(() => fromChat({ messages, tools })).reason).toBe(Reason.INVALID_ARGUMENT);
  });

  test("hazards 9 and 10: calls without ids get some that are the same each time, and none on the way back", () => {
    const functionCall = (city: string) => ({ functionCall: { name: "weather", args: { city } } });
    const functionResponse = (output: string) => ({ functionResponse: { name: "weather", response: { output } } });
    const wire = {
      contents: [
        ...contents,
        { role: "model", parts: [functionCall("Paris"), functionCall("Rome")] },
        { role: "user", parts: [functionResponse("15"), functionResponse("20")] },
      ],
    };
    const messages = toChat(wire).wire.messages as JsonObject[];
    expect(messages[1]).toMatchObject({ tool_calls: [{ id: "gemini_1_0" }, { id: "gemini_1_1" }] });
    expect(messages.slice(2)).toMatchObject([
      { tool_call_id: "gemini_1_0", content: "15" },
      { tool_call_id: "gemini_1_1", content: "20" },
    ]);
    expect(toChat(wire)).toEqual(toChat(wire));
    expect(cross(openaiChat, gemini, { model: "m", messages }, "gemini-2.5-flash").wire.contents).toEqual(
      wire.contents,
    );
  });

  test("hazard 10: a streamed turn that comes back as one content for each chunk is still one turn", () => {
    const functionCall = (name: string) => ({
      role: "model",
      parts: [{ functionCall: { name, args: {}, id: `id_${name}` } }],
    });
    const functionResponse = (name: string) => ({ functionResponse: { name, response: { output: name } } });
    const { wire } = toChat({
      contents: [
        ...contents,
        functionCall("a"),
        functionCall("b"),
        { role: "model", parts: [{ text: "" }] },
        { role: "user", parts: [functionResponse("b"), functionResponse("a")] },
      ],
    });
    expect((wire.messages as JsonObject[]).slice(-2)).toMatchObject([
      { tool_call_id: "id_b", content: "b" },
      { tool_call_id: "id_a", content: "a" },
    ]);
  });

  test.each<[choice: JsonObject[string], config: JsonObject]>([
    ["auto", { mode: "AUTO" }],
    ["none", { mode: "NONE" }],
    ["required", { mode: "ANY" }],
    [
      { type: "function", function: { name: "f" } },
      { mode: "ANY", allowedFunctionNames: ["f"] },
    ],
  ])("hazard 14: the choice %j is said and read", (choice, config) => {
    const toolConfig = { functionCallingConfig: config };
    expect(fromChat({ tools, tool_choice: choice }).wire.toolConfig).toEqual(toolConfig);
    const declared = [{ functionDeclarations: [{ name: "f" }] }];
    expect(toChat({ tools: declared, toolConfig }).wire.tool_choice).toEqual(choice);
  });

  test("hazard 14: one of several functions is refused elsewhere, and VALIDATED is weakened and reported", () => {
    const toolConfig = (functionCallingConfig: JsonObject) => ({ toolConfig: { functionCallingConfig } });
    const several = toolConfig({ mode: "ANY", allowedFunctionNames: ["f", "g"] });
    expect(refusalOf(() => toChat(several))).toMatchObject({ param: "toolConfig.functionCallingConfig" });
    const validated = toChat(toolConfig({ mode: "VALIDATED" }));
    expect(validated.wire.tool_choice).toBe("auto");
    expect(validated.lost).toEqual(["toolConfig.functionCallingConfig.mode"]);
  });

  test("hazard 15: there is no switch for parallel calls, which is reported where it matters", () => {
    expect(fromChat({ tools, parallel_tool_calls: false }).lost).toEqual(["parallel_tool_calls"]);
    expect(fromChat({ tools, parallel_tool_calls: true }).lost).toEqual([]);
  });

  test("hazard 17: names that are not allowed are changed, and changed back", () => {
    const name = "1 tool: für alles";
    const { wire } = fromChat({
      tools: [{ type: "function", function: { name } }],
      tool_choice: { type: "function", function: { name } },
    });
    const [declared] = (wire.tools as { functionDeclarations: { name: string }[] }[])[0]!.functionDeclarations;
    expect(declared!.name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_.:-]*$/);
    expect(wire.toolConfig).toEqual({ functionCallingConfig: { mode: "ANY", allowedFunctionNames: [declared!.name] } });
    const functionCall = { name: declared!.name, args: {} };
    const reply = gemini.unary.decode({ candidates: [{ content: { parts: [{ functionCall }] } }] });
    expect(reply.choices[0]!.parts[0]!.kind.value).toMatchObject({ name });
    expect(fromChat({ tools: [{ type: "function", function: { name: "a.b:c-d" } }] }).wire.tools).toMatchObject([
      { functionDeclarations: [{ name: "a.b:c-d" }] },
    ]);
  });

  test("hazard 18: tools that the provider runs pass here, and are refused elsewhere", () => {
    const own: JsonObject[] = [{ googleSearch: {} }, { codeExecution: {} }];
    const request = gemini.request.decode({ contents, tools: own });
    const options = { model: "m", stream: false, askUsage: false, outputLimit: 1, losses: new LossReport() };
    expect(gemini.request.encode(request, options).tools).toEqual(own);
    expect(refusalOf(() => toChat({ tools: own }))).toMatchObject({ param: "tools[0]" });
    expect(refusalOf(() => fromChat({ tools: [{ type: "web_search" }] }))).toMatchObject({ param: "tools[0]" });
  });

  test("hazard 19: a failed call says `error`, and pictures in a result stay in it", () => {
    const crossed = fromMessages({
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: {} }] },
        {
          role: "user",
          content: [
            {
              type: "tool_result",
              tool_use_id: "t",
              is_error: true,
              content: [
                { type: "text", text: "No" },
                { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } },
              ],
            },
          ],
        },
      ],
    });
    expect(partsOf(crossed, 2)).toEqual([
      {
        functionResponse: {
          id: "t",
          name: "f",
          response: { error: "No" },
          parts: [{ inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }],
        },
      },
    ]);
  });

  test.each<[response: JsonObject, words: string]>([
    [{ output: "15 degrees" }, "15 degrees"],
    [{ result: { degrees: 15 } }, '{"degrees":15}'],
    [{ degrees: 15, wind: 3 }, '{"degrees":15,"wind":3}'],
    [{ error: "No such city" }, "Error: No such city"],
    [{}, ""],
  ])("hazard 19: the result %j is %j in words", (response, words) => {
    const { wire } = toChat({
      contents: [
        ...contents,
        { role: "model", parts: [{ functionCall: { name: "f", args: {} } }] },
        { role: "function", parts: [{ functionResponse: { name: "f", response } }] },
      ],
    });
    expect((wire.messages as JsonObject[]).at(-1)).toMatchObject({ role: "tool", content: words });
  });
});

describe("thoughts", () => {
  test.each<[model: string, effort: string, thinkingConfig: JsonObject | undefined, lost: string[]]>([
    ["gemini-2.5-flash", "low", { includeThoughts: true, thinkingBudget: 1024 }, []],
    ["gemini-2.5-flash", "high", { includeThoughts: true, thinkingBudget: 24576 }, []],
    ["gemini-2.5-flash", "none", { thinkingBudget: 0 }, []],
    ["gemini-2.5-pro", "none", { thinkingBudget: 128 }, ["reasoning_effort"]],
    ["gemini-3-flash-preview", "minimal", { includeThoughts: true, thinkingLevel: "minimal" }, []],
    ["gemini-3.1-pro-preview", "minimal", { includeThoughts: true, thinkingLevel: "low" }, []],
    ["gemini-3.1-pro-preview", "xhigh", { includeThoughts: true, thinkingLevel: "high" }, []],
    ["gemini-flash-latest", "medium", { includeThoughts: true, thinkingLevel: "medium" }, []],
    ["gemini-3.1-pro-preview", "none", { thinkingLevel: "low" }, ["reasoning_effort"]],
    ["gemini-2.0-flash", "low", undefined, ["reasoning_effort"]],
    ["gemini-2.0-flash", "none", undefined, []],
  ])("hazard 21: %s takes the level %s as %j", (model, effort, thinkingConfig, lost) => {
    const crossed = fromChat({ reasoning_effort: effort }, model);
    expect(configOf(crossed)?.thinkingConfig).toEqual(thinkingConfig);
    expect(crossed.lost).toEqual(lost);
  });

  test.each<[model: string, budget: number, thinkingConfig: JsonObject]>([
    ["gemini-2.5-flash", 2000, { includeThoughts: true, thinkingBudget: 2000 }],
    ["gemini-2.5-flash", 30_000, { includeThoughts: true, thinkingBudget: 24_576 }],
    ["gemini-3-flash", 3000, { includeThoughts: true, thinkingLevel: "high" }],
  ])("hazard 21: %s takes the budget %i as %j", (model, budget, thinkingConfig) => {
    const crossed = fromMessages({ thinking: { type: "enabled", budget_tokens: budget } }, model);
    expect(configOf(crossed)?.thinkingConfig).toEqual(thinkingConfig);
  });

  test.each<[thinkingConfig: JsonObject, effort: string | undefined]>([
    [{ thinkingLevel: "LOW" }, "low"],
    [{ thinkingBudget: 1000 }, "low"],
    [{ thinkingBudget: -1 }, undefined],
    [{ includeThoughts: false }, undefined],
  ])("hazard 21: %j is the level %s elsewhere", (thinkingConfig, effort) => {
    const { wire } = toChat({ generationConfig: { thinkingConfig } });
    expect(wire.reasoning_effort).toBe(effort);
  });

  test("hazards 23 and 25: a signature comes back on the part it came with", () => {
    const parts: JsonObject[] = [
      { functionCall: { name: "f", args: {} }, thoughtSignature: "c2ln" },
      { functionCall: { name: "f", args: {} } },
    ];
    const reply = { candidates: [{ content: { role: "model", parts }, finishReason: "STOP" }], responseId: "r" };
    const answered = openaiChat.unary.encode(gemini.unary.decode(reply), new LossReport());
    const { message } = (answered.choices as { message: JsonObject }[])[0]!;
    expect(message.tool_calls).toMatchObject([
      { id: "gemini_r_0", extra_content: { google: { thought_signature: "c2ln" } } },
      { id: "gemini_r_1" },
    ]);
    const results = ["gemini_r_0", "gemini_r_1"].map((id) => ({ role: "tool", tool_call_id: id, content: "x" }));
    const messages = [{ role: "user", content: "Hello" }, message, ...results];
    expect(partsOf(fromChat({ messages, tools }, "gemini-3-flash"), 1)).toEqual(parts);
  });

  test("hazard 24: Gemini 3 refuses an unsigned call, so the first of a turn gets the documented placeholder", () => {
    const messages = called([call("a"), call("b")]);
    const signed = partsOf(fromChat({ messages, tools }, "gemini-3-pro-preview"), 1);
    expect(signed.map((part) => part.thoughtSignature)).toEqual(["skip_thought_signature_validator", undefined]);
    const older = partsOf(fromChat({ messages, tools }, "gemini-2.5-pro"), 1);
    expect(older.map((part) => part.thoughtSignature)).toEqual([undefined, undefined]);
  });

  test("hazard 24: another vendor's signature is never sent; its words stay, and the loss is reported", () => {
    const crossed = fromMessages({
      messages: [
        { role: "user", content: "Hello" },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Hm.", signature: "c2ln" },
            { type: "redacted_thinking", data: "eA==" },
            { type: "thinking", thinking: "", signature: "c2ln" },
            { type: "text", text: "Hi" },
          ],
        },
        { role: "user", content: "Again" },
      ],
    });
    expect(partsOf(crossed, 1)).toEqual([{ text: "Hm.", thought: true }, { text: "Hi" }]);
    expect(crossed.lost).toEqual([
      "messages[1].content[0].signature",
      "messages[1].content[1]",
      "messages[1].content[2].signature",
    ]);
  });

  test("hazard 24: Gemini's signatures are not sent to others, and the loss is reported", () => {
    const wire: JsonObject = {
      contents: [
        ...contents,
        {
          role: "model",
          parts: [
            { text: "Hi", thoughtSignature: "c2ln" },
            { text: "", thoughtSignature: "c2ln" },
            { functionCall: { name: "f", args: {}, id: "a" }, thoughtSignature: "c2ln" },
          ],
        },
        { role: "user", parts: [{ functionResponse: { name: "f", response: {} } }] },
      ],
    };
    for (const other of [openaiChat, anthropicMessages]) {
      const crossed = cross(gemini, other, wire, "m");
      expect(JSON.stringify(crossed.wire)).not.toContain("c2ln");
      expect(crossed.lost.toSorted()).toEqual([0, 1, 2].map((at) => `contents[1].parts[${at}].signature`));
    }
  });
});
