import { Ollama, type Tool } from "ollama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorAfter, inTurn, refuse } from "../simulators/behaviours.ts";
import { type Bridge, callsAndResults, oneCall, poem, startBridge, upstreamDialects, weather } from "./bridge.ts";

/* Ollama's own client against the gateway: nothing about it is changed but the address and the key. */

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge();
});
afterAll(() => bridge.stop());

const messages = [{ role: "user", content: "Hello" }];
const tools: Tool[] = [
  { type: "function", function: { name: weather.name, description: weather.description, parameters: weather.schema } },
];
const client = (key = bridge.gateway.apiKey) =>
  new Ollama({ host: bridge.gateway.baseUrl, headers: { authorization: `Bearer ${key}` } });

interface Failure {
  readonly status_code?: number;
  readonly message: string;
}

const failureOf = (call: PromiseLike<unknown>): Promise<Failure> =>
  Promise.resolve(call).then(
    () => {
      throw new Error("the call did not fail");
    },
    (error: Failure) => error,
  );

async function all<T>(lines: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

for (const dialect of upstreamDialects) {
  describe(`ollama to a ${dialect} upstream`, () => {
    test("a whole answer", async () => {
      const model = bridge.targets[dialect].model({ text: poem });
      const answer = await client().chat({ model, messages });
      expect(answer.message).toMatchObject({ role: "assistant", content: poem });
      expect(answer).toMatchObject({ done: true, done_reason: "stop", prompt_eval_count: 21, eval_count: 8 });
      const rows = await bridge.gateway.rowsOfModel(model.slice(model.indexOf("/") + 1));
      expect(rows).toMatchObject([
        {
          outcome: "ok",
          inputTokens: 21n,
          outputTokens: 8n,
          doorDialect: "ollama-chat",
          upstreamDialect: bridge.targets[dialect].simulator.dialect,
        },
      ]);
    });

    test("a stream, line by line", async () => {
      const model = bridge.targets[dialect].model({ text: poem });
      let text = "";
      const ends: unknown[] = [];
      for await (const line of await client().chat({ model, messages, stream: true })) {
        text += line.message.content;
        if (line.done) ends.push([line.done_reason, line.eval_count]);
      }
      expect(text).toBe(poem);
      expect(ends).toEqual([["stop", 8]]);
    });

    test.each([false, true])("a function is called, and its result answered (streamed: %s)", async (stream) => {
      const target = bridge.targets[dialect];
      const model = target.model(inTurn(oneCall, { text: "It rains." }));
      const ask = async (said: typeof messages) => {
        if (!stream) return [(await client().chat({ model, messages: said, tools })).message];
        const lines = await client().chat({ model, messages: said, tools, stream: true });
        return (await all(lines)).map(({ message }) => message);
      };
      const calls = (await ask(messages)).flatMap(({ tool_calls }) => tool_calls ?? []);
      expect(calls).toMatchObject([{ function: { name: "weather", arguments: { city: "Bonn", days: 2 } } }]);
      const said = [
        ...messages,
        { role: "assistant", content: "", tool_calls: calls },
        { role: "tool", tool_name: "weather", content: "4 °C, rain" },
      ];
      const words = (await ask(said)).map(({ content }) => content).join("");
      expect(words).toBe("It rains.");
      const seen = callsAndResults(target.requestsFor(model)[1]!.wire);
      expect(seen.calls).toMatchObject([[expect.anything(), "weather", { city: "Bonn", days: 2 }]]);
      expect(JSON.stringify(seen.results)).toContain("4 °C, rain");
    });

    for (const [status, shown] of [
      [400, 400],
      [429, 429],
      [500, 500],
      // The provider refuses the gateway's credential: that is not the caller's to mend.
      [401, 502],
    ] as const) {
      test(`status ${status} from upstream is raised with status ${shown}`, async () => {
        const model = bridge.targets[dialect].model(refuse(status, {}, "the upstream's own words"));
        const error = await failureOf(client().chat({ model, messages }));
        expect(error.status_code).toBe(shown);
        expect(error.message).toContain(shown === 502 ? "" : "the upstream's own words");
      });
    }

    test("an error in the middle of a stream is raised", async () => {
      const model = bridge.targets[dialect].model(errorAfter({ text: poem }, 5, 500));
      const lines = await client().chat({ model, messages, stream: true });
      const error = await failureOf(all(lines));
      expect(error.message).not.toBe("the call did not fail");
    });
  });
}

describe("ollama and the gate itself", () => {
  test.each([
    ["a wrong key", 401, "sk-pt-wrong", {}],
    ["an unknown model", 404, undefined, { model: "nobody/nothing" }],
    ["a wrong type", 400, undefined, { options: { temperature: "warm" } }],
    ["no messages", 400, undefined, { messages: [] }],
  ] as const)("%s is an error with status %i and costs nothing", async (_, status, key, wrong) => {
    const rowsBefore = await bridge.gateway.ledgerRows();
    const asked = { model: "sim/echo", messages, ...wrong } as unknown as { model: string };
    expect((await failureOf(client(key).chat(asked))).status_code).toBe(status);
    expect(await bridge.gateway.ledgerRows()).toHaveLength(rowsBefore.length);
  });
});
