import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent, GenerateReply } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { expect, test } from "vitest";
import { fold } from "../../canonical/fold.ts";
import { dialectOf } from "../../dialects/index.ts";
import { jsonArray } from "../../framing/json-array.ts";
import { createProvider, pathOf } from "../provider.ts";
import { send } from "../send.ts";
import { SimulatedDispatcher } from "./dispatcher.ts";

const clock = { nowMs: () => 1795000000000, monotonicMs: () => 0 };
const provider = createProvider({ name: "sim", type: "simulated" }, clock, new SimulatedDispatcher());

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly text: string;
}

/** Sends a body to a path of the simulated provider and waits for the whole answer. */
function ask(path: string, body: JsonObject): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const answer = { status: 0, contentType: "" };
    const chunks: Buffer[] = [];
    send(provider, path, [], Buffer.from(JSON.stringify(body)), {
      dispatched() {},
      head(status, headers) {
        answer.status = status;
        answer.contentType = headers["content-type"] ?? "";
      },
      data: (chunk) => {
        chunks.push(chunk);
      },
      end: () => {
        const bytes = Buffer.concat(chunks);
        resolve({ ...answer, bytes, text: String(bytes) });
      },
      failed: reject,
    });
  });
}

const contents = [{ role: "user", parts: [{ text: "Hello" }] }];
const gemini = provider.speaks.find(({ dialect }) => dialect.id === "gemini")!;
const words = (wire: JsonObject) => saidIn(dialectOf("gemini").unary.decode(wire));

function saidIn({ choices: [choice] }: GenerateReply): string {
  return choice!.parts.map(({ kind }) => (kind.case === "text" ? kind.value.text : "")).join("");
}

test("a model that is named in the path answers whole", async () => {
  const { status, text } = await ask(pathOf(gemini, "generate", false, "echo")!, { contents });
  expect(status).toBe(200);
  expect(words(JSON.parse(text))).toContain('You said: "Hello"');
});

test("it streams as its path asks", async () => {
  const { status, contentType, text } = await ask(pathOf(gemini, "generate", true, "echo")!, { contents });
  expect({ status, contentType }).toEqual({ status: 200, contentType: "text/event-stream; charset=utf-8" });
  expect(text).toMatch(/^data: \{"candidates"/);
  expect(text).toContain('"finishReason":"STOP"');
});

test("without `alt=sse` the stream is one JSON array", async () => {
  const { contentType, text } = await ask("/v1/models/echo:streamGenerateContent", { contents });
  expect(contentType).toBe(jsonArray.contentType);
  const chunks = JSON.parse(text) as JsonObject[];
  expect(chunks.map(words).join("")).toContain('You said: "Hello"');
});

test("Bedrock's stream is binary, below a path without a version", async () => {
  const converse = provider.speaks.find(({ dialect }) => dialect.id === "bedrock-converse")!;
  const messages = [{ role: "user", content: [{ text: "Hello" }] }];
  const { status, contentType, bytes } = await ask(pathOf(converse, "generate", true, "echo")!, { messages });
  expect({ status, contentType }).toEqual({ status: 200, contentType: "application/vnd.amazon.eventstream" });
  const { stream } = converse.dialect;
  const decoder = stream.decoder();
  const events: GenerateEvent[] = [];
  const reader = stream.framing.reader((frame) => events.push(...decoder.push(frame)), { maxFrameBytes: 1 << 20 });
  reader.push(bytes);
  expect(reader.end().leftOver).toBe(false);
  expect(events.at(-1)?.event.case).toBe("finished");
  expect(saidIn(fold(events))).toContain('You said: "Hello"');
});

test("it counts", async () => {
  const { text } = await ask(pathOf(gemini, "count-tokens", false, "echo")!, { contents });
  expect(dialectOf("gemini").count.decode(JSON.parse(text))).toBeGreaterThan(0);
});

test("a model that is not there is refused in the dialect of the question", async () => {
  const { status, text } = await ask(pathOf(gemini, "generate", false, "no such/model")!, { contents });
  expect(status).toBe(404);
  expect(JSON.parse(text)).toMatchObject({ error: { code: 404, status: "NOT_FOUND" } });
});

test("models that are named in the body are found as before", async () => {
  const messages = [{ role: "user", content: "Hello" }];
  const { status, text } = await ask("/v1/chat/completions", { model: "echo", messages });
  expect(status).toBe(200);
  expect(text).toContain("Hello");
});

test("Ollama's stream is lines of JSON, and comes where the request does not say", async () => {
  const ollama = provider.speaks.find(({ dialect }) => dialect.id === "ollama-chat")!;
  const body = { model: "echo", messages: [{ role: "user", content: "Hello" }] };
  const { status, contentType, text } = await ask(pathOf(ollama, "generate", true, "echo")!, body);
  expect({ status, contentType }).toEqual({ status: 200, contentType: "application/x-ndjson; charset=utf-8" });
  const lines = text.trimEnd().split("\n");
  expect(lines.slice(0, -1).every((line) => line.endsWith('"done":false}'))).toBe(true);
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ done: true, done_reason: "stop", eval_count: expect.any(Number) });
});

const chat = (more: JsonObject) =>
  ask("/v1/chat/completions", { model: "tools", messages: [{ role: "user", content: "Hi" }], ...more });

test.each([
  ["as many tokens as allowed", { max_tokens: 3 }, "No function was", "length"],
  ["until a stop string", { stop: ["there is"] }, "No function was offered, so", "stop"],
  ["in the shape asked for", { response_format: { type: "json_object" } }, '{"message":"Hello","ok":true}', "stop"],
] satisfies [string, JsonObject, string, string][])("a simulated model says %s", async (_, more, words, finish) => {
  const { choices } = JSON.parse((await chat(more)).text);
  expect(choices[0].message.content.trim()).toBe(words);
  expect(choices[0].finish_reason).toBe(finish);
});

test("a simulated model gives as many answers as asked for", async () => {
  const { choices, usage } = JSON.parse((await chat({ n: 3 })).text);
  expect(choices.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2]);
  expect(usage.completion_tokens % 3).toBe(0);
});

test.each([
  ["logprobs", "/v1/chat/completions", { messages: [{ role: "user", content: "Hi" }], logprobs: true }],
  ["previous_response_id", "/v1/responses", { input: "Hi", previous_response_id: "resp_1" }],
  ["background", "/v1/responses", { input: "Hi", background: true }],
] satisfies [string, string, JsonObject][])("what no simulated model has is refused: %s", async (param, path, body) => {
  const { status, text } = await ask(path, { model: "echo", ...body });
  expect(status).toBe(400);
  expect(JSON.parse(text).error).toMatchObject({ param });
});
