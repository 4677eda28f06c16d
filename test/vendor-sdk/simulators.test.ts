import Anthropic from "@anthropic-ai/sdk";
import { ApiError, GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refuse } from "../simulators/behaviours.ts";
import { type Simulator, startSimulator } from "../simulators/simulator.ts";
import { poem, twoCalls } from "./bridge.ts";

/*
 * The simulators stand for real providers in every other test here, so the vendors' own clients must find nothing odd about
 * them, without a gateway between.
 */

let chat: Simulator;
let messages: Simulator;
let gemini: Simulator;
let openai: OpenAI;
let anthropic: Anthropic;
let google: GoogleGenAI;

beforeAll(async () => {
  [chat, messages, gemini] = await Promise.all([
    startSimulator("openai-chat"),
    startSimulator("anthropic-messages"),
    startSimulator("gemini"),
  ]);
  openai = new OpenAI({ baseURL: `${chat.url}/v1`, apiKey: "any", maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: messages.url, apiKey: "any", authToken: null, maxRetries: 0 });
  google = new GoogleGenAI({ apiKey: "any", apiVersion: "v1beta", httpOptions: { baseUrl: gemini.url } });
});
afterAll(() => Promise.all([chat.close(), messages.close(), gemini.close()]));

const user = [{ role: "user" as const, content: "Hello" }];

test("the chat simulator satisfies OpenAI's client, whole and streamed", async () => {
  const model = chat.model({ text: poem });
  const whole = await openai.chat.completions.create({ model, messages: user });
  expect(whole.choices[0]?.message.content).toBe(poem);
  expect(whole.usage?.total_tokens).toBe(29);
  const helper = openai.chat.completions.stream({ model, messages: user, stream_options: { include_usage: true } });
  const final = await helper.finalChatCompletion();
  expect(final.choices[0]?.message.content).toBe(poem);
  expect(final.choices[0]?.finish_reason).toBe("stop");
  expect(final.usage?.total_tokens).toBe(29);
});

test("the chat simulator's calls are what OpenAI's client makes of them", async () => {
  const model = chat.model(twoCalls);
  for (const message of [
    (await openai.chat.completions.create({ model, messages: user })).choices[0]?.message,
    (await openai.chat.completions.stream({ model, messages: user }).finalChatCompletion()).choices[0]?.message,
  ]) {
    const calls = message?.tool_calls?.flatMap((call) => (call.type === "function" ? call : []));
    expect(calls?.map(({ id, function: { arguments: json } }) => [id, JSON.parse(json)])).toEqual(
      twoCalls.calls.map(({ id, arguments: args }) => [id, args]),
    );
  }
});

test("the messages simulator satisfies Anthropic's client, whole and streamed", async () => {
  const model = messages.model({ text: poem });
  const whole = await anthropic.messages.create({ model, max_tokens: 99, messages: user });
  const streamed = await anthropic.messages.stream({ model, max_tokens: 99, messages: user }).finalMessage();
  for (const message of [whole, streamed]) {
    expect(message.content).toEqual([{ type: "text", text: poem }]);
    expect(message.stop_reason).toBe("end_turn");
    expect(message.usage.input_tokens).toBe(21);
    expect(message.usage.output_tokens).toBe(8);
  }
});

test("the messages simulator's calls are what Anthropic's client makes of them", async () => {
  const model = messages.model(twoCalls);
  const whole = await anthropic.messages.create({ model, max_tokens: 99, messages: user });
  const streamed = await anthropic.messages.stream({ model, max_tokens: 99, messages: user }).finalMessage();
  for (const message of [whole, streamed]) {
    expect(message.content.flatMap((block) => (block.type === "tool_use" ? [[block.id, block.input]] : []))).toEqual(
      twoCalls.calls.map(({ id, arguments: args }) => [id, args]),
    );
  }
});

test("the gemini simulator satisfies Google's client, whole and streamed", async () => {
  const model = gemini.model({ text: poem });
  const whole = await google.models.generateContent({ model, contents: "Hello" });
  expect(whole.text).toBe(poem);
  expect(whole.usageMetadata?.totalTokenCount).toBe(29);
  let text = "";
  for await (const chunk of await google.models.generateContentStream({ model, contents: "Hello" })) {
    text += chunk.text ?? "";
    expect(chunk.usageMetadata?.promptTokenCount).toBe(21);
  }
  expect(text).toBe(poem);
  expect((await google.models.countTokens({ model, contents: "Hello" })).totalTokens).toBe(11);
});

test("the gemini simulator's calls are what Google's client makes of them", async () => {
  const model = gemini.model(twoCalls);
  const whole = await google.models.generateContent({ model, contents: "Hello" });
  const streamed = [];
  for await (const chunk of await google.models.generateContentStream({ model, contents: "Hello" })) {
    streamed.push(...(chunk.functionCalls ?? []));
  }
  for (const calls of [whole.functionCalls, streamed]) {
    expect(calls?.map(({ id, args }) => [id, args])).toEqual(
      twoCalls.calls.map(({ id, arguments: args }) => [id, args]),
    );
  }
});

test("their refusals raise the vendors' own classes", async () => {
  const chatModel = chat.model(refuse(429, { "retry-after": "3" }));
  const busy = await openai.chat.completions.create({ model: chatModel, messages: user }).catch((error) => error);
  expect(busy).toBeInstanceOf(OpenAI.RateLimitError);
  expect(busy.code).toBe("rate_limit_exceeded");
  const messagesModel = messages.model(refuse(529));
  const overloaded = await anthropic.messages
    .create({ model: messagesModel, max_tokens: 9, messages: user })
    .catch((error) => error);
  expect(overloaded).toBeInstanceOf(Anthropic.InternalServerError);
  expect(overloaded.type).toBe("overloaded_error");
  const geminiModel = gemini.model(refuse(429));
  const exhausted = await google.models.generateContent({ model: geminiModel, contents: "Hello" }).catch((e) => e);
  expect(exhausted).toBeInstanceOf(ApiError);
  expect(exhausted.status).toBe(429);
});

test("they list their models and count", async () => {
  const model = messages.model({ text: "one" });
  const names = [];
  for await (const { id } of await openai.models.list()) names.push(id);
  expect(names).toContain(chat.model({ text: "one" }).replace(/\d+$/, (n) => `${Number(n) - 1}`));
  expect((await anthropic.messages.countTokens({ model, messages: user })).input_tokens).toBe(11);
});
