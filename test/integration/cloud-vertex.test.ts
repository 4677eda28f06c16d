import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import { jwtVerify } from "jose";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Endpoint, startEndpoint } from "../../server/src/providers/credentials/endpoint.fixture.ts";
import { providersFrom } from "../gateway/cloud-provider.ts";
import { startTestGateway, type TestGateway } from "../gateway/gateway.ts";
import {
  type Cloud,
  type CloudAnswer,
  type CloudRequest,
  eventStream,
  recorded,
  startCloud,
} from "../simulators/cloud.ts";

/*
 * The vendors' own clients before the gateway, and behind it what Vertex AI would see: a token that Google gave for a signed
 * statement of a service account, Gemini and Claude at paths of a project and a place.
 */

const email = "gateway@project.iam.gserviceaccount.com";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const folder = mkdtempSync(join(tmpdir(), "pontage-vertex-"));
const below = "/v1/projects/mine/locations/us-central1/publishers";

let google: Endpoint;
let cloud: Cloud;
let gateway: TestGateway;
let answer: (request: CloudRequest) => CloudAnswer;
const tokens: string[] = [];

beforeAll(async () => {
  google = await startEndpoint(async ({ form }, count) => {
    expect(form.grant_type).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { payload } = await jwtVerify(form.assertion!, publicKey, {
      algorithms: ["RS256"],
      issuer: email,
      audience: `${google.url}/token`,
      maxTokenAge: 60,
    });
    expect(payload.scope).toBe("https://www.googleapis.com/auth/cloud-platform");
    tokens.push(`ya29.token-number-${count}`);
    return { body: { access_token: tokens.at(-1), expires_in: 3599, token_type: "Bearer" }, waitMs: 20 };
  });
  cloud = await startCloud((request) => {
    const token = request.headers.authorization?.replace(/^Bearer /, "");
    if (token === tokens.at(-1)) return answer(request);
    const error = { code: 401, message: `Invalid credentials: ${token}`, status: "UNAUTHENTICATED" };
    return { status: 401, body: { error } };
  });
  const file = join(folder, "key.json");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const key = { client_email: email, private_key: pem, private_key_id: "key-7", token_uri: `${google.url}/token` };
  writeFileSync(file, JSON.stringify({ type: "service_account", project_id: "of-the-key", ...key }));
  const fields = { type: "vertex", base_url: cloud.url, project: "mine", location: "us-central1" };
  gateway = await startTestGateway({
    providers: providersFrom({ vertex: fields }, { GOOGLE_APPLICATION_CREDENTIALS: file }),
  });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([cloud.close(), google.close()]);
  rmSync(folder, { recursive: true });
});

const openai = () => new OpenAI({ baseURL: `${gateway.baseUrl}/v1`, apiKey: gateway.apiKey, maxRetries: 0 });
const anthropic = () => new Anthropic({ baseURL: gateway.baseUrl, apiKey: gateway.apiKey, maxRetries: 0 });
const lastRequest = () => cloud.requests.at(-1)!;
const lastWire = () => JSON.parse(lastRequest().body.toString("utf8")) as Record<string, unknown>;
const messages = [{ role: "user" as const, content: "What is the weather? – Grüße" }];

test("a hundred first calls at once are one token", async () => {
  answer = () => ({ body: recorded("vertex/generate-content/logprobs.response.json") });
  const ask = () => openai().chat.completions.create({ model: "vertex/gemini-2.5-flash", messages });
  await Promise.all(Array.from({ length: 100 }, ask));
  expect(google.asked).toHaveLength(1);
});

describe("Claude", () => {
  const model = "vertex/claude-sonnet-4-5@20250929";
  const claude = `${below}/anthropic/models/claude-sonnet-4-5@20250929`;

  test("whole: the client's own words, with the version and without the model", async () => {
    const reply = recorded("anthropic/messages/parallel-tools.1-call.response.json");
    answer = () => ({ body: reply });
    const wire = { model, max_tokens: 99, messages, metadata: { user_id: "u" } };
    const data = await anthropic().messages.create(wire, { headers: { "anthropic-beta": "context-1m-2025-08-07" } });
    expect(data).toMatchObject(JSON.parse(reply.toString("utf8")));
    const { method, target, headers, body } = lastRequest();
    expect([method, target]).toEqual(["POST", `${claude}:rawPredict`]);
    const { model: _, ...rest } = wire;
    expect(body.toString("utf8")).toBe(JSON.stringify({ ...rest, anthropic_version: "vertex-2023-10-16" }));
    expect(headers["anthropic-beta"]).toBe("context-1m-2025-08-07");
    expect(headers["anthropic-version"]).toBeUndefined();
  });

  test("streamed: the very bytes", async () => {
    const bytes = recorded("anthropic/messages/stream-thinking-tool-use.response.sse");
    answer = () => ({ headers: eventStream, body: bytes });
    const wire = { model, max_tokens: 99, messages, stream: true };
    const response = await fetch(`${gateway.baseUrl}/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": gateway.apiKey, "content-type": "application/json" },
      body: JSON.stringify(wire),
    });
    const got = Buffer.from(await response.arrayBuffer());
    expect(got.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(lastRequest().target).toBe(`${claude}:streamRawPredict`);
    expect(lastWire()).toEqual({
      max_tokens: 99,
      messages,
      stream: true,
      anthropic_version: "vertex-2023-10-16",
    });
    const final = await anthropic().messages.stream({ model, max_tokens: 99, messages }).finalMessage();
    expect(final.content.map(({ type }) => type)).toContain("tool_use");
  });

  test("an OpenAI client reaches it, whole and streamed", async () => {
    answer = ({ target }) =>
      target.endsWith(":rawPredict")
        ? { body: recorded("anthropic/messages/parallel-tools.1-call.response.json") }
        : { headers: eventStream, body: recorded("anthropic/messages/stream-tools.1-call.response.sse") };
    const whole = await openai().chat.completions.create({ model, messages });
    expect(whole.choices[0]?.finish_reason).toBe("tool_calls");
    // The model's own limit, which the dialect cannot leave out.
    expect(lastWire()).toMatchObject({ anthropic_version: "vertex-2023-10-16", max_tokens: 64_000 });
    expect(lastWire()).not.toHaveProperty("model");
    const stream = await openai().chat.completions.create({ model, messages, stream: true });
    const reasons: unknown[] = [];
    for await (const { choices } of stream) reasons.push(choices[0]?.finish_reason);
    expect(reasons).toContain("tool_calls");
  });

  test("tokens are counted, with the model in the body", async () => {
    answer = () => ({ body: { input_tokens: 37 } });
    const { input_tokens: tokens } = await anthropic().messages.countTokens({ model, messages });
    expect(tokens).toBe(37);
    expect(lastRequest().target).toBe(`${below}/anthropic/models/count-tokens:rawPredict`);
    expect(lastWire()).toEqual({
      model: "claude-sonnet-4-5@20250929",
      messages,
      anthropic_version: "vertex-2023-10-16",
    });
  });
});

describe("Gemini", () => {
  const gemini = `${below}/google/models/gemini-2.5-flash`;
  const post = (path: string, wire: object) =>
    fetch(`${gateway.baseUrl}/v1beta/models/vertex/gemini-2.5-flash:${path}`, {
      method: "POST",
      headers: { "x-goog-api-key": gateway.apiKey, "content-type": "application/json" },
      body: JSON.stringify(wire),
    });
  const wire = { contents: [{ role: "user", parts: [{ text: "Grüße" }] }], labels: { team: "a" } };

  test("a Gemini client's bytes pass, and so do the answer's", async () => {
    const bytes = recorded("vertex/stream-generate-content/stream-tools.1-call.response.sse");
    answer = () => ({ headers: eventStream, body: bytes });
    const response = await post("streamGenerateContent?alt=sse", wire);
    const got = Buffer.from(await response.arrayBuffer());
    expect(got.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(lastRequest().target).toBe(`${gemini}:streamGenerateContent?alt=sse`);
    expect(lastRequest().body.toString("utf8")).toBe(JSON.stringify(wire));
  });

  test("it counts what is wrapped for the other API", async () => {
    answer = () => ({ body: { totalTokens: 11 } });
    const response = await post("countTokens", {
      generateContentRequest: { model: "models/vertex/gemini-2.5-flash", ...wire },
    });
    expect(await response.json()).toMatchObject({ totalTokens: 11 });
    expect(lastRequest().target).toBe(`${gemini}:countTokens`);
    expect(lastWire()).toEqual({ contents: wire.contents });
  });

  test("an OpenAI client and an Anthropic client reach it, streamed", async () => {
    answer = () => ({
      headers: eventStream,
      body: recorded("vertex/stream-generate-content/stream-tools.1-call.response.sse"),
    });
    const model = "vertex/gemini-2.5-flash";
    const names: unknown[] = [];
    const stream = await openai().chat.completions.create({ model, messages, stream: true });
    for await (const { choices } of stream) names.push(choices[0]?.delta.tool_calls?.[0]?.function?.name);
    expect(names).toContain("weather");
    const final = await anthropic().messages.stream({ model, max_tokens: 9, messages }).finalMessage();
    expect(final.content).toMatchObject([{ type: "tool_use", name: "weather" }]);
    expect(lastRequest().target).toBe(`${gemini}:streamGenerateContent?alt=sse`);
  });

  test("an error of Vertex's is the client's own kind of error", async () => {
    answer = () => ({ status: 429, body: recorded("vertex/generate-content/error-429-quota.response.json") });
    const failure = await anthropic()
      .messages.create({ model: "vertex/gemini-2.5-flash", max_tokens: 9, messages })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 429, error: { error: { type: "rate_limit_error" } } });
  });
});

test("a token that Google has taken back is fetched anew, and the client notices nothing", async () => {
  answer = () => ({ body: recorded("vertex/generate-content/logprobs.response.json") });
  tokens.push("taken back");
  const { length } = google.asked;
  await openai().chat.completions.create({ model: "vertex/gemini-2.5-flash", messages });
  expect(google.asked).toHaveLength(length + 1);
});
