import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { Pontage } from "@pontage/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { priceTableVersion } from "../../server/src/billing/price-table.ts";
import { learnModels } from "../../server/src/providers/discover.ts";
import { startTestGateway, type TestGateway, upstreamSecret } from "../gateway/gateway.ts";

/*
 * One list of models, with what is known of each, read by the vendors' own clients. What providers say of theirs comes from a
 * server that lists them as each vendor does; prices and limits nobody lists come from the gateway's tables.
 */

const lists: Readonly<Record<string, object>> = {
  "/openai/models": {
    object: "list",
    data: [
      { id: "gpt-5.4", object: "model" },
      { id: "gpt-99", object: "model" },
    ],
  },
  "/anthropic/models": {
    data: [
      { id: "claude-opus-4-5", type: "model", max_input_tokens: null, max_tokens: null, capabilities: null },
      {
        id: "claude-next",
        type: "model",
        max_input_tokens: 1_000_000,
        max_tokens: 256_000,
        capabilities: {
          image_input: { supported: true },
          thinking: { supported: true },
          structured_outputs: { supported: false },
        },
      },
    ],
    has_more: false,
  },
  "/gemini/models": {
    models: [{ name: "models/gemini-x", inputTokenLimit: 1_048_576, outputTokenLimit: 65_536, thinking: true }],
  },
  "/openrouter/models": {
    data: [
      {
        id: "vendor/model",
        context_length: 32_768,
        architecture: { input_modalities: ["text", "image"], output_modalities: ["text"] },
        top_provider: { max_completion_tokens: null },
        supported_parameters: ["tools"],
      },
    ],
  },
};

let server: http.Server;
let gateway: TestGateway;
beforeAll(async () => {
  server = http.createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(lists[request.url ?? ""] ?? {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const types = ["openai", "anthropic", "gemini", "openrouter"] as const;
  gateway = await startTestGateway({
    providers: types.map((type) => ({
      name: type,
      type,
      baseUrl: `${url}/${type}`,
      credential: upstreamSecret,
      discover: true,
    })),
  });
  await Promise.all(types.map((name) => learnModels(gateway.gateway.router.provider(name)!)));
});
afterAll(async () => {
  await gateway.stop();
  server.close();
});

/** What the extension says of each model: by hand from the lists above and from the vendors' price pages. */
const known: Readonly<Record<string, object>> = {
  "openai/gpt-5.4": {
    price: {
      version: `${priceTableVersion}:openai/gpt-5.4`,
      usd_per_million_tokens: { input: "2.5", cache_read: "0.25", output: "15" },
      above_input_tokens: 272_000,
      usd_per_million_tokens_above: { input: "5", cache_read: "0.5", output: "22.5" },
    },
  },
  "openai/gpt-99": {},
  "anthropic/claude-opus-4-5": {
    max_output_tokens: 64_000,
    price: {
      // Models of one price share an entry, which is named after the first of them.
      version: `${priceTableVersion}:anthropic/claude-opus-5`,
      usd_per_million_tokens: {
        input: "5",
        cache_read: "0.5",
        cache_write: "6.25",
        cache_write_1h: "10",
        output: "25",
      },
    },
  },
  "anthropic/claude-next": {
    context_tokens: 1_000_000,
    max_output_tokens: 256_000,
    input_modalities: ["text", "image"],
    reasoning: true,
    structured_output: false,
  },
  "gemini/gemini-x": { context_tokens: 1_048_576, max_output_tokens: 65_536, reasoning: true },
  "openrouter/vendor/model": {
    context_tokens: 32_768,
    input_modalities: ["text", "image"],
    output_modalities: ["text"],
    tools: true,
    reasoning: false,
    structured_output: false,
  },
};

describe("GET /v1/models", () => {
  test("tells OpenAI's client what is known of each model, and nothing else", async () => {
    const client = new OpenAI({ apiKey: gateway.apiKey, baseURL: `${gateway.baseUrl}/v1` });
    const found = new Map<string, unknown>();
    for await (const model of client.models.list()) {
      expect(model).toMatchObject({ object: "model", owned_by: model.id.split("/")[0] });
      found.set(model.id, (model as typeof model & { pontage: unknown }).pontage);
    }
    for (const [id, facts] of Object.entries(known)) expect(found.get(id), id).toEqual(facts);
    expect(found.get("sim/echo")).toEqual({
      price: { version: `${priceTableVersion}:simulated/*`, usd_per_million_tokens: { input: "0", output: "0" } },
    });
    const one = await client.models.retrieve("anthropic/claude-next");
    expect(one).toMatchObject({ pontage: known[one.id] });
  });

  test("tells Anthropic's client in the same answer, with its own words for the limits", async () => {
    const client = new Anthropic({ apiKey: gateway.apiKey, baseURL: gateway.baseUrl });
    const found = new Map<string, Anthropic.ModelInfo>();
    for await (const model of client.models.list()) found.set(model.id, model);
    for (const [id, facts] of Object.entries(known)) expect(found.get(id), id).toMatchObject({ pontage: facts });
    expect(found.get("anthropic/claude-next")).toMatchObject({ max_input_tokens: 1_000_000, max_tokens: 256_000 });
    expect(found.get("anthropic/claude-opus-4-5")).toMatchObject({ type: "model", max_tokens: 64_000 });
    expect(found.get("openai/gpt-99")).not.toHaveProperty("max_tokens");
  });

  test("tells Google's client in its own shape", async () => {
    const client = new GoogleGenAI({ apiKey: gateway.apiKey, httpOptions: { baseUrl: gateway.baseUrl } });
    const found = new Map<string | undefined, object>();
    for await (const model of await client.models.list()) found.set(model.name, model);
    expect(found.get("models/gemini/gemini-x")).toMatchObject({
      inputTokenLimit: 1_048_576,
      outputTokenLimit: 65_536,
      thinking: true,
    });
    expect(found.get("models/openai/gpt-99")).not.toHaveProperty("inputTokenLimit");
    const answer = await fetch(`${gateway.baseUrl}/v1beta/models`, { headers: { "x-goog-api-key": gateway.apiKey } });
    const { models } = (await answer.json()) as { models: { name: string; pontage: object }[] };
    for (const [id, facts] of Object.entries(known)) {
      expect(models.find(({ name }) => name === `models/${id}`)?.pontage, id).toEqual(facts);
    }
  });
});

test("our own client is told the same by RPC", async () => {
  const pontage = new Pontage({ baseUrl: gateway.baseUrl, apiKey: gateway.apiKey });
  expect(await pontage.models.get("anthropic/claude-next")).toEqual({
    id: "anthropic/claude-next",
    provider: "anthropic",
    name: "claude-next",
    simulated: false,
    contextTokens: 1_000_000,
    maxOutputTokens: 256_000,
    inputModalities: ["text", "image"],
    reasoning: true,
    structuredOutput: false,
  });
  const priced = await pontage.models.get("openai/gpt-5.4");
  expect(priced).toMatchObject({ inputPricePerMillion: { nanoUsd: 2_500_000_000n } });
  expect(priced).not.toHaveProperty("contextTokens");
});
