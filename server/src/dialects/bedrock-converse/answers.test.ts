import type { JsonObject } from "@bufbuild/protobuf";
import { FinishReason, type GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import {
  choiceFinished,
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
import { usageOf } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { seal } from "../seal.ts";
import { bedrockConverse } from "./index.ts";

function frame(event: string, body: JsonObject): Frame {
  return { event, data: JSON.stringify(body) };
}

const start = frame("messageStart", { role: "assistant", p: "abc" });
const stop = (stopReason: string, more: JsonObject = {}) => frame("messageStop", { stopReason, ...more });
const usage = { inputTokens: 3, outputTokens: 5, totalTokens: 8 };
const metadata = frame("metadata", { usage, metrics: { latencyMs: 9 }, p: "abcd" });
const delta = (contentBlockIndex: number, body: JsonObject) =>
  frame("contentBlockDelta", { contentBlockIndex, delta: body, p: "a" });
const close = (contentBlockIndex: number) => frame("contentBlockStop", { contentBlockIndex });
const opensCall = (contentBlockIndex: number, toolUse: JsonObject) =>
  frame("contentBlockStart", { contentBlockIndex, start: { toolUse } });

function decoded(frames: readonly Frame[]): GenerateEvent[] {
  const decoder = bedrockConverse.stream.decoder();
  return [...frames.flatMap((one) => decoder.push(one)), ...decoder.end()];
}

function encoded(events: readonly GenerateEvent[]): { frames: Frame[]; lost: readonly string[] } {
  const losses = new LossReport();
  const context = { showUsage: true, model: "m", id: "id", createTimeSeconds: 1, losses };
  const encoder = bedrockConverse.stream.encoder(context);
  return { frames: events.flatMap((event) => [...encoder.push(event)]), lost: losses.paths };
}

const parsedOf = ({ data }: Frame) => JSON.parse(data) as JsonObject;
const begun = opened({ id: "1", model: "m", createTimeSeconds: 1, dialect: "openai-chat" });

describe("rows 20, 58: streams as the service writes them", () => {
  test("a block of text needs no start, padding says nothing, and usage comes after the ending", () => {
    const reply = fold(
      decoded([start, delta(0, { text: "Hel" }), delta(0, { text: "lo" }), close(0), stop("end_turn"), metadata]),
    );
    expect(reply.choices[0]?.parts).toMatchObject([{ kind: { value: { text: "Hello" } } }]);
    expect(reply.usage).toMatchObject({ inputTokens: 3, outputTokens: 5 });
    expect(JSON.stringify(reply.extra)).not.toContain('"p"');
  });

  test("a call without arguments has none when the model waits for it, and is cut short when it does not", () => {
    for (const [reason, args] of [
      ["tool_use", "{}"],
      ["max_tokens", ""],
    ] as const) {
      const frames = [start, opensCall(0, { toolUseId: "a", name: "f" }), close(0), stop(reason), metadata];
      expect(fold(decoded(frames)).choices[0]?.parts[0]?.kind.value).toMatchObject({ id: "a", arguments: args });
    }
  });

  test("thoughts grow with their signature; encrypted ones are joined from their pieces", () => {
    const bytes = Buffer.from(Buffer.from("EtkECkgI").toString("base64"), "base64");
    const piece = (part: Buffer) => ({ reasoningContent: { redactedContent: part.toString("base64") } });
    const reply = fold(
      decoded([
        start,
        delta(0, { reasoningContent: { text: "Hm." } }),
        delta(0, { reasoningContent: { signature: "c2" } }),
        delta(0, { reasoningContent: { signature: "ln" } }),
        close(0),
        delta(1, piece(bytes.subarray(0, 5))),
        delta(1, piece(bytes.subarray(5))),
        close(1),
        stop("end_turn"),
        metadata,
      ]),
    );
    expect(reply.choices[0]?.parts.map(({ kind }) => kind.value)).toMatchObject([
      { text: "Hm.", signature: "c2ln", redacted: "" },
      { redacted: "EtkECkgI" },
    ]);
  });

  test("what the service runs itself is carried whole and is no call of the client's", () => {
    const reply = fold(
      decoded([
        start,
        opensCall(0, { toolUseId: "s", name: "nova_grounding", type: "server_tool_use" }),
        delta(0, { toolUse: { input: '{"q":' } }),
        delta(0, { toolUse: { input: '"x"}' } }),
        close(0),
        frame("contentBlockStart", {
          contentBlockIndex: 1,
          start: { toolResult: { toolUseId: "s", type: "nova_grounding_result", status: "success" } },
        }),
        delta(1, { toolResult: [{ text: "found" }] }),
        close(1),
        delta(2, { text: "So." }),
        close(2),
        stop("end_turn"),
        metadata,
      ]),
    );
    const losses = new LossReport();
    expect(bedrockConverse.unary.encode(reply, losses)).toMatchObject({
      output: {
        message: {
          content: [
            { toolUse: { toolUseId: "s", name: "nova_grounding", type: "server_tool_use", input: { q: "x" } } },
            { toolResult: { toolUseId: "s", status: "success", content: [{ text: "found" }] } },
            { text: "So." },
          ],
        },
      },
    });
    const chat = openaiChat.unary.encode(reply, losses);
    expect(JSON.stringify(chat)).not.toContain('tool_calls":[');
    expect(losses.paths).toEqual(expect.arrayContaining(["content[0]", "content[1]"]));
  });

  test("row 45: citations stand with their text", () => {
    const citation = { title: "facts", location: { documentChar: { documentIndex: 0, start: 0, end: 3 } } };
    const frames = [start, delta(0, { citation }), delta(0, { text: "Ruby" }), close(0), stop("end_turn"), metadata];
    expect(bedrockConverse.unary.encode(fold(decoded(frames)), new LossReport())).toMatchObject({
      output: { message: { content: [{ citationsContent: { content: [{ text: "Ruby" }], citations: [citation] } }] } },
    });
  });

  test("row 62: a stream without its metadata, or without its ending, is cut", () => {
    const whole = [start, delta(0, { text: "Hi" }), close(0), stop("end_turn"), metadata];
    for (const left of [whole.slice(0, 4), [...whole.slice(0, 3), metadata]]) {
      const last = decoded(left).at(-1)!.event;
      expect(last.case === "failed" && last.value.error?.reason).toBe(Reason.UPSTREAM_TRUNCATED);
    }
    expect(decoded([start, stop("end_turn"), metadata]).at(-1)?.event.case).toBe("finished");
  });

  test("words where no block can be are garbage and not lost", () => {
    for (const frames of [
      [start, delta(0, { toolUse: { input: "{}" } })],
      [start, opensCall(0, { toolUseId: "a", name: "f" }), delta(0, { text: "Hi" })],
      [start, stop("end_turn"), delta(0, { text: "late" })],
    ]) {
      const last = decoded(frames).at(-1)!.event;
      expect(last.case === "failed" && last.value.error?.reason).toBe(Reason.UPSTREAM_GARBAGE);
    }
  });
});

describe("row 59: one block is open at a time", () => {
  const events = [
    begun,
    partOpened(0, 0, toolCall({ id: "a", name: "f", arguments: "" })),
    partOpened(0, 1, toolCall({ id: "b", name: "g", arguments: "" })),
    partGrown(0, 0, { case: "arguments", value: '{"x":' }),
    partGrown(0, 1, { case: "arguments", value: "{}" }),
    partGrown(0, 0, { case: "arguments", value: "1}" }),
    partClosed(0, 1),
    partClosed(0, 0),
    choiceFinished({ choice: 0, finishReason: FinishReason.STOP }),
    finished(usageOf({ inputTokens: 1, reasoningTokens: 2 })),
  ];

  test("calls that grow side by side wait for their turn", () => {
    const { frames, lost } = encoded(events);
    const names = frames.map(({ event, data }) =>
      `${event} ${(JSON.parse(data) as JsonObject).contentBlockIndex ?? ""}`.trim(),
    );
    expect(names).toEqual([
      "messageStart",
      "contentBlockStart 0",
      "contentBlockDelta 0",
      "contentBlockDelta 0",
      "contentBlockStop 0",
      "contentBlockStart 1",
      "contentBlockDelta 1",
      "contentBlockStop 1",
      "messageStop",
      "metadata",
    ]);
    // A plain stop with calls waits for them.
    expect(parsedOf(frames.at(-2)!)).toEqual({ stopReason: "tool_use" });
    expect(parsedOf(frames.at(-1)!)).toEqual({ usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } });
    expect(lost).toEqual(["usage.reasoning_tokens"]);
  });

  test("a text that says nothing is said, so that its block is there", () => {
    const { frames } = encoded([begun, partOpened(0, 0, text("")), partClosed(0, 0), finished(undefined)]);
    expect(parsedOf(frames[1]!)).toEqual({ contentBlockIndex: 0, delta: { text: "" } });
  });

  test("row 23: a signature comes before its block ends, another vendor's under seal", () => {
    const thought = (origin?: string) => [
      begun,
      partOpened(0, 0, origin === undefined ? reasoning({}) : { ...reasoning({}), origin }),
      partGrown(0, 0, { case: "text", value: "Hm." }),
      partGrown(0, 0, { case: "signature", value: "c2ln" }),
      partClosed(0, 0),
      finished(undefined),
    ];
    const deltas = (origin?: string) =>
      encoded(thought(origin))
        .frames.filter(({ event }) => event === "contentBlockDelta")
        .map((one) => parsedOf(one).delta);
    const words = { reasoningContent: { text: "Hm." } };
    expect(deltas()).toEqual([words, { reasoningContent: { signature: "c2ln" } }]);
    expect(deltas("anthropic-messages")).toHaveLength(2);
    const sealed = seal({ origin: "gemini", signature: "c2ln", redacted: "" });
    expect(deltas("gemini")).toEqual([words, { reasoningContent: { signature: sealed } }]);
    expect(encoded(thought("gemini")).lost).toEqual([]);
  });
});

describe("section 12: endings", () => {
  const ending = (stopReason: string, more: JsonObject = {}) =>
    bedrockConverse.unary.decode({ output: { message: { content: [] } }, stopReason, ...more });

  test.each<[native: string, chat: string, messages: string]>([
    ["end_turn", "stop", "end_turn"],
    ["stop_sequence", "stop", "stop_sequence"],
    ["max_tokens", "length", "max_tokens"],
    ["model_context_window_exceeded", "length", "model_context_window_exceeded"],
    ["tool_use", "tool_calls", "tool_use"],
    ["guardrail_intervened", "content_filter", "refusal"],
    ["content_filtered", "content_filter", "refusal"],
    ["malformed_tool_use", "stop", "end_turn"],
    ["brand_new", "stop", "end_turn"],
  ])("rows 46, 47: %s", (native, chat, messages) => {
    const losses = new LossReport();
    expect(openaiChat.unary.encode(ending(native), losses).choices).toMatchObject([{ finish_reason: chat }]);
    expect(anthropicMessages.unary.encode(ending(native), losses)).toMatchObject({ stop_reason: messages });
    expect(bedrockConverse.unary.encode(ending(native), losses)).toMatchObject({ stopReason: native });
  });

  test("row 31: the string that came up is among the model's own fields", () => {
    const fields = { additionalModelResponseFields: { stop_sequence: "END" } };
    const said = anthropicMessages.unary.encode(ending("stop_sequence", fields), new LossReport());
    expect(said).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: "END" });
    const back = bedrockConverse.unary.encode(anthropicMessages.unary.decode(said), new LossReport());
    expect(back).toMatchObject({ stopReason: "stop_sequence", ...fields });
  });

  test("row 5: an answer without content is an answer", () => {
    expect(ending("content_filtered").choices[0]?.parts).toEqual([]);
    expect(() => bedrockConverse.unary.decode({})).toThrow(/no `output`/);
    // An error under status 200 keeps its words.
    expect(() => bedrockConverse.unary.decode({ message: "?" })).toThrow("?");
  });
});

describe("section 9: usage", () => {
  test("cached tokens stand beside the input, and each is in one bucket", () => {
    const wire = {
      usage: {
        inputTokens: 10,
        outputTokens: 20,
        totalTokens: 330,
        cacheReadInputTokens: 100,
        cacheWriteInputTokens: 200,
        cacheDetails: [
          { ttl: "1h", inputTokens: 150 },
          { ttl: "5m", inputTokens: 50 },
        ],
      },
    };
    const read = bedrockConverse.usage(wire)!;
    expect(read).toEqual(
      usageOf({
        inputTokens: 10,
        cacheReadTokens: 100,
        cacheWriteTokens: 50,
        cacheWrite1hTokens: 150,
        outputTokens: 20,
      }),
    );
    const reply = { ...bedrockConverse.unary.decode({ output: {}, stopReason: "end_turn", ...wire }), extra: {} };
    expect(bedrockConverse.unary.encode(reply, new LossReport()).usage).toEqual(wire.usage);
    expect(openaiChat.unary.encode(reply, new LossReport()).usage).toMatchObject({
      prompt_tokens: 310,
      total_tokens: 330,
      prompt_tokens_details: { cached_tokens: 100 },
    });
  });

  test("unknown is not zero", () => {
    expect(bedrockConverse.usage({ usage: {} })).toBeUndefined();
  });
});

describe("section 10: errors", () => {
  test.each<[name: string, status: number, reason: Reason, meant: number]>([
    ["ThrottlingException", 429, Reason.UPSTREAM_RATE_LIMITED, 429],
    ["ServiceQuotaExceededException", 400, Reason.UPSTREAM_RATE_LIMITED, 429],
    ["ServiceUnavailableException", 503, Reason.UPSTREAM_OVERLOADED, 503],
    ["ModelNotReadyException", 429, Reason.UPSTREAM_OVERLOADED, 503],
    ["ModelTimeoutException", 408, Reason.UPSTREAM_TIMEOUT, 504],
    ["ModelErrorException", 424, Reason.UPSTREAM_FAILED, 502],
    ["InternalServerException", 500, Reason.UPSTREAM_FAILED, 500],
    ["ValidationException", 400, Reason.UPSTREAM_REJECTED, 400],
    ["ResourceNotFoundException", 404, Reason.UPSTREAM_REJECTED, 404],
  ])("%s keeps its class, and is itself again for a client of its own", (name, status, reason, meant) => {
    const headers = { "x-amzn-errortype": `${name}:http://internal.amazon.com/coral/com.amazon.bedrock/` };
    for (const error of [
      bedrockConverse.error.decode(status, headers, '{"message":"M"}'),
      bedrockConverse.error.decode(status, {}, `{"__type":"com.amazon.coral.service#${name}","Message":"M"}`),
    ]) {
      expect(error).toMatchObject({ reason, status: meant, message: "M" });
      expect(bedrockConverse.error.encode(error, "id")).toEqual({
        status,
        headers: { "x-amzn-errortype": name },
        body: { __type: name, message: "M" },
      });
      expect(JSON.stringify(openaiChat.error.encode(error, "id").body)).not.toContain("Exception");
    }
  });

  test("the gateway's own credential is not the caller's", () => {
    const headers = { "x-amzn-errortype": "ExpiredTokenException" };
    const error = bedrockConverse.error.decode(403, headers, '{"message":"The security token is expired"}');
    expect(error.reason).toBe(Reason.UPSTREAM_CREDENTIAL_REFUSED);
    expect(bedrockConverse.error.encode(error, "id")).toMatchObject({
      status: 500,
      body: { __type: "InternalServerException" },
    });
    const own = new GatewayError(Reason.API_KEY_INVALID, "No.");
    expect(bedrockConverse.error.encode(own, "id")).toMatchObject({
      status: 403,
      body: { __type: "UnrecognizedClientException" },
    });
  });

  test.each<[reason: Reason, event: string]>([
    [Reason.UPSTREAM_TRUNCATED, "modelStreamErrorException"],
    [Reason.UPSTREAM_TIMEOUT, "modelStreamErrorException"],
    [Reason.UPSTREAM_RATE_LIMITED, "throttlingException"],
    [Reason.UPSTREAM_OVERLOADED, "serviceUnavailableException"],
    [Reason.INTERNAL, "internalServerException"],
    [Reason.CANNOT_TRANSLATE, "validationException"],
  ])("in a stream %s is an exception the libraries know", (reason, event) => {
    const written = bedrockConverse.error.frame(new GatewayError(reason, "M"), "id");
    expect(written).toEqual({ event, data: '{"message":"M"}' });
    const bytes = Buffer.from(bedrockConverse.stream.framing.writer().frame(written)).toString("latin1");
    expect(bedrockConverse.stream.markers.some((marker) => bytes.includes(marker))).toBe(true);
  });

  test("an exception in a stream fails it with its own class, and the tally sees it", () => {
    const frames = [start, frame("throttlingException", { message: "Too many requests" })];
    const last = decoded(frames).at(-1)!.event;
    expect(last.case === "failed" && last.value.error).toMatchObject({
      reason: Reason.UPSTREAM_RATE_LIMITED,
      message: "Too many requests",
    });
    const tally = bedrockConverse.stream.tally({ hideUsage: false });
    for (const one of [...frames, stop("end_turn"), metadata]) tally.read(one);
    expect(tally).toMatchObject({ ended: false, failure: { reason: Reason.UPSTREAM_RATE_LIMITED } });
  });
});
