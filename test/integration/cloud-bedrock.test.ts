import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { awsEventStream } from "../../server/src/framing/aws-event-stream.ts";
import type { Frame } from "../../server/src/framing/frame.ts";
import { serverSentEvents } from "../../server/src/framing/server-sent-events.ts";
import { type Endpoint, startEndpoint } from "../../server/src/providers/credentials/endpoint.fixture.ts";
import { type AwsKeys, signV4 } from "../../server/src/providers/sigv4.ts";
import { providersFrom } from "../gateway/cloud-provider.ts";
import { startTestGateway, type TestGateway } from "../gateway/gateway.ts";
import { type Cloud, type CloudAnswer, type CloudRequest, recorded, startCloud } from "../simulators/cloud.ts";

/*
 * The vendors' own clients before the gateway, and behind it what Bedrock would see: Claude in its own words by InvokeModel,
 * everything else by Converse, each request signed with keys that a container gets from its host and that end.
 */

let host: Endpoint;
let cloud: Cloud;
let gateway: TestGateway;
let answer: (request: CloudRequest) => CloudAnswer;
const keysGiven: AwsKeys[] = [];

beforeAll(async () => {
  host = await startEndpoint(({ headers }, count) => {
    expect(headers.authorization).toBe("opens-the-endpoint");
    const keys = {
      accessKeyId: `ASIA${count}`,
      secretAccessKey: `secret-number-${count}`,
      sessionToken: `session-token-${count}`,
    };
    keysGiven.push(keys);
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    const body = {
      AccessKeyId: keys.accessKeyId,
      SecretAccessKey: keys.secretAccessKey,
      Token: keys.sessionToken,
      Expiration,
    };
    return { body, waitMs: 20 };
  });
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${host.url}/keys`);
  vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "opens-the-endpoint");
  vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
  cloud = await startCloud((request) => (isSigned(request) ? answer(request) : expired));
  const fields = { type: "bedrock", base_url: cloud.url, region: "us-east-1", credential_search: true };
  gateway = await startTestGateway({ providers: providersFrom({ bedrock: fields }) });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([cloud.close(), host.close()]);
  vi.unstubAllEnvs();
});

const expired: CloudAnswer = {
  status: 403,
  headers: { "x-amzn-errortype": "ExpiredTokenException" },
  body: { message: "The security token included in the request is expired" },
};

/** Signs what has come with the keys given last, and compares. */
function isSigned({ method, target, headers, body }: CloudRequest): boolean {
  const at = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers["x-amz-date"]));
  const [, year, month, day, hour, minute, second] = at ?? [];
  const nowMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const signed: [string, string][] = [
    ["host", headers.host!],
    ["content-type", headers["content-type"]!],
  ];
  const scope = { region: "us-east-1", service: "bedrock" };
  const expected = new Map(signV4({ method, path: target, headers: signed, body }, keysGiven.at(-1)!, scope, nowMs));
  return ["authorization", "x-amz-security-token"].every((name) => headers[name] === expected.get(name));
}

const openai = () => new OpenAI({ baseURL: `${gateway.baseUrl}/v1`, apiKey: gateway.apiKey, maxRetries: 0 });
const anthropic = () => new Anthropic({ baseURL: gateway.baseUrl, apiKey: gateway.apiKey, maxRetries: 0 });
const lastRequest = () => cloud.requests.at(-1)!;
const lastWire = () => JSON.parse(lastRequest().body.toString("utf8")) as Record<string, unknown>;
const messages = [{ role: "user" as const, content: "What is the weather? – Grüße" }];
const id = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const model = `bedrock/${id}`;
const path = `/model/${encodeURIComponent(id)}`;

/** The events of a recorded stream. */
function eventsOf(sse: Buffer): Frame[] {
  const frames: Frame[] = [];
  serverSentEvents.reader((frame) => frames.push(frame), { maxFrameBytes: 1 << 20 }).push(sse);
  return frames;
}

/** They as Bedrock streams them: in base64, with padding against who guesses from lengths, in messages of AWS's. */
function inMessages(frames: readonly Frame[], end: readonly Frame[] = []): CloudAnswer {
  const writer = awsEventStream.writer();
  const chunks = frames.map(({ data }, at) => {
    const bytes = Buffer.from(data).toString("base64");
    return { event: "chunk", data: JSON.stringify({ bytes, p: "abcdefghij".slice(0, at % 10) }) };
  });
  const body = Buffer.concat([...chunks, ...end].map((frame) => Buffer.from(writer.frame(frame))));
  return { headers: { "content-type": awsEventStream.mediaType }, body };
}

test("a hundred first calls at once ask for keys once", async () => {
  answer = () => ({ body: recorded("anthropic/messages/parallel-tools.1-call.response.json") });
  await Promise.all(Array.from({ length: 100 }, () => anthropic().messages.create({ model, max_tokens: 9, messages })));
  expect(host.asked).toHaveLength(1);
});

describe("Claude in its own words", () => {
  test("whole: version and betas in the body, the model in the path", async () => {
    const reply = recorded("anthropic/messages/thinking.1.response.json");
    answer = () => ({ body: reply });
    const wire = { model, max_tokens: 99, messages, top_k: 5 };
    const headers = { "anthropic-beta": "context-1m-2025-08-07,interleaved-thinking-2025-05-14" };
    const data = await anthropic().messages.create(wire, { headers });
    expect(data).toMatchObject(JSON.parse(reply.toString("utf8")));
    expect([lastRequest().method, lastRequest().target]).toEqual(["POST", `${path}/invoke`]);
    expect(lastWire()).toEqual({
      max_tokens: 99,
      messages,
      top_k: 5,
      anthropic_version: "bedrock-2023-05-31",
      anthropic_beta: ["context-1m-2025-08-07", "interleaved-thinking-2025-05-14"],
    });
    expect(lastRequest().headers).not.toHaveProperty("anthropic-version");
    expect(lastRequest().headers).not.toHaveProperty("anthropic-beta");
  });

  test("streamed: every event as Claude said it, in the framing its clients know", async () => {
    const frames = eventsOf(recorded("anthropic/messages/stream-thinking-tool-use.response.sse"));
    answer = () => inMessages(frames);
    const response = await fetch(`${gateway.baseUrl}/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": gateway.apiKey, "content-type": "application/json" },
      body: JSON.stringify({ model, max_tokens: 99, messages, stream: true }),
    });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    expect(eventsOf(Buffer.from(await response.arrayBuffer()))).toEqual(frames);
    expect(lastRequest().target).toBe(`${path}/invoke-with-response-stream`);
    expect(lastWire()).toEqual({ max_tokens: 99, messages, anthropic_version: "bedrock-2023-05-31" });
    const final = await anthropic().messages.stream({ model, max_tokens: 99, messages }).finalMessage();
    expect(final.content.map(({ type }) => type)).toContain("tool_use");
    const rows = (await gateway.rowsOfModel(id)).filter(({ streamed }) => streamed);
    expect(rows.map(({ outcome, usageSource }) => `${outcome} ${usageSource}`)).toEqual(["ok provider", "ok provider"]);
  });

  test("a failure in the middle of a stream is an error event, and never an end", async () => {
    const frames = eventsOf(recorded("anthropic/messages/stream-thinking-tool-use.response.sse")).slice(0, 5);
    const failure = { event: "modelStreamErrorException", data: '{"message":"The model broke off."}' };
    answer = () => inMessages(frames, [failure]);
    const failed = await anthropic()
      .messages.stream({ model, max_tokens: 99, messages })
      .finalMessage()
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Anthropic.APIError);
    expect((failed as Error).message).toContain("The model broke off.");
  });

  test("a stream that is cut is one too", async () => {
    const frames = eventsOf(recorded("anthropic/messages/stream-thinking-tool-use.response.sse")).slice(0, 5);
    answer = () => inMessages(frames);
    const failed = await anthropic()
      .messages.stream({ model, max_tokens: 99, messages })
      .finalMessage()
      .catch((error: unknown) => error);
    expect((failed as Error).message).toContain("ended before the answer was complete");
  });

  test("an error of the service's is an error of Claude's API to its client", async () => {
    answer = () => ({
      status: 429,
      headers: { "x-amzn-errortype": "ThrottlingException" },
      body: { message: "Too many tokens, please wait before trying again." },
    });
    const failed = await anthropic()
      .messages.create({ model, max_tokens: 9, messages })
      .catch((error: unknown) => error);
    expect(failed).toMatchObject({ status: 429, error: { type: "error", error: { type: "rate_limit_error" } } });
  });

  test("tokens are counted by Converse", async () => {
    answer = () => ({ body: { inputTokens: 12 } });
    expect(await anthropic().messages.countTokens({ model, messages })).toMatchObject({ input_tokens: 12 });
    expect(lastRequest().target).toBe(`${path}/count-tokens`);
    expect(lastWire()).toMatchObject({ input: { converse: { messages: [{ role: "user" }] } } });
  });
});

test("an OpenAI client is translated to Converse", async () => {
  answer = () => ({
    headers: { "content-type": awsEventStream.mediaType },
    body: recorded("bedrock/converse-stream/text.response.eventstream"),
  });
  const stream = await openai().chat.completions.create({ model, messages, stream: true });
  let words = "";
  for await (const { choices } of stream) words += choices[0]?.delta.content ?? "";
  expect(words).not.toBe("");
  expect(lastRequest().target).toBe(`${path}/converse-stream`);
});

test("keys that AWS says have expired are fetched anew, and the client notices nothing", async () => {
  answer = () => ({ body: recorded("anthropic/messages/thinking.1.response.json") });
  keysGiven.push({ accessKeyId: "others", secretAccessKey: "others" });
  const { length } = host.asked;
  await anthropic().messages.create({ model, max_tokens: 9, messages });
  expect(host.asked).toHaveLength(length + 1);
  expect(gateway.log.join("\n")).not.toMatch(/secret-number|session-token/);
});
