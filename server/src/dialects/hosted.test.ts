import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Reason } from "../canonical/error.ts";
import { LossReport } from "../canonical/loss.ts";
import { awsEventStream } from "../framing/aws-event-stream.ts";
import type { Frame } from "../framing/frame.ts";
import { wireRequest } from "../payload/request.ts";
import { anthropicMessages } from "./anthropic-messages/index.ts";
import { messagesOnBedrock } from "./anthropic-messages/on-bedrock.ts";
import { messagesOnVertex } from "./anthropic-messages/on-vertex.ts";
import type { Dialect, RequestChange } from "./dialect.ts";
import { gemini } from "./gemini/index.ts";
import { geminiOnVertex } from "./gemini/on-vertex.ts";
import { openaiChat } from "./openai-chat/index.ts";

const question = { messages: [{ role: "user", content: "Hello" }], max_tokens: 5 };

/** What a host gets of a request: of the dialect's own client, or of another's. */
function sent(
  from: Dialect,
  host: Dialect,
  wire: object,
  more: Pick<RequestChange, "counting" | "headers"> & { readonly address?: { readonly model: string } } = {},
): JsonObject {
  const { address, counting, headers } = more;
  const operation = counting ? "count-tokens" : "generate";
  const request = wireRequest(from, operation, Buffer.from(JSON.stringify(wire)), address);
  const target = {
    dialect: host,
    operation,
    model: "sent-model",
    askUsage: false,
    outputLimit: 5,
    quirks: undefined,
  } as const;
  return JSON.parse(String(request.bytes({ ...target, headers, losses: new LossReport() }))) as JsonObject;
}

describe("Claude on Vertex AI", () => {
  const version = { anthropic_version: "vertex-2023-10-16" };

  test("the path has the model, the body the version, and all else is the client's", () => {
    const wire = { model: "m", stream: true, ...question, thinking: { type: "adaptive" } };
    expect(sent(anthropicMessages, messagesOnVertex, wire)).toEqual({
      stream: true,
      ...question,
      thinking: { type: "adaptive" },
      ...version,
    });
  });

  test("so it is for a client of another dialect", () => {
    const { messages, max_tokens: max } = question;
    const wire = { model: "m", messages, max_completion_tokens: max };
    const body = sent(openaiChat, messagesOnVertex, wire);
    expect(body).toMatchObject({ max_tokens: 5, ...version });
    expect(body).not.toHaveProperty("model");
  });

  test("who counts names the model in the body", () => {
    const { max_tokens: _, ...counted } = question;
    const expected = { ...counted, model: "sent-model", ...version };
    expect(sent(anthropicMessages, messagesOnVertex, { model: "m", ...counted }, { counting: true })).toEqual(expected);
    const { messages } = question;
    const translated = sent(openaiChat, messagesOnVertex, { model: "m", messages }, { counting: true });
    expect(translated).toMatchObject({ model: "sent-model", ...version });
    expect(translated).not.toHaveProperty("max_tokens");
  });
});

describe("Claude on Bedrock", () => {
  const version = { anthropic_version: "bedrock-2023-05-31" };

  test("the path has the model and the stream, the body the version", () => {
    const wire = { model: "m", stream: true, ...question };
    expect(sent(anthropicMessages, messagesOnBedrock, wire)).toEqual({ ...question, ...version });
    const translated = sent(openaiChat, messagesOnBedrock, { model: "m", stream: true, messages: question.messages });
    expect(translated).toMatchObject(version);
    expect(translated).not.toHaveProperty("model");
    expect(translated).not.toHaveProperty("stream");
  });

  test("betas of the header are said in the body, unless the body says them itself", () => {
    const headers = { "anthropic-beta": "context-1m-2025-08-07, interleaved-thinking-2025-05-14" };
    const betas = { anthropic_beta: ["context-1m-2025-08-07", "interleaved-thinking-2025-05-14"] };
    const wire = { model: "m", ...question };
    expect(sent(anthropicMessages, messagesOnBedrock, wire, { headers })).toEqual({
      ...question,
      ...betas,
      ...version,
    });
    const own = { anthropic_beta: ["own"] };
    expect(sent(anthropicMessages, messagesOnBedrock, { ...wire, ...own }, { headers })).toMatchObject(own);
  });

  const frames = (messages: readonly Frame[]): Frame[] => {
    const writer = awsEventStream.writer();
    const read: Frame[] = [];
    const { arriving } = messagesOnBedrock.stream;
    const reader = arriving!.reader((frame) => read.push(frame), { maxFrameBytes: 1 << 20 });
    for (const message of messages) reader.push(writer.frame(message) as Buffer);
    expect(reader.end()).toEqual({ leftOver: false });
    return read;
  };
  const chunk = (event: object, padding = {}) => ({
    event: "chunk",
    data: JSON.stringify({ bytes: Buffer.from(JSON.stringify(event)).toString("base64"), ...padding }),
  });

  test("each message of its stream holds an event of the dialect's", () => {
    const delta = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Grüße 🌉" } };
    expect(frames([chunk({ type: "ping" }), chunk(delta, { p: "abcdef" })])).toEqual([
      { event: "ping", data: '{"type":"ping"}' },
      { event: "content_block_delta", data: JSON.stringify(delta) },
    ]);
  });

  test.each([
    ["throttlingException", "rate_limit_error", Reason.UPSTREAM_RATE_LIMITED],
    ["internalServerException", "api_error", Reason.UPSTREAM_FAILED],
    ["serviceUnavailableException", "overloaded_error", Reason.UPSTREAM_OVERLOADED],
    ["modelTimeoutException", "timeout_error", Reason.UPSTREAM_TIMEOUT],
    ["validationException", "invalid_request_error", Reason.UPSTREAM_REJECTED],
  ])("%s is the dialect's %s", (event, type, reason) => {
    const [frame] = frames([{ event, data: '{"message":"It did not work."}' }]);
    expect(frame?.event).toBe("error");
    expect(JSON.parse(frame!.data)).toEqual({ type: "error", error: { type, message: "It did not work." } });
    const tally = messagesOnBedrock.stream.tally({ hideUsage: false });
    tally.read(frame!);
    expect(tally.failure?.reason).toBe(reason);
  });

  test("an error before the stream is the service's own", () => {
    const { decode } = messagesOnBedrock.error;
    const headers = { "x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/" };
    expect(decode(429, headers, '{"message":"Too many tokens"}')).toMatchObject({
      reason: Reason.UPSTREAM_RATE_LIMITED,
      message: "Too many tokens",
    });
  });
});

describe("Gemini on Vertex AI", () => {
  const contents = [{ role: "user", parts: [{ text: "Hello" }] }];
  const address = { model: "m" };

  test("a model is not repeated in the body", () => {
    expect(sent(gemini, geminiOnVertex, { model: "models/m", contents }, { address })).toEqual({ contents });
  });

  test.each([
    { contents, tools: [{ functionDeclarations: [{ name: "f" }] }] },
    { generateContentRequest: { model: "models/m", contents, tools: [{ functionDeclarations: [{ name: "f" }] }] } },
    { generate_content_request: { contents, tools: [{ function_declarations: [{ name: "f" }] }] } },
  ])("what is to be counted is not wrapped: %j", (wire) => {
    const body = sent(gemini, geminiOnVertex, wire, { address, counting: true });
    expect(Object.keys(body).toSorted()).toEqual(["contents", "tools"]);
    expect(body.contents).toEqual(contents);
  });

  test("so it is for a client of another dialect", () => {
    const { messages } = question;
    const body = sent(openaiChat, geminiOnVertex, { model: "m", messages }, { counting: true });
    expect(body).toEqual({ contents });
  });

  test("what Vertex has recorded is understood", () => {
    const folder = join(import.meta.dirname, "../../../test/fixtures/vertex/generate-content");
    const { decode } = geminiOnVertex.error;
    const quota = readFileSync(join(folder, "error-429-quota.response.json"), "utf8");
    expect(decode(429, {}, quota).reason).toBe(Reason.UPSTREAM_RATE_LIMITED);
    const expired = {
      error: { code: 401, message: "Request had invalid authentication credentials.", status: "UNAUTHENTICATED" },
    };
    expect(decode(401, {}, JSON.stringify(expired)).reason).toBe(Reason.UPSTREAM_CREDENTIAL_REFUSED);
  });
});
