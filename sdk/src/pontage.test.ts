import { inspect } from "node:util";
import { create } from "@bufbuild/protobuf";
import { afterEach, expect, test, vi } from "vitest";
import { KeyService } from "./gen/pontage/admin/v1/key_pb.ts";
import { LedgerService } from "./gen/pontage/admin/v1/ledger_pb.ts";
import { ProviderService } from "./gen/pontage/admin/v1/provider_pb.ts";
import { UsageDimension, UsageService } from "./gen/pontage/admin/v1/usage_pb.ts";
import { Reason } from "./gen/pontage/error/v1/error_pb.ts";
import { ChatService } from "./gen/pontage/v1/chat_pb.ts";
import { EmbeddingPurpose, type EmbeddingRequest, EmbeddingService } from "./gen/pontage/v1/embedding_pb.ts";
import { GenerateReplySchema, type GenerateRequest, Role, ToolChoice_Mode } from "./gen/pontage/v1/generate_pb.ts";
import { ModelService } from "./gen/pontage/v1/model_pb.ts";
import {
  type ChatParams,
  ConnectionFailed,
  NotFound,
  Pontage,
  RateLimited,
  Timeout,
  Unauthenticated,
} from "./index.ts";
import { nodeTransport } from "./node.ts";
import { bootGateway, Code, receipt, refusal } from "./testing/gateway.ts";

const hello: ChatParams = { model: "sim/echo", messages: [{ role: "user", content: "Hello" }] };
const reply = create(GenerateReplySchema, {
  model: "echo",
  choices: [{ parts: [{ kind: { case: "text" as const, value: { text: "Hi" } } }], finishReason: 1 }],
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

for (const protocol of ["fetch", "connect", "grpc"] as const) {
  test(`${protocol}: a whole answer with its text, usage, cost and id`, async () => {
    await using gateway = await bootGateway(
      (router) => {
        router.service(ChatService, { chat: () => ({ reply, receipt }) });
      },
      protocol === "fetch" ? undefined : "h2c",
    );
    const { baseUrl } = gateway;
    const transport = protocol === "fetch" ? undefined : nodeTransport({ protocol, baseUrl });
    const answer = await new Pontage({ baseUrl, transport }).chat.create(hello);
    expect(answer).toMatchObject({
      text: "Hi",
      finishReason: "stop",
      requestId: "req_1",
      provider: "sim",
      toolCalls: [],
    });
    expect(answer.usage).toMatchObject({ inputTokens: 9, outputTokens: 3, cacheReadTokens: 0, source: "provider" });
    expect(answer.cost.nanoUsd).toBe(120_000n);
    expect(answer.cost.usd).toBe(0.00012);
    expect(JSON.parse(JSON.stringify(answer)).cost.nanoUsd).toBe("120000");
  });
}

test("vectors come with their usage, cost and id", async () => {
  let seen: EmbeddingRequest | undefined;
  await using gateway = await bootGateway((router) => {
    router.service(EmbeddingService, {
      embed: ({ request }) => {
        seen = request;
        return { reply: { model: "embed", embeddings: [{ values: [0.5, -1] }, { values: [1, 0] }] }, receipt };
      },
    });
  });
  const { embeddings } = new Pontage({ baseUrl: gateway.baseUrl });
  const answer = await embeddings.create({
    model: "sim/embed",
    input: ["One", "Two"],
    dimensions: 2,
    purpose: "query",
    user: "u-1",
  });
  expect(answer).toMatchObject({
    vectors: [
      [0.5, -1],
      [1, 0],
    ],
    requestId: "req_1",
    provider: "sim",
  });
  expect(answer.usage).toMatchObject({ inputTokens: 9, source: "provider" });
  expect(answer.cost.nanoUsd).toBe(120_000n);
  expect(seen).toMatchObject({ model: "sim/embed", dimensions: 2, purpose: EmbeddingPurpose.QUERY, user: "u-1" });
  expect(seen?.inputs.map(({ parts }) => parts[0]?.kind.value)).toMatchObject([{ text: "One" }, { text: "Two" }]);
  expect((await embeddings.create({ model: "sim/embed", input: "One" })).vectors).toHaveLength(2);
  expect(seen?.inputs).toHaveLength(1);
});

test("plain JavaScript becomes the canonical request", async () => {
  let seen: GenerateRequest | undefined;
  await using gateway = await bootGateway((router) => {
    router.service(ChatService, {
      chat: ({ request }) => {
        seen = request;
        return { reply, receipt };
      },
    });
  });
  await new Pontage({ baseUrl: gateway.baseUrl }).chat.create({
    model: "sim/tools",
    messages: [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "Look", cache: true },
          { type: "image", data: "AAEC", mimeType: "image/png" },
          { type: "file", url: "http://127.0.0.1/a.pdf" },
        ],
      },
      {
        role: "assistant",
        content: null,
        toolCalls: [
          { id: "c1", name: "f", input: { a: 1 } },
          { id: "c2", name: "g" },
        ],
      },
      { role: "tool", toolCallId: "c1", content: "one" },
      { role: "tool", toolCallId: "c2", content: [{ type: "text", text: "two" }], isError: true },
    ],
    tools: [{ name: "f", parameters: { type: "object" }, strict: true }],
    toolChoice: { name: "f" },
    stop: "END",
    seed: 7,
    maxOutputTokens: 10,
    temperature: 0,
    responseFormat: { type: "json-schema", name: "s", schema: { type: "object" } },
    reasoning: { effort: "low" },
  });
  const [system, user, assistant, results] = seen!.messages;
  expect(seen!.messages).toHaveLength(4);
  expect(system).toMatchObject({ role: Role.SYSTEM, bare: true });
  expect(user!.parts.map((part) => part.kind.case)).toEqual(["text", "image", "file"]);
  expect(user!.parts[0]!.cache).toMatchObject({ ttlSeconds: 0 });
  expect(user!.parts[1]!.kind.value).toMatchObject({ source: { case: "data", value: new Uint8Array([0, 1, 2]) } });
  expect(assistant!.parts.map((part) => part.kind.value)).toMatchObject([
    { arguments: '{"a":1}' },
    { arguments: "{}" },
  ]);
  expect(results).toMatchObject({ role: Role.USER, bare: false });
  expect(results!.parts.map((part) => part.kind.value)).toMatchObject([
    { toolCallId: "c1", bare: true, isError: false },
    { toolCallId: "c2", bare: false, isError: true },
  ]);
  expect(seen).toMatchObject({
    tools: [{ name: "f", parameters: { type: "object" }, strict: true }],
    toolChoice: { mode: ToolChoice_Mode.NAMED, name: "f" },
    stop: ["END"],
    seed: 7n,
    maxOutputTokens: 10,
    temperature: 0,
    responseFormat: { kind: { case: "jsonSchema", value: { name: "s", schema: { type: "object" } } } },
    reasoning: { effort: "low" },
  });
  expect(seen!.topP).toBeUndefined();
});

const mistakes: [string, unknown][] = [
  ["messages", { ...hello, messages: "Hello" }],
  ["messages[0].role", { ...hello, messages: [{ role: "robot", content: "x" }] }],
  ["messages[0].content[0]", { ...hello, messages: [{ role: "user", content: [{ type: "video" }] }] }],
  ["messages[0].content[0]", { ...hello, messages: [{ role: "user", content: [{ type: "image" }] }] }],
  ["toolChoice", { ...hello, toolChoice: "maybe" }],
  ["responseFormat.type", { ...hello, responseFormat: { type: "xml" } }],
];
for (const [param, params] of mistakes) {
  test(`a mistake in ${param} is found before any call: ${JSON.stringify(params)}`, async () => {
    const fetch = () => Promise.reject(new Error("must not be called"));
    const pontage = new Pontage({ baseUrl: "http://127.0.0.1:1", fetch });
    await expect(pontage.chat.create(params as ChatParams)).rejects.toMatchObject({ name: "InvalidRequest", param });
  });
}

test("a call fails twice and then succeeds; with no retries left it throws what happened", async () => {
  let calls = 0;
  await using gateway = await bootGateway((router) => {
    router.service(ChatService, {
      chat: () => {
        if (++calls % 3 !== 0) {
          const detail = {
            reason: Reason.UPSTREAM_RATE_LIMITED,
            status: 429,
            message: "slow down",
            requestId: "req_9",
          };
          throw refusal(Code.ResourceExhausted, detail, { "retry-after-ms": "2" });
        }
        return { reply, receipt };
      },
    });
  });
  const pontage = new Pontage({ baseUrl: gateway.baseUrl });
  expect((await pontage.chat.create(hello)).text).toBe("Hi");
  expect(calls).toBe(3);
  const failure = pontage.chat.create(hello, { maxRetries: 1 });
  await expect(failure).rejects.toThrow(RateLimited);
  await expect(failure).rejects.toMatchObject({ retryAfterMs: 2, requestId: "req_9", message: "slow down" });
  expect(calls).toBe(5);
});

test("x-should-retry: false ends it at once; so does an abort while waiting", async () => {
  let calls = 0;
  const headers: Record<string, string> = { "x-should-retry": "false" };
  await using gateway = await bootGateway((router) => {
    router.service(ChatService, {
      chat: () => {
        calls++;
        throw refusal(Code.Unavailable, { reason: Reason.UPSTREAM_FAILED, status: 502, message: "no" }, headers);
      },
    });
  });
  const pontage = new Pontage({ baseUrl: gateway.baseUrl });
  await expect(pontage.chat.create(hello)).rejects.toMatchObject({ name: "ProviderFailed" });
  expect(calls).toBe(1);
  delete headers["x-should-retry"];
  headers["retry-after"] = "50";
  const controller = new AbortController();
  const failure = pontage.chat.create(hello, { signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  await expect(failure).rejects.toMatchObject({ name: "Aborted" });
  expect(calls).toBe(2);
});

test("a deadline is a timeout and is not retried", async () => {
  let calls = 0;
  await using gateway = await bootGateway((router) => {
    router.service(ChatService, {
      chat: () => {
        calls++;
        return new Promise(() => {});
      },
    });
  });
  await expect(new Pontage({ baseUrl: gateway.baseUrl, timeoutMs: 60 }).chat.create(hello)).rejects.toThrow(Timeout);
  expect(calls).toBe(1);
});

for (const protocol of ["fetch", "connect", "grpc"] as const) {
  test(`${protocol}: nobody at the address is a failed connection that names it`, async () => {
    const baseUrl = "http://127.0.0.1:1";
    const transport = protocol === "fetch" ? undefined : nodeTransport({ protocol, baseUrl });
    const fetch: typeof globalThis.fetch = () => {
      const cause = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
      return Promise.reject(new TypeError("fetch failed", { cause })); // Node's fetch refuses port 1 by itself.
    };
    const failure = new Pontage({ baseUrl, transport, fetch, maxRetries: 0 }).chat.create(hello);
    await expect(failure).rejects.toThrow(ConnectionFailed);
    await expect(failure).rejects.toThrow(/127\.0\.0\.1:1.*ECONNREFUSED/);
  });
}

test("models page by themselves, and an unknown one is not found", async () => {
  const tokens: string[] = [];
  await using gateway = await bootGateway((router) => {
    router.service(ModelService, {
      listModels: ({ pageToken }) => {
        tokens.push(pageToken);
        const page = Number(pageToken || 0);
        const models = [0, 1].map((n) => ({ id: `sim/m${page * 2 + n}`, inputNanoUsdPerMillion: 150_000_000n }));
        return { models, nextPageToken: page < 2 ? String(page + 1) : "" };
      },
      getModel: () => {
        throw refusal(Code.NotFound, { reason: Reason.MODEL_UNKNOWN, status: 404, message: "No provider lists it." });
      },
    });
  });
  const { models } = new Pontage({ baseUrl: gateway.baseUrl });
  const all = await models.list().toArray();
  expect(all.map((model) => model.id)).toEqual([0, 1, 2, 3, 4, 5].map((n) => `sim/m${n}`));
  expect(String(all[0]!.inputPricePerMillion)).toBe("$0.15");
  expect(all[0]!.outputPricePerMillion).toBeUndefined();
  tokens.length = 0;
  expect(await models.list().toArray({ limit: 2 })).toHaveLength(2);
  expect(tokens).toEqual([""]); // The next page is fetched only when somebody wants it.
  await expect(models.get("nope")).rejects.toThrow(NotFound);
});

test("the admin side: keys, usage, providers, ledger", async () => {
  const asked: Record<string, unknown> = {};
  await using gateway = await bootGateway((router) => {
    const key = { id: "key_1", name: "ci", prefix: "sk-pt-", lastFour: "abcd", costNanoUsd: 5n, attempts: 2n };
    router.service(KeyService, {
      createKey: (request) => {
        asked.create = request;
        return { key, secret: "sk-pt-secret" };
      },
      rotateKey: (request) => {
        asked.rotate = request;
        return { key, secret: "sk-pt-other" };
      },
      listKeys: () => ({ keys: [key] }),
      revokeKey: () => ({ key: { ...key, revokeTime: { seconds: 1_800_000_000n } } }),
    });
    router.service(UsageService, {
      queryUsage: (request) => {
        asked.usage = request;
        return {
          rows: [{ keyName: "ci", attempts: 2n, totals: { inputTokens: 9n }, costNanoUsd: 5n }],
          total: { attempts: 2n },
        };
      },
    });
    router.service(ProviderService, {
      listProviders: () => ({ providers: [{ name: "sim", type: "simulated", simulated: true }] }),
      async *testProvider() {
        yield { step: "connect", ok: true, durationMs: 3 };
        yield { step: "authenticate", ok: false, detail: "401" };
      },
    });
    router.service(LedgerService, { verifyLedger: () => ({ rows: 3n, costNanoUsd: 5n, problems: ["gap at 2"] }) });
  });
  const admin = new Pontage({ baseUrl: gateway.baseUrl, adminToken: "t" });
  const issued = await admin.keys.create({ name: "ci", prefix: "pt_" });
  expect(issued).toMatchObject({ secret: "sk-pt-secret", key: { id: "key_1", attempts: 2n } });
  expect(asked.create).toMatchObject({ name: "ci", prefix: 2 });
  await admin.keys.rotate("key_1", { grace: "24h" });
  expect(asked.rotate).toMatchObject({ id: "key_1", graceSeconds: 86_400 });
  expect((await admin.keys.revoke("ci")).revokeTime?.toISOString()).toBe("2027-01-15T08:00:00.000Z");
  expect(await admin.keys.list().toArray()).toHaveLength(1);
  const { rows, total } = await admin.usage.query({ by: ["key", "model"], from: "2026-11-01" });
  expect(rows[0]).toMatchObject({ keyName: "ci", tokens: { input: 9n } });
  expect(total.attempts).toBe(2n);
  expect(asked.usage).toMatchObject({ by: [UsageDimension.KEY, UsageDimension.MODEL] });
  expect(await admin.providers.list()).toMatchObject([{ name: "sim", simulated: true }]);
  const steps = [];
  for await (const step of admin.providers.test("sim")) steps.push(step.ok);
  expect(steps).toEqual([true, false]);
  expect(await admin.ledger.verify()).toMatchObject({ sound: false, problems: ["gap at 2"] });
});

test("issuing and rotating a key are not repeated after a failure that may have come too late", async () => {
  let calls = 0;
  await using gateway = await bootGateway((router) => {
    const fail = () => {
      calls++;
      throw refusal(
        Code.Unavailable,
        { reason: Reason.UNAVAILABLE, status: 503, message: "no" },
        { "retry-after-ms": "1" },
      );
    };
    router.service(KeyService, { createKey: fail, rotateKey: fail, revokeKey: fail });
  });
  const { keys } = new Pontage({ baseUrl: gateway.baseUrl });
  await expect(keys.create({ name: "a" })).rejects.toMatchObject({ status: 503 });
  await expect(keys.rotate("a")).rejects.toMatchObject({ status: 503 });
  expect(calls).toBe(2);
  await expect(keys.revoke("a")).rejects.toMatchObject({ status: 503 });
  expect(calls).toBe(5);
});

test("the key goes to models and the token to the admin side, never the other way round", async () => {
  const seen: Record<string, string | null> = {};
  await using gateway = await bootGateway((router) => {
    router.service(ModelService, {
      listModels: (_, context) => {
        seen.models = context.requestHeader.get("authorization");
        seen.extra = context.requestHeader.get("x-team");
        return {};
      },
    });
    router.service(KeyService, {
      listKeys: (_, context) => {
        seen.keys = context.requestHeader.get("authorization");
        return {};
      },
    });
  });
  const { baseUrl } = gateway;
  const pontage = new Pontage({ baseUrl, apiKey: "sk-pt-a", adminToken: "adm", headers: { "x-team": "red" } });
  await pontage.models.list().toArray();
  await pontage.keys.list().toArray();
  expect(seen).toEqual({ models: "Bearer sk-pt-a", keys: "Bearer adm", extra: "red" });
  await new Pontage({ baseUrl, apiKey: "sk-pt-a" }).keys.list().toArray();
  expect(seen.keys).toBeNull();
  await new Pontage({ baseUrl, apiKey: "k", headers: { authorization: "Bearer mine" } }).models.list().toArray();
  expect(seen.models).toBe("Bearer mine");
});

test("the environment fills what is left out, and /v1 at the end of the address is forgiven", async () => {
  vi.stubEnv("PONTAGE_URL", "http://127.0.0.1:9/v1/");
  vi.stubEnv("PONTAGE_API_KEY", "sk-pt-env");
  expect(new Pontage().openai()).toEqual({ baseURL: "http://127.0.0.1:9/v1", apiKey: "sk-pt-env" });
  expect(new Pontage().anthropic()).toEqual({ baseURL: "http://127.0.0.1:9", apiKey: "sk-pt-env" });
  expect(new Pontage({ baseUrl: "http://h:1", apiKey: "x" }).openai()).toEqual({
    baseURL: "http://h:1/v1",
    apiKey: "x",
  });
  vi.stubEnv("PONTAGE_URL", "");
  vi.stubEnv("PONTAGE_API_KEY", " ");
  expect(new Pontage().baseUrl).toBe("http://localhost:7668");
  expect(() => new Pontage().openai()).toThrow(Unauthenticated);
});

test("a web page may not hold a secret unless it says so", () => {
  vi.stubGlobal("window", { document: {} });
  expect(() => new Pontage({ apiKey: "sk-pt-a" })).toThrow(/dangerouslyAllowBrowser/);
  expect(() => new Pontage({ adminToken: "t" })).toThrow(/dangerouslyAllowBrowser/);
  expect(() => new Pontage({ apiKey: "sk-pt-a", dangerouslyAllowBrowser: true })).not.toThrow();
  expect(() => new Pontage({})).not.toThrow();
});

test("secrets are in nothing that is printed", async () => {
  const [apiKey, adminToken] = ["sk-pt-topsecret", "adm-topsecret"];
  await using gateway = await bootGateway((router) => {
    router.service(ChatService, {
      chat: (_, context) => {
        const message = `who is ${context.requestHeader.get("authorization")}?`;
        throw refusal(Code.Unauthenticated, { reason: Reason.API_KEY_INVALID, status: 401, message });
      },
    });
  });
  const pontage = new Pontage({ baseUrl: gateway.baseUrl, apiKey, adminToken });
  const fetch = () => Promise.reject(new TypeError("fetch failed", { cause: new Error(`header ${apiKey}`) }));
  const broken = new Pontage({ baseUrl: "http://127.0.0.1:1", fetch, apiKey, adminToken, maxRetries: 0 });
  const refused = await pontage.chat.create(hello).catch((error: unknown) => error);
  const lost = await broken.chat.create(hello).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Unauthenticated);
  expect(lost).toBeInstanceOf(ConnectionFailed);
  const withPassword = () => new Pontage({ baseUrl: "http://user:passw0rd@127.0.0.1:1" });
  expect(withPassword).toThrow(/headers/);
  expect(withPassword).not.toThrow(/passw0rd/);
  const everything = { showHidden: true, depth: 12 };
  for (const thing of [pontage, broken, pontage.chat, pontage.chat.stream(hello), refused, lost]) {
    const printed = [inspect(thing, everything), String(thing), JSON.stringify(thing)].join("\n");
    for (const secret of [apiKey, adminToken]) expect(printed).not.toContain(secret);
  }
});
