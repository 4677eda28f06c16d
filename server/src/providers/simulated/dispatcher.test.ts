import type { JsonObject } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { dialectOf } from "../../dialects/index.ts";
import { jsonArray } from "../../framing/json-array.ts";
import { createProvider, pathOf } from "../provider.ts";
import { send } from "../send.ts";
import { SimulatedDispatcher } from "./dispatcher.ts";

const clock = { nowMs: () => 1795000000000, monotonicMs: () => 0 };
const provider = createProvider({ name: "sim", type: "simulated" }, clock, new SimulatedDispatcher());

/** Sends a body to a path of the simulated provider and waits for the whole answer. */
function ask(path: string, body: JsonObject): Promise<{ status: number; contentType: string; text: string }> {
  return new Promise((resolve, reject) => {
    const answer = { status: 0, contentType: "", text: "" };
    send(provider, path, [], Buffer.from(JSON.stringify(body)), {
      dispatched() {},
      head(status, headers) {
        answer.status = status;
        answer.contentType = headers["content-type"] ?? "";
      },
      data: (chunk) => {
        answer.text += String(chunk);
      },
      end: () => resolve(answer),
      failed: reject,
    });
  });
}

const contents = [{ role: "user", parts: [{ text: "Hello" }] }];
const gemini = provider.speaks.find(({ dialect }) => dialect.id === "gemini")!;
const words = (wire: JsonObject) => {
  const [choice] = dialectOf("gemini").unary.decode(wire).choices;
  return choice!.parts.map(({ kind }) => (kind.case === "text" ? kind.value.text : "")).join("");
};

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
