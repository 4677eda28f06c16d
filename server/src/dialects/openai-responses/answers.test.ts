import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { FinishReason } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { choiceFinished, finished } from "../../canonical/events.ts";
import { LossReport } from "../../canonical/loss.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { openaiResponses } from "./index.ts";
import { begin, call, encode, end, thrown, whole } from "./responses.fixture.ts";

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

test("hazards 45: citations stay with the text, and are said elsewhere", () => {
  const annotations = [{ type: "url_citation", start_index: 0, end_index: 2, url: "https://example.com", title: "t" }];
  const content = [{ type: "output_text", text: "Hi", annotations, logprobs: [] }];
  const output = [{ type: "message", id: "msg_1", status: "completed", role: "assistant", content }];
  const reply = openaiResponses.unary.decode({ id: "r", status: "completed", output });
  expect(openaiResponses.unary.encode(reply, new LossReport()).output).toEqual(output);
  const losses = new LossReport();
  openaiChat.unary.encode(reply, losses);
  expect(losses.paths).toEqual([]);
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

describe("an answer from elsewhere repeats the request of its own client", () => {
  const wire: JsonObject = {
    model: "m",
    input: "Hi",
    instructions: "Be brief.",
    temperature: 0.3,
    tools: [{ type: "function", name: "f", parameters: {} }],
    text: { verbosity: "low" },
    metadata: { a: "b" },
    store: true,
  };
  const repeated = {
    instructions: "Be brief.",
    temperature: 0.3,
    top_p: 1,
    tools: wire.tools,
    text: { format: { type: "text" }, verbosity: "low" },
    metadata: { a: "b" },
    // Whatever was asked for, nothing is stored.
    store: false,
  };
  const { echo } = openaiResponses.request.head(wire);
  const from = anthropicMessages.unary.decode({ id: "msg_1", type: "message", role: "assistant", content: [] });

  test("whole", () => {
    const head = openaiResponses.request.head(wire);
    expect(openaiResponses.unary.encode(from, new LossReport(), head)).toMatchObject(repeated);
  });

  test("streamed, from the first event on", () => {
    const context = { showUsage: true, echo, model: "m", id: "id", createTimeSeconds: 1, losses: new LossReport() };
    const encoder = openaiResponses.stream.encoder(context);
    for (const { data } of encoder.push(begin)) {
      expect((JSON.parse(data) as { response: JsonObject }).response).toMatchObject(repeated);
    }
  });
});
