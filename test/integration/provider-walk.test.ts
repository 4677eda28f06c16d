import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Endpoint, startEndpoint } from "../../server/src/providers/credentials/endpoint.fixture.ts";
import { createProvider, type ProviderSettings } from "../../server/src/providers/provider.ts";
import { walkTo } from "../../server/src/providers/walk.ts";
import { systemClock } from "../../server/src/world.ts";
import { selfSignedCertificate } from "../gateway/certificate.ts";

/* `pontage providers test`: a step for each thing that can be wrong, and at the one that is, its cause. */

const key = "key-that-is-quoted-0123456789";
const list = { object: "list", data: [{ id: "m-1" }, { id: "m-2" }] };
const reply = {
  id: "c",
  object: "chat.completion",
  created: 1,
  model: "m-1",
  choices: [{ index: 0, message: { role: "assistant", content: "OK." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};

const answer: http.RequestListener = (request, response) => {
  const { authorization = "" } = request.headers;
  const isRefused = authorization.includes(key) || (request.method === "GET" && authorization.includes("may-not-list"));
  const body = isRefused
    ? { error: { message: `Refused: ${authorization}` } }
    : request.method === "GET"
      ? list
      : reply;
  response.writeHead(isRefused ? 401 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};

const certificate = selfSignedCertificate();
const plain = http.createServer(answer);
const secure = https.createServer(certificate, answer);
const portOf = (server: http.Server | https.Server) => (server.address() as AddressInfo).port;
let entra: Endpoint;
let closedPort: number;

beforeAll(async () => {
  for (const server of [plain, secure]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  const closed = http.createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  closedPort = portOf(closed);
  closed.close();
  entra = await startEndpoint(({ form }) =>
    form.client_secret === "right"
      ? { body: { access_token: "the-token", expires_in: 3599 } }
      : { status: 401, body: { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret." } },
  );
});
afterAll(async () => {
  for (const server of [plain, secure]) {
    server.closeAllConnections();
    server.close();
  }
  await entra.close();
});

/** The steps as a person reads them. */
async function walk(settings: Partial<ProviderSettings> & { readonly baseUrl: string }, model = ""): Promise<string[]> {
  const credentialSource = "KEY_VARIABLE";
  const provider = createProvider({ name: "p", type: "openai_compatible", credentialSource, ...settings }, systemClock);
  const steps: string[] = [];
  for await (const { step, ok, detail } of walkTo(provider, model, systemClock)) {
    steps.push(`${ok ? "✓" : "✗"} ${step}: ${detail}`);
  }
  await provider.dispatcher.destroy();
  return steps;
}

const http1 = () => `http://127.0.0.1:${portOf(plain)}`;
const arrived = () => ["✓ resolve: 127.0.0.1", `✓ connect: 127.0.0.1 port ${portOf(plain)}`];

test("all the way", async () => {
  expect(await walk({ baseUrl: http1() })).toEqual([
    ...arrived(),
    "✓ authenticate: accepted the key from KEY_VARIABLE",
    "✓ list models: 2 models",
    "✓ generate: m-1 answered in openai-chat",
  ]);
});

test("all the way by TLS, with what was agreed upon", async () => {
  const before = tls.getCACertificates("default");
  const untrusted = await walk({ baseUrl: `https://localhost:${portOf(secure)}` });
  expect(untrusted.at(-1)).toMatch(/^✗ tls: https:\/\/localhost:\d+: its certificate is self-signed\.$/);
  tls.setDefaultCACertificates([...before, certificate.cert.toString()]);
  try {
    const steps = await walk({ baseUrl: `https://localhost:${portOf(secure)}` });
    expect(steps.map((step) => step.split(":")[0])).toEqual(
      ["resolve", "connect", "tls", "authenticate", "list models", "generate"].map((step) => `✓ ${step}`),
    );
    expect(steps[2]).toMatch(/^✓ tls: TLSv1\.3, certificate until /);
  } finally {
    tls.setDefaultCACertificates(before);
  }
});

test.each<[what: string, baseUrl: () => string, last: RegExp, steps: number]>([
  ["no such host", () => "http://nowhere.invalid", /^✗ resolve: .*(no such host|name server did not answer)\.$/, 1],
  ["nobody listens", () => `http://127.0.0.1:${closedPort}`, /^✗ connect: .*connection refused\.$/, 2],
  ["no TLS", () => `https://127.0.0.1:${portOf(plain)}`, /^✗ tls: .*it does not speak TLS\.$/, 3],
])("%s, and there it stops", async (_, baseUrl, last, count) => {
  const steps = await walk({ baseUrl: baseUrl() });
  expect(steps).toHaveLength(count);
  expect(steps.at(-1)).toMatch(last);
});

test("a key that is refused is not shown, and where it comes from is", async () => {
  const steps = await walk({ baseUrl: http1(), credential: key });
  expect(steps.slice(2)).toEqual([
    "✗ authenticate: The provider refused the gateway's credential: Refused: Bearer [removed] Check the key from KEY_VARIABLE.",
  ]);
});

test("a key that may generate and not list gets as far as that", async () => {
  const steps = await walk({ baseUrl: http1(), credential: "may-not-list", models: ["m-1"] });
  expect(steps.slice(2).map((step) => step.slice(0, 14))).toEqual(["✗ authenticate", "✓ generate: m-"]);
});

test("where there is no list the generation tells", async () => {
  const steps = await walk({ baseUrl: http1(), type: "perplexity", credential: "k" }, "sonar");
  expect(steps).toEqual([...arrived(), "✓ generate: sonar answered in openai-chat"]);
});

test.each([
  ["right", ["✓ get token: from KEY_VARIABLE", "✓ authenticate: accepted the key from KEY_VARIABLE"]],
  [
    "wrong",
    [expect.stringMatching(/^✗ get token: p has no credential to send: .*AADSTS7000215: Invalid client secret\.$/)],
  ],
])("a token is a step of its own: the secret is %s", async (secret, expected) => {
  const identity = {
    kind: "entra-application",
    authority: entra.url,
    tenantId: "t",
    clientId: "c",
    proof: { secret },
  } as const;
  const steps = await walk({ baseUrl: http1(), type: "azure", identity });
  expect(steps.slice(0, 2)).toEqual(arrived());
  expect(steps.slice(2, 4)).toEqual(expected);
  expect(steps).toHaveLength(secret === "right" ? 6 : 3);
});
