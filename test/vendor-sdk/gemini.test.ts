import { ApiError, type Content, type FunctionDeclaration, GoogleGenAI, type Part, Type } from "@google/genai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../gateway/gateway.ts";
import { endedAfter, errorAfter, inTurn, refuse, stuckAfter, stuckWhole } from "../simulators/behaviours.ts";
import {
  type Bridge,
  callsAndResults,
  oneCall,
  poem,
  startBridge,
  twoCalls,
  type UpstreamDialect,
  upstreamDialects,
  weather,
} from "./bridge.ts";

/* Google's own client against the gateway: nothing about it is changed but the address and the key. */

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge();
});
afterAll(() => bridge.stop());

const user: Content[] = [{ role: "user", parts: [{ text: "Hello" }] }];
const declaration: FunctionDeclaration = {
  name: weather.name,
  description: weather.description,
  parameters: {
    type: Type.OBJECT,
    properties: { city: { type: Type.STRING }, days: { type: Type.INTEGER } },
    required: ["city"],
  },
};
const config = { tools: [{ functionDeclarations: [declaration] }] };
const targetOf = (dialect: UpstreamDialect) => bridge.targets[dialect];
const client = (apiKey = bridge.gateway.apiKey, apiVersion = "v1beta") =>
  new GoogleGenAI({ apiKey, apiVersion, httpOptions: { baseUrl: bridge.gateway.baseUrl } });

const failureOf = (call: Promise<unknown>): Promise<ApiError> =>
  call.then(
    () => {
      throw new Error("the call did not fail");
    },
    (error: ApiError) => error,
  );

interface Asked {
  readonly model: string;
  readonly contents: Content[];
  readonly config?: typeof config;
}

/** The parts of an answer, asked for whole or as a stream. */
async function partsOf(asked: Asked, streamed: boolean): Promise<Part[]> {
  if (!streamed) return (await client().models.generateContent(asked)).candidates?.[0]?.content?.parts ?? [];
  const parts: Part[] = [];
  for await (const chunk of await client().models.generateContentStream(asked)) {
    parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
  }
  return parts;
}

for (const dialect of upstreamDialects) {
  describe(`@google/genai to a ${dialect} upstream`, () => {
    test("a whole answer", async () => {
      const target = targetOf(dialect);
      const model = target.model({ text: poem });
      const answer = await client().models.generateContent({ model, contents: "Hello" });
      expect(answer.text).toBe(poem);
      expect(answer.candidates?.[0]?.finishReason).toBe("STOP");
      expect(answer.usageMetadata).toMatchObject({
        promptTokenCount: 21,
        candidatesTokenCount: 8,
        totalTokenCount: 29,
      });
      expect(target.requestsFor(model)).toHaveLength(1);
      const [row, ...others] = await bridge.gateway.rowsOfModel(model.slice(model.indexOf("/") + 1));
      expect(others).toEqual([]);
      expect(row).toMatchObject({ outcome: "ok", inputTokens: 21n, outputTokens: 8n, usageSource: "provider" });
      expect(row).toMatchObject({ doorDialect: "gemini", upstreamDialect: target.simulator.dialect });
    });

    test("a stream, chunk by chunk", async () => {
      const model = targetOf(dialect).model({ text: poem });
      let text = "";
      let last: { finish?: unknown; total?: number | undefined } = {};
      for await (const chunk of await client().models.generateContentStream({ model, contents: "Hello" })) {
        text += chunk.text ?? "";
        last = { finish: chunk.candidates?.[0]?.finishReason, total: chunk.usageMetadata?.totalTokenCount };
      }
      expect(text).toBe(poem);
      expect(last).toEqual({ finish: "STOP", total: 29 });
    });

    for (const streamed of [false, true]) {
      const how = streamed ? "streamed" : "whole";

      test(`a function is called, ${how}, and its result answered`, async () => {
        const target = targetOf(dialect);
        const model = target.model(inTurn(oneCall, { text: "It rains." }));
        const first = await partsOf({ model, contents: user, config }, streamed);
        const [call] = first.flatMap(({ functionCall }) => functionCall ?? []);
        expect(call).toMatchObject({ name: "weather", args: { city: "Bonn", days: 2 } });
        const result: Part = {
          functionResponse: { ...(call!.id && { id: call!.id }), name: "weather", response: { output: "4 °C, rain" } },
        };
        const contents: Content[] = [...user, { role: "model", parts: first }, { role: "user", parts: [result] }];
        const second = await partsOf({ model, contents, config }, streamed);
        expect(second.map(({ text }) => text ?? "").join("")).toBe("It rains.");
        const [asked, answered] = target.requestsFor(model);
        expect(JSON.stringify(asked?.wire)).toContain(weather.description);
        const { calls, results } = callsAndResults(answered!.wire);
        expect(calls).toEqual([["callAbc12", "weather", { city: "Bonn", days: 2 }]]);
        expect(results).toHaveLength(1);
        expect(JSON.stringify(results)).toContain("4 °C, rain");
      });

      test(`two functions are called at once, ${how}`, async () => {
        const model = targetOf(dialect).model(twoCalls);
        const parts = await partsOf({ model, contents: user, config }, streamed);
        const calls = parts.flatMap(({ functionCall }) => functionCall ?? []);
        expect(calls.map(({ args }) => args)).toEqual(twoCalls.calls.map(({ arguments: args }) => args));
      });
    }

    for (const [status, shown] of [
      [400, 400],
      [404, 404],
      [429, 429],
      [500, 500],
      [503, 503],
      // The provider refuses the gateway's credential: that is not the caller's to mend.
      [401, 502],
    ] as const) {
      test.concurrent(`status ${status} from upstream is raised with status ${shown}`, async () => {
        const model = targetOf(dialect).model(refuse(status, {}, "the upstream's own words"));
        for (const call of [
          () => client().models.generateContent({ model, contents: "Hello" }),
          () => client().models.generateContentStream({ model, contents: "Hello" }),
        ]) {
          const error = await failureOf(call());
          expect(error).toBeInstanceOf(ApiError);
          expect(error.status).toBe(shown);
          expect(error.message).toContain(shown === 502 ? "" : "the upstream's own words");
        }
      });
    }

    test("an error in the middle of a stream is raised, and so is a stream that just stops", async () => {
      for (const behaviour of [errorAfter({ text: poem }, 5, 500), endedAfter({ text: poem }, 5)]) {
        const model = targetOf(dialect).model(behaviour);
        let text = "";
        const error = await failureOf(
          (async () => {
            for await (const chunk of await client().models.generateContentStream({ model, contents: "Hello" })) {
              text += chunk.text ?? "";
            }
          })(),
        );
        expect(error).toBeInstanceOf(ApiError);
        expect(poem.startsWith(text)).toBe(true);
      }
    });

    for (const [what, behaviour, stream] of [
      ["in the middle of a stream", stuckAfter({ text: poem }, 6), true],
      ["while a whole answer is made", stuckWhole({ text: poem }), false],
    ] as const) {
      test(`abort ${what} stops the upstream and is billed as partial`, async () => {
        const target = targetOf(dialect);
        const model = target.model(behaviour);
        const upstreamModel = model.slice(model.indexOf("/") + 1);
        const abort = new AbortController();
        const asked = { model, contents: "Hello", config: { abortSignal: abort.signal } };
        if (stream) {
          const chunks = await client().models.generateContentStream(asked);
          await chunks.next();
          abort.abort();
        } else {
          const call = client().models.generateContent(asked);
          call.catch(() => {});
          await until("the upstream has the request", () => target.simulator.requestsFor(upstreamModel).length === 1);
          abort.abort();
          await expect(call).rejects.toThrow();
        }
        const [received] = target.simulator.requestsFor(upstreamModel);
        await until("the upstream sees the client leave", () => received!.closedByPeerAtMs !== undefined);
        const rows = await bridge.gateway.rowsOfModel(upstreamModel);
        expect(rows.map(({ outcome, reason }) => [outcome, reason])).toEqual([["partial", "CLIENT_GONE"]]);
      });
    }

    test("tokens are counted, or estimated where the provider cannot", async () => {
      const model = targetOf(dialect).model({ text: poem });
      const { totalTokens } = await client().models.countTokens({ model, contents: "Hello" });
      expect(totalTokens).toBeGreaterThan(0);
    });
  });
}

describe("@google/genai and the gate itself", () => {
  for (const version of ["v1", "v1beta", "v1alpha"]) {
    test(`the simulated provider answers under ${version}, whole and streamed`, async () => {
      const asked = { model: "sim/echo", contents: "Hello" };
      const whole = await client(undefined, version).models.generateContent(asked);
      expect(whole.text).toContain('You said: "Hello"');
      let text = "";
      for await (const chunk of await client(undefined, version).models.generateContentStream(asked)) {
        text += chunk.text ?? "";
      }
      expect(text).toBe(whole.text);
    });

    test(`models are listed and found under ${version}`, async () => {
      const names: (string | undefined)[] = [];
      for await (const { name } of await client(undefined, version).models.list()) names.push(name);
      expect(names).toContain("models/sim/echo");
      expect((await client(undefined, version).models.get({ model: "sim/echo" })).name).toBe("models/sim/echo");
    });
  }

  for (const [what, status, key, asked] of [
    ["a wrong key", 400, "sk-pt-wrong", {}],
    ["an unknown model", 404, undefined, { model: "nobody/nothing" }],
    ["a wrong type", 400, undefined, { config: { temperature: "warm" } }],
  ] as const) {
    test(`${what} is an error with status ${status} and costs nothing`, async () => {
      const rowsBefore = await bridge.gateway.ledgerRows();
      const wrong = { model: "sim/echo", contents: "Hello", ...asked } as unknown as Parameters<
        GoogleGenAI["models"]["generateContent"]
      >[0];
      const error = await failureOf(client(key).models.generateContent(wrong));
      expect(error).toBeInstanceOf(ApiError);
      expect(error.status).toBe(status);
      expect(await bridge.gateway.ledgerRows()).toHaveLength(rowsBefore.length);
    });
  }

  test("a stream without alt=sse is a list that grows", async () => {
    const answer = await fetch(`${bridge.gateway.baseUrl}/v1beta/models/sim/echo:streamGenerateContent`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-goog-api-key": bridge.gateway.apiKey },
      body: JSON.stringify({ contents: user }),
    });
    expect(answer.headers.get("content-type")).toContain("application/json");
    const chunks = (await answer.json()) as { candidates?: { content?: { parts?: { text?: string }[] } }[] }[];
    const text = chunks.map((chunk) => chunk.candidates?.[0]?.content?.parts?.[0]?.text ?? "").join("");
    expect(text).toContain('You said: "Hello"');
  });

  test("the key may be in the query, as older clients put it", async () => {
    const url = `${bridge.gateway.baseUrl}/v1beta/models/sim/echo:generateContent`;
    const ask = (query: string) =>
      fetch(url + query, { method: "POST", body: JSON.stringify({ contents: user }) }).then(({ status }) => status);
    expect(await ask(`?key=${bridge.gateway.apiKey}`)).toBe(200);
    expect(await ask("?key=sk-pt-wrong")).toBe(400);
    expect(await ask("")).toBe(403); // as Google answers a caller without a key
  });
});
