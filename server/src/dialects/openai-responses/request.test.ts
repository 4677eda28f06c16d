import type { JsonObject } from "@bufbuild/protobuf";
import { FinishReason } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { Reason } from "../../canonical/error.ts";
import { LossReport } from "../../canonical/loss.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import { openaiResponses } from "./index.ts";
import { chatHello, cross, fromChat, hello, thrown, toChat, toMessages } from "./responses.fixture.ts";
import { isResponsesShaped } from "./shape.ts";

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
    expect(openaiResponses.request.head({ ...hello, max_output_tokens: 16, stream: true })).toMatchObject({
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

describe("hazards 65: counting", () => {
  test("takes what the counting operation takes, and answers in its form", () => {
    const counted = openaiResponses.count.request(
      {
        ...hello,
        instructions: "Brief.",
        stream: true,
        store: false,
        include: [],
      },
      "m",
    );
    expect(counted).toEqual({ ...hello, instructions: "Brief." });
    expect(openaiResponses.count.encode(7)).toEqual({ object: "response.input_tokens", input_tokens: 7 });
    expect(openaiResponses.count.decode({ object: "response.input_tokens", input_tokens: 7 })).toBe(7);
  });
});

test("a body of this shape is known when it comes to the address of chat", () => {
  expect(isResponsesShaped(hello)).toBe(true);
  expect(isResponsesShaped({ model: "m", input: [], messages: null })).toBe(true);
  expect(isResponsesShaped(chatHello)).toBe(false);
  expect(isResponsesShaped({ ...chatHello, input: "Hello" })).toBe(false);
  expect(isResponsesShaped({ model: "m" })).toBe(false);
});
