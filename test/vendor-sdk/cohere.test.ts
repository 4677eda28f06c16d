import { type Cohere, CohereClientV2, CohereError } from "cohere-ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorAfter, inTurn, refuse } from "../simulators/behaviours.ts";
import { type Bridge, callsAndResults, oneCall, poem, startBridge, upstreamDialects, weather } from "./bridge.ts";

/* Cohere's own client against the gateway: nothing about it is changed but the address and the key. */

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge();
});
afterAll(() => bridge.stop());

const messages: Cohere.ChatMessages = [{ role: "user", content: "Hello" }];
const tools: Cohere.ToolV2[] = [
  {
    type: "function",
    function: { name: weather.name, description: weather.description, parameters: weather.schema },
  },
];
const client = (token = bridge.gateway.apiKey) =>
  new CohereClientV2({ baseUrl: bridge.gateway.baseUrl, token, maxRetries: 0 });

const failureOf = (call: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(call).then(
    () => {
      throw new Error("the call did not fail");
    },
    (error: unknown) => error,
  );

function wordsOf(content: readonly { type: string; text?: string }[] | undefined): string {
  return (content ?? []).map(({ text }) => text ?? "").join("");
}

for (const dialect of upstreamDialects) {
  describe(`cohere-ai to a ${dialect} upstream`, () => {
    test("a whole answer", async () => {
      const model = bridge.targets[dialect].model({ text: poem });
      const answer = await client().chat({ model, messages });
      expect(wordsOf(answer.message.content as { type: string; text?: string }[])).toBe(poem);
      expect(answer.finishReason).toBe("COMPLETE");
      expect(answer.usage?.tokens).toMatchObject({ inputTokens: 21, outputTokens: 8 });
      const rows = await bridge.gateway.rowsOfModel(model.slice(model.indexOf("/") + 1));
      expect(rows).toMatchObject([
        {
          outcome: "ok",
          inputTokens: 21n,
          outputTokens: 8n,
          doorDialect: "cohere-chat",
          upstreamDialect: bridge.targets[dialect].simulator.dialect,
        },
      ]);
    });

    test("a stream, event by event", async () => {
      const model = bridge.targets[dialect].model({ text: poem });
      let text = "";
      const types: string[] = [];
      let tokens: unknown;
      for await (const event of await client().chatStream({ model, messages })) {
        if (types.at(-1) !== event.type) types.push(event.type);
        if (event.type === "content-delta") text += event.delta?.message?.content?.text ?? "";
        if (event.type === "message-end") tokens = event.delta?.usage?.tokens;
      }
      expect(text).toBe(poem);
      expect(types).toEqual(["message-start", "content-start", "content-delta", "content-end", "message-end"]);
      expect(tokens).toMatchObject({ inputTokens: 21, outputTokens: 8 });
    });

    test("a function is called, and its result answered", async () => {
      const target = bridge.targets[dialect];
      const model = target.model(inTurn(oneCall, { text: "It rains." }));
      const first = await client().chat({ model, messages, tools });
      expect(first.finishReason).toBe("TOOL_CALL");
      const { toolCalls } = first.message;
      expect(JSON.parse(toolCalls?.[0]?.function?.arguments ?? "{}")).toEqual({ city: "Bonn", days: 2 });
      const second = await client().chat({
        model,
        tools,
        messages: [
          ...messages,
          { role: "assistant", toolCalls: toolCalls! },
          { role: "tool", toolCallId: toolCalls![0]!.id!, content: "4 °C, rain" },
        ],
      });
      expect(wordsOf(second.message.content as { type: string; text?: string }[])).toBe("It rains.");
      const { calls, results } = callsAndResults(target.requestsFor(model)[1]!.wire);
      expect(calls).toEqual([[oneCall.calls[0]!.id, "weather", { city: "Bonn", days: 2 }]]);
      expect(JSON.stringify(results)).toContain("4 °C, rain");
    });

    test("a function is called in a stream", async () => {
      const model = bridge.targets[dialect].model(oneCall);
      let name = "";
      let args = "";
      for await (const event of await client().chatStream({ model, messages, tools })) {
        if (event.type === "tool-call-start") name += event.delta?.message?.toolCalls?.function?.name ?? "";
        if (event.type === "tool-call-start") args += event.delta?.message?.toolCalls?.function?.arguments ?? "";
        if (event.type === "tool-call-delta") args += event.delta?.message?.toolCalls?.function?.arguments ?? "";
      }
      expect(name).toBe("weather");
      expect(JSON.parse(args)).toEqual({ city: "Bonn", days: 2 });
    });

    for (const [status, shown] of [
      [400, 400],
      [404, 404],
      [429, 429],
      [500, 500],
      // The provider refuses the gateway's credential: that is not the caller's to mend.
      [401, 502],
    ] as const) {
      test(`status ${status} from upstream is raised with status ${shown}`, async () => {
        const model = bridge.targets[dialect].model(refuse(status, {}, "the upstream's own words"));
        for (const call of [() => client().chat({ model, messages }), () => client().chatStream({ model, messages })]) {
          const error = await failureOf(call());
          expect(error).toBeInstanceOf(CohereError);
          expect((error as CohereError).statusCode).toBe(shown);
          expect((error as CohereError).message).toContain(shown === 502 ? "" : "the upstream's own words");
        }
      });
    }

    test("an error in the middle of a stream is its last event", async () => {
      const model = bridge.targets[dialect].model(errorAfter({ text: poem }, 5, 500));
      const reasons: unknown[] = [];
      for await (const event of await client().chatStream({ model, messages })) {
        if (event.type === "message-end") reasons.push(event.delta?.finishReason);
      }
      expect(reasons).toEqual(["ERROR"]);
    });
  });
}

describe("cohere-ai and the gate itself", () => {
  test("the simulated provider answers, whole and streamed", async () => {
    const whole = await client().chat({ model: "sim/echo", messages });
    const words = wordsOf(whole.message.content as { type: string; text?: string }[]);
    expect(words).toContain('You said: "Hello"');
    let text = "";
    for await (const event of await client().chatStream({ model: "sim/echo", messages })) {
      if (event.type === "content-delta") text += event.delta?.message?.content?.text ?? "";
    }
    expect(text).toBe(words);
  });

  test.each([
    ["a wrong key", 401, "sk-pt-wrong", {}],
    ["an unknown model", 404, undefined, { model: "nobody/nothing" }],
    ["a cap below zero", 400, undefined, { maxTokens: -1 }],
    ["no messages", 400, undefined, { messages: [] }],
  ] as const)("%s is an error with status %i and costs nothing", async (_, status, key, wrong) => {
    const rowsBefore = await bridge.gateway.ledgerRows();
    const asked = { model: "sim/echo", messages, ...wrong } as unknown as Parameters<CohereClientV2["chat"]>[0];
    const error = await failureOf(client(key).chat(asked));
    expect(error).toBeInstanceOf(CohereError);
    expect((error as CohereError).statusCode).toBe(status);
    expect(await bridge.gateway.ledgerRows()).toHaveLength(rowsBefore.length);
  });
});
