import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { LossReport } from "../../canonical/loss.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { anthropicMessages } from "./index.ts";

/** A chat request as Messages says it. */
function fromChat(wire: JsonObject, model = "claude-haiku-4-5"): { wire: JsonObject; lost: readonly string[] } {
  const losses = new LossReport();
  const request = openaiChat.request.decode({ model: "m", messages: [{ role: "user", content: "Hello" }], ...wire });
  const options = { model, stream: false, askUsage: false, outputLimit: 8192, losses };
  return { wire: anthropicMessages.request.encode(request, options), lost: losses.paths };
}

function refusal(wire: JsonObject): GatewayError {
  try {
    fromChat(wire);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
}

const call = (id: string, args = "{}") => ({ id, type: "function", function: { name: "f", arguments: args } });
const tools = [{ type: "function", function: { name: "f" } }];

describe("what Messages cannot say is refused by name when its loss would change the call", () => {
  test.each<[param: string, wire: JsonObject]>([
    ["n", { n: 2 }],
    ["temperature", { temperature: 1.5 }],
    ["logprobs", { logprobs: true }],
    ["top_logprobs", { top_logprobs: 2 }],
    ["store", { store: true }],
    ["verbosity", { verbosity: "low" }],
    ["modalities", { modalities: ["text", "audio"] }],
    ["response_format", { response_format: { type: "json_object" } }],
    ["tools[0]", { tools: [{ type: "web_search" }] }],
    ["tool_choice", { tools, tool_choice: { type: "allowed_tools", mode: "auto", tools: [] } }],
    [
      "messages[0].content[0]",
      {
        messages: [{ role: "user", content: [{ type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }] }],
      },
    ],
    [
      "messages[0].content[0]",
      { messages: [{ role: "user", content: [{ type: "file", file: { file_id: "file-1" } }] }] },
    ],
    ["messages[0].content[0]", { messages: [{ role: "user", content: [{ type: "new_thing" }] }] }],
    [
      "messages[0]",
      {
        messages: [
          { role: "assistant", content: "Hi" },
          { role: "user", content: "Hello" },
        ],
      },
    ],
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
    expect(refusal(wire)).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, status: 400, param });
  });

  test.each<[why: string, messages: JsonObject[]]>([
    [
      "a call without a result",
      [
        { role: "assistant", tool_calls: [call("a")] },
        { role: "user", content: "?" },
      ],
    ],
    ["a result without a call", [{ role: "tool", tool_call_id: "a", content: "1" }]],
    [
      "broken arguments",
      [
        { role: "assistant", tool_calls: [call("a", "{")] },
        { role: "tool", tool_call_id: "a", content: "1" },
      ],
    ],
    [
      "arguments that are no object",
      [
        { role: "assistant", tool_calls: [call("a", "[1]")] },
        { role: "tool", tool_call_id: "a", content: "1" },
      ],
    ],
  ])("%s", (_, messages) => {
    expect(refusal({ messages: [{ role: "user", content: "Hello" }, ...messages] }).reason).toBe(
      Reason.INVALID_ARGUMENT,
    );
  });
});

test("what is harmless is lost and reported", () => {
  const { lost } = fromChat({
    seed: 1,
    presence_penalty: 0.5,
    frequency_penalty: 0,
    logit_bias: { 50256: -100 },
    service_tier: "flex",
    metadata: { a: "b" },
    store: false,
    unheard_of: true,
    messages: [{ role: "user", content: "Hello", name: "Ann" }],
  });
  expect([...lost].sort()).toEqual([
    "logit_bias",
    "messages[0].name",
    "metadata",
    "presence_penalty",
    "seed",
    "service_tier",
    "unheard_of",
  ]);
});

describe("turns", () => {
  test("leading instructions become blocks in order, later ones stay where they were said", () => {
    const { wire } = fromChat({
      messages: [
        { role: "system", content: "One." },
        { role: "developer", content: [{ type: "text", text: "Two.", cache_control: { type: "ephemeral" } }] },
        { role: "user", content: "Hello" },
        { role: "system", content: "Three." },
        { role: "user", content: "Go on" },
      ],
    });
    expect(wire.system).toEqual([
      { type: "text", text: "One." },
      { type: "text", text: "Two.", cache_control: { type: "ephemeral" } },
    ]);
    expect((wire.messages as JsonObject[]).map(({ role }) => role)).toEqual(["user", "system", "user"]);
  });

  test("results stand first in one turn, in the order of the calls; empty texts are left out", () => {
    const { wire } = fromChat({
      tools,
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", content: "", tool_calls: [call("a")] },
        { role: "assistant", content: "And", tool_calls: [call("b", '{"x":1}')] },
        { role: "tool", tool_call_id: "b", content: "2" },
        { role: "user", content: "Quick!" },
        { role: "tool", tool_call_id: "a", content: [{ type: "text", text: "1" }] },
      ],
    });
    expect((wire.messages as JsonObject[]).slice(1)).toEqual([
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "a", name: "f", input: {} },
          { type: "text", text: "And" },
          { type: "tool_use", id: "b", name: "f", input: { x: 1 } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a", content: [{ type: "text", text: "1" }] },
          { type: "tool_result", tool_use_id: "b", content: "2" },
          { type: "text", text: "Quick!" },
        ],
      },
    ]);
  });

  test("earlier calls without tools bring a list of tools that may not be called", () => {
    const { wire } = fromChat({
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", tool_calls: [call("a")] },
        { role: "tool", tool_call_id: "a", content: "1" },
      ],
    });
    expect(wire.tools).toEqual([{ name: "f", input_schema: { type: "object" } }]);
    expect(wire.tool_choice).toEqual({ type: "none" });
  });

  test("Mistral's prefix is a turn to be continued", () => {
    const { wire } = fromChat({
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Well", prefix: true },
      ],
    });
    expect((wire.messages as JsonObject[]).at(-1)).toEqual({ role: "assistant", content: "Well" });
  });

  test("ids that Messages does not take travel in a form that can be undone", () => {
    const odd = "functions.f:0/ü";
    const { wire } = fromChat({
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", tool_calls: [call(odd)] },
        { role: "tool", tool_call_id: odd, content: "1" },
      ],
    });
    const block = ((wire.messages as JsonObject[])[1]!.content as JsonObject[])[0]!;
    expect(block.id).toMatch(/^[a-zA-Z0-9_-]+$/);
    const [, turn] = anthropicMessages.request.decode(wire).messages;
    expect(turn?.parts[0]?.kind.value).toMatchObject({ id: odd });
  });
});

describe("signatures go back to who made them", () => {
  const history = (details: JsonObject[]): JsonObject => ({
    messages: [
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Hi", reasoning_content: "Hm.", reasoning_details: details },
      { role: "user", content: "Again" },
    ],
  });

  test("signed and encrypted thoughts return unchanged, before the words", () => {
    const format = "anthropic-claude-v1";
    const { wire, lost } = fromChat(
      history([
        { type: "reasoning.text", text: "Hm.", signature: "c2ln", format, index: 0 },
        { type: "reasoning.encrypted", data: "c2VjcmV0", format, index: 1 },
      ]),
    );
    expect((wire.messages as JsonObject[])[1]!.content).toEqual([
      { type: "thinking", thinking: "Hm.", signature: "c2ln" },
      { type: "redacted_thinking", data: "c2VjcmV0" },
      { type: "text", text: "Hi" },
    ]);
    expect(lost).toEqual([]);
  });

  test("another vendor's thoughts are dropped, reported, and never sent as words", () => {
    const { wire, lost } = fromChat(history([{ type: "reasoning.encrypted", data: "x", format: "google-gemini-v1" }]));
    expect((wire.messages as JsonObject[])[1]!.content).toEqual([{ type: "text", text: "Hi" }]);
    expect(lost).toEqual(["messages[1].reasoning_content"]);
  });
});

describe("thinking", () => {
  test.each<[model: string, effort: string, maxTokens: number, thinking: unknown, config: unknown]>([
    ["claude-haiku-4-5-20251001", "medium", 10_000, { type: "enabled", budget_tokens: 5000 }, undefined],
    ["claude-sonnet-4-20250514", "low", 2000, { type: "enabled", budget_tokens: 1024 }, undefined],
    ["claude-3-7-sonnet-latest", "high", 1000, undefined, undefined],
    ["claude-opus-4-6", "high", 10_000, { type: "adaptive" }, { effort: "high" }],
    ["claude-opus-4-6", "minimal", 10_000, { type: "adaptive" }, { effort: "low" }],
    ["claude-fable-5", "medium", 10_000, { type: "adaptive" }, { effort: "medium" }],
    ["kimi-k2", "medium", 10_000, { type: "enabled", budget_tokens: 5000 }, undefined],
    ["claude-opus-4-6", "none", 10_000, { type: "disabled" }, undefined],
  ])("%s with effort %s and %i tokens", (model, effort, max_completion_tokens, thinking, config) => {
    const { wire, lost } = fromChat({ reasoning_effort: effort, max_completion_tokens }, model);
    expect(wire.thinking).toEqual(thinking);
    expect(wire.output_config).toEqual(config);
    expect(wire.max_tokens).toBe(max_completion_tokens);
    expect(lost).toEqual(thinking === undefined ? ["reasoning_effort"] : []);
  });
});

test("max_tokens is the model's own limit when the client sets none", () => {
  expect(fromChat({}).wire.max_tokens).toBe(8192);
});

describe("a whole answer does not repair the model's words", () => {
  const answer = (args: string, finish_reason: string) =>
    anthropicMessages.unary.encode(
      openaiChat.unary.decode({ id: "c", choices: [{ message: { tool_calls: [call("a", args)] }, finish_reason }] }),
      new LossReport(),
    );
  test.each<[args: string, finish: string, input: unknown, stop: string]>([
    ['{"a":1}', "tool_calls", { a: 1 }, "tool_use"],
    ['{"a":1}', "stop", { a: 1 }, "tool_use"],
    ["", "tool_calls", {}, "tool_use"],
    ['{"a":', "length", '{"a":', "max_tokens"],
    ["", "length", "", "max_tokens"],
  ])("arguments %j with %s", (args, finish, input, stop) => {
    const wire = answer(args, finish);
    expect((wire.content as JsonObject[])[0]!.input).toEqual(input);
    expect(wire.stop_reason).toBe(stop);
  });
});

test("a stream's usage is joined from its beginning and its end, wherever the server says it", () => {
  const tally = anthropicMessages.stream.tally({ hideUsage: true });
  const read = (data: JsonObject) => tally.read({ event: `${data.type}`, data: JSON.stringify(data) });
  read({ type: "message_start", message: { usage: { input_tokens: 0, output_tokens: 0 } } });
  read({
    type: "message_delta",
    delta: {},
    usage: { input_tokens: 25, output_tokens: 7, cache_read_input_tokens: null },
  });
  expect(tally.usage).toMatchObject({ inputTokens: 25, outputTokens: 7 });
  expect(tally.ended).toBe(false);
  read({ type: "message_stop" });
  expect(tally.ended).toBe(true);
});

describe("errors raise the right class in the vendor's library, which goes by status", () => {
  test.each<[reason: Reason, status: number, type: string]>([
    [Reason.API_KEY_MISSING, 401, "authentication_error"],
    [Reason.API_KEY_INVALID, 401, "authentication_error"],
    [Reason.MODEL_NOT_ALLOWED, 403, "permission_error"],
    [Reason.MODEL_UNKNOWN, 404, "not_found_error"],
    [Reason.INVALID_ARGUMENT, 400, "invalid_request_error"],
    [Reason.BODY_TOO_LARGE, 413, "request_too_large"],
    [Reason.UPSTREAM_RATE_LIMITED, 429, "rate_limit_error"],
    [Reason.UPSTREAM_OVERLOADED, 529, "overloaded_error"],
    [Reason.UPSTREAM_TIMEOUT, 504, "timeout_error"],
    [Reason.INTERNAL, 500, "api_error"],
  ])("reason %i", (reason, status, type) => {
    const encoded = anthropicMessages.error.encode(new GatewayError(reason, "Words."), "req_1");
    expect(encoded).toEqual({
      status,
      body: { type: "error", error: { type, message: "Words." }, request_id: "req_1" },
    });
  });
});
