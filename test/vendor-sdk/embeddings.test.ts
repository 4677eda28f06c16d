import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ApiError, GoogleGenAI } from "@google/genai";
import { EmbeddingRequestSchema, EmbeddingService } from "@pontage/gen/pontage/v1/embedding_pb.ts";
import { CohereClientV2, CohereError } from "cohere-ai";
import { Ollama } from "ollama";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway, until, upstreamSecret } from "../gateway/gateway.ts";
import { type EmbeddingUpstream, modelKinds, startEmbeddingUpstream, vectorOf } from "../simulators/embeddings.ts";
import { openaiVersions } from "./openai-versions.ts";

/* The vendors' own clients, and ours, ask for vectors at an upstream of each dialect. */

let gateway: TestGateway;
let upstream: EmbeddingUpstream;
beforeAll(async () => {
  upstream = await startEmbeddingUpstream();
  const at = (path: string) => ({ baseUrl: `${upstream.url}${path}`, credential: upstreamSecret, discover: false });
  gateway = await startTestGateway({
    providers: [
      { name: "openai-chat", type: "openai_compatible", ...at("/v1") },
      { name: "gemini", type: "gemini_compatible", ...at("/v1beta") },
      { name: "cohere-chat", type: "cohere", ...at("") },
      { name: "ollama-chat", type: "ollama_native", ...at("") },
    ],
  });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.close();
});

const targets = ["openai-chat", "gemini", "cohere-chat", "ollama-chat"] as const;
const texts = ["Grüße 🌉", 'a "quote"', "third"];

/** A vendor's client: what it makes of an answer, and of an error. */
interface Client {
  readonly name: string;
  readonly dialect: string;
  vectors(
    model: string,
    texts: string[],
    dimensions?: number,
  ): Promise<{ values: number[][]; tokens: number | undefined }>;
  statusOf(error: unknown): number | undefined;
}

const clients: readonly Client[] = [
  ...openaiVersions.map(({ name, Client }) => ({
    name,
    dialect: "openai-chat",
    async vectors(model: string, input: string[], dimensions?: number) {
      const client: OpenAI = new Client({ baseURL: `${gateway.baseUrl}/v1`, apiKey: gateway.apiKey, maxRetries: 0 });
      // Both ask for base64 where nothing is said, and read numbers as well.
      const { data, usage } = await client.embeddings.create({ model, input, ...(dimensions && { dimensions }) });
      return { values: data.map(({ embedding }) => Array.from(embedding)), tokens: usage?.prompt_tokens };
    },
    statusOf: (error: unknown) => (error as { status?: number }).status,
  })),
  {
    name: "@google/genai",
    dialect: "gemini",
    async vectors(model, contents, outputDimensionality) {
      const client = new GoogleGenAI({ apiKey: gateway.apiKey, httpOptions: { baseUrl: gateway.baseUrl } });
      const config = outputDimensionality ? { outputDimensionality } : {};
      const { embeddings, usageMetadata } = await client.models.embedContent({ model, contents, config });
      const values = (embeddings ?? []).map(({ values }) => values ?? []);
      return { values, tokens: usageMetadata?.promptTokenCount };
    },
    statusOf: (error) => (error instanceof ApiError ? error.status : undefined),
  },
  {
    name: "cohere-ai",
    dialect: "cohere-chat",
    async vectors(model, texts, outputDimension) {
      const client = new CohereClientV2({ baseUrl: gateway.baseUrl, token: gateway.apiKey, maxRetries: 0 });
      const { embeddings, meta } = await client.embed({
        model,
        texts,
        inputType: "search_document",
        embeddingTypes: ["float"],
        ...(outputDimension && { outputDimension }),
      });
      return { values: embeddings.float ?? [], tokens: meta?.billedUnits?.inputTokens };
    },
    statusOf: (error) => (error instanceof CohereError ? error.statusCode : undefined),
  },
  {
    name: "ollama",
    dialect: "ollama-chat",
    async vectors(model, input, dimensions) {
      const headers = { authorization: `Bearer ${gateway.apiKey}` };
      const client = new Ollama({ host: gateway.baseUrl, headers });
      const answer = await client.embed({ model, input, ...(dimensions && { dimensions }) });
      return { values: answer.embeddings, tokens: answer.prompt_eval_count };
    },
    statusOf: (error) => (error as { status_code?: number }).status_code,
  },
];

for (const client of clients) {
  for (const target of targets) {
    describe(`${client.name} to a ${target} upstream`, () => {
      // Ollama's own server speaks OpenAI's dialect too.
      const passes = client.dialect === target || (client.dialect === "openai-chat" && target === "ollama-chat");
      const modelOf = (kind: string) => `${client.name.replaceAll(/\W+/g, "-")}-${kind}`;

      test("vectors come back exactly, in order and counted", async () => {
        const model = modelOf(modelKinds.plain);
        const { values, tokens } = await client.vectors(`${target}/${model}`, texts, 3);
        expect(values).toEqual(texts.map(vectorOf));
        expect(tokens).toBe(texts.join("").length);
        const [asked, ...others] = upstream.requestsFor(model).slice(-1);
        expect(others).toEqual([]);
        expect(JSON.stringify(asked?.wire)).toMatch(/"(dimensions|outputDimensionality|output_dimension)":3/);
        const rows = (await gateway.rowsOfModel(model)).filter(({ provider }) => provider === target);
        expect(rows).toHaveLength(1);
        expect(rows[0]).toMatchObject({
          outcome: "ok",
          inputTokens: BigInt(texts.join("").length),
          outputTokens: 0n,
          usageSource: "provider",
          doorDialect: client.dialect,
          streamed: false,
        });
      });

      test("where the upstream does not say what it took, that is estimated, and no output is", async () => {
        const model = modelOf(modelKinds.silent);
        expect((await client.vectors(`${target}/${model}`, texts)).values).toEqual(texts.map(vectorOf));
        const [row] = (await gateway.rowsOfModel(model)).filter(({ provider }) => provider === target);
        expect(row).toMatchObject({ outcome: "ok", outputTokens: 0n, usageSource: "estimated" });
        expect(row!.inputTokens).toBeGreaterThan(0n);
      });

      for (const [kind, status] of [
        [modelKinds.refusing, 400],
        [modelKinds.busy, 429],
        [modelKinds.empty, 502],
        [modelKinds.broken, 502],
      ] as const) {
        test(`an upstream that ${kind} is an error with status ${status}, and costs nothing`, async () => {
          const model = modelOf(kind);
          const error = await client.vectors(`${target}/${model}`, texts).catch((cause: unknown) => cause);
          // An answer without vectors passes as it came where both speak the same.
          if (kind === modelKinds.empty && passes) return expect(client.statusOf(error)).toBeUndefined();
          expect(client.statusOf(error), String(error)).toBe(status);
          if (status < 500) expect(String((error as Error).message)).toContain("the upstream's own words");
          for (const row of await gateway.rowsOfModel(model)) {
            if (row.upstreamDialect === target)
              expect(row).toMatchObject({ outcome: "upstream_error", costNanoUsd: 0n });
          }
        });
      }
    });
  }

  test(`${client.name} gets unit vectors of the simulated provider, the same for the same`, async () => {
    const { values } = await client.vectors("sim/embed", ["Hello", "Hello", "World"], 16);
    const [one, same, other] = values;
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
    for (const numbers of values) {
      expect(numbers).toHaveLength(16);
      expect(Math.hypot(...numbers)).toBeCloseTo(1, 5);
    }
  });

  for (const [what, model, status] of [
    ["a model nobody has", "nobody/nothing", 404],
    ["a model that makes no vectors", "sim/echo", 404],
  ] as const) {
    test(`${client.name} hears of ${what}`, async () => {
      const error = await client.vectors(model, ["Hello"]).catch((cause: unknown) => cause);
      expect(client.statusOf(error), String(error)).toBe(status);
    });
  }
}

describe("one text in the forms that are for one", () => {
  const ask = async (path: string, body: object) => {
    const answer = await fetch(`${gateway.baseUrl}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: answer.status, wire: (await answer.json()) as Record<string, unknown>, headers: answer.headers };
  };

  test.each(targets)("Gemini's embedContent and Ollama's older embeddings at a %s upstream", async (target) => {
    const gemini = await ask(`/v1beta/models/${target}/one:embedContent`, { content: { parts: [{ text: "Hello" }] } });
    expect(gemini.wire).toMatchObject({ embedding: { values: vectorOf("Hello") } });
    const ollama = await new Ollama({
      host: gateway.baseUrl,
      headers: { authorization: `Bearer ${gateway.apiKey}` },
    }).embeddings({ model: `${target}/one`, prompt: "Hello" });
    expect(ollama.embedding).toEqual(vectorOf("Hello"));
  });

  test("the same dialect takes the same path, byte for byte", async () => {
    const body = { content: { parts: [{ text: "Hello" }] }, taskType: "RETRIEVAL_QUERY", unknown_field: [1] };
    await ask("/v1beta/models/gemini/same:embedContent", body);
    await ask("/api/embeddings", { model: "ollama-chat/same", prompt: "Hello", keep_alive: "5m" });
    const [gemini, ollama] = upstream.requestsFor("same");
    expect(gemini).toMatchObject({ path: "/v1beta/models/same:embedContent", raw: JSON.stringify(body) });
    expect(ollama).toMatchObject({ path: "/api/embeddings", wire: { model: "same", prompt: "Hello" } });
  });

  test("what a target has no word for is reported, or refused where the caller is strict", async () => {
    const body = { model: "openai-chat/lossy", texts: ["a"], input_type: "search_query", truncate: "START" };
    const lossy = await ask("/v2/embed", body);
    expect(lossy.headers.get("x-pontage-loss")).toBe("input_type, truncate");
    const strict = await fetch(`${gateway.baseUrl}/v2/embed`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${gateway.apiKey}`,
        "content-type": "application/json",
        "x-pontage-strict": "true",
      },
      body: JSON.stringify({ ...body, model: "openai-chat/strict" }),
    });
    expect(strict.status).toBe(400);
    expect(upstream.requestsFor("strict")).toEqual([]);
  });

  test("base64 is made of the numbers of an upstream that has only those, and numbers pass", async () => {
    const base64 = await ask("/v1/embeddings", { model: "gemini/b", input: "Hello", encoding_format: "base64" });
    const bytes = Buffer.from(Float32Array.from(vectorOf("Hello")).buffer).toString("base64");
    expect(base64.wire).toMatchObject({ data: [{ embedding: bytes, index: 0 }], model: "gemini/b" });
    const both = await ask("/v2/embed", {
      model: "gemini/b",
      texts: ["Hello"],
      input_type: "search_query",
      embedding_types: ["base64", "float"],
    });
    expect(both.wire.embeddings).toEqual({ float: [vectorOf("Hello")], base64: [bytes] });
    const numbers = await ask("/v1/embeddings", {
      model: "openai-chat/floats-only",
      input: "Hello",
      encoding_format: "base64",
    });
    expect(numbers.wire).toMatchObject({ data: [{ embedding: vectorOf("Hello") }] });
  });
});

// An answer to 2048 inputs of 3072 numbers has about 140 MB, and has been paid for when it is too long.
test.each(["openai-chat", "cohere-chat"])(
  "vectors of more than 64 MB come through from a %s upstream",
  async (target) => {
    const answer = await fetch(`${gateway.baseUrl}/v1/embeddings`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ model: `${target}/${modelKinds.large}`, input: "Hello" }),
    });
    const body = await answer.text();
    expect(answer.status, body.slice(0, 200)).toBe(200);
    expect(body.length).toBeGreaterThan(64 * 1024 * 1024);
    const { data } = JSON.parse(body) as { data: { embedding: number[] }[] };
    expect(data[0]?.embedding).toHaveLength(3_500_000);
    const rows = (await gateway.rowsOfModel(modelKinds.large)).filter(({ provider }) => provider === target);
    expect(rows).toMatchObject([{ outcome: "ok", inputTokens: 1n, usageSource: "provider" }]);
  },
);

describe("every attempt has its row", () => {
  test.each(targets)("one that failed and the one after it, at a %s upstream", async (target) => {
    const model = `${modelKinds.shaky}-${target}`;
    const answer = await fetch(`${gateway.baseUrl}/v1/embeddings`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ model: `${target}/${model}`, input: "Hello" }),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-pontage-attempts")).toBe("2");
    expect(await gateway.rowsOfModel(model)).toMatchObject([
      { attempt: 1n, outcome: "upstream_error", status: 503n, inputTokens: 0n },
      { attempt: 2n, outcome: "ok", status: 200n, inputTokens: 5n },
    ]);
  });

  test.each(targets)("one whose client leaves, at a %s upstream", async (target) => {
    const model = `${modelKinds.stuck}-${target}`;
    const abort = new AbortController();
    const call = fetch(`${gateway.baseUrl}/v2/embed`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ model: `${target}/${model}`, texts: ["Hello"], input_type: "search_query" }),
      signal: abort.signal,
    });
    call.catch(() => {});
    await until("the upstream has the request", () => upstream.requestsFor(model).length === 1);
    abort.abort();
    await until("the upstream sees the client leave", () => upstream.wasLeft(model));
    expect(await gateway.rowsOfModel(model)).toMatchObject([{ outcome: "partial", reason: "CLIENT_GONE" }]);
  });
});

describe("the RPC", () => {
  const client = () => createClient(EmbeddingService, createGrpcTransport({ baseUrl: gateway.baseUrl }));
  const options = () => ({ headers: { authorization: `Bearer ${gateway.apiKey}` } });
  const input = (text: string) => ({ parts: [{ kind: { case: "text" as const, value: { text } } }] });

  test.each(targets)("answers with vectors and a receipt of a %s upstream", async (target) => {
    const request = create(EmbeddingRequestSchema, { model: `${target}/rpc`, inputs: texts.map(input) });
    const { reply, receipt } = await client().embed({ request }, options());
    expect(reply?.embeddings.map(({ values }) => values)).toEqual(texts.map(vectorOf));
    expect(receipt).toMatchObject({ provider: target, model: "rpc", attempts: 1 });
    expect(receipt?.usage?.inputTokens).toBe(texts.join("").length);
    const rows = await gateway.ledgerRows(receipt!.requestId);
    expect(rows).toMatchObject([{ doorDialect: "pontage", upstreamDialect: target, outcome: "ok" }]);
  });

  test.each([
    ["no request", {}],
    ["no inputs", { request: { model: "sim/embed" } }],
    ["an input of nothing", { request: { model: "sim/embed", inputs: [{}] } }],
    ["a content and tokens", { request: { model: "sim/embed", inputs: [{ ...input("a"), tokens: [1] }] } }],
    ["no dimensions", { request: { model: "sim/embed", inputs: [input("a")], dimensions: 0 } }],
  ])("%s is refused", async (_, wrong) => {
    const error = await client()
      .embed(wrong, options())
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ConnectError);
    expect((error as ConnectError).code).toBe(Code.InvalidArgument);
  });
});

describe("what is wrong is refused by the door, and costs nothing", () => {
  const model = "openai-chat/never";
  const wrong: readonly (readonly [path: string, bodies: readonly object[]])[] = [
    [
      "/v1/embeddings",
      [
        {},
        { model },
        { model: 5, input: "a" },
        { model: "", input: "a" },
        ...[5, [], [5.5], ["a", 1], [[]], [[-1]], ["a", null], {}, true].map((input) => ({ model, input })),
        { model, input: "a", dimensions: "many" },
        { model, input: "a", dimensions: -1 },
        { model, input: "a", encoding_format: 5 },
        { model, input: "a", user: {} },
      ],
    ],
    [
      "/v2/embed",
      [
        { model },
        { texts: ["a"] },
        ...["a", [], [5], {}].map((texts) => ({ model, texts, input_type: "search_query" })),
        { model, texts: ["a"], images: ["data:image/png;base64,iVBORw0KGgo="] },
        { model, inputs: [{}] },
        { model, inputs: [{ content: [{}] }] },
        { model, texts: ["a"], embedding_types: "float" },
        { model, texts: ["a"], embedding_types: [] },
        { model, texts: ["a"], output_dimension: 1.5 },
      ],
    ],
    [
      "/api/embed",
      [
        { model },
        { input: "a" },
        ...[5, [], [5], {}].map((input) => ({ model, input })),
        { model, input: "a", truncate: 1 },
      ],
    ],
    ["/api/embeddings", [{ model }, { model, prompt: 5 }, { model, prompt: ["a"] }]],
    [
      `/v1beta/models/${model}:batchEmbedContents`,
      [
        {},
        { requests: {} },
        { requests: [] },
        { requests: [{}] },
        { requests: [{ content: "a" }] },
        { requests: [{ model: "models/other", content: { parts: [{ text: "a" }] } }] },
        { requests: [{ content: { parts: [{ text: "a" }] }, outputDimensionality: "3" }] },
        { requests: [{ content: { parts: [{ text: "a" }] }, taskType: "X", task_type: "Y" }] },
      ],
    ],
    [`/v1beta/models/${model}:embedContent`, [{}, { content: [] }, { content: { parts: [5] } }]],
  ];

  for (const [path, bodies] of wrong) {
    test.each(bodies.map((body) => [JSON.stringify(body), body] as const))(`${path} %s`, async (_, body) => {
      const answer = await fetch(`${gateway.baseUrl}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${gateway.apiKey}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const said = await answer.text();
      expect(answer.status, said).toBe(400);
      expect(said).toMatch(/missing|must|empty|cannot|twice|in the path/);
      expect(upstream.requestsFor("never")).toEqual([]);
      expect(await gateway.rowsOfModel("never")).toEqual([]);
    });
  }
});
