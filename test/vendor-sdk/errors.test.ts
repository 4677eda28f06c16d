import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type Anthropic from "@anthropic-ai/sdk";
import { BedrockRuntimeClient, BedrockRuntimeServiceException, ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import { ApiError, GoogleGenAI } from "@google/genai";
import { Ollama } from "ollama";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway, upstreamSecret } from "../gateway/gateway.ts";
import { anthropicVersions } from "./anthropic-versions.ts";
import { openaiVersions } from "./openai-versions.ts";
import { ofOthers } from "./upstream-errors/others.ts";
import type { UpstreamError } from "./upstream-errors/row.ts";
import { type Telling, tellings } from "./upstream-errors/tellings.ts";
import { ofVendors } from "./upstream-errors/vendors.ts";

/*
 * Each error of `upstream-errors/`, sent by an upstream through a running gateway to the vendors' own libraries: every one
 * raises the class it raises at home, with the upstream's words, an id to ask about, and a word on whether to try again.
 */

const upstreamErrors = [...ofVendors, ...ofOthers];

const providers = {
  "openai-chat": { name: "chat", type: "openai", path: "/v1" },
  "anthropic-messages": { name: "messages", type: "anthropic_compatible", path: "/v1" },
  gemini: { name: "google", type: "gemini_compatible", path: "/v1beta" },
  "bedrock-converse": { name: "amazon", type: "bedrock", path: "" },
  "ollama-chat": { name: "llama", type: "ollama_native", path: "" },
} as const;

let upstream: http.Server;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    // The model's name says which error is meant, wherever the dialect writes it.
    const wanted = /case-(\d+)-/.exec(`${request.url} ${body}`)?.[1];
    const { status, headers, body: said } = upstreamErrors[Number(wanted)]!;
    response.writeHead(status, headers);
    response.end(said);
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  gateway = await startTestGateway({
    providers: Object.values(providers).map(({ name, type, path }) => ({
      ...{ name, type, baseUrl: `${url}${path}`, discover: false },
      ...(name !== "llama" && { credential: upstreamSecret }),
    })),
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.closeAllConnections();
  upstream.close();
});

/** What a library has told of an error. */
interface Seen {
  readonly className: string;
  readonly status: number | undefined;
  readonly message: string;
  readonly requestId?: string | null | undefined;
  readonly header?: (name: string) => string | null | undefined;
  /** The vendor's own word: OpenAI's code, Anthropic's type, Google's status. */
  readonly word?: string | null | undefined;
  readonly waitMs?: number | undefined;
}

interface Client {
  readonly name: string;
  call(model: string): PromiseLike<unknown>;
  see(error: unknown): Seen;
  expects(telling: Telling, error: UpstreamError): { className: string; status: number; word?: string | null };
}

const user = [{ role: "user" as const, content: "Hello" }];
const base = () => ({ baseURL: `${gateway.baseUrl}/v1`, apiKey: gateway.apiKey, maxRetries: 0 });

type VendorError = InstanceType<typeof OpenAI.APIError> & InstanceType<typeof Anthropic.APIError>;

/** Version 4 of OpenAI's library has the headers as a plain object. */
function headerOf(error: VendorError, name: string): string | null | undefined {
  const { headers } = error;
  return headers instanceof Headers ? headers.get(name) : (headers as unknown as Record<string, string>)[name];
}

const openaiClients = openaiVersions.flatMap(({ name, Client, requestIdOf }): Client[] => {
  const client = () => new Client(base());
  const shared = {
    see(thrown: unknown): Seen {
      const error = thrown as VendorError;
      return {
        className: error.constructor.name,
        status: error.status,
        message: error.message,
        requestId: requestIdOf(error as InstanceType<typeof OpenAI.APIError>),
        header: (header) => headerOf(error, header),
        word: error.code,
      };
    },
    expects({ openai: [status, className, code] }: Telling, error: UpstreamError) {
      return {
        className,
        status,
        word:
          code === null || code.startsWith("rate_limit") || code.startsWith("model_not") ? (error.code ?? code) : code,
      };
    },
  };
  return [
    { name: `${name}, chat`, ...shared, call: (model) => client().chat.completions.create({ model, messages: user }) },
    {
      name: `${name}, chat as a stream`,
      ...shared,
      call: (model) => client().chat.completions.create({ model, messages: user, stream: true }),
    },
    { name: `${name}, responses`, ...shared, call: (model) => client().responses.create({ model, input: "Hello" }) },
  ];
});

const anthropicClients = anthropicVersions.flatMap(({ name, version, connect }): Client[] => {
  const shared = {
    see(thrown: unknown): Seen {
      const error = thrown as VendorError;
      return {
        className: error.constructor.name,
        status: error.status,
        message: error.message,
        requestId: error.requestID ?? headerOf(error, "request-id"),
        header: (header) => headerOf(error, header),
        word: (error.error as { error: { type: string } }).error.type,
      };
    },
    expects: ({ anthropic: [status, className, word, older = className] }: Telling) => ({
      className: version === "2023-06-01" ? older : className,
      ...{ status, word },
    }),
  };
  const call = (stream: boolean) => (model: string) =>
    connect({ baseURL: gateway.baseUrl, secret: gateway.apiKey }).messages.create({
      ...{ model, max_tokens: 9, messages: user, stream },
    });
  return [
    { name, ...shared, call: call(false) },
    { name: `${name} as a stream`, ...shared, call: call(true) },
  ];
});

const clients: readonly Client[] = [
  ...openaiClients,
  ...anthropicClients,
  {
    name: "@google/genai",
    call: (model) =>
      new GoogleGenAI({ apiKey: gateway.apiKey, httpOptions: { baseUrl: gateway.baseUrl } }).models.generateContent({
        ...{ model, contents: "Hello" },
      }),
    see(thrown) {
      expect(thrown).toBeInstanceOf(ApiError);
      const error = thrown as ApiError;
      const said = JSON.parse(error.message).error as {
        code: number;
        message: string;
        status: string;
        details: Record<string, string>[];
      };
      expect(said.code).toBe(error.status);
      const wait = said.details.find(({ retryDelay }) => retryDelay)?.retryDelay;
      return {
        className: "ApiError",
        status: error.status,
        message: said.message,
        word: said.status,
        requestId: said.details.find(({ requestId }) => requestId)?.requestId,
        waitMs: wait === undefined ? undefined : Math.round(Number.parseFloat(wait) * 1000),
      };
    },
    expects: ({ gemini: [status, word] }) => ({ className: "ApiError", status, word }),
  },
  {
    name: "@aws-sdk/client-bedrock-runtime",
    call: (modelId) =>
      new BedrockRuntimeClient({
        region: "us-east-1",
        endpoint: gateway.baseUrl,
        token: { token: gateway.apiKey },
        authSchemePreference: ["httpBearerAuth"],
        maxAttempts: 1,
      }).send(new ConverseCommand({ modelId, messages: [{ role: "user", content: [{ text: "Hello" }] }] })),
    see(thrown) {
      expect(thrown).toBeInstanceOf(BedrockRuntimeServiceException);
      const error = thrown as BedrockRuntimeServiceException;
      const headers = error.$response?.headers as Record<string, string>;
      expect(headers["x-amzn-errortype"]).toBe(error.name);
      return {
        className: error.name,
        status: error.$metadata.httpStatusCode,
        message: error.message,
        requestId: error.$metadata.requestId,
        header: (name) => headers[name],
      };
    },
    expects: ({ converse: [status, className] }, { exception: [ownStatus, own] = [status, className] }) => ({
      className: own,
      status: ownStatus,
    }),
  },
  {
    name: "ollama",
    call: (model) =>
      new Ollama({ host: gateway.baseUrl, headers: { authorization: `Bearer ${gateway.apiKey}` } }).chat({
        ...{ model, messages: user },
      }),
    see(thrown) {
      const error = thrown as { name: string; status_code: number; error: string };
      return { className: error.name, status: error.status_code, message: error.error };
    },
    expects: ({ ollama: status }) => ({ className: "ResponseError", status }),
  },
];

test("there are as many as there should be", () => {
  expect(upstreamErrors.length).toBeGreaterThanOrEqual(40);
  expect(new Set(upstreamErrors.map(({ name }) => name)).size).toBe(upstreamErrors.length);
  expect(new Set(upstreamErrors.map(({ means }) => means))).toEqual(new Set(Object.keys(tellings)));
});

describe.each(clients)("$name", ({ call, see, expects }) => {
  test.each(upstreamErrors.map((error, index) => ({ ...error, index })))("$name: $means", async (error) => {
    const telling: Telling = tellings[error.means];
    // The name is unlike any a vendor's library would look at.
    const model = `${providers[error.dialect].name}/case-${error.index}-claude`;
    const thrown = await Promise.resolve(call(model)).then(
      () => expect.unreachable("the call did not fail"),
      (reason: unknown) => reason,
    );
    const seen = see(thrown);
    const wanted = expects(telling, error);
    expect({ className: seen.className, status: seen.status }).toEqual({
      className: wanted.className,
      status: wanted.status,
    });
    if ("word" in wanted) expect(seen.word).toBe(wanted.word);
    expect(seen.message).toMatch(error.says);
    expect(seen.message).not.toContain(upstreamSecret);
    if ("requestId" in seen) expect(seen.requestId).toMatch(/^req_/);
    if ("waitMs" in seen) expect(seen.waitMs).toBe(error.waitMs);
    const { header } = seen;
    if (!header) return;
    expect(header("x-request-id")).toBe(seen.requestId);
    expect(header("request-id")).toBe(seen.requestId);
    expect(header("retry-after-ms") ?? undefined).toBe(error.waitMs === undefined ? undefined : `${error.waitMs}`);
    // What the gateway has tried twice it does not recommend a third time.
    const again = header("x-pontage-attempts") === "1" && (error.retry ?? telling.retry);
    expect(header("x-should-retry")).toBe(String(again));
  });
});
