import {
  Aborted,
  InvalidRequest,
  NotFound,
  PermissionDenied,
  Pontage,
  type PontageError,
  ProviderFailed,
  RateLimited,
  type RequestSummary,
  Unauthenticated,
} from "@pontage/sdk";
import { nodeTransport } from "@pontage/sdk/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway, until } from "../gateway/gateway.ts";

/** The SDK against the real gateway, over every transport it has in Node. */

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway?.stop());

const hello = (model = "sim/echo") => ({ model, messages: [{ role: "user", content: "Hello" }] as const });
const slowly = { headers: { "x-sim-tps": "50" } };

const transports = {
  fetch: () => undefined,
  "connect over HTTP/2": () => nodeTransport({ protocol: "connect", baseUrl: gateway.baseUrl }),
  gRPC: () => nodeTransport({ protocol: "grpc", baseUrl: gateway.baseUrl }),
} as const;

/** How the gateway saw a call, once it has ended there. */
async function seen(requestId: string) {
  const find = () => gateway.gateway.activity.since(0).calls.find(({ id }) => id === requestId);
  await until(`the call ${requestId} is seen`, () => find() !== undefined);
  return find()!;
}

for (const [name, transport] of Object.entries(transports)) {
  describe(name, () => {
    let pontage: Pontage;
    let admin: Pontage;
    beforeAll(() => {
      const options = { baseUrl: gateway.baseUrl, transport: transport(), maxRetries: 0 };
      pontage = new Pontage({ ...options, apiKey: gateway.apiKey });
      admin = new Pontage({ ...options, adminToken: gateway.adminToken });
    });

    test("chat.create: the answer, its usage, and a row that says the same", async () => {
      const answer = await pontage.chat.create(hello());
      expect(answer.text).toContain('You said: "Hello"');
      expect(answer.finishReason).toBe("stop");
      const rows = await gateway.ledgerRows(answer.requestId);
      expect(rows).toMatchObject([
        { outcome: "ok", provider: "sim", model: "echo", doorDialect: "pontage", streamed: false },
      ]);
      expect(rows[0]!.outputTokens).toBe(BigInt(answer.usage.outputTokens));
      expect(answer.usage.outputTokens).toBeGreaterThan(0);
      expect(await seen(answer.requestId)).toMatchObject({ status: 200, abandoned: false });
    });

    test("what the provider's dialect has no word for is named, or refused to who is strict", async () => {
      const params = { ...hello(), topK: 3 };
      expect((await pontage.chat.create(params)).losses).toEqual(["top_k"]);
      expect((await pontage.chat.stream(params).finalMessage()).losses).toEqual(["top_k"]);
      expect((await pontage.chat.create(hello(), { strict: true })).losses).toEqual([]);
      const refused = await pontage.chat.create(params, { strict: true }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(InvalidRequest);
      expect((refused as InvalidRequest).message).toContain("top_k");
    });

    test("embeddings.create: vectors, and a row that says what they took", async () => {
      const answer = await pontage.embeddings.create({ model: "sim/embed", input: ["One", "Two"], dimensions: 8 });
      expect(answer.vectors.map((numbers) => Math.hypot(...numbers))).toEqual([
        expect.closeTo(1, 5),
        expect.closeTo(1, 5),
      ]);
      expect(await gateway.ledgerRows(answer.requestId)).toMatchObject([
        { outcome: "ok", model: "embed", doorDialect: "pontage", inputTokens: 2n, outputTokens: 0n },
      ]);
    });

    test("chat.stream: pieces that make the answer, and a receipt", async () => {
      const stream = pontage.chat.stream(hello());
      let text = "";
      const types: string[] = [];
      for await (const part of stream) {
        types.push(part.type);
        if (part.type === "text") text += part.text;
      }
      const message = await stream.finalMessage();
      expect(types.filter((type) => type === "text").length).toBeGreaterThan(3);
      expect([types[0], types.at(-1)]).toEqual(["start", "receipt"]);
      expect(text).toBe(message.text);
      const rows = await gateway.ledgerRows(message.requestId);
      expect(rows).toMatchObject([{ outcome: "ok", streamed: true }]);
      expect(rows[0]!.outputTokens).toBe(BigInt(message.usage.outputTokens));
      expect(await seen(message.requestId)).toMatchObject({ status: 200, abandoned: false, streamed: true });
    });

    const ways: readonly (readonly [
      how: string,
      leave: (stream: ReturnType<Pontage["chat"]["stream"]>, stop: AbortController) => Promise<unknown>,
    ])[] = [
      [
        "abort()",
        async (stream) => {
          const reading = (async () => {
            for await (const part of stream) if (part.type === "text") stream.abort();
          })();
          await expect(reading).rejects.toBeInstanceOf(Aborted);
        },
      ],
      [
        "its signal",
        async (stream, stop) => {
          const reading = (async () => {
            for await (const part of stream) if (part.type === "text") stop.abort();
          })();
          await expect(reading).rejects.toBeInstanceOf(Aborted);
        },
      ],
      [
        "leaving the loop",
        async (stream) => {
          for await (const part of stream) if (part.type === "text") break;
        },
      ],
    ];
    for (const [how, leave] of ways) {
      test(`a stream left by ${how} ends upstream, is billed in part, and is seen as left`, async () => {
        const stop = new AbortController();
        const before = gateway.gateway.activity.since(0).calls.at(-1)?.sequence ?? 0;
        const stream = pontage.chat.stream(
          { ...hello("sim/lorem"), maxOutputTokens: 5_000 },
          { ...slowly, signal: stop.signal },
        );
        await leave(stream, stop);
        await gateway.settled();
        const calls = gateway.gateway.activity.since(before).calls;
        expect(calls).toMatchObject([{ status: 200, abandoned: true, streamed: true, attempts: 1 }]);
        const rows = await gateway.ledgerRows(calls[0]!.id);
        expect(rows).toMatchObject([{ outcome: "partial" }]);
        // At 50 a second it would have taken minutes to say everything.
        expect(rows[0]!.outputTokens).toBeLessThan(2_000n);
      });
    }

    const failures: readonly (readonly [
      what: string,
      expected: new (...args: never[]) => PontageError,
      facts: object,
      act: () => Promise<unknown>,
    ])[] = [
      [
        "an unknown model",
        NotFound,
        { code: "MODEL_UNKNOWN", status: 404 },
        () => pontage.chat.create(hello("sim/none")),
      ],
      [
        "an unknown model, streamed",
        NotFound,
        { code: "MODEL_UNKNOWN" },
        () => pontage.chat.stream(hello("sim/none")).finalMessage(),
      ],
      [
        "a wrong key",
        Unauthenticated,
        { status: 401 },
        () =>
          new Pontage({
            baseUrl: gateway.baseUrl,
            transport: transport(),
            apiKey: "sk-pt-0000000000000000000000_000000",
            maxRetries: 0,
          }).chat.create(hello()),
      ],
      [
        "a provider that limits",
        RateLimited,
        { retryAfterMs: 2_000 },
        () => pontage.chat.create(hello("sim/flaky"), { headers: { "x-sim-fail": "429;retry-after=2" } }),
      ],
      [
        "a provider that fails",
        ProviderFailed,
        { provider: "sim" },
        () => pontage.chat.create(hello("sim/flaky"), { headers: { "x-sim-fail": "500" } }),
      ],
      [
        "a provider that breaks off",
        ProviderFailed,
        { code: "UPSTREAM_TRUNCATED" },
        () => pontage.chat.stream(hello("sim/flaky"), { headers: { "x-sim-fail": "cut-stream" } }).finalMessage(),
      ],
      ["no messages", InvalidRequest, {}, () => pontage.chat.create({ model: "sim/echo", messages: [] })],
      [
        "an API key at the admin services",
        PermissionDenied,
        {},
        () =>
          new Pontage({
            baseUrl: gateway.baseUrl,
            transport: transport(),
            adminToken: gateway.apiKey,
            maxRetries: 0,
          }).keys
            .list()
            .toArray(),
      ],
    ];
    for (const [what, expected, facts, act] of failures) {
      test(`${what}: ${expected.name}`, async () => {
        const error = await act().then(
          () => undefined,
          (cause: unknown) => cause,
        );
        expect(error).toBeInstanceOf(expected);
        expect(error).toMatchObject(facts);
      });
    }

    test("models.list and models.get", async () => {
      const models = await pontage.models.list().toArray();
      expect(models.map(({ id }) => id)).toContain("sim/echo");
      expect((await pontage.models.get("sim/echo")).id).toBe("sim/echo");
      await expect(pontage.models.get("sim/none")).rejects.toBeInstanceOf(NotFound);
    });

    test("keys: create, list, get, rotate with grace, revoke", async () => {
      const { key, secret } = await admin.keys.create({ name: `by ${name.replace("/", " ")}` });
      const calls = async (apiKey: string) =>
        new Pontage({ baseUrl: gateway.baseUrl, transport: transport(), apiKey, maxRetries: 0 }).chat.create(hello());
      await calls(secret);
      expect((await admin.keys.list().toArray()).map(({ id }) => id)).toContain(key.id);
      const rotated = await admin.keys.rotate(key.id, { grace: "1h" });
      expect(rotated.key.graceEndTime!.getTime()).toBeGreaterThan(Date.now());
      await calls(secret);
      await calls(rotated.secret);
      await gateway.settled();
      expect(await admin.keys.get(key.id)).toMatchObject({ id: key.id, attempts: 3n });
      await admin.keys.revoke(key.id);
      for (const old of [secret, rotated.secret]) await expect(calls(old)).rejects.toBeInstanceOf(Unauthenticated);
      const { rows, total } = await admin.usage.query({ by: ["key"] });
      expect(rows.find(({ keyId }) => keyId === key.id)).toMatchObject({
        keyName: `by ${name.replace("/", " ")}`,
        attempts: 3n,
      });
      expect(total.attempts).toBe(rows.reduce((sum, { attempts }) => sum + attempts, 0n));
    });

    test("requests.watch: the past, then each call as it ends, and a cursor to continue from", async () => {
      const past = await pontage.chat.create(hello());
      const stop = new AbortController();
      const news: RequestSummary[] = [];
      let cursor = "";
      let live = 0;
      const watching = (async () => {
        for await (const item of admin.requests.watch({
          signal: stop.signal,
          onState: (state) => (live += Number(state === "live")),
        })) {
          cursor = item.cursor;
          if (item.type === "request") news.push(item.request);
        }
      })();
      await until("the past is told", () => news.some(({ id }) => id === past.requestId));
      const now = await pontage.chat.create(hello());
      await until("the present is told", () => news.some(({ id }) => id === now.requestId));
      stop.abort();
      await watching;
      expect(live).toBe(1);
      expect(news.at(-1)).toMatchObject({
        id: now.requestId,
        status: 200,
        provider: "sim",
        model: "echo",
        abandoned: false,
      });

      const later = await pontage.chat.create(hello());
      for await (const item of admin.requests.watch({ cursor })) {
        expect(item).toMatchObject({ type: "request", request: { id: later.requestId } });
        break;
      }
    });

    test("providers.test and ledger.verify", async () => {
      const steps = [];
      for await (const { step, ok } of admin.providers.test("sim")) steps.push([step, ok]);
      expect(steps).toEqual([
        ["connect", true],
        ["authenticate", true],
        ["list models", true],
        ["generate", true],
      ]);
      const unknown = (async () => {
        for await (const _ of admin.providers.test("none")) throw new Error("a step of a provider that is not there");
      })();
      await expect(unknown).rejects.toBeInstanceOf(NotFound);
      await gateway.settled();
      expect(await admin.ledger.verify()).toMatchObject({ sound: true, problems: [] });
    });
  });
}

test("a stream that is running when the gateway stops is finished, and the watchers are told to come back", async () => {
  const stopping = await startTestGateway();
  const options = { baseUrl: stopping.baseUrl, apiKey: stopping.apiKey, adminToken: stopping.adminToken };
  const pontage = new Pontage({
    ...options,
    transport: nodeTransport({ protocol: "grpc", baseUrl: stopping.baseUrl }),
  });
  const states: string[] = [];
  const leave = new AbortController();
  const watching = (async () => {
    for await (const _ of pontage.requests.watch({ signal: leave.signal, onState: (state) => states.push(state) }));
  })();
  await until("the watch lives", () => states.includes("live"));
  const stream = pontage.chat.stream(
    { ...hello("sim/lorem"), maxOutputTokens: 40 },
    { headers: { "x-sim-tps": "80" } },
  );
  const parts = stream[Symbol.asyncIterator]();
  while ((await parts.next()).value?.type !== "text");
  const stopped = stopping.stop();
  const message = await stream.finalMessage();
  expect(message.finishReason).toBe("length");
  await until("the watch has lost its gateway", () => states.includes("reconnecting"));
  leave.abort();
  await watching;
  await stopped;
});
