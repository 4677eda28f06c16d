import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { FinishReason, type GenerateEvent, type Part, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import {
  choiceFinished,
  failed,
  finished,
  opened,
  partClosed,
  partGrown,
  partOpened,
  reasoning,
  text,
  toolCall,
} from "../../canonical/events.ts";
import { fold } from "../../canonical/fold.ts";
import { LossReport } from "../../canonical/loss.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import type { Dialect } from "../dialect.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { openaiResponses } from "./index.ts";
import { isResponsesShaped } from "./shape.ts";

const hello: JsonObject = { model: "m", input: "Hello" };

/** A request of one dialect as another says it. */
function cross(from: Dialect, to: Dialect, wire: JsonObject, model = "claude-haiku-4-5") {
  const losses = new LossReport();
  const options = { model, stream: false, askUsage: false, outputLimit: 8192, losses };
  return { wire: to.request.encode(from.request.decode(wire), options), lost: losses.paths };
}

const toChat = (wire: JsonObject) => cross(openaiResponses, openaiChat, { ...hello, ...wire });
const toMessages = (wire: JsonObject) => cross(openaiResponses, anthropicMessages, { ...hello, ...wire });
const fromChat = (wire: JsonObject) => cross(openaiChat, openaiResponses, { ...chatHello, ...wire });
const chatHello: JsonObject = { model: "m", messages: [{ role: "user", content: "Hello" }] };

function thrown(attempt: () => unknown): GatewayError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

const context = () => ({ showUsage: true, model: "m", id: "req_1", createTimeSeconds: 7, losses: new LossReport() });

function encode(events: readonly GenerateEvent[], to: Dialect = openaiResponses): JsonObject[] {
  const encoder = to.stream.encoder(context());
  return events.flatMap((event) => encoder.push(event)).map(({ data }) => JSON.parse(data) as JsonObject);
}

/** Events of the wire as they come from a provider. */
function decode(wires: readonly JsonObject[]): GenerateEvent[] {
  const decoder = openaiResponses.stream.decoder();
  const frames = wires.map((wire) => ({ event: `${wire.type}`, data: JSON.stringify(wire) }));
  return [...frames.flatMap((frame) => decoder.push(frame)), ...decoder.end()];
}

function partsOf(events: readonly GenerateEvent[]): Part[] {
  return fold(events).choices[0]?.parts ?? [];
}

const begin = opened({ id: "msg_1", model: "claude", createTimeSeconds: 0, dialect: "anthropic-messages" });
const end = (finishReason: FinishReason = FinishReason.STOP) => [
  choiceFinished({ choice: 0, finishReason }),
  finished(undefined),
];
const whole = (at: number, part: Part) => [partOpened(0, at, part), partClosed(0, at)];
const call = (id: string, args: string) => toolCall({ id, name: "look", arguments: args });

describe("head: wrong types are refused by name", () => {
  test.each<[param: string, wrong: JsonObject]>([
    ["model", { model: "" }],
    ["input", { input: 7 }],
    ["input", { input: null }],
    ["input[0]", { input: ["Hello"] }],
    ["input[0].role", { input: [{ content: "Hello" }] }],
    ["input[0].role", { input: [{ type: "message", content: "Hello" }] }],
    ["input[0].type", { input: [{ type: 7 }] }],
    ["input[0].content", { input: [{ role: "user", content: 7 }] }],
    ["input[0].content[0].type", { input: [{ role: "user", content: [{}] }] }],
    ["input[0].output[0].type", { input: [{ type: "function_call_output", call_id: "c", output: [{}] }] }],
    ["instructions", { instructions: ["Be brief."] }],
    ["max_output_tokens", { max_output_tokens: 1.5 }],
    ["temperature", { temperature: "0.5" }],
    ["stream", { stream: "true" }],
    ["tools[0].type", { tools: [{ name: "f" }] }],
    ["reasoning.effort", { reasoning: { effort: 3 } }],
    ["text.format", { text: { format: "json" } }],
  ])("%s in %j", (param, wrong) => {
    const error = thrown(() => openaiResponses.request.head({ ...hello, ...wrong }));
    expect(error).toMatchObject({ reason: Reason.INVALID_ARGUMENT, status: 400, param });
  });

  test("what the provider keeps may stand for the input", () => {
    const kept: JsonObject[] = [
      { previous_response_id: "resp_1" },
      { conversation: "conv_1" },
      { prompt: { id: "pmpt_1" } },
    ];
    for (const fields of kept) {
      expect(openaiResponses.request.head({ model: "m", ...fields }).model).toBe("m");
    }
  });

  test("usage is always shown, and the limit on output is known", () => {
    expect(openaiResponses.request.head({ ...hello, max_output_tokens: 16, stream: true })).toEqual({
      model: "m",
      stream: true,
      showUsage: true,
      maxOutputTokens: 16,
    });
  });
});

describe("hazards 63 and 64: what the provider would have to remember is refused by name, with a way out", () => {
  test.each<[param: string, wire: JsonObject]>([
    ["previous_response_id", { previous_response_id: "resp_1" }],
    ["conversation", { conversation: { id: "conv_1" } }],
    ["background", { background: true }],
    ["prompt", { prompt: { id: "pmpt_1" } }],
    ["input[0]", { input: [{ type: "item_reference", id: "msg_1" }] }],
  ])("%s", (param, wire) => {
    for (const attempt of [toChat, toMessages]) {
      const error = thrown(() => attempt(wire));
      expect(error).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, status: 400, param });
      expect(error.message).toContain("keeps nothing between calls");
      expect(openaiResponses.error.encode(error, "req_1").body.error).toMatchObject({
        code: "unsupported_parameter",
        param,
      });
    }
  });

  test("to the vendor they pass", () => {
    const wire = { ...hello, previous_response_id: "resp_1", conversation: "conv_1", background: true };
    expect(openaiResponses.request.edits(wire, { model: "m", askUsage: true })).toEqual(new Map());
    expect(cross(openaiResponses, openaiResponses, wire, "m").wire).toEqual(wire);
  });

  test("storing is the default: saying so is reported lost, and saying no is what happens anyway", () => {
    expect(toChat({ store: true }).lost).toEqual(["store"]);
    expect(toChat({ store: false, background: false, truncation: "disabled" }).lost).toEqual([]);
  });
});

test("hazards 1: instructions lead, and what is said later stays where it was said", () => {
  const input = [
    { role: "developer", content: "Metric units." },
    { role: "user", content: "Hello" },
    { role: "system", content: "Now in French." },
    { role: "user", content: "Again" },
  ];
  const request = { instructions: "Be brief.", input };
  expect((toChat(request).wire.messages as JsonObject[]).map(({ role }) => role)).toEqual([
    ...["system", "developer", "user", "system", "user"],
  ]);
  const messages = toMessages(request).wire;
  expect(messages.system).toEqual([
    { type: "text", text: "Be brief." },
    { type: "text", text: "Metric units." },
  ]);
  expect((messages.messages as JsonObject[]).map(({ role }) => role)).toEqual(["user", "system", "user"]);
});

test("hazards 1: a leading system message becomes the instructions", () => {
  const { wire } = fromChat({
    messages: [
      { role: "system", content: "Be brief." },
      { role: "developer", content: "Metric units." },
      { role: "user", content: "Hello" },
    ],
  });
  expect(wire).toMatchObject({ instructions: "Be brief.", input: [{ role: "developer" }, { role: "user" }] });
});

describe("hazards 5: no words are no words", () => {
  test("an assistant message without any has a place of its own", () => {
    const wire = {
      ...hello,
      input: [
        { role: "assistant", content: [] },
        { role: "user", content: "Hello" },
      ],
    };
    expect(cross(openaiResponses, openaiResponses, wire, "m").wire).toEqual(wire);
    expect((toMessages(wire).wire.messages as JsonObject[]).map(({ role }) => role)).toEqual(["user"]);
  });

  test("an answer without any is an answer", () => {
    const reply = openaiResponses.unary.decode({ id: "r", status: "completed", output: [] });
    expect(reply.choices[0]).toMatchObject({ parts: [], finishReason: FinishReason.STOP });
    expect(openaiResponses.unary.encode({ ...reply, choices: [] }, new LossReport())).toMatchObject({ output: [] });
  });
});

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
    "a tool of type %s is refused by its type",
    (type) => {
      const error = thrown(() => toChat({ tools: [tool, { type, name: "x" }] }));
      expect(error).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, param: "tools[1]" });
      expect(error.message).toContain(`\`${type}\``);
      expect(thrown(() => toMessages({ tools: [{ type, name: "x" }] })).message).toContain(`\`${type}\``);
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

describe("hazards 23, 24 and 27: thoughts", () => {
  const thinking = { type: "thinking", thinking: "Hm.", signature: "c2ln" };
  const events = [begin, ...whole(0, reasoning({ text: "Hm.", signature: "c2ln" })), ...whole(1, call("t", "{}"))];

  /** What a client sends back of an answer: its items, and the results of its calls. */
  const backOf = (output: JsonValue | undefined): JsonObject[] => [
    { role: "user", content: "Hello" },
    ...(output as JsonObject[]),
    { type: "function_call_output", call_id: "t", output: "A cat." },
  ];

  test("a signature of another vendor's travels with the item, whole and streamed, and goes back to its maker", () => {
    const done = [...events, ...end(FinishReason.TOOL_CALLS)];
    const streamed = encode(done).at(-1)!.response as JsonObject;
    const unary = openaiResponses.unary.encode(fold(done), new LossReport());
    expect(streamed.output).toEqual(unary.output);
    const { wire } = toMessages({ input: backOf(unary.output) });
    expect((wire.messages as JsonObject[])[1]!.content).toMatchObject([thinking, { type: "tool_use" }]);
  });

  test("encrypted thoughts of another vendor's do too", () => {
    const done = [begin, ...whole(0, reasoning({ redacted: "eA==" })), ...whole(1, call("t", "{}")), ...end()];
    const { output } = encode(done).at(-1)!.response as JsonObject;
    const { wire } = toMessages({ input: backOf(output) });
    expect((wire.messages as JsonObject[])[1]!.content).toMatchObject([
      { type: "redacted_thinking", data: "eA==" },
      { type: "tool_use" },
    ]);
  });

  test("nobody else gets them: not another dialect, and not another provider of this one", () => {
    const { output } = encode([...events, ...end()]).at(-1)!.response as JsonObject;
    const wire = { ...hello, input: backOf(output) };
    expect(JSON.stringify(toChat(wire).wire)).not.toContain("pontage");
    const edits = openaiResponses.request.edits(wire, { model: "m", askUsage: false });
    const sent = JSON.parse(edits.get("input")!) as JsonObject[];
    expect(sent.map(({ type }) => type)).toEqual([undefined, "function_call", "function_call_output"]);
    const { wire: again, lost } = cross(openaiResponses, openaiResponses, wire, "m");
    expect(JSON.stringify(again)).not.toContain("pontage");
    expect(lost).toContain("input[1].signature");
  });

  test("what the vendor encrypted goes to nobody else, and the loss is reported", () => {
    const input = backOf([
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm." }], encrypted_content: "gAAA" },
      { type: "function_call", call_id: "t", name: "look", arguments: "{}" },
    ]);
    const { wire, lost } = toMessages({ input });
    expect(JSON.stringify(wire)).not.toContain("gAAA");
    expect(lost).toContain("input[1].encrypted_content");
    // An answer's words stay where there is a place for unsigned ones.
    const losses = new LossReport();
    const reply = openaiResponses.unary.decode({ id: "r", status: "completed", output: input.slice(1, 2) });
    expect(openaiChat.unary.encode(reply, losses).choices).toMatchObject([{ message: { reasoning_content: "Hm." } }]);
    expect(losses.paths).toEqual(["output[0].encrypted_content"]);
  });

  test("thoughts of others are never sent as items, for they prove nothing and lead to nothing", () => {
    const { wire, lost } = cross(anthropicMessages, openaiResponses, {
      model: "m",
      max_tokens: 10,
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", content: [thinking, { type: "text", text: "Hi" }] },
        { role: "user", content: "Again" },
      ],
    });
    expect((wire.input as JsonObject[]).map(({ type }) => type)).toEqual(["message", "message", "message"]);
    expect(lost).toEqual(["messages[1].content[0]"]);
  });

  test("the vendor's own are asked for where a model thinks, and never alone", () => {
    expect(fromChat({ reasoning_effort: "high" }).wire).toMatchObject({
      store: false,
      include: ["reasoning.encrypted_content"],
      reasoning: { effort: "high" },
    });
    expect(fromChat({}).wire.include).toBeUndefined();
    const own = openaiResponses.request.decode({
      ...hello,
      input: [
        { role: "user", content: "Hello" },
        { type: "reasoning", summary: [], encrypted_content: "gAAA" },
      ],
    });
    // The same conversation in the canonical vocabulary, as a caller of the RPC has it.
    const losses = new LossReport();
    const options = { model: "m", stream: false, askUsage: false, outputLimit: 1, losses };
    const said = { ...own.messages[1]!, parts: [...own.messages[1]!.parts, text("Hi")] };
    const later = { ...own.messages[0]!, role: Role.USER };
    const request = { ...own, dialect: "", messages: [own.messages[0]!, said, later] };
    expect(openaiResponses.request.encode(request, options).input).toMatchObject([
      { role: "user" },
      { type: "reasoning", encrypted_content: "gAAA" },
      { role: "assistant" },
      { role: "user" },
    ]);
    const alone = { ...request, messages: [own.messages[0]!, own.messages[1]!, later] };
    expect(openaiResponses.request.encode(alone, options).input).toMatchObject([{ role: "user" }, { role: "user" }]);
    expect(losses.paths).not.toEqual([]);
  });

  test("hazards 22: the pieces of a summary are read as one and written as they were", () => {
    const item = {
      type: "reasoning",
      id: "rs_1",
      summary: [
        { type: "summary_text", text: "**One**" },
        { type: "summary_text", text: "**Two**" },
      ],
    };
    const reply = openaiResponses.unary.decode({ id: "r", status: "completed", output: [item] });
    expect(reply.choices[0]!.parts[0]!.kind.value).toMatchObject({ text: "**One**\n\n**Two**" });
    expect(openaiResponses.unary.encode(reply, new LossReport()).output).toEqual([item]);
  });
});

describe("hazards 29 to 35: limits and sampling", () => {
  test.each<[param: string, wire: JsonObject]>([
    ["stop", { stop: ["END"] }],
    ["n", { n: 2 }],
    ["verbosity", { verbosity: "low" }],
    ["store", { store: true }],
    ["modalities", { modalities: ["text", "audio"] }],
    ["web_search_options", { web_search_options: {} }],
    [
      "messages[0].content[0]",
      {
        messages: [{ role: "user", content: [{ type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }] }],
      },
    ],
  ])("%s of chat cannot be said here", (param, wire) => {
    expect(thrown(() => fromChat(wire))).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, param });
  });

  test.each<[param: string, wire: JsonObject]>([
    ["text.verbosity", { text: { verbosity: "low" } }],
    ["truncation", { truncation: "auto" }],
    ["moderation", { moderation: { model: "omni" } }],
  ])("%s of this cannot be said on chat", (param, wire) => {
    expect(thrown(() => toChat(wire))).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, param });
  });

  test("what only nudges is reported lost", () => {
    const { wire, lost } = fromChat({ seed: 1, presence_penalty: 1, top_k: 4, logit_bias: { "1": 1 }, temperature: 2 });
    expect(lost).toEqual(expect.arrayContaining(["seed", "presence_penalty", "top_k", "logit_bias"]));
    expect(wire.temperature).toBe(2);
    expect(toChat({ service_tier: "flex", prompt_cache_key: "k", max_tool_calls: 2 }).lost).toEqual([
      "service_tier",
      "prompt_cache_key",
      "max_tool_calls",
    ]);
  });

  test("the limit on output has its name everywhere, and is never made up", () => {
    expect(fromChat({ max_tokens: 10 }).wire.max_output_tokens).toBe(10);
    expect(fromChat({}).wire.max_output_tokens).toBeUndefined();
    expect(toMessages({}).wire.max_tokens).toBe(8192);
  });

  test("log probabilities are asked for with both words of chat", () => {
    expect(toChat({ include: ["message.output_text.logprobs"], top_logprobs: 2 }).wire).toMatchObject({
      logprobs: true,
      top_logprobs: 2,
    });
    expect(fromChat({ logprobs: true, top_logprobs: 2 }).wire).toMatchObject({
      include: ["message.output_text.logprobs"],
      top_logprobs: 2,
    });
  });

  test("hazards 7: the end user has one name", () => {
    expect(toMessages({ safety_identifier: "u" }).wire.metadata).toEqual({ user_id: "u" });
    expect(fromChat({ user: "u" }).wire.user).toBe("u");
  });
});

test("hazards 36: the schema stands flat here and nested on chat, and is not touched", () => {
  const schema = { type: "object", properties: { a: { $ref: "#/$defs/a" } } };
  const format = { type: "json_schema", name: "n", schema, strict: true };
  expect(toChat({ text: { format } }).wire.response_format).toEqual({
    type: "json_schema",
    json_schema: { name: "n", schema, strict: true },
  });
  expect(
    fromChat({ response_format: { type: "json_schema", json_schema: { name: "n", schema, strict: true } } }).wire.text,
  ).toEqual({ format });
  expect(toMessages({ text: { format } }).wire.output_config).toMatchObject({ format: { schema } });
  expect(toChat({ text: { format: { type: "json_object" } } }).wire.response_format).toEqual({ type: "json_object" });
});

describe("hazards 40 and 41: pictures and documents", () => {
  const says = (part: JsonObject) => ({ input: [{ role: "user", content: [part] }] });
  const first = (wire: JsonObject) => ((wire.messages as JsonObject[])[0]!.content as JsonObject[])[0]!;

  test("content that is sent along is carried, a document by its URL where there is such a thing", () => {
    const url = "data:image/png;base64,iVBORw0KGgo=";
    expect(first(toChat(says({ type: "input_image", image_url: url })).wire)).toEqual({
      type: "image_url",
      image_url: { url },
    });
    expect(first(toMessages(says({ type: "input_file", file_url: "https://example.com/a.pdf" })).wire).source).toEqual({
      type: "url",
      url: "https://example.com/a.pdf",
    });
    expect(thrown(() => toChat(says({ type: "input_file", file_url: "https://example.com/a.pdf" }))).param).toBe(
      "input[0].content[0]",
    );
  });

  test.each(["input_image", "input_file"])("the id of an uploaded file never crosses: %s", (type) => {
    for (const attempt of [toChat, toMessages]) {
      expect(thrown(() => attempt(says({ type, file_id: "file-1" })))).toMatchObject({
        reason: Reason.CANNOT_TRANSLATE,
        param: "input[0].content[0]",
      });
    }
  });

  test("a document without a name gets one, as the provider wants it", () => {
    const { wire } = cross(anthropicMessages, openaiResponses, {
      model: "m",
      max_tokens: 10,
      messages: [
        {
          role: "user",
          content: [{ type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" } }],
        },
      ],
    });
    expect(wire.input).toMatchObject([
      {
        content: [{ type: "input_file", filename: "document.pdf", file_data: "data:application/pdf;base64,JVBERi0=" }],
      },
    ]);
  });
});

test("hazards 44: a cache mark has no place here, and its loss is reported", () => {
  const content = [{ type: "text", text: "Hello", cache_control: { type: "ephemeral" } }];
  const { wire, lost } = fromChat({ messages: [{ role: "user", content }] });
  expect(wire.input).toEqual([{ type: "message", role: "user", content: "Hello" }]);
  expect(lost).toEqual(["messages[0].content[0].cache_control"]);
});

describe("hazards 12, 13, 46 and section 12: endings", () => {
  const item = (status: string): JsonObject => ({
    type: "function_call",
    id: "fc_1",
    call_id: "c",
    name: "look",
    arguments: '{"at',
    status,
  });

  test.each<[wire: JsonObject, reason: FinishReason]>([
    [{ status: "completed", output: [] }, FinishReason.STOP],
    [{ status: "completed", output: [item("completed")] }, FinishReason.TOOL_CALLS],
    [{ status: "incomplete", incomplete_details: { reason: "max_output_tokens" }, output: [] }, FinishReason.LENGTH],
    [{ status: "incomplete", incomplete_details: { reason: "content_filter" }, output: [] }, FinishReason.FILTERED],
    [{ status: "incomplete", incomplete_details: { reason: "new" }, output: [] }, FinishReason.UNSPECIFIED],
    [{ status: "incomplete", output: [] }, FinishReason.UNSPECIFIED],
    [{ status: "cancelled", output: [] }, FinishReason.UNSPECIFIED],
  ])("%j", (wire, reason) => {
    const reply = openaiResponses.unary.decode(wire);
    expect(reply.choices[0]!.finishReason).toBe(reason);
    const again = openaiResponses.unary.encode(reply, new LossReport());
    expect(again.status).toBe(wire.status);
    expect(again.incomplete_details ?? undefined).toEqual(wire.incomplete_details);
  });

  test("a call that was cut short stays as it is, and is no reason to wait", () => {
    const wire = {
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [item("incomplete")],
    };
    const reply = openaiResponses.unary.decode({ id: "r", ...wire });
    const chat = openaiChat.unary.encode(reply, new LossReport());
    expect(chat.choices).toMatchObject([
      { finish_reason: "length", message: { tool_calls: [{ function: { arguments: '{"at' } }] } },
    ]);
  });

  test.each<[reason: FinishReason, status: string, why: string | undefined]>([
    [FinishReason.STOP, "completed", undefined],
    [FinishReason.STOP_SEQUENCE, "completed", undefined],
    [FinishReason.LENGTH, "incomplete", "max_output_tokens"],
    [FinishReason.CONTEXT_FULL, "incomplete", "max_output_tokens"],
    [FinishReason.TOOL_CALLS, "completed", undefined],
    [FinishReason.FILTERED, "incomplete", "content_filter"],
    [FinishReason.PAUSED, "completed", undefined],
  ])("reason %i of another dialect", (finishReason, status, why) => {
    const wires = encode([begin, ...whole(0, call("c", "{}")), ...end(finishReason)]);
    const { type, response } = wires.at(-1)! as { type: string; response: JsonObject };
    expect(type).toBe(`response.${status}`);
    expect(response.status).toBe(status);
    expect((response.incomplete_details as JsonObject | null)?.reason).toBe(why);
    // The last item is the one that was cut short.
    expect((response.output as JsonObject[])[0]!.status).toBe(status);
  });

  test("words for declining are a part of their own", () => {
    const refusal = { type: "refusal", refusal: "No." };
    const output = [{ type: "message", id: "msg_1", status: "completed", role: "assistant", content: [refusal] }];
    const reply = openaiResponses.unary.decode({ id: "r", status: "completed", output });
    expect(openaiChat.unary.encode(reply, new LossReport()).choices).toMatchObject([{ message: { refusal: "No." } }]);
    expect(anthropicMessages.unary.encode(reply, new LossReport())).toMatchObject({
      stop_reason: "refusal",
      content: [{ type: "text", text: "No." }],
    });
  });

  test("an unknown ending is not lost", () => {
    const native = choiceFinished({ choice: 0, finishReason: FinishReason.UNSPECIFIED, nativeFinishReason: "odd" });
    expect(encode([begin, native, finished(undefined)]).at(-1)).toMatchObject({
      type: "response.completed",
      response: { native_finish_reason: "odd" },
    });
  });
});

test("hazards 45: citations stay with the text, and their loss is reported elsewhere", () => {
  const annotations = [{ type: "url_citation", start_index: 0, end_index: 2, url: "https://example.com", title: "t" }];
  const content = [{ type: "output_text", text: "Hi", annotations, logprobs: [] }];
  const output = [{ type: "message", id: "msg_1", status: "completed", role: "assistant", content }];
  const reply = openaiResponses.unary.decode({ id: "r", status: "completed", output });
  expect(openaiResponses.unary.encode(reply, new LossReport()).output).toEqual(output);
  const losses = new LossReport();
  openaiChat.unary.encode(reply, losses);
  expect(losses.paths).toEqual(["output[0].annotations"]);
});

describe("section 9: usage", () => {
  test.each<[what: string, usage: JsonObject, buckets: JsonObject]>([
    [
      "cached and reasoning tokens are inside",
      {
        input_tokens: 200,
        input_tokens_details: { cached_tokens: 128, cache_write_tokens: 10 },
        output_tokens: 192,
        output_tokens_details: { reasoning_tokens: 189 },
        total_tokens: 392,
      },
      { inputTokens: 62, cacheReadTokens: 128, cacheWriteTokens: 10, outputTokens: 3, reasoningTokens: 189 },
    ],
    [
      "a part is never larger than its whole",
      { input_tokens: 5, input_tokens_details: { cached_tokens: 9 }, output_tokens: 1 },
      { inputTokens: 0, cacheReadTokens: 5, outputTokens: 1 },
    ],
  ])("%s", (_, usage, buckets) => {
    expect(openaiResponses.usage({ usage })).toMatchObject(buckets);
  });

  test.each<JsonValue>([null, {}, "none", { input_tokens: "12" }])("%j says nothing, which is not zero", (usage) => {
    expect(openaiResponses.usage({ usage })).toBeUndefined();
  });
});

describe("stream from a provider", () => {
  const created = { type: "response.created", response: { id: "resp_1", model: "m", created_at: 1.5, output: [] } };
  const completed = { type: "response.completed", response: { id: "resp_1", status: "completed", output: [] } };
  const added = (item: JsonObject, output_index = 0) => ({ type: "response.output_item.added", output_index, item });
  const message = { type: "message", id: "msg_1", role: "assistant", content: [] };
  const delta = (words: string) => ({
    type: "response.output_text.delta",
    item_id: "msg_1",
    output_index: 0,
    delta: words,
  });

  test("hazards 20: fragments and whole calls say the same", () => {
    const item = { type: "function_call", id: "fc_1", call_id: "c", name: "look" };
    const grown = (words: string) => ({
      type: "response.function_call_arguments.delta",
      output_index: 0,
      delta: words,
    });
    const done = { type: "response.output_item.done", output_index: 0, item: { ...item, arguments: '{"at":1}' } };
    const fragments = [created, added({ ...item, arguments: "" }), grown('{"at"'), grown(":1}"), done, completed];
    const inOne = [created, added({ ...item, arguments: '{"at":1}' }), done, completed];
    const late = [created, added({ ...item, arguments: "" }), done, completed];
    const unannounced = [created, grown('{"at":1}'), done, completed];
    for (const wires of [fragments, inOne, late, unannounced]) {
      expect(partsOf(decode(wires))).toMatchObject([
        { kind: { value: { id: "c", name: "look", arguments: '{"at":1}' } } },
      ]);
    }
  });

  test("a server that leaves events out is understood: no parts announced, no items, nothing but the end", () => {
    const content = [{ type: "output_text", text: "Hi there" }];
    const whole = { ...message, content };
    const lazy: JsonObject[][] = [
      [created, delta("Hi"), delta(" there"), completed],
      [created, added(message), delta("Hi"), { ...completed, response: { status: "completed", output: [whole] } }],
      [created, { type: "response.output_item.done", output_index: 0, item: whole }, completed],
      [created, { ...completed, response: { status: "completed", output: [whole] } }],
      [{ ...completed, response: { status: "completed", output: [whole] } }],
    ];
    for (const wires of lazy) {
      expect(partsOf(decode(wires)).map(({ kind }) => kind.value)).toMatchObject([{ text: "Hi there" }]);
    }
  });

  test("annotations and log probabilities come with the text", () => {
    const annotation = { type: "url_citation", url: "https://example.com" };
    const wires: JsonObject[] = [
      created,
      added(message),
      { ...delta("Hi"), logprobs: [{ token: "Hi", logprob: 0 }] },
      { type: "response.output_text.annotation.added", output_index: 0, content_index: 0, annotation },
      completed,
    ];
    expect(partsOf(decode(wires))[0]!.extra).toMatchObject({
      annotations: [annotation],
      logprobs: [{ token: "Hi", logprob: 0 }],
    });
  });

  test("items that only this dialect understands are carried whole, and events that nobody knows are skipped", () => {
    const search = {
      type: "web_search_call",
      id: "ws_1",
      status: "completed",
      action: { type: "search", query: "cat" },
    };
    const wires: JsonObject[] = [
      created,
      added({ type: "web_search_call", id: "ws_1", status: "in_progress" }),
      { type: "response.web_search_call.searching", output_index: 0, item_id: "ws_1" },
      { type: "response.brand_new", anything: 1 },
      { type: "response.output_item.done", output_index: 0, item: search },
      { type: "keepalive" },
      completed,
    ];
    const events = decode(wires);
    expect(openaiResponses.unary.encode(fold(events), new LossReport()).output).toEqual([search]);
    expect((encode(events).at(-1)!.response as JsonObject).output).toEqual([search]);
  });

  test("hazards 48: [DONE] is no ending and no mistake", () => {
    const done = { event: "", data: "[DONE]" };
    const decoder = openaiResponses.stream.decoder();
    decoder.push({ event: "", data: JSON.stringify(created) });
    expect(decoder.push(done)).toEqual([]);
    expect(decoder.end()[0]!.event).toMatchObject({
      case: "failed",
      value: { error: { reason: Reason.UPSTREAM_TRUNCATED } },
    });
    const frames = encode([begin, ...end()]);
    expect(frames.at(-1)!.type).toBe("response.completed");
  });

  test("hazards 49: an event is known by its data, or by its name alone", () => {
    const decoder = openaiResponses.stream.decoder();
    const { type, ...nameless } = completed;
    const nothing = decoder.push({ event: "", data: JSON.stringify(created) });
    expect(nothing).toHaveLength(1);
    expect(decoder.push({ event: type, data: JSON.stringify(nameless) }).at(-1)!.event.case).toBe("finished");
  });

  test.each<[what: string, wire: JsonObject, status: number, message: string]>([
    [
      "an error as the vendor sends it",
      { type: "error", error: { type: "insufficient_quota", code: "insufficient_quota", message: "no" } },
      429,
      "no",
    ],
    ["an error as it is documented", { type: "error", code: "rate_limit_exceeded", message: "no" }, 429, "no"],
    [
      "a failed response",
      { type: "response.failed", response: { status: "failed", error: { code: "server_error", message: "no" } } },
      500,
      "no",
    ],
    [
      "a failure without words",
      { type: "response.failed", response: { status: "failed", error: null } },
      502,
      "did not say why",
    ],
  ])("%s fails the stream, in the tally too", (_, wire, status, message) => {
    const { event } = decode([created, delta("Hi"), wire, completed]).at(-1)!;
    expect(event).toMatchObject({ case: "failed", value: { error: { status } } });
    const tally = openaiResponses.stream.tally({ hideUsage: true });
    for (const one of [created, wire, completed]) tally.read({ event: "", data: JSON.stringify(one) });
    expect(tally.failure?.status).toBe(status);
    expect(tally.failure?.message).toContain(message);
    expect(tally.ended).toBe(false);
  });
});

describe("hazards 55: stream to a client", () => {
  const types = (events: readonly GenerateEvent[]) =>
    encode(events).map(({ type }) => `${type}`.replace("response.", ""));

  test("items come one after the other, each in pieces and then whole, and everything once more at the end", () => {
    const events = [
      begin,
      partOpened(0, 0, reasoning({})),
      partGrown(0, 0, { case: "text", value: "Hm." }),
      partClosed(0, 0),
      partOpened(0, 1, text("")),
      partGrown(0, 1, { case: "text", value: "Hi" }),
      partGrown(0, 1, { case: "text", value: " there" }),
      partClosed(0, 1),
      partOpened(0, 2, call("c", "")),
      partGrown(0, 2, { case: "arguments", value: "{}" }),
      partClosed(0, 2),
      ...end(FinishReason.TOOL_CALLS),
    ];
    expect(types(events)).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
      "completed",
    ]);
    const wires = encode(events);
    const last = wires.at(-1)!.response as JsonObject;
    expect(wires.filter(({ type }) => type === "response.output_item.done").map(({ item }) => item)).toEqual(
      last.output,
    );
    expect((last.output as JsonObject[]).map(({ id }) => id)).toEqual(["rs_1_0", "msg_1_1", "fc_1_2"]);
    expect(last).toMatchObject({
      id: "msg_1",
      object: "response",
      created_at: 7,
      model: "claude",
      status: "completed",
    });
  });

  test("hazards 59: parts that grow side by side wait for their turn and lose nothing", () => {
    const events = [
      begin,
      partOpened(0, 0, call("a", "")),
      partOpened(0, 1, call("b", "")),
      partGrown(0, 1, { case: "arguments", value: '{"b":2}' }),
      partGrown(0, 0, { case: "arguments", value: '{"a":1}' }),
      partClosed(0, 1),
      partClosed(0, 0),
      ...end(),
    ];
    const wires = encode(events).filter(({ type }) => `${type}`.startsWith("response.output_item"));
    expect(wires.map(({ type, output_index }) => `${type}`.split(".").at(-1)! + output_index)).toEqual([
      ...["added0", "done0", "added1", "done1"],
    ]);
    expect(wires.at(-1)!.item).toMatchObject({ call_id: "b", arguments: '{"b":2}' });
  });

  test("hazards 62: a failure is told as a failed response, with what was said until then", () => {
    const error = new GatewayError(Reason.UPSTREAM_TRUNCATED, "Gone.");
    const said = [begin, partOpened(0, 0, text("")), partGrown(0, 0, { case: "text", value: "Hi" }), failed(error)];
    const last = encode(said).at(-1)!;
    expect(last).toMatchObject({
      type: "response.failed",
      response: {
        id: "msg_1",
        status: "failed",
        error: { code: "upstream_truncated", message: "Gone." },
        output: [{ type: "message", status: "incomplete", content: [{ text: "Hi" }] }],
      },
    });
    expect(encode(said).some(({ type }) => type === "response.completed")).toBe(false);
  });

  test("before there is a response, an error is an error", () => {
    const error = new GatewayError(Reason.UPSTREAM_OVERLOADED, "Busy.", { status: 529 });
    expect(encode([failed(error)])).toEqual([
      {
        type: "error",
        sequence_number: 0,
        message: "Busy.",
        param: null,
        code: "upstream_overloaded",
        error: { message: "Busy.", type: "server_error", param: null, code: "upstream_overloaded" },
      },
    ]);
    expect(openaiResponses.error.frame(error, "req_1").event).toBe("error");
  });

  test("hazards 32: a second answer has no place, and its loss is reported", () => {
    const two = context();
    const encoder = openaiResponses.stream.encoder(two);
    for (const event of [begin, ...whole(0, text("a")), partOpened(1, 0, text("b")), ...end()]) encoder.push(event);
    expect(two.losses.paths).toEqual(["choices[1]"]);
  });

  test("a strict reader finds every field it needs, streamed and whole", () => {
    const reply = fold([begin, ...whole(0, text("Hi")), ...end()]);
    const unary = openaiResponses.unary.encode(reply, new LossReport());
    const streamed = encode([begin, ...whole(0, text("Hi")), ...end()]).at(-1)!.response as JsonObject;
    for (const response of [unary, streamed]) {
      for (const field of [
        ...["id", "object", "created_at", "status", "error", "incomplete_details", "instructions", "metadata"],
        ...["model", "output", "parallel_tool_calls", "temperature", "tool_choice", "tools", "top_p", "usage"],
      ]) {
        expect(response, field).toHaveProperty(field);
      }
    }
    expect((unary.output as JsonObject[])[0]).toMatchObject({
      content: [{ type: "output_text", annotations: [], logprobs: [], text: "Hi" }],
    });
  });
});

describe("hazards 65: counting", () => {
  test("takes what the counting operation takes, and answers in its form", () => {
    const counted = openaiResponses.count.request({
      ...hello,
      instructions: "Brief.",
      stream: true,
      store: false,
      include: [],
    });
    expect(counted).toEqual({ ...hello, instructions: "Brief." });
    expect(openaiResponses.count.encode(7)).toEqual({ object: "response.input_tokens", input_tokens: 7 });
    expect(openaiResponses.count.decode({ object: "response.input_tokens", input_tokens: 7 })).toBe(7);
  });
});

describe("section 10: errors", () => {
  test.each<[reason: Reason, status: number, type: string, code: string, param: string | null]>([
    [Reason.API_KEY_INVALID, 401, "invalid_request_error", "invalid_api_key", null],
    [Reason.MODEL_UNKNOWN, 400, "invalid_request_error", "model_not_found", "model"],
    [Reason.INVALID_ARGUMENT, 400, "invalid_request_error", "invalid_value", null],
    [Reason.UPSTREAM_RATE_LIMITED, 429, "rate_limit_error", "rate_limit_exceeded", null],
    [Reason.UPSTREAM_OVERLOADED, 503, "server_error", "upstream_overloaded", null],
    [Reason.INTERNAL, 500, "server_error", "internal", null],
  ])("reason %i", (reason, status, type, code, param) => {
    const encoded = openaiResponses.error.encode(new GatewayError(reason, "Words."), "req_1");
    expect(encoded.status).toBe(status);
    expect(encoded.body.error).toEqual({ message: "Words.", type, code, param });
  });

  test("an answer of status 200 that failed is an error", () => {
    const wire = { id: "r", status: "failed", error: { code: "server_error", message: "no" }, output: [] };
    expect(thrown(() => openaiResponses.unary.decode(wire))).toMatchObject({
      reason: Reason.UPSTREAM_FAILED,
      message: "no",
    });
    expect(thrown(() => openaiResponses.unary.decode({})).reason).toBe(Reason.UPSTREAM_GARBAGE);
  });
});

test("a body of this shape is known when it comes to the address of chat", () => {
  expect(isResponsesShaped(hello)).toBe(true);
  expect(isResponsesShaped({ model: "m", input: [], messages: null })).toBe(true);
  expect(isResponsesShaped(chatHello)).toBe(false);
  expect(isResponsesShaped({ ...chatHello, input: "Hello" })).toBe(false);
  expect(isResponsesShaped({ model: "m" })).toBe(false);
});
