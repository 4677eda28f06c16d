import type { JsonObject } from "@bufbuild/protobuf";
import { FinishReason, type GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { failed } from "../../canonical/events.ts";
import { fold, unfold } from "../../canonical/fold.ts";
import { LossReport } from "../../canonical/loss.ts";
import { usageOf } from "../../canonical/usage.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import type { Dialect } from "../dialect.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { gemini } from "./index.ts";

const frame = (wire: JsonObject) => ({ event: "", data: JSON.stringify(wire) });

function chunk(parts: JsonObject[], more: JsonObject = {}, rest: JsonObject = {}): JsonObject {
  return { candidates: [{ content: { parts, role: "model" }, index: 0, ...more }], responseId: "r", ...rest };
}

function eventsOf(chunks: readonly JsonObject[]): GenerateEvent[] {
  const decoder = gemini.stream.decoder();
  return [...chunks.flatMap((one) => decoder.push(frame(one))), ...decoder.end()];
}

/** The bytes a client of `door` gets. */
function streamTo(door: Dialect, events: readonly GenerateEvent[]): { text: string; lost: readonly string[] } {
  const losses = new LossReport();
  const encoder = door.stream.encoder({ showUsage: true, model: "m", id: "id", createTimeSeconds: 1, losses });
  const writer = door.stream.framing.writer();
  const text = events.flatMap((event) => encoder.push(event).map((one) => `${writer.frame(one)}`)).join("");
  return { text: text + writer.end(), lost: losses.paths };
}

function toChat(wire: JsonObject): { choice: JsonObject; lost: readonly string[] } {
  const losses = new LossReport();
  const { choices } = openaiChat.unary.encode(gemini.unary.decode(wire), losses) as { choices: JsonObject[] };
  return { choice: choices[0]!, lost: losses.paths };
}

function fromMessages(wire: JsonObject): { candidate: JsonObject; lost: readonly string[] } {
  const losses = new LossReport();
  const message = { id: "i", type: "message", role: "assistant", model: "m", stop_sequence: null, ...wire };
  const reply = gemini.unary.encode(anthropicMessages.unary.decode(message), losses);
  return { candidate: (reply.candidates as JsonObject[])[0]!, lost: losses.paths };
}

/**
 * Reads a stream by the rules of the vendor's library (`@google/genai`): events end in a blank line, only those that begin
 * with `data:` are looked at, each holds one JSON value, and anything left at the end is an error.
 */
function asLibraryReads(text: string): JsonObject[] {
  const pieces = text.split(/\n\n|\r\r|\r\n\r\n/);
  if (pieces.pop()!.trim() !== "") throw new Error("Incomplete JSON segment at the end");
  return pieces.filter((one) => one.startsWith("data:")).map((one) => JSON.parse(one.slice(5)) as JsonObject);
}

describe("endings", () => {
  const call = { functionCall: { name: "f", args: {} } };

  test.each<[native: string, parts: JsonObject[], chat: string, messages: string]>([
    ["STOP", [{ text: "a" }], "stop", "end_turn"],
    ["STOP", [call], "tool_calls", "tool_use"],
    ["MAX_TOKENS", [{ text: "a" }], "length", "max_tokens"],
    ["MAX_TOKENS", [call], "length", "max_tokens"],
    ["SAFETY", [], "content_filter", "refusal"],
    ["RECITATION", [{ text: "a" }], "content_filter", "refusal"],
    ["PROHIBITED_CONTENT", [], "content_filter", "refusal"],
    ["MODEL_ARMOR", [], "content_filter", "refusal"],
    ["IMAGE_SAFETY", [], "content_filter", "refusal"],
  ])("hazards 12, 13 and 47: %s with %j is %s on chat and %s on Messages", (native, parts, chat, messages) => {
    const wire = chunk(parts, { finishReason: native });
    expect(toChat(wire).choice.finish_reason).toBe(chat);
    expect(anthropicMessages.unary.encode(gemini.unary.decode(wire), new LossReport()).stop_reason).toBe(messages);
  });

  test("hazard 47: a call that went wrong is no matter of safety, and says why", () => {
    const finishMessage = "Malformed function call: f(";
    const { choice } = toChat(chunk([], { finishReason: "MALFORMED_FUNCTION_CALL", finishMessage }));
    expect(choice).toMatchObject({
      finish_reason: "stop",
      native_finish_reason: "MALFORMED_FUNCTION_CALL",
      message: { refusal: finishMessage },
    });
  });

  test("an unknown reason and a number are endings too", () => {
    for (const finishReason of ["BRAND_NEW", 5]) {
      expect(eventsOf([chunk([{ text: "a" }], { finishReason })]).at(-1)!.event.case).toBe("finished");
    }
  });

  test("hazard 46: another vendor's refusal is a safety stop with its words", () => {
    const refused = { content: [], stop_reason: "refusal", stop_details: { type: "refusal", explanation: "No." } };
    expect(fromMessages(refused).candidate).toMatchObject({
      content: { parts: [{ text: "No." }] },
      finishReason: "SAFETY",
    });
  });

  test("an ending without a word here keeps the origin's", () => {
    const { candidate } = fromMessages({ content: [{ type: "text", text: "a" }], stop_reason: "pause_turn" });
    expect(candidate).toMatchObject({ finishReason: "OTHER", finishMessage: "pause_turn" });
  });
});

describe("a blocked prompt", () => {
  const blocked = { promptFeedback: { blockReason: "SAFETY", safetyRatings: [] }, modelVersion: "m" };

  test("hazard 47: is an answer without words, not a crash", () => {
    const { choice } = toChat(blocked);
    expect(choice).toMatchObject({ finish_reason: "content_filter", message: { content: "" } });
    const reply = fold(eventsOf([blocked]));
    expect(reply.choices).toMatchObject([{ parts: [], finishReason: FinishReason.FILTERED }]);
    expect(gemini.unary.encode(reply, new LossReport())).toMatchObject({ candidates: [], ...blocked });
  });

  test("no candidates and no reason is garbage", () => {
    const answers: JsonObject[] = [{}, { candidates: [] }, { candidates: [], usageMetadata: { promptTokenCount: 1 } }];
    for (const wire of answers) {
      expect(() => gemini.unary.decode(wire)).toThrow(expect.objectContaining({ reason: Reason.UPSTREAM_GARBAGE }));
    }
  });
});

describe("hazard 57: a stream ends with its bytes", () => {
  const usageMetadata = (candidatesTokenCount: number) => ({
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount, totalTokenCount: 3 + candidatesTokenCount },
  });

  test("text and usage after a first finish reason still count", () => {
    const chunks = [
      chunk([{ text: "a" }], { finishReason: "STOP" }, usageMetadata(1)),
      chunk([{ text: "b" }], { finishReason: "MAX_TOKENS" }, usageMetadata(9)),
    ];
    const reply = fold(eventsOf(chunks));
    expect(reply.choices).toMatchObject([
      { parts: [{ kind: { value: { text: "ab" } } }], finishReason: FinishReason.LENGTH },
    ]);
    expect(reply.usage).toEqual(usageOf({ inputTokens: 3, outputTokens: 9 }));
    const tally = gemini.stream.tally({ hideUsage: true });
    tally.read(frame(chunks[0]!));
    expect(tally.ended).toBe(true);
    tally.read(frame(chunks[1]!));
    expect(tally.usage).toEqual(reply.usage);
    expect(gemini.stream.endsWithBytes).toBe(true);
  });

  test("without one it is cut short", () => {
    for (const chunks of [[], [chunk([{ text: "a" }])], [chunk([], { finishReason: "FINISH_REASON_UNSPECIFIED" })]]) {
      const { event } = eventsOf(chunks).at(-1)!;
      expect(event).toMatchObject({ case: "failed", value: { error: { reason: Reason.UPSTREAM_TRUNCATED } } });
      const tally = gemini.stream.tally({ hideUsage: false });
      for (const one of chunks) tally.read(frame(one));
      expect(tally.ended).toBe(false);
    }
  });

  test("an error after a finish reason is a failure, with and without data:", () => {
    const error = { error: { code: 503, message: "Overloaded", status: "UNAVAILABLE" } };
    const first = `data: ${JSON.stringify(chunk([{ text: "a" }], { finishReason: "STOP" }))}\r\n\r\n`;
    for (const last of [`data: ${JSON.stringify(error)}\r\n\r\n`, JSON.stringify(error, null, 2)]) {
      const decoder = gemini.stream.decoder();
      const tally = gemini.stream.tally({ hideUsage: false });
      const events: GenerateEvent[] = [];
      const reader = gemini.stream.framing.reader(
        (one) => {
          tally.read(one);
          events.push(...decoder.push(one));
        },
        { maxFrameBytes: 1000 },
      );
      reader.push(Buffer.from(first + last));
      reader.end();
      expect([...events, ...decoder.end()].at(-1)!.event).toMatchObject({
        case: "failed",
        value: { error: { reason: Reason.UPSTREAM_OVERLOADED, message: "Overloaded" } },
      });
      expect(tally).toMatchObject({ ended: false, failure: { reason: Reason.UPSTREAM_OVERLOADED } });
    }
  });
});

describe("streamed parts", () => {
  const partsOf = (chunks: readonly JsonObject[]) => fold(eventsOf(chunks)).choices[0]!.parts;

  test("words go on from chunk to chunk, and thoughts are apart from them", () => {
    const parts = partsOf([
      chunk([{ text: "H", thought: true }]),
      chunk([{ text: "m", thought: true }, { text: "A" }]),
      chunk([{ text: "b" }]),
      chunk([{ text: "" }], { finishReason: "STOP" }),
    ]);
    expect(parts.map(({ kind }) => kind)).toMatchObject([
      { case: "reasoning", value: { text: "Hm" } },
      { case: "text", value: { text: "Ab" } },
    ]);
  });

  test("hazard 23: a signature that comes alone after the words is kept, and other doors show no empty text", () => {
    const chunks = [chunk([{ text: "Hi" }]), chunk([{ text: "", thoughtSignature: "c2ln" }], { finishReason: "STOP" })];
    expect(partsOf(chunks)).toMatchObject([{}, { signature: "c2ln", origin: "gemini" }]);
    const { text, lost } = streamTo(anthropicMessages, eventsOf(chunks));
    expect(text.match(/content_block_start/g)).toHaveLength(2); // the event's name and its type
    expect(lost).toEqual(["candidates[0].content.parts[1].signature"]);
    expect(asLibraryReads(streamTo(gemini, eventsOf(chunks)).text)[1]).toMatchObject(
      chunk([{ text: "", thoughtSignature: "c2ln" }]),
    );
  });

  test("hazard 20: a whole call in one chunk is one call, complete", () => {
    const functionCall = { name: "f", args: { a: [1] }, id: "x" };
    const { text } = streamTo(openaiChat, eventsOf([chunk([{ functionCall }], { finishReason: "STOP" })]));
    expect(text).toContain(
      String.raw`{"index":0,"id":"x","type":"function","function":{"name":"f","arguments":"{\"a\":[1]}"}}`,
    );
    expect(text).toContain('"finish_reason":"tool_calls"');
  });

  test("hazard 20: arguments that come in pieces become one object", () => {
    const piece = (partialArgs: JsonObject[]) => ({ functionCall: { partialArgs, willContinue: true } });
    const parts = partsOf([
      chunk([{ functionCall: { name: "f", willContinue: true }, thoughtSignature: "c2ln" }]),
      chunk([piece([{ jsonPath: "$.city", stringValue: "New ", willContinue: true }])]),
      chunk([piece([{ jsonPath: "$.city", stringValue: "York" }])]),
      chunk([
        piece([
          { jsonPath: "$.days[0].at", numberValue: 1 },
          { jsonPath: "$.days[1]['a b']", boolValue: true },
        ]),
      ]),
      chunk([piece([{ jsonPath: "$.note", nullValue: "NULL_VALUE" }])]),
      chunk([{ functionCall: {} }], { finishReason: "STOP" }),
    ]);
    expect(parts).toMatchObject([
      { kind: { value: { id: "gemini_r_0", name: "f" } }, signature: "c2ln", origin: "gemini" },
    ]);
    const { kind } = parts[0]!;
    expect(JSON.parse(kind.case === "toolCall" ? kind.value.arguments : "")).toEqual({
      city: "New York",
      days: [{ at: 1 }, { "a b": true }],
      note: null,
    });
  });

  test.each(["x", "$", "$.a[999999]", "$[0]", "$..a", "$.__proto__.polluted"])(
    "hazard 20: a piece for %j does no harm",
    (jsonPath) => {
      const partialArgs = [{ jsonPath, stringValue: "y" }];
      const chunks = [chunk([{ functionCall: { name: "f", partialArgs } }], { finishReason: "STOP" })];
      expect(["failed", "finished"]).toContain(eventsOf(chunks).at(-1)!.event.case);
      expect({}).not.toHaveProperty("polluted");
    },
  );

  test("hazard 32: candidates are told apart by their index", () => {
    const candidate = (index: number, text: string, more: JsonObject = {}) => ({
      index,
      content: { parts: [{ text }] },
      ...more,
    });
    const reply = fold(
      eventsOf([
        { candidates: [candidate(0, "a"), candidate(1, "b")] },
        { candidates: [candidate(1, "d", { finishReason: "STOP" }), candidate(0, "c", { finishReason: "STOP" })] },
      ]),
    );
    expect(reply.choices).toMatchObject([
      { index: 0, parts: [{ kind: { value: { text: "ac" } } }] },
      { index: 1, parts: [{ kind: { value: { text: "bd" } } }] },
    ]);
  });

  test("hazard 45: citations gather over the stream, stay whole, and are said elsewhere", () => {
    const cited = (uri: string) => ({ citationMetadata: { citationSources: [{ uri }] } });
    const events = eventsOf([
      chunk([{ text: "a" }], cited("https://a")),
      chunk([{ text: "b" }], {
        ...cited("https://b"),
        groundingMetadata: { webSearchQueries: ["q"] },
        finishReason: "STOP",
      }),
    ]);
    const reply = fold(events);
    expect(reply.choices[0]!.parts[0]!.citations).toMatchObject([{ url: "https://a" }, { url: "https://b" }]);
    expect(gemini.unary.encode(reply, new LossReport())).toMatchObject({
      candidates: [
        {
          citationMetadata: { citationSources: [{ uri: "https://a" }, { uri: "https://b" }] },
          groundingMetadata: { webSearchQueries: ["q"] },
        },
      ],
    });
    expect(streamTo(openaiChat, events).lost).toEqual(["groundingMetadata"]);
  });
});

describe("as the vendor's library reads it", () => {
  const message: JsonObject = {
    id: "msg",
    type: "message",
    role: "assistant",
    model: "claude",
    content: [
      { type: "thinking", thinking: "Hm", signature: "s" },
      { type: "text", text: "Hello" },
      { type: "tool_use", id: "toolu_1", name: "f", input: { a: 1 } },
    ],
    stop_reason: "tool_use",
    stop_sequence: null,
    usage: {
      input_tokens: 3,
      cache_read_input_tokens: 4,
      output_tokens: 2,
      output_tokens_details: { thinking_tokens: 1 },
    },
  };
  const events = unfold(anthropicMessages.unary.decode(message));

  test("every chunk is an answer as far as it goes, without a name, and only the last has the ending and the usage", () => {
    const { text } = streamTo(gemini, events);
    expect(text).not.toMatch(/^event:|\[DONE\]/m);
    const chunks = asLibraryReads(text);
    const shared = { modelVersion: "claude", responseId: "msg" };
    const content = (part: JsonObject) => ({ candidates: [{ content: { parts: [part], role: "model" }, index: 0 }] });
    expect(chunks).toEqual([
      { ...content({ text: "Hm", thought: true }), ...shared },
      { ...content({ text: "Hello" }), ...shared },
      { ...content({ functionCall: { id: "toolu_1", name: "f", args: { a: 1 } } }), ...shared },
      {
        candidates: [{ content: { parts: [{ text: "" }], role: "model" }, finishReason: "STOP", index: 0 }],
        usageMetadata: {
          promptTokenCount: 7,
          candidatesTokenCount: 1,
          totalTokenCount: 9,
          cachedContentTokenCount: 4,
          thoughtsTokenCount: 1,
        },
        ...shared,
      },
    ]);
  });

  test("a stream that fails throws there, whether its bytes come at once or one by one", () => {
    const error = new GatewayError(Reason.UPSTREAM_FAILED, "It broke.");
    const { text } = streamTo(gemini, [...events.slice(0, 4), failed(error)]);
    expect(() => asLibraryReads(text)).toThrow("Incomplete JSON segment");
    // As the last thing that is read it is the error itself.
    const last = text.slice(text.lastIndexOf("\n\n") + 2);
    expect(JSON.parse(last)).toMatchObject({ error: { code: 502, message: "It broke.", status: "UNAVAILABLE" } });
    // Readers of events see it as one.
    expect(text).toContain(`data: ${last}\n\n`);
  });

  test("arguments that are no object are not taken for whole ones, and come back as they were", () => {
    const broken = { type: "tool_use", id: "t", name: "f", input: '{"a' };
    const { candidate } = fromMessages({ content: [broken], stop_reason: "max_tokens" });
    expect(candidate).toMatchObject({
      content: { parts: [{ functionCall: { args: { pontage_broken_arguments: '{"a' } } }] },
      finishReason: "MAX_TOKENS",
    });
    const [part] = gemini.unary.decode({ candidates: [candidate] }).choices[0]!.parts;
    expect(part!.kind.value).toMatchObject({ arguments: '{"a' });
  });
});

describe("usage, section 9", () => {
  test.each<[what: string, wire: JsonObject, usage: Parameters<typeof usageOf>[0]]>([
    [
      "thoughts stand beside the candidates (hazard 28)",
      { promptTokenCount: 9, candidatesTokenCount: 7, thoughtsTokenCount: 33, totalTokenCount: 49 },
      { inputTokens: 9, outputTokens: 7, reasoningTokens: 33 },
    ],
    [
      "what is cached is counted inside the prompt",
      { promptTokenCount: 100, cachedContentTokenCount: 60, candidatesTokenCount: 1 },
      { inputTokens: 40, cacheReadTokens: 60, outputTokens: 1 },
    ],
    [
      "what the provider's tools brought in is input beside the prompt",
      { promptTokenCount: 10, toolUsePromptTokenCount: 73, candidatesTokenCount: 30, thoughtsTokenCount: 109 },
      { inputTokens: 83, outputTokens: 30, reasoningTokens: 109 },
    ],
    [
      "sound has buckets of its own, less what of it is cached",
      {
        promptTokenCount: 100,
        cachedContentTokenCount: 30,
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 50 },
          { modality: "AUDIO", tokenCount: 50 },
        ],
        cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 30 }],
        candidatesTokenCount: 10,
        candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 8 }],
      },
      { inputTokens: 50, cacheReadTokens: 30, audioInputTokens: 20, outputTokens: 2, audioOutputTokens: 8 },
    ],
    [
      "a part is never larger than its whole",
      { promptTokenCount: 5, cachedContentTokenCount: 9, candidatesTokenCount: 1 },
      { cacheReadTokens: 5, outputTokens: 1 },
    ],
    ["no candidates yet", { promptTokenCount: 9, totalTokenCount: 9 }, { inputTokens: 9 }],
  ])("%s", (_, wire, usage) => {
    expect(gemini.usage({ usageMetadata: wire })).toEqual(usageOf(usage));
  });

  test("unknown is not zero", () => {
    expect(gemini.usage({ usageMetadata: { trafficType: "ON_DEMAND" } })).toBeUndefined();
    expect(gemini.usage({})).toBeUndefined();
  });

  test("what no one says of a cache that was written is reported", () => {
    const message = { content: [], usage: { input_tokens: 1, cache_creation_input_tokens: 5, output_tokens: 1 } };
    expect(fromMessages(message).lost).toContain("usage.cache_write_tokens");
  });
});

describe("errors, section 10", () => {
  const body = (error: JsonObject) => JSON.stringify({ error });
  const retryInfo = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "34.4s" };

  test("the wait is in the details", () => {
    const error = gemini.error.decode(429, {}, body({ code: 429, message: "Quota", details: [retryInfo] }));
    expect(error).toMatchObject({ reason: Reason.UPSTREAM_RATE_LIMITED, status: 429, retryAfterMs: 34_400 });
    expect(gemini.error.decode(429, { "retry-after": "2" }, body({ details: [retryInfo] })).retryAfterMs).toBe(2000);
    for (const retryDelay of ["soon", "-1s", 5, "1e9s"]) {
      const odd = body({ details: [{ ...retryInfo, retryDelay }] });
      expect(gemini.error.decode(429, {}, odd).retryAfterMs).toBeUndefined();
    }
  });

  test("400 for a bad key is the gateway's credential, and no mistake of the caller's", () => {
    const details = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }];
    const error = gemini.error.decode(400, {}, body({ code: 400, message: "No.", details }));
    expect(error).toMatchObject({ reason: Reason.UPSTREAM_CREDENTIAL_REFUSED, status: 502 });
  });

  test("the field at fault, a list around it, and bodies that are no JSON", () => {
    const fieldViolations = [{ field: "generation_config.top_k", description: "x" }];
    const details = [{ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations }];
    const listed = `[${body({ code: 400, message: "No.", status: "INVALID_ARGUMENT", details })}]`;
    expect(gemini.error.decode(400, {}, listed)).toMatchObject({
      reason: Reason.UPSTREAM_REJECTED,
      message: "No.",
      param: "generation_config.top_k",
    });
    expect(gemini.error.decode(502, {}, "<html>Bad Gateway</html>").message).toBe("Bad Gateway");
  });

  test("an upstream that cancels itself has failed", () => {
    const error = gemini.error.decode(499, {}, body({ code: 499, message: "Cancelled.", status: "CANCELLED" }));
    expect(error).toMatchObject({ reason: Reason.UPSTREAM_FAILED, status: 502 });
  });

  test("too long a prompt has chat's code for it on chat", () => {
    const message = "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).";
    const error = gemini.error.decode(400, {}, body({ code: 400, message, status: "INVALID_ARGUMENT" }));
    expect(openaiChat.error.encode(error, "r").body).toMatchObject({ error: { code: "context_length_exceeded" } });
  });

  test.each<[reason: Reason, status: number, word: string]>([
    [Reason.API_KEY_INVALID, 400, "INVALID_ARGUMENT"],
    [Reason.API_KEY_MISSING, 403, "PERMISSION_DENIED"],
    [Reason.PERMISSION_DENIED, 403, "PERMISSION_DENIED"],
    [Reason.MODEL_UNKNOWN, 404, "NOT_FOUND"],
    [Reason.CANNOT_TRANSLATE, 400, "INVALID_ARGUMENT"],
    [Reason.BODY_TOO_LARGE, 413, "INVALID_ARGUMENT"],
    [Reason.UPSTREAM_RATE_LIMITED, 429, "RESOURCE_EXHAUSTED"],
    [Reason.INTERNAL, 500, "INTERNAL"],
    [Reason.UPSTREAM_FAILED, 502, "UNAVAILABLE"],
    [Reason.UPSTREAM_OVERLOADED, 503, "UNAVAILABLE"],
    [Reason.UPSTREAM_TIMEOUT, 504, "DEADLINE_EXCEEDED"],
  ])("at the door reason %i is %i %s", (reason, status, word) => {
    const encoded = gemini.error.encode(new GatewayError(reason, "Why."), "req_1");
    expect(encoded).toMatchObject({ status, body: { error: { code: status, message: "Why.", status: word } } });
  });

  test("Anthropic's 529 is 503, and the details hold the field, the wait and the request's id", () => {
    const error = new GatewayError(Reason.UPSTREAM_OVERLOADED, "Why.", { status: 529, param: "x", retryAfterMs: 1500 });
    const { status, body } = gemini.error.encode(error, "req_1");
    expect(status).toBe(503);
    expect((body.error as JsonObject).details).toMatchObject([
      { reason: "UPSTREAM_OVERLOADED", domain: "pontage" },
      { fieldViolations: [{ field: "x" }] },
      { retryDelay: "1.5s" },
      { requestId: "req_1" },
    ]);
    expect(gemini.error.decode(status, {}, JSON.stringify(body))).toMatchObject({ retryAfterMs: 1500, param: "x" });
  });
});
