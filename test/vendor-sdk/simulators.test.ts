import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cutAt, endedAfter, errorAfter, inTurn, refuse, reset, silentAfter } from "../simulators/behaviours.ts";
import { type Simulator, speechNames, startSimulator } from "../simulators/simulator.ts";
import { bytesOf, type SpeechName, signatureOf } from "../simulators/speech.ts";
import { callIds, oneCall, poem, twoCalls } from "./bridge.ts";
import { vendors } from "./vendors.ts";

/*
 * The simulators stand for real providers in every other test here, so the vendors' own clients must find nothing odd about
 * them, without a gateway between.
 */

const simulators = {} as Record<SpeechName, Simulator>;
beforeAll(async () => {
  for (const name of speechNames) simulators[name] = await startSimulator(name);
});
afterAll(() => Promise.all(Object.values(simulators).map((simulator) => simulator.close())));

test("each simulator has a client of its vendor", () => {
  expect(new Set(vendors.map(({ speech }) => speech))).toEqual(new Set(speechNames));
});

const failureOf = (call: Promise<unknown>): Promise<Error> =>
  call.then(
    () => {
      throw new Error("the call did not fail");
    },
    (error: Error) => error,
  );

describe.each(vendors)("$sdk", ({ speech, ask, busy, statusOf, finishes }) => {
  const simulator = () => simulators[speech];
  const place = () => ({ url: simulator().url, apiKey: "any" });
  const [stop, calling, length] = finishes;

  describe.each([
    ["whole", false],
    ["streamed", true],
  ])("%s", (_, streamed) => {
    test("text and usage", async () => {
      const { text, finish, usage } = await ask(place(), simulator().model({ text: poem }), { streamed });
      expect(text).toBe(poem);
      expect(finish).toBe(stop);
      expect(usage).toEqual([21, 8]);
    });

    test.each([oneCall, twoCalls])("calls, and their results", async (script) => {
      const model = simulator().model(inTurn(script, { text: "It rains." }));
      const said = await ask(place(), model, { streamed });
      expect(said.finish).toBe(calling);
      expect(said.calls.map((call) => [call.name, call.arguments])).toEqual(
        script.calls.map((call) => [call.name, call.arguments]),
      );
      expect(said.calls.map(({ id }) => id)).toEqual(callIds.slice(0, script.calls.length));
      const results = said.calls.map((_, at) => `result ${at}`);
      expect((await ask(place(), model, { streamed, after: { said, results } })).text).toBe("It rains.");
    });

    test("thoughts, and what goes back of them", async () => {
      const thoughts = "The user wants the weather – 天気.";
      const model = simulator().model(inTurn({ thoughts, ...oneCall }, { text: "It rains." }));
      const said = await ask(place(), model, { streamed });
      expect(said.thoughts).toBe(thoughts);
      if ("signature" in said) expect(said.signature).toBe(signatureOf(thoughts));
      const after = { said, results: ["Rain."] };
      expect((await ask(place(), model, { streamed, after })).text).toBe("It rains.");
    });

    test("an answer that is cut short by its limit", async () => {
      const model = simulator().model({ text: poem, finish: "length" });
      expect(await ask(place(), model, { streamed })).toMatchObject({ text: poem, finish: length });
    });

    test("a refusal and a filter are no ordinary end", async () => {
      for (const script of [{ refusal: "I will not." }, { text: poem, finish: "filtered" as const }]) {
        const answer = ask(place(), simulator().model(script), { streamed });
        const finish = await answer.then(
          (said) => said.finish,
          () => "raised",
        );
        if (speech === "ollama-chat" || speech === "mistral") expect(finish).toBe(stop);
        // OpenAI has a field for the words, and the ending is as always.
        else if ("refusal" in script && speech.startsWith("openai")) expect(finish).toBe(stop);
        else expect(finish).not.toBe(stop);
      }
    });

    test("usage with shares, and none", async () => {
      const usage = { input: 100, output: 50, cached: 60, reasoning: 20 };
      const { usage: told } = await ask(place(), simulator().model({ text: poem, usage }), { streamed });
      const beside = { "anthropic-messages": [40, 50], "bedrock-converse": [40, 50], gemini: [100, 30] };
      expect(told).toEqual(beside[speech as "gemini"] ?? [100, 50]);
    });

    test.each([
      [429, true],
      [500, false],
      [400, false],
    ])("status %i raises the client's own class", async (status, isBusy) => {
      const model = simulator().model(refuse(status, {}, "on purpose"));
      const error = await failureOf(ask(place(), model, { streamed }));
      expect(statusOf(error)).toBe(status);
      if (isBusy) expect(error.constructor.name).toBe(busy);
      expect(JSON.stringify([error.message, error])).toContain("on purpose");
    });

    test("a model that is not there", async () => {
      expect(statusOf(await failureOf(ask(place(), "nobody", { streamed })))).toBe(404);
    });

    test("a broken connection is raised", async () => {
      await failureOf(ask(place(), simulator().model(reset()), { streamed }));
    });
  });

  test("a pause in the middle is waited for", async () => {
    const model = simulator().model(silentAfter({ text: poem }, 5, 30));
    expect((await ask(place(), model, { streamed: true })).text).toBe(poem);
  });

  test("a recording that breaks off, and an error in the middle, do not look whole", async () => {
    const endless = simulator().model(({ response, speech: spoken, wire }) => {
      const bytes = bytesOf(spoken.frames({ text: poem }, wire));
      return cutAt(bytes, bytes.length >> 1, "broken")({ response, speech: spoken } as never);
    });
    await failureOf(ask(place(), endless, { streamed: true }));
    const failing = simulator().model(errorAfter({ text: poem }, 5, 500));
    await failureOf(ask(place(), failing, { streamed: true }));
  });
});

/** Endings that a client does not notice by itself are why the gateway looks for them. */
test("who notices that a stream just ends", async () => {
  const noticed: string[] = [];
  for (const { sdk, speech, ask, finishes } of vendors) {
    const { url, model } = simulators[speech];
    const end = ask({ url, apiKey: "any" }, model(endedAfter({ text: poem }, 5)), { streamed: true });
    await end.then(
      ({ finish }) => finish === finishes[0] || noticed.push(sdk),
      () => noticed.push(sdk),
    );
  }
  expect(noticed).toEqual(vendors.map(({ sdk }) => sdk));
});

test("they list their models and count", async () => {
  const { "openai-chat": chat, "anthropic-messages": messages, gemini } = simulators;
  const openai = new OpenAI({ baseURL: `${chat.url}/v1`, apiKey: "any", maxRetries: 0 });
  const anthropic = new Anthropic({ baseURL: messages.url, apiKey: "any", authToken: null, maxRetries: 0 });
  const google = new GoogleGenAI({ apiKey: "any", apiVersion: "v1beta", httpOptions: { baseUrl: gemini.url } });
  const mine = chat.model({ text: "one" });
  const names = [];
  for await (const { id } of await openai.models.list()) names.push(id);
  expect(names).toContain(mine);
  const user = [{ role: "user" as const, content: "Hello" }];
  const model = messages.model({ text: "one" });
  expect((await anthropic.messages.countTokens({ model, messages: user })).input_tokens).toBe(11);
  const counted = await google.models.countTokens({ model: gemini.model({ text: "one" }), contents: "Hello" });
  expect(counted.totalTokens).toBe(11);
});

const call = { id: callIds[0], name: "weather", arguments: { city: "Bonn" } };
const chatCall = { id: call.id, type: "function", function: { name: call.name, arguments: '{"city":"Bonn"}' } };
const hello = { role: "user", content: "Hello" };
const word = { role: "user", content: [{ text: "Hello" }] };
const toolUse = { role: "assistant", content: [{ toolUse: { toolUseId: call.id, name: "weather", input: {} } }] };
const toolConfig = { tools: [{ toolSpec: { name: "weather", inputSchema: { json: {} } } }] };
const use = { role: "assistant", content: [{ type: "tool_use", id: call.id, name: "weather", input: {} }] };
const result = { type: "tool_result", tool_use_id: call.id, content: "Rain." };
const functionCall = { role: "model", parts: [{ functionCall: { name: "weather", args: {} } }] };
const said = { role: "user", parts: [{ text: "Hello" }] };

/** What each vendor refuses, in a request of its own. */
const refusals: readonly (readonly [SpeechName, string, status: number, object])[] = [
  ["openai-chat", "no messages", 400, { messages: [] }],
  [
    "openai-chat",
    "a call without its result",
    400,
    { messages: [hello, { role: "assistant", tool_calls: [chatCall] }] },
  ],
  ["openai-chat", "a result of no call", 400, { messages: [hello, { role: "tool", tool_call_id: "x", content: "" }] }],
  ["openai-responses", "an unknown item", 400, { input: [{ type: "telepathy" }] }],
  ["openai-responses", "an unknown parameter", 400, { input: "Hello", stop: ["x"] }],
  ["openai-responses", "an id of another kind", 400, { input: [{ type: "message", id: "x", ...hello }] }],
  [
    "openai-responses",
    "a result of no call",
    400,
    { input: [{ type: "function_call_output", call_id: "x", output: "" }] },
  ],
  ["anthropic-messages", "no limit", 400, { messages: [hello] }],
  ["anthropic-messages", "an unknown field", 400, { messages: [hello], max_tokens: 9, n: 2 }],
  ["anthropic-messages", "a call without its result", 400, { messages: [hello, use, hello], max_tokens: 9 }],
  [
    "anthropic-messages",
    "a result after other words",
    400,
    { messages: [hello, use, { role: "user", content: [{ type: "text", text: "So:" }, result] }], max_tokens: 9 },
  ],
  ["gemini", "a call without its response", 400, { contents: [said, functionCall, said] }],
  ["gemini", "an unknown field", 400, { contents: [said], maxTokens: 9 }],
  [
    "gemini",
    "a schema with words it does not know",
    400,
    {
      contents: [said],
      tools: [{ functionDeclarations: [{ name: "f", parameters: { type: "object", additionalProperties: false } }] }],
    },
  ],
  ["bedrock-converse", "two turns of one role", 400, { messages: [word, word] }],
  ["bedrock-converse", "a call without its result", 400, { messages: [word, toolUse, word], toolConfig }],
  ["bedrock-converse", "calls without a list of tools", 400, { messages: [word, toolUse] }],
  ["bedrock-converse", "a blank text", 400, { messages: [{ role: "user", content: [{ text: "" }] }] }],
  ["cohere-chat", "an unknown choice of a tool", 400, { messages: [hello], tools: [{}], tool_choice: "auto" }],
  ["cohere-chat", "an unknown field", 400, { messages: [hello], top_p: 1 }],
  [
    "ollama-chat",
    "arguments that are a text",
    400,
    { messages: [{ role: "assistant", content: "", tool_calls: [chatCall] }] },
  ],
  ["mistral", "an unknown field", 422, { messages: [hello], stream_options: { include_usage: true } }],
  [
    "mistral",
    "an id of another's",
    400,
    { messages: [hello, { role: "assistant", tool_calls: [{ id: "call_abc123" }] }] },
  ],
  [
    "mistral",
    "a last turn of its own without prefix",
    400,
    { messages: [hello, { role: "assistant", content: "Hi" }] },
  ],
];

test.each(refusals)("%s refuses %s with %i", async (speech, _, status, body) => {
  const { url, model } = simulators[speech];
  const name = model({ text: poem });
  const paths: Partial<Record<SpeechName, string>> = {
    "openai-responses": "/v1/responses",
    "anthropic-messages": "/v1/messages",
    gemini: `/v1beta/models/${name}:generateContent`,
    "bedrock-converse": `/model/${name}/converse`,
    "cohere-chat": "/v2/chat",
    "ollama-chat": "/api/chat",
  };
  const named = /gemini|bedrock/.test(speech) ? body : { model: name, ...body };
  const address = url + (paths[speech] ?? "/v1/chat/completions");
  const answer = await fetch(address, { method: "POST", body: JSON.stringify(named) });
  expect(answer.status, await answer.text()).toBe(status);
});
