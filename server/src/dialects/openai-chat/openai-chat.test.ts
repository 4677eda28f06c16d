import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { fold } from "../../canonical/fold.ts";
import { LossReport } from "../../canonical/loss.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import type { Quirks } from "../dialect.ts";
import { openaiChat } from "./index.ts";

const hello: JsonObject = { model: "m", messages: [{ role: "user", content: "Hello" }] };

function thrown(attempt: () => unknown): GatewayError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

describe("head: wrong types are refused by name", () => {
  test.each<[param: string, wrong: JsonObject]>([
    ["model", { model: 4 }],
    ["model", { model: null }],
    ["model", { model: "" }],
    ["messages", { messages: "Hello" }],
    ["messages", { messages: [] }],
    ["messages[0]", { messages: ["Hello"] }],
    ["messages[0].role", { messages: [{ content: "Hello" }] }],
    ["messages[0].role", { messages: [{ role: 7 }] }],
    ["messages[0].content", { messages: [{ role: "user", content: 7 }] }],
    ["messages[0].content[0].type", { messages: [{ role: "user", content: [{}] }] }],
    ["max_tokens", { max_tokens: "100" }],
    ["max_tokens", { max_tokens: -1 }],
    ["max_completion_tokens", { max_completion_tokens: 1.5 }],
    ["max_completion_tokens", { max_completion_tokens: 1e12 }],
    ["temperature", { temperature: "0.5" }],
    ["temperature", { temperature: -0.5 }],
    ["temperature", { temperature: JSON.parse("1e999") as number }],
    ["n", { n: 1.5 }],
    ["stream", { stream: "true" }],
    ["stream_options.include_usage", { stream_options: { include_usage: 1 } }],
    ["tools[0].type", { tools: [{}] }],
    ["stop[1]", { stop: ["a", 1] }],
  ])("%s in %j", (param, wrong) => {
    const error = thrown(() => openaiChat.request.head({ ...hello, ...wrong }));
    expect(error).toMatchObject({ reason: Reason.INVALID_ARGUMENT, status: 400, param });
    expect(error.message).toContain(`\`${param}\``);
  });

  test("null is as good as absent", () => {
    const head = openaiChat.request.head({ ...hello, max_tokens: null, stream: null, tools: null, stop: null });
    expect(head).toEqual({ model: "m", stream: false, showUsage: false, maxOutputTokens: undefined });
  });
});

test("edits: usage is asked for in streams only, and nothing else of the options changes", () => {
  const change = { model: "m", askUsage: true };
  expect([...openaiChat.request.edits(hello, change)]).toEqual([]);
  const streaming = { ...hello, stream: true, stream_options: { include_obfuscation: false } };
  expect([...openaiChat.request.edits(streaming, { ...change, model: "n" })]).toEqual([
    ["model", '"n"'],
    ["stream_options", '{"include_obfuscation":false,"include_usage":true}'],
  ]);
});

describe("requests from Messages", () => {
  const decoded = () =>
    anthropicMessages.request.decode({
      model: "m",
      max_tokens: 100,
      system: [{ type: "text", text: "Brief.", cache_control: { type: "ephemeral" } }],
      messages: [
        { role: "user", content: "Hello" },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Hm.", signature: "c2ln" },
            { type: "text", text: "Hi" },
          ],
        },
        { role: "user", content: "Again" },
      ],
    });
  const encode = (quirks: Quirks) => {
    const losses = new LossReport();
    const options = { model: "m", stream: false, askUsage: false, outputLimit: 100, losses, quirks };
    return { wire: openaiChat.request.encode(decoded(), options), lost: losses.paths };
  };

  test("for the vendor itself", () => {
    const { wire, lost } = encode({});
    expect(wire).toMatchObject({
      max_completion_tokens: 100,
      messages: [{ content: "Brief." }, {}, { content: "Hi" }, {}],
    });
    expect(JSON.stringify(wire)).not.toContain("Hm.");
    expect(lost).toEqual(["system[0].cache_control", "messages[1].content[0]"]);
  });

  test("a seed by the name Mistral has for it", () => {
    const seeded = { ...decoded(), seed: 7n };
    const options = { model: "m", stream: false, askUsage: false, outputLimit: 100, losses: new LossReport() };
    expect(openaiChat.request.encode(seeded, { ...options, quirks: { randomSeed: true } })).toMatchObject({
      random_seed: 7,
    });
    expect(openaiChat.request.encode(seeded, options)).toMatchObject({ seed: 7 });
  });

  test("a server that refuses to hear who asks is not told, and that is reported", () => {
    const losses = new LossReport();
    const asked = { ...decoded(), user: "who-asks" };
    const options = { model: "m", stream: false, askUsage: false, outputLimit: 100, losses };
    expect(openaiChat.request.encode(asked, { ...options, quirks: { noUser: true } })).not.toHaveProperty("user");
    expect(losses.paths).toContain("metadata.user_id");
  });

  test("for servers that want it otherwise", () => {
    const { wire, lost } = encode({ legacyMaxTokens: true, takesReasoning: true, takesCacheMarks: true });
    expect(wire.max_tokens).toBe(100);
    expect(wire.max_completion_tokens).toBeUndefined();
    const [system, , assistant] = wire.messages as JsonObject[];
    expect(system?.content).toEqual([{ type: "text", text: "Brief.", cache_control: { type: "ephemeral" } }]);
    // The signature stays behind: it is worth nothing to anybody but its maker.
    expect(assistant).toEqual({ role: "assistant", content: "Hi", reasoning_content: "Hm." });
    expect(lost).toEqual(["messages[1].content[0].signature"]);
  });
});

describe("usage", () => {
  test.each<[what: string, wire: JsonObject, buckets: JsonObject]>([
    [
      "xAI counts reasoning beside the completion, as the total shows",
      {
        prompt_tokens: 291,
        completion_tokens: 26,
        total_tokens: 506,
        completion_tokens_details: { reasoning_tokens: 189 },
      },
      { inputTokens: 291, outputTokens: 26, reasoningTokens: 189 },
    ],
    [
      "others count it inside",
      {
        prompt_tokens: 12,
        completion_tokens: 35,
        total_tokens: 47,
        completion_tokens_details: { reasoning_tokens: 26 },
      },
      { inputTokens: 12, outputTokens: 9, reasoningTokens: 26 },
    ],
    [
      "more cached tokens than tokens are as many as there are",
      { prompt_tokens: 293, completion_tokens: 58, prompt_tokens_details: { cached_tokens: 387 } },
      { inputTokens: 0, cacheReadTokens: 293, outputTokens: 58 },
    ],
    [
      "DeepSeek's cache hits",
      { prompt_tokens: 100, completion_tokens: 1, prompt_cache_hit_tokens: 60, prompt_cache_miss_tokens: 40 },
      { inputTokens: 40, cacheReadTokens: 60, outputTokens: 1 },
    ],
    [
      "sound",
      {
        prompt_tokens: 28,
        completion_tokens: 17,
        prompt_tokens_details: { audio_tokens: 1 },
        completion_tokens_details: { audio_tokens: 2 },
      },
      { inputTokens: 27, audioInputTokens: 1, outputTokens: 15, audioOutputTokens: 2 },
    ],
  ])("%s", (_, usage, buckets) => {
    expect(openaiChat.usage({ usage })).toMatchObject(buckets);
  });

  test.each<JsonObject[string]>([null, {}, "none", { prompt_tokens: "12" }])(
    "%j says nothing, which is not zero",
    (usage) => {
      expect(openaiChat.usage({ usage })).toBeUndefined();
    },
  );
});

describe("stream", () => {
  const chunk = (delta: JsonObject, more: JsonObject = {}) => ({
    event: "",
    data: JSON.stringify({ id: "c", model: "m", created: 1, choices: [{ index: 0, delta, ...more }] }),
  });
  const done = { event: "", data: "[DONE]" };
  const call = (index: number, args: string, id?: string) => ({
    tool_calls: [
      {
        index,
        ...(id ? { id, type: "function" } : {}),
        function: { ...(id ? { name: `f${index}` } : {}), arguments: args },
      },
    ],
  });

  function decode(frames: { event: string; data: string }[]) {
    const decoder = openaiChat.stream.decoder();
    return [...frames.flatMap((frame) => decoder.push(frame)), ...decoder.end()];
  }

  /** Calls that are interleaved, which the vendor permits: each keeps its own arguments, in both dialects. */
  const interleaved = [
    chunk({ role: "assistant", content: "Both." }),
    chunk(call(0, '{"a":', "id0")),
    chunk(call(1, '{"b":', "id1")),
    chunk(call(0, "1}")),
    chunk(call(1, "2}")),
    chunk({}, { finish_reason: "tool_calls" }),
    done,
  ];

  test("interleaved calls keep their arguments", () => {
    const [choice] = fold(decode(interleaved)).choices;
    expect(choice?.parts.map(({ kind }) => (kind.case === "toolCall" ? kind.value.arguments : kind.case))).toEqual([
      "text",
      '{"a":1}',
      '{"b":2}',
    ]);
  });

  test("interleaved calls become blocks one after the other", () => {
    const losses = new LossReport();
    const encoder = anthropicMessages.stream.encoder({
      showUsage: true,
      model: "",
      id: "",
      createTimeSeconds: 0,
      losses,
    });
    const wire = decode(interleaved).flatMap((event) =>
      encoder.push(event).map(({ data }) => JSON.parse(data) as JsonObject),
    );
    const blocks = wire.filter(({ type }) => `${type}`.startsWith("content_block"));
    const order = blocks.map(({ type, index }) => `${type}`.replace("content_block_", "") + index);
    expect(order.join(" ")).toMatch(/^start0 (delta0 )+stop0 start1 (delta1 )+stop1 start2 (delta2 )+stop2$/);
  });

  test("a server that numbers every call 0 means different calls by different ids", () => {
    const same = (id: string, args: string) =>
      chunk({ tool_calls: [{ index: 0, id, function: { name: "f", arguments: args } }] });
    const reply = fold(decode([same("a", "{}"), same("b", '{"x":1}'), done]));
    expect(reply.choices[0]?.parts.map(({ kind }) => (kind.case === "toolCall" ? kind.value.id : ""))).toEqual([
      "a",
      "b",
    ]);
  });

  test("arguments that go on after their end fail the stream instead of being lost", () => {
    const events = decode([chunk(call(0, "{}", "a")), chunk(call(1, "{}", "b")), chunk(call(0, '{"late":1}')), done]);
    expect(events.at(-1)?.event).toMatchObject({
      case: "failed",
      value: { error: { reason: Reason.UPSTREAM_GARBAGE } },
    });
  });

  test("an answer without calls ids gets ids that are the same streamed and whole", () => {
    const tool = { function: { name: "f", arguments: "{}" } };
    const streamed = fold(decode([chunk({ tool_calls: [{ index: 0, ...tool }] }), done]));
    const whole = openaiChat.unary.decode({ id: "c", choices: [{ message: { tool_calls: [tool] } }] });
    expect(streamed.choices[0]?.parts).toEqual(whole.choices[0]?.parts);
  });

  test.each<[name: string, frame: { event: string; data: string }, status: number]>([
    ["an error object", { event: "", data: '{"error":{"message":"no","code":429}}' }, 429],
    ["an error text", { event: "", data: '{"error":"no"}' }, 502],
    ["an event of that name", { event: "error", data: '{"message":"no","type":"overloaded_error"}' }, 529],
    [
      "Mistral's flat error",
      { event: "", data: '{"object":"error","message":"no","type":"invalid_request_error"}' },
      400,
    ],
    ["no JSON", { event: "", data: "<html>" }, 502],
  ])("%s fails the stream, in the tally too unless it is no JSON", (_, frame, status) => {
    expect(decode([chunk({ content: "a" }), frame, done]).at(-1)?.event).toMatchObject({
      case: "failed",
      value: { error: { status } },
    });
    const tally = openaiChat.stream.tally({ hideUsage: true });
    for (const one of [frame, done]) tally.read(one);
    expect(tally.failure?.status).toBe(frame.data === "<html>" ? undefined : status);
  });

  test("a flat error is shown where clients look for one", () => {
    const flat = { object: "error", message: "no", type: "invalid_request_error" };
    const tally = openaiChat.stream.tally({ hideUsage: true });
    expect(tally.read({ event: "", data: JSON.stringify(flat) })).toEqual({
      event: "",
      data: JSON.stringify({ error: flat }),
    });
    expect(tally.read({ event: "", data: '{"error":{"message":"no"}}' })).toBe("show");
  });
});

describe("errors raise the right class in the vendor's library, which goes by status", () => {
  test.each<[reason: Reason, status: number, type: string, code: string]>([
    [Reason.API_KEY_MISSING, 401, "invalid_request_error", "invalid_api_key"],
    [Reason.API_KEY_INVALID, 401, "invalid_request_error", "invalid_api_key"],
    [Reason.MODEL_NOT_ALLOWED, 403, "invalid_request_error", "model_not_allowed"],
    [Reason.MODEL_UNKNOWN, 404, "invalid_request_error", "model_not_found"],
    [Reason.INVALID_ARGUMENT, 400, "invalid_request_error", "invalid_value"],
    [Reason.CANNOT_TRANSLATE, 400, "invalid_request_error", "unsupported_parameter"],
    [Reason.BODY_TOO_LARGE, 413, "invalid_request_error", "body_too_large"],
    [Reason.UPSTREAM_RATE_LIMITED, 429, "rate_limit_error", "rate_limit_exceeded"],
    [Reason.UPSTREAM_OVERLOADED, 503, "server_error", "upstream_overloaded"],
    [Reason.UPSTREAM_CREDENTIAL_REFUSED, 502, "server_error", "upstream_credential_refused"],
    [Reason.INTERNAL, 500, "server_error", "internal"],
  ])("reason %i", (reason, status, type, code) => {
    const encoded = openaiChat.error.encode(new GatewayError(reason, "Words."), "req_1");
    expect(encoded.status).toBe(status);
    expect(encoded.body.error).toMatchObject({ message: "Words.", type, code });
  });
});
