import { setTimeout as sleep } from "node:timers/promises";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Endpoint, startEndpoint } from "../../server/src/providers/credentials/endpoint.fixture.ts";
import { providersFrom } from "../gateway/cloud-provider.ts";
import { startTestGateway, type TestGateway, until } from "../gateway/gateway.ts";
import {
  type Cloud,
  type CloudAnswer,
  type CloudRequest,
  eventStream,
  recorded,
  startCloud,
} from "../simulators/cloud.ts";

/*
 * OpenAI's and Anthropic's own clients before the gateway, and behind it what Azure OpenAI would see: paths by deployment and
 * without, a key or a token of Entra ID, its filters' words in answers and errors.
 */

const apiKey = "azure-api-key-0123456789";
const secret = "of~the~application";
const whole = recorded("azure/chat-completions/content-filter-output.response.json");
const streamed = recorded("azure/chat-completions/stream-prompt-filter-first.response.sse");

let cloud: Cloud;
let entra: Endpoint;
let gateway: TestGateway;
let answer: (request: CloudRequest) => CloudAnswer;
/** Tokens that Azure takes, until when. */
const good = new Map<string, number>();
let lifetimeMs = 3_600_000;
let refuseTokens = false;
let tokenWaitMs = 20;

beforeAll(async () => {
  cloud = await startCloud((request) => answer(request));
  entra = await startEndpoint(({ url: { pathname }, form }, count) => {
    expect(pathname).toBe("/contoso/oauth2/v2.0/token");
    const client = { client_id: "app", client_secret: secret, grant_type: "client_credentials" };
    expect(form).toEqual({ ...client, scope: "https://cognitiveservices.azure.com/.default" });
    if (refuseTokens) {
      const words = `AADSTS7000215: Invalid client secret provided: ${secret}`;
      return { status: 401, body: { error: "invalid_client", error_description: words } };
    }
    const token = `entra-token-number-${count}`;
    good.set(token, performance.now() + lifetimeMs);
    return { body: { access_token: token, token_type: "Bearer", expires_in: lifetimeMs / 1000 }, waitMs: tokenWaitMs };
  });
  const base = { type: "azure", base_url: cloud.url };
  const application = { tenant_id: "contoso", client_id: "app", client_secret: secret };
  const names = ["concurrent", "revoked", "short", "refused", "gone", "left"];
  gateway = await startTestGateway({
    providers: providersFrom(
      {
        azure: { ...base, api_key: apiKey },
        dated: { ...base, api_key: apiKey, api_version: "2024-10-21", deployments: { "gpt-5-mini": "house-mini" } },
        ...Object.fromEntries(names.map((name) => [name, { ...base, ...application }])),
      },
      { AZURE_AUTHORITY_HOST: entra.url },
    ),
  });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([cloud.close(), entra.close()]);
});
afterEach(() => {
  lifetimeMs = 3_600_000;
  refuseTokens = false;
  tokenWaitMs = 20;
});

const openai = () => new OpenAI({ baseURL: `${gateway.baseUrl}/v1`, apiKey: gateway.apiKey, maxRetries: 0 });
const anthropic = () => new Anthropic({ baseURL: gateway.baseUrl, apiKey: gateway.apiKey, maxRetries: 0 });
const messages = [{ role: "user" as const, content: "Tell me a joke about bridges – kurz" }];
const lastRequest = () => cloud.requests.at(-1)!;
const tokenIn = ({ headers }: CloudRequest) => headers.authorization?.replace(/^Bearer /, "") ?? "";

/** Azure as it is with tokens: what it does not know or what has expired is refused. */
function withTokens(request: CloudRequest): CloudAnswer {
  // A second of leeway, as real verifiers have.
  if ((good.get(tokenIn(request)) ?? 0) + 1_000 > performance.now()) return { body: whole };
  return { status: 401, body: { error: { code: "401", message: `Unauthorized. ${tokenIn(request)} is no good.` } } };
}

describe("a key", () => {
  test("a call passes to the API without dates, byte for byte but for the model", async () => {
    answer = () => ({ body: whole });
    const data = await openai().chat.completions.create({ model: "azure/gpt-5-mini", messages, seed: 7 });
    expect(data).toMatchObject(JSON.parse(whole.toString("utf8")));
    const { method, target, headers, body } = lastRequest();
    expect([method, target]).toEqual(["POST", "/openai/v1/chat/completions"]);
    expect([headers["api-key"], headers.authorization]).toEqual([apiKey, undefined]);
    expect(body.toString("utf8")).toBe(JSON.stringify({ model: "gpt-5-mini", messages, seed: 7 }));
  });

  test("a stream that begins with the prompt's filter passes, by deployment and date", async () => {
    answer = () => ({ headers: eventStream, body: streamed });
    const stream = await openai().chat.completions.create({ model: "dated/gpt-5-mini", messages, stream: true });
    let words = "";
    const seen: object[] = [];
    for await (const chunk of stream) {
      seen.push(chunk);
      words += chunk.choices[0]?.delta.content ?? "";
    }
    expect(words).toMatch(/^Why did/);
    expect(seen[0]).toMatchObject({ choices: [], prompt_filter_results: [{ prompt_index: 0 }] });
    const { target, headers, body } = lastRequest();
    expect(target).toBe("/openai/deployments/house-mini/chat/completions?api-version=2024-10-21");
    expect(headers["api-key"]).toBe(apiKey);
    expect(JSON.parse(body.toString("utf8"))).toEqual({
      model: "house-mini",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    // The row tells of the model, whatever it is called there.
    expect(await gateway.rowsOfModel("gpt-5-mini")).toHaveLength(2);
  });

  test.each([
    ["azure", "/openai/v1/responses"],
    ["dated", "/openai/responses?api-version=2024-10-21"],
  ])("Responses at %s are at %s", async (name, target) => {
    const reply = recorded("openai/responses/structured-output.response.json");
    answer = () => ({ body: reply });
    const data = await openai().responses.create({ model: `${name}/gpt-5-nano`, input: "Hello" });
    expect(data).toMatchObject(JSON.parse(reply.toString("utf8")));
    expect(lastRequest().target).toBe(target);
    expect(lastRequest().body.toString("utf8")).toBe('{"model":"gpt-5-nano","input":"Hello"}');
  });

  test("an Anthropic client reaches it too", async () => {
    answer = () => ({ body: whole });
    const reply = await anthropic().messages.create({ model: "dated/gpt-5-mini", max_tokens: 9, messages });
    // What the filter has taken away of the answer.
    expect(reply).toMatchObject({ type: "message", content: [], stop_reason: "refusal" });
    expect(JSON.parse(lastRequest().body.toString("utf8"))).toMatchObject({
      model: "house-mini",
      max_completion_tokens: 9,
    });
  });

  test("what the filter refuses is an error with its reason", async () => {
    const body = recorded("azure/chat-completions/content-filter-prompt.response.json");
    answer = () => ({ status: 400, body });
    const failure = await openai()
      .chat.completions.create({ model: "azure/gpt-5-mini", messages })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 400, code: "content_filter", param: "prompt" });
    expect((failure as Error).message).toContain("Filtered: hate (high), self-harm (high), violence (medium).");
    const other = await anthropic()
      .messages.create({ model: "azure/gpt-5-mini", max_tokens: 9, messages })
      .catch((error: unknown) => error);
    expect(other).toMatchObject({ status: 400, error: { error: { type: "invalid_request_error" } } });
  });
});

describe("a token of Entra ID", () => {
  const ask = (name: string) => openai().chat.completions.create({ model: `${name}/gpt-5-mini`, messages });

  test("a hundred calls at once are one token", async () => {
    answer = withTokens;
    const before = entra.asked.length;
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask("concurrent")));
    expect(answers).toHaveLength(100);
    expect(entra.asked.length - before).toBe(1);
    expect(lastRequest().headers["api-key"]).toBeUndefined();
  });

  test("one that is taken back before its time is fetched anew, and the client notices nothing", async () => {
    answer = withTokens;
    await ask("revoked");
    const before = entra.asked.length;
    good.clear();
    const many = await Promise.all(Array.from({ length: 20 }, () => ask("revoked")));
    expect(many).toHaveLength(20);
    expect(entra.asked.length - before).toBe(1);
    const rows = (await gateway.ledgerRows()).filter(({ provider }) => provider === "revoked");
    const ended = rows.filter(({ outcome }) => outcome === "ok");
    expect(ended).toHaveLength(21);
    expect(rows.length).toBeGreaterThan(ended.length); // what was refused has its row too
  });

  test("a provider that refuses every token is told so, and does not make us fetch more and more", async () => {
    answer = (request) => ({ status: 401, body: { error: { code: "401", message: `No: ${tokenIn(request)}` } } });
    const before = entra.asked.length;
    for (let i = 0; i < 5; i++) {
      const failure = await ask("refused").catch((error: unknown) => error);
      expect(failure).toMatchObject({ status: 502, code: "upstream_credential_refused" });
      expect((failure as Error).message).toContain("No: [removed]");
    }
    expect(entra.asked.length - before).toBe(2);
  });

  test("no call ever carries one that has expired, while they expire under traffic", async () => {
    answer = withTokens;
    lifetimeMs = 2_000;
    const before = entra.asked.length;
    const endMs = performance.now() + 6_000;
    const clients = Array.from({ length: 8 }, async () => {
      while (performance.now() < endMs) {
        await ask("short");
        await sleep(25);
      }
    });
    await Promise.all(clients);
    expect(entra.asked.length - before).toBeGreaterThanOrEqual(3);
    const rows = (await gateway.ledgerRows()).filter(({ provider }) => provider === "short");
    expect(rows.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
  }, 30_000);

  test("where no token can be had, the client is told why in its own words; nothing is sent and nothing is owed", async () => {
    refuseTokens = true;
    const { length } = cloud.requests;
    const failure = await ask("gone").catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 502, code: "upstream_credential_unavailable" });
    const words = (failure as Error).message;
    expect(words).toMatch(/gone has no credential to send: .* answered 401: invalid_client: AADSTS7000215/);
    expect(words).not.toContain(secret);
    const other = await anthropic()
      .messages.create({ model: "gone/gpt-5-mini", max_tokens: 9, messages })
      .catch((error: unknown) => error);
    expect(other).toMatchObject({ status: 502, error: { type: "error", error: { type: "api_error" } } });
    expect(cloud.requests).toHaveLength(length);
    expect((await gateway.ledgerRows()).filter(({ provider }) => provider === "gone")).toEqual([]);
  });

  test("who leaves while a token is fetched has sent nothing and owes nothing, and the token is there for the next", async () => {
    answer = withTokens;
    tokenWaitMs = 300;
    const { length } = cloud.requests;
    const before = entra.asked.length;
    const leaving = new AbortController();
    const left = openai()
      .chat.completions.create({ model: "left/gpt-5-mini", messages }, { signal: leaving.signal })
      .catch((error: unknown) => error);
    await until("the token is asked for", () => entra.asked.length > before);
    leaving.abort();
    expect(await left).toBeInstanceOf(OpenAI.APIUserAbortError);
    await until("nobody works for it any more", () => gateway.gateway.activity.inFlight === 0);
    await ask("left");
    expect(cloud.requests).toHaveLength(length + 1);
    expect(entra.asked).toHaveLength(before + 1);
    const rows = (await gateway.ledgerRows()).filter(({ provider }) => provider === "left");
    expect(rows.map(({ outcome }) => outcome)).toEqual(["ok"]);
  });

  test("no secret and no token is in the log", () => {
    const log = gateway.log.join("\n");
    expect(log).not.toContain(secret);
    expect(log).not.toContain("entra-token-number");
  });
});
