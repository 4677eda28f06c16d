import http2 from "node:http2";
import https from "node:https";
import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { Reason } from "@pontage/gen/pontage/error/v1/error_pb.ts";
import { FinishReason, type GenerateEvent, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { selfSignedCertificate } from "../gateway/certificate.ts";
import { providerOf, startTestGateway, type TestGateway, until } from "../gateway/gateway.ts";
import { errorAfter, refuse, silent, stuckAfter } from "../simulators/behaviours.ts";
import { type Simulator, startSimulator } from "../simulators/simulator.ts";
import { poem, twoCalls } from "./bridge.ts";
import { errorDetail, GrpcChatClient } from "./grpc-client.ts";

const certificate = selfSignedCertificate();

let chat: Simulator;
let messages: Simulator;
let gateway: TestGateway;
let plain: GrpcChatClient;
let secure: GrpcChatClient;

beforeAll(async () => {
  [chat, messages] = await Promise.all([startSimulator("openai-chat"), startSimulator("anthropic-messages")]);
  // One port for all of it: grpc in the clear and over TLS, HTTP/1.1 and HTTP/2.
  gateway = await startTestGateway({
    providers: [providerOf("chat", chat), providerOf("messages", messages)],
    tls: certificate,
  });
  plain = new GrpcChatClient(`127.0.0.1:${gateway.port}`, credentials.createInsecure());
  secure = new GrpcChatClient(`localhost:${gateway.port}`, credentials.createSsl(certificate.cert));
});
afterAll(async () => {
  plain.close();
  secure.close();
  await gateway.stop();
  await Promise.all([chat.close(), messages.close()]);
});

const withKey = (secret = gateway.apiKey) => {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${secret}`);
  return metadata;
};
const requestFor = (model: string) => ({
  request: {
    model,
    maxOutputTokens: 99,
    messages: [{ role: Role.USER, parts: [{ kind: { case: "text" as const, value: { text: "Hello" } } }] }],
  },
});
const failureOf = (call: Promise<unknown>): Promise<ServiceError> =>
  call.then(
    () => {
      throw new Error("the call did not fail");
    },
    (error: ServiceError) => error,
  );

type Stream = ReturnType<GrpcChatClient["streamChat"]>;

/** A part may open with the first of its words. */
function textIn(event: GenerateEvent["event"]): string {
  if (event.case === "partGrown" && event.value.delta.case === "text") return event.value.delta.value;
  if (event.case !== "partOpened" || event.value.part?.kind.case !== "text") return "";
  return event.value.part.kind.value.text;
}

/** Reads a stream to its end. */
function read(stream: Stream) {
  const cases: string[] = [];
  let text = "";
  return new Promise<{ text: string; cases: string[]; error: ServiceError | undefined; receipt: unknown }>(
    (resolve) => {
      let receipt: unknown;
      stream.on("data", ({ item }) => {
        cases.push(item.case === "event" ? String(item.value.event.case) : String(item.case));
        if (item.case === "receipt") receipt = item.value;
        if (item.case === "event") text += textIn(item.value.event);
      });
      stream.on("error", (error: ServiceError) => resolve({ text, cases, error, receipt }));
      stream.on("end", () => resolve({ text, cases, error: undefined, receipt }));
    },
  );
}

for (const [transport, client] of [
  ["h2c by prior knowledge", () => plain],
  ["TLS by ALPN", () => secure],
] as const) {
  describe(`grpc-js over ${transport}`, () => {
    for (const [provider, simulator] of [
      ["chat", () => chat],
      ["messages", () => messages],
    ] as const) {
      test(`a whole answer of ${provider}, with its receipt`, async () => {
        const model = simulator().model({ text: poem });
        const { response, headers } = client().chat(requestFor(`${provider}/${model}`), withKey());
        const { reply, receipt } = await response;
        expect(reply?.choices[0]?.parts[0]?.kind).toMatchObject({ case: "text", value: { text: poem } });
        expect(reply?.choices[0]?.finishReason).toBe(FinishReason.STOP);
        expect(receipt).toMatchObject({ provider, model, attempts: 1, usageSource: UsageSource.PROVIDER });
        expect(receipt?.usage).toMatchObject({ inputTokens: 21, outputTokens: 8 });
        expect((await headers).get("x-request-id")).toEqual([receipt?.requestId]);
        expect(await gateway.ledgerRows(receipt!.requestId)).toMatchObject([
          { outcome: "ok", doorDialect: "pontage", inputTokens: 21n, outputTokens: 8n },
        ]);
      });

      test(`a stream of ${provider}, with its receipt`, async () => {
        const model = simulator().model({ text: poem });
        const { text, cases, error, receipt } = await read(
          client().streamChat(requestFor(`${provider}/${model}`), withKey()),
        );
        expect(error).toBeUndefined();
        expect(text).toBe(poem);
        expect(cases[0]).toBe("opened");
        expect(cases.slice(-3)).toEqual(["choiceFinished", "finished", "receipt"]);
        expect(receipt).toMatchObject({ provider, model, usage: { inputTokens: 21, outputTokens: 8 } });
      });

      test(`calls of functions of ${provider}`, async () => {
        const model = simulator().model(twoCalls);
        const { reply } = await client().chat(requestFor(`${provider}/${model}`), withKey()).response;
        const calls = reply!.choices[0]!.parts.flatMap(({ kind }) => (kind.case === "toolCall" ? kind.value : []));
        expect(calls.map(({ id, arguments: json }) => [id, JSON.parse(json)])).toEqual(
          twoCalls.calls.map(({ id, arguments: args }) => [id, args]),
        );
      });

      test(`an error of ${provider} before the first event has a code and details`, async () => {
        const model = simulator().model(refuse(429, { "retry-after": "7" }, "the upstream's own words"));
        for (const error of [
          await failureOf(client().chat(requestFor(`${provider}/${model}`), withKey()).response),
          (await read(client().streamChat(requestFor(`${provider}/${model}`), withKey()))).error!,
        ]) {
          expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
          expect(error.details).toContain("the upstream's own words");
          expect(errorDetail(error)).toMatchObject({
            reason: Reason.UPSTREAM_RATE_LIMITED,
            status: 429,
            provider,
            retryAfterMs: 7_000,
            requestId: expect.stringMatching(/^req_/),
          });
        }
      });

      test(`an error of ${provider} in the middle of a stream ends it with a code`, async () => {
        const model = simulator().model(errorAfter({ text: poem }, 5, 500));
        const { cases, error } = await read(client().streamChat(requestFor(`${provider}/${model}`), withKey()));
        expect(cases.length).toBeGreaterThan(0);
        expect(cases).not.toContain("finished");
        expect(cases).not.toContain("receipt");
        expect(error?.code).toBe(status.INTERNAL);
        expect(errorDetail(error!)?.reason).toBe(Reason.UPSTREAM_FAILED);
      });

      for (const [what, behaviour, stream] of [
        ["before the head", silent(), false],
        ["before the head of a stream", silent(), true],
        ["in the middle of a stream", stuckAfter({ text: poem }, 6), true],
      ] as const) {
        for (const how of ["cancel", "deadline"] as const) {
          test(`${how} ${what} of ${provider} stops the upstream and is billed as partial`, async () => {
            const model = simulator().model(behaviour);
            const options = how === "deadline" ? { deadline: Date.now() + 150 } : {};
            const asked = requestFor(`${provider}/${model}`);
            let ended: Promise<ServiceError | undefined>;
            let call: { cancel(): void };
            if (stream) {
              const streaming = client().streamChat(asked, withKey(), options);
              call = streaming;
              ended = read(streaming).then(({ error }) => error);
            } else {
              const unary = client().chat(asked, withKey(), options);
              call = unary.call;
              ended = failureOf(unary.response);
            }
            if (how === "cancel") {
              await until("the upstream has the request", () => simulator().requestsFor(model).length === 1);
              call.cancel();
            }
            expect((await ended)?.code).toBe(how === "cancel" ? status.CANCELLED : status.DEADLINE_EXCEEDED);
            const [received] = simulator().requestsFor(model);
            await until("the upstream sees the client leave", () => received!.closedByPeerAtMs !== undefined);
            expect((await gateway.rowsOfModel(model)).map(({ outcome }) => outcome)).toEqual(["partial"]);
          });
        }
      }
    }

    test("the simulated provider", async () => {
      const { text, error } = await read(client().streamChat(requestFor("sim/echo"), withKey()));
      expect(error).toBeUndefined();
      expect(text).toContain('You said: "Hello"');
    });

    test("tokens are counted", async () => {
      const model = messages.model({ text: "never said", usage: { input: 33, output: 0 } });
      const counted = await client().countTokens(requestFor(`messages/${model}`), withKey()).response;
      expect(counted).toMatchObject({ inputTokens: 33, source: UsageSource.PROVIDER });
    });

    const noMessages = { request: { model: "sim/echo", messages: [] } };
    const refusals = [
      ["no key", () => new Metadata(), requestFor("sim/echo"), status.UNAUTHENTICATED, Reason.API_KEY_MISSING],
      ["a wrong key", () => withKey("sk-pt-x"), requestFor("sim/echo"), status.UNAUTHENTICATED, Reason.API_KEY_INVALID],
      ["an unknown model", withKey, requestFor("nobody/none"), status.NOT_FOUND, Reason.MODEL_UNKNOWN],
      ["a request against the rules", withKey, noMessages, status.INVALID_ARGUMENT, undefined],
    ] as const;
    for (const [what, metadata, request, code, reason] of refusals) {
      test(`${what} is refused`, async () => {
        for (const error of [
          await failureOf(client().chat(request, metadata()).response),
          (await read(client().streamChat(request, metadata()))).error!,
        ]) {
          expect(error.code).toBe(code);
          if (reason !== undefined) expect(errorDetail(error)?.reason).toBe(reason);
        }
      });
    }
  });
}

describe("the same port over TLS", () => {
  const body = JSON.stringify({ model: "sim/echo", messages: [{ role: "user", content: "Hello" }] });

  test("HTTP/1.1", async () => {
    const [statusCode, text] = await new Promise<[number, string]>((resolve, reject) => {
      const request = https.request(
        {
          ...{ host: "localhost", port: gateway.port, path: "/v1/chat/completions", method: "POST" },
          ...{ ca: certificate.cert, ALPNProtocols: ["http/1.1"] },
          headers: { authorization: `Bearer ${gateway.apiKey}`, "content-type": "application/json" },
        },
        async (response) => {
          let text = "";
          for await (const chunk of response.setEncoding("utf8")) text += chunk;
          resolve([response.statusCode!, text]);
        },
      );
      request.on("error", reject);
      request.end(body);
    });
    expect(statusCode).toBe(200);
    expect(text).toContain("You said");
  });

  test("HTTP/2", async () => {
    const session = http2.connect(`https://localhost:${gateway.port}`, { ca: certificate.cert });
    try {
      const request = session.request({
        ":method": "POST",
        ":path": "/v1/chat/completions",
        "x-api-key": gateway.apiKey,
      });
      request.end(body);
      const head = new Promise<http2.IncomingHttpHeaders>((resolve) => request.once("response", resolve));
      let text = "";
      for await (const chunk of request.setEncoding("utf8")) text += chunk;
      expect(session.alpnProtocol).toBe("h2");
      expect((await head)[":status"]).toBe(200);
      expect((await head)["x-request-id"]).toMatch(/^req_/);
      expect(text).toContain("You said");
    } finally {
      session.close();
    }
  });
});
