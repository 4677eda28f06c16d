import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { ProviderTypeName } from "./catalogue.ts";
import { discoverModels } from "./discover.ts";
import { createProvider } from "./provider.ts";

const clock = { nowMs: () => 1795000000000, monotonicMs: () => 0 };
let server: Server | undefined;
afterEach(() => {
  server?.close();
});

/** Asks a server that answers each path with a body, and says what it found and what was asked. */
async function discover(type: ProviderTypeName, pages: Readonly<Record<string, object>>) {
  const asked: string[] = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(pages[request.url ?? ""] ?? {}));
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1beta`;
  const provider = createProvider({ name: "p", type, baseUrl, credential: "k" }, clock);
  try {
    return { names: await discoverModels(provider), asked };
  } finally {
    await provider.dispatcher.close();
  }
}

test("Google's list is read page by page, and its names are names of resources", async () => {
  const found = await discover("gemini_compatible", {
    "/v1beta/models": { models: [{ name: "models/a" }, { name: "models/b" }, {}], nextPageToken: "x=/y" },
    "/v1beta/models?pageToken=x%3D%2Fy": { models: [{ name: "models/c" }] },
  });
  expect(found).toEqual({ names: ["a", "b", "c"], asked: ["/v1beta/models", "/v1beta/models?pageToken=x%3D%2Fy"] });
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
  await expect(discover("gemini_compatible", {})).rejects.toThrow(GatewayError);
  await expect(discover("gemini_compatible", {})).rejects.toMatchObject({ reason: Reason.UPSTREAM_GARBAGE });
});

test("Cohere's list has names and no prefix", async () => {
  const path = "/v1beta/v1/models?page_size=1000";
  const found = await discover("cohere", { [path]: { models: [{ name: "command-a" }, { name: "embed-v4.0" }] } });
  expect(found).toEqual({ names: ["command-a", "embed-v4.0"], asked: [path] });
});
