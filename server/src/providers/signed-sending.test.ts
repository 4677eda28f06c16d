import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchWhole } from "./fetch-whole.ts";
import { createProvider, pathOf } from "./provider.ts";
import { signV4 } from "./sigv4.ts";

/*
 * What arrives is what was signed: the path with its escapes, the host with its port, and every byte of the body. A server
 * that signs what it has received must come to the same signature.
 */

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const scope = { region: "us-east-1", service: "bedrock" };
const nowMs = 1795000000000;

interface Received {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

let received: Received | undefined;
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  received = { request, body: Buffer.concat(chunks) };
  response.end("{}");
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

test.each([
  "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
  "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
])("a call of %s arrives as it was signed", async (model) => {
  const { port } = server.address() as AddressInfo;
  const clock = { nowMs: () => nowMs, monotonicMs: () => 0 };
  const baseUrl = `http://127.0.0.1:${port}`;
  const provider = createProvider(
    { name: "aws", type: "bedrock", baseUrl, region: scope.region, awsKeys: keys },
    clock,
  );
  const speaking = provider.speaks[0]!;
  const path = pathOf(speaking, "generate", true, model)!;
  const body = Buffer.from('{"messages":[{"role":"user","content":[{"text":"é 🌉"}]}]}');
  await fetchWhole(provider, path, speaking.headers, body, { maxBytes: 1024 });
  await provider.dispatcher.close();

  const { method = "", url = "", headers } = received!.request;
  expect(url).toBe(`/model/${encodeURIComponent(model)}/converse-stream`);
  expect(received!.body.equals(body)).toBe(true);
  const signed = signV4(
    {
      method,
      path: url,
      headers: [
        ["host", headers.host!],
        ["content-type", headers["content-type"]!],
      ],
      body: received!.body,
    },
    keys,
    scope,
    nowMs,
  );
  expect(headers.authorization).toBe(new Map(signed).get("authorization"));
});
