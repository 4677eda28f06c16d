import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { BedrockRuntimeClient, ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { GoogleGenAI } from "@google/genai";
import { Ollama } from "ollama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway } from "../gateway/gateway.ts";
import { anthropicVersions } from "./anthropic-versions.ts";
import { openaiVersions } from "./openai-versions.ts";

/*
 * Streams that fail, at the vendors' own libraries. A failure after nothing but the opening is an error with a status, as if
 * it had been said at once; one after the first word is raised out of the stream, and the words before it have been seen.
 */

/** A stream as an upstream writes it, in pieces. */
interface Stream {
  readonly dialect: string;
  readonly provider: string;
  readonly type: "openai" | "openai_compatible" | "anthropic_compatible" | "gemini_compatible";
  /** What says that an answer will come. */
  readonly opening: string;
  readonly word: string;
  /** Tells of too many requests. */
  readonly error: string;
}

const event = (wire: object, name?: string) => `${name ? `event: ${name}\n` : ""}data: ${JSON.stringify(wire)}\n\n`;
const named = (wire: { type: string }) => event(wire, wire.type);
const chunk = (delta: object) =>
  event({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta }] });
const response = { id: "resp_1", object: "response", created_at: 1, model: "m", error: null, output: [] };
const usage = { input_tokens: 3, output_tokens: 1 };
const tooMany = { message: "on purpose", type: "rate_limit_error", code: "rate_limit_exceeded" };

const streams: readonly Stream[] = [
  {
    dialect: "openai-chat",
    provider: "chat",
    type: "openai_compatible",
    opening: chunk({ role: "assistant", content: "" }),
    word: chunk({ content: "Hello" }),
    error: event({ error: tooMany }),
  },
  {
    dialect: "openai-responses",
    provider: "responses",
    type: "openai",
    opening:
      named({ type: "response.created", ...{ response, sequence_number: 0 } }) +
      named({ type: "response.in_progress", ...{ response, sequence_number: 1 } }),
    word:
      named({
        type: "response.output_item.added",
        ...{
          output_index: 0,
          item: { type: "message", id: "msg_1", role: "assistant", status: "in_progress", content: [] },
        },
      }) +
      named({
        type: "response.content_part.added",
        ...{
          output_index: 0,
          content_index: 0,
          item_id: "msg_1",
          part: { type: "output_text", text: "", annotations: [] },
        },
      }) +
      named({
        type: "response.output_text.delta",
        ...{ output_index: 0, content_index: 0, item_id: "msg_1", delta: "Hello" },
      }),
    error: named({ type: "error", ...{ sequence_number: 2, error: tooMany } }),
  },
  {
    dialect: "anthropic-messages",
    provider: "messages",
    type: "anthropic_compatible",
    opening: named({
      type: "message_start",
      ...{ message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], usage } },
    }),
    word:
      named({ type: "content_block_start", ...{ index: 0, content_block: { type: "text", text: "" } } }) +
      named({ type: "content_block_delta", ...{ index: 0, delta: { type: "text_delta", text: "Hello" } } }),
    error: named({ type: "error", ...{ error: { type: "rate_limit_error", message: "on purpose" } } }),
  },
  {
    dialect: "gemini",
    provider: "google",
    type: "gemini_compatible",
    opening: "",
    word: event({ candidates: [{ content: { role: "model", parts: [{ text: "Hello" }] }, index: 0 }] }),
    error: event({ error: { code: 429, message: "on purpose", status: "RESOURCE_EXHAUSTED" } }),
  },
];

/** How a stream comes to its end: what is sent, and the status it has when nothing has been shown. */
const failures = [
  { how: "is told of too many requests", tells: true, status: 429, says: "on purpose" },
  { how: "ends in the middle", tells: false, status: 502, says: "ended before the answer was complete" },
] as const;

let upstream: http.Server;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = http.createServer(async (request, answer) => {
    let body = "";
    for await (const piece of request) body += piece;
    // The model's name says what to do: how much to send, and whether to tell of the end.
    const asked = /(opening|word)-(true|false)-(\w+)/.exec(`${request.url} ${body}`)!;
    const stream = streams.find(({ provider }) => provider === asked[3])!;
    answer.writeHead(200, { "content-type": "text/event-stream" });
    answer.end(stream.opening + (asked[1] === "word" ? stream.word : "") + (asked[2] === "true" ? stream.error : ""));
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const baseUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`;
  gateway = await startTestGateway({
    providers: streams.map(({ provider, type }) => ({
      ...{ name: provider, type, baseUrl, credential: "k", discover: false },
    })),
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.closeAllConnections();
  upstream.close();
});

interface Client {
  readonly name: string;
  readonly dialect: string;
  /** The words of a stream, one after the other. */
  words(model: string): AsyncIterable<string | null | undefined>;
  statusOf(error: unknown): number | undefined;
}

const user = [{ role: "user" as const, content: "Hello" }];
const statusOf = (error: unknown) => (error as { status?: number }).status;

const clients: readonly Client[] = [
  ...openaiVersions.flatMap(({ name, Client: OpenAIClient }): Client[] => {
    const client = () => new OpenAIClient({ baseURL: `${gateway.baseUrl}/v1`, apiKey: gateway.apiKey, maxRetries: 0 });
    return [
      {
        name: `${name}, chat`,
        dialect: "openai-chat",
        async *words(model) {
          const stream = await client().chat.completions.create({ model, messages: user, stream: true });
          for await (const { choices } of stream) yield choices[0]?.delta.content;
        },
        statusOf,
      },
      {
        name: `${name}, responses`,
        dialect: "openai-responses",
        async *words(model) {
          const stream = await client().responses.create({ model, input: user, stream: true });
          for await (const said of stream) if (said.type === "response.output_text.delta") yield said.delta;
        },
        statusOf,
      },
    ];
  }),
  ...anthropicVersions.map(
    ({ name, connect }): Client => ({
      name,
      dialect: "anthropic-messages",
      async *words(model) {
        const client = connect({ baseURL: gateway.baseUrl, secret: gateway.apiKey });
        const stream = await client.messages.create({ model, max_tokens: 9, messages: user, stream: true });
        for await (const said of stream) {
          if (said.type === "content_block_delta" && said.delta.type === "text_delta") yield said.delta.text;
        }
      },
      statusOf,
    }),
  ),
  {
    name: "@google/genai",
    dialect: "gemini",
    async *words(model) {
      const client = new GoogleGenAI({ apiKey: gateway.apiKey, httpOptions: { baseUrl: gateway.baseUrl } });
      for await (const said of await client.models.generateContentStream({ model, contents: "Hello" })) yield said.text;
    },
    statusOf,
  },
  {
    name: "@aws-sdk/client-bedrock-runtime",
    dialect: "bedrock-converse",
    async *words(modelId) {
      const client = new BedrockRuntimeClient({
        ...{ region: "us-east-1", endpoint: gateway.baseUrl, token: { token: gateway.apiKey }, maxAttempts: 1 },
        authSchemePreference: ["httpBearerAuth"],
      });
      const messages = [{ role: "user" as const, content: [{ text: "Hello" }] }];
      const { stream } = await client.send(new ConverseStreamCommand({ modelId, messages }));
      for await (const said of stream!) yield said.contentBlockDelta?.delta?.text;
    },
    // Its own for what broke off is 424.
    statusOf(error) {
      const { httpStatusCode: status } = (error as { $metadata: { httpStatusCode?: number } }).$metadata;
      return status === 424 ? 502 : status;
    },
  },
  {
    name: "ollama",
    dialect: "ollama-chat",
    async *words(model) {
      const client = new Ollama({ host: gateway.baseUrl, headers: { authorization: `Bearer ${gateway.apiKey}` } });
      for await (const { message } of await client.chat({ model, messages: user, stream: true })) yield message.content;
    },
    statusOf: (error) => (error as { status_code?: number }).status_code,
  },
];

/** What a client has seen before it failed. It has to fail. */
async function outcome(client: Client, model: string): Promise<{ words: string; error: unknown }> {
  let words = "";
  try {
    for await (const word of client.words(model)) words += word ?? "";
  } catch (error) {
    return { words, error };
  }
  throw new Error(`the stream ended well, after ${JSON.stringify(words)}`);
}

describe.each(clients)("$name", (client) => {
  for (const { dialect, provider } of streams) {
    // Who speaks Responses speaks Chat as well, and does so to everybody else.
    if (dialect === "openai-responses" && client.dialect !== dialect) continue;
    for (const { how, tells, status, says } of failures) {
      test(`${dialect}: a stream that ${how} after its opening is an error with a status`, async () => {
        const { words, error } = await outcome(client, `${provider}/opening-${tells}-${provider}`);
        expect(words).toBe("");
        expect(String((error as Error).message)).toContain(says);
        // Chunks of Chat pass unread to clients of Chat, and the first one looks like any other.
        if (dialect !== "openai-chat" || client.dialect !== dialect) expect(client.statusOf(error)).toBe(status);
      });

      test(`${dialect}: a stream that ${how} after a word is raised out of the stream`, async () => {
        const { words, error } = await outcome(client, `${provider}/word-${tells}-${provider}`);
        expect(words).toBe("Hello");
        expect(String((error as Error).message)).toContain(says);
      });
    }
  }
});

test("at Responses the response is told as a failed one too, with what is known of it", async () => {
  const answer = await fetch(`${gateway.baseUrl}/v1/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "responses/word-false-responses", input: "Hello", stream: true }),
  });
  const events = (await answer.text()).matchAll(/^data: (.*)$/gm);
  const wires = Array.from(events, ([, data]) => JSON.parse(data!));
  expect(wires.at(-2)).toMatchObject({ type: "error", sequence_number: 5, error: { message: expect.any(String) } });
  expect(wires.at(-1)).toMatchObject({
    ...{ type: "response.failed", sequence_number: 6 },
    response: {
      id: "resp_1",
      model: "m",
      status: "failed",
      error: { message: expect.stringContaining("ended before") },
    },
  });
});
