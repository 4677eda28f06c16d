import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { ProviderTypeName } from "./catalogue.ts";
import { discoverModels } from "./discover.ts";
import { createProvider, type ProviderSettings } from "./provider.ts";

const clock = { nowMs: () => 1795000000000, monotonicMs: () => 0 };
let server: Server | undefined;
afterEach(() => {
  server?.close();
});

/** Asks a server that answers each path with a body, and says what it found and what was asked. */
async function discover(
  type: ProviderTypeName,
  pages: Readonly<Record<string, object>>,
  more: Partial<ProviderSettings> = { credential: "k" },
) {
  const asked: string[] = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(pages[request.url ?? ""] ?? {}));
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1beta`;
  const provider = createProvider({ name: "p", type, baseUrl, ...more }, clock);
  try {
    const models = await discoverModels(provider);
    return { names: [...models.keys()], models, asked };
  } finally {
    await provider.dispatcher.close();
  }
}

test("Google's list is read page by page, and its names are names of resources", async () => {
  const found = await discover("gemini_compatible", {
    "/v1beta/models": { models: [{ name: "models/a" }, { name: "models/b" }, {}], nextPageToken: "x=/y" },
    "/v1beta/models?pageToken=x%3D%2Fy": { models: [{ name: "models/c" }] },
  });
  expect(found).toMatchObject({
    names: ["a", "b", "c"],
    asked: ["/v1beta/models", "/v1beta/models?pageToken=x%3D%2Fy"],
  });
});

test("Anthropic's list is read page by page", async () => {
  const found = await discover("anthropic_compatible", {
    "/v1beta/models": { data: [{ id: "a" }], has_more: true, last_id: "a" },
    "/v1beta/models?after_id=a": { data: [{ id: "b" }], has_more: false, last_id: "b" },
  });
  expect(found.names).toEqual(["a", "b"]);
});

test("a page that leads to itself ends the search", async () => {
  const page = { models: [{ name: "models/a" }], nextPageToken: "x" };
  const pages = { "/v1beta/models": page, "/v1beta/models?pageToken=x": page };
  expect((await discover("gemini_compatible", pages)).asked).toHaveLength(2);
});

test("what is no list is the provider's mistake", async () => {
  const pages = { "/v1beta/models": { hello: "world" } };
  await expect(discover("gemini_compatible", pages)).rejects.toThrow(GatewayError);
  await expect(discover("gemini_compatible", pages)).rejects.toMatchObject({ reason: Reason.UPSTREAM_GARBAGE });
});

test("Bedrock's models and its inference profiles are two lists", async () => {
  const models = "/v1beta/foundation-models?byOutputModality=TEXT&byInferenceType=ON_DEMAND";
  const profiles = "/v1beta/inference-profiles?maxResults=1000";
  const found = await discover(
    "bedrock",
    {
      [models]: { modelSummaries: [{ modelId: "amazon.nova-pro-v1:0" }] },
      [profiles]: { inferenceProfileSummaries: [{ inferenceProfileId: "us.a" }], nextToken: "a+b" },
      [`${profiles}&nextToken=a%2Bb`]: { inferenceProfileSummaries: [{ inferenceProfileId: "us.b" }] },
    },
    { credential: "k", region: "us-east-1" },
  );
  expect(found.names).toEqual(["amazon.nova-pro-v1:0", "us.a", "us.b"]);
});

test("Vertex AI has a list for each vendor", async () => {
  const place = { project: "p", location: "global" };
  const found = await discover(
    "vertex",
    {
      "/v1beta/v1beta1/publishers/google/models": {
        publisherModels: [{ name: "publishers/google/models/gemini-2.5-pro" }],
        nextPageToken: "n",
      },
      "/v1beta/v1beta1/publishers/google/models?pageToken=n": {
        publisherModels: [{ name: "publishers/google/models/gemini-2.5-flash" }],
      },
      "/v1beta/v1beta1/publishers/anthropic/models": {
        publisherModels: [{ name: "publishers/anthropic/models/claude-sonnet-4-5" }],
      },
    },
    place,
  );
  expect(found.names).toEqual(["gemini-2.5-pro", "gemini-2.5-flash", "claude-sonnet-4-5"]);
});

test("Azure lists what is deployed, by the names to call it by", async () => {
  const list = { object: "list", data: [{ id: "house-mini", model: "gpt-5-mini", object: "deployment" }] };
  const path = "/v1beta/openai/deployments?api-version=2023-03-15-preview";
  for (const version of [{}, { apiVersion: "2024-10-21" }]) {
    const found = await discover("azure", { [path]: list }, { credential: "k", ...version });
    expect(found.names).toEqual(["house-mini"]);
    server?.close();
  }
});

test("where there is no list nobody is asked", async () => {
  expect(await discover("perplexity", {})).toMatchObject({ names: [], asked: [] });
});

test("a list at another host is asked there, and the request is signed for that host", async () => {
  const hosts: string[] = [];
  const signatures: string[] = [];
  server = createServer((request, response) => {
    hosts.push(request.headers.host ?? "");
    signatures.push(request.headers.authorization ?? "");
    response.end(JSON.stringify({ modelSummaries: [{ modelId: "m" }] }));
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const awsKeys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret-secret" };
  const settings = { name: "p", type: "bedrock", region: "us-east-1", awsKeys } as const;
  const bedrock = createProvider(settings, clock);
  expect(bedrock.modelLists.origin).toBe("https://bedrock.us-east-1.amazonaws.com");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [path] = bedrock.modelLists.paths;
  const there = { ...bedrock, modelLists: { paths: [path!], origin } };
  expect([...(await discoverModels(there)).keys()]).toEqual(["m"]);
  const { host } = new URL(origin);
  expect(hosts).toEqual([host]);
  const signed = bedrock.sign!({
    host,
    method: "GET",
    path: path!,
    headers: bedrock.speaks[0]!.headers,
    body: undefined,
  });
  expect(signatures).toEqual([signed.at(-1)]);
});

test("Cohere's list has names and no prefix", async () => {
  const path = "/v1beta/v1/models?page_size=1000";
  const found = await discover("cohere", { [path]: { models: [{ name: "command-a" }, { name: "embed-v4.0" }] } });
  expect(found).toMatchObject({ names: ["command-a", "embed-v4.0"], asked: [path] });
});
