import type OpenAI from "openai";
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
import { expectUnlessGap, type Gaps } from "./gaps.ts";
import { openaiVersions } from "./openai-versions.ts";

/*
 * OpenAI's own clients, as anybody has them, against the gateway: nothing about them is changed but the address and the key.
 */

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge();
});
afterAll(() => bridge.stop());

const user = [{ role: "user" as const, content: "Hello" }];
const tools = [
  {
    type: "function" as const,
    function: { name: weather.name, description: weather.description, parameters: weather.schema },
  },
];
const targetOf = (dialect: UpstreamDialect) => bridge.targets[dialect];

const gaps: Gaps = {
  // Usage rides on the chunk that ends the answer, for everybody.
  "usage, mistral": /usage was not asked for/,
  // The client's helper makes up fields of the answer (`refusal: null`), sends them back, and Mistral knows none of them.
  "sent back streamed, mistral": /Extra inputs are not permitted: messages.1.assistant/,
  // AWS has names for errors, and none for these.
  "413, bedrock-converse": /400/,
  "422, bedrock-converse": /400/,
};

for (const { name, Client, streamHelper, requestIdOf } of openaiVersions) {
  const client = (options: { apiKey?: string } = {}): OpenAI =>
    new Client({ baseURL: `${bridge.gateway.baseUrl}/v1`, apiKey: bridge.gateway.apiKey, maxRetries: 0, ...options });

  type ApiError = InstanceType<typeof OpenAI.APIError>;
  const failureOf = (call: PromiseLike<unknown>): Promise<ApiError> =>
    Promise.resolve(call).then(
      () => {
        throw new Error("the call did not fail");
      },
      (error: ApiError) => error,
    );

  for (const dialect of upstreamDialects) {
    describe(`${name} to a ${dialect} upstream`, () => {
      test("a whole answer", async () => {
        const target = targetOf(dialect);
        const model = target.model({ text: poem });
        const { data, response } = await client().chat.completions.create({ model, messages: user }).withResponse();
        expect(data.object).toBe("chat.completion");
        expect(data.choices[0]?.message).toMatchObject({ role: "assistant", content: poem });
        expect(data.choices[0]?.finish_reason).toBe("stop");
        expect(data.usage).toMatchObject({ prompt_tokens: 21, completion_tokens: 8, total_tokens: 29 });
        const requestId = response.headers.get("x-request-id")!;
        expect(requestId).toMatch(/^req_/);
        expect(data).toHaveProperty("_request_id", requestId);
        expect(target.requestsFor(model)).toHaveLength(1);
        const [row, ...others] = await bridge.gateway.ledgerRows(requestId);
        expect(others).toEqual([]);
        expect(row).toMatchObject({
          outcome: "ok",
          inputTokens: 21n,
          outputTokens: 8n,
          usageSource: "provider",
          doorDialect: "openai-chat",
          upstreamDialect: target.simulator.dialect,
        });
      });

      test("a stream, chunk by chunk", async () => {
        const model = targetOf(dialect).model({ text: poem });
        const stream = await client().chat.completions.create({ model, messages: user, stream: true });
        let text = "";
        const finishes: unknown[] = [];
        const usages: unknown[] = [];
        for await (const { choices, usage } of stream) {
          text += choices[0]?.delta.content ?? "";
          if (choices[0]?.finish_reason) finishes.push(choices[0].finish_reason);
          if (usage) usages.push(usage);
        }
        expect(text).toBe(poem);
        expect(finishes).toEqual(["stop"]);
        await expectUnlessGap(gaps, `usage, ${dialect}`, async () =>
          expect(usages, "usage was not asked for").toEqual([]),
        );
      });

      test("a stream with usage, by the helper", async () => {
        const model = targetOf(dialect).model({ text: poem });
        const helper = streamHelper(client(), { model, messages: user, stream_options: { include_usage: true } });
        const heard: string[] = [];
        helper.on("content", (delta) => heard.push(delta));
        const final = await helper.finalChatCompletion();
        expect(heard.join("")).toBe(poem);
        expect(final.choices[0]?.message.content).toBe(poem);
        expect(await helper.finalContent()).toBe(poem);
        expect(final.usage).toMatchObject({ prompt_tokens: 21, completion_tokens: 8, total_tokens: 29 });
      });

      for (const streamed of [false, true]) {
        const ask = async (params: OpenAI.ChatCompletionCreateParamsNonStreaming) =>
          streamed
            ? (await streamHelper(client(), params).finalChatCompletion()).choices[0]!
            : (await client().chat.completions.create(params)).choices[0]!;
        const how = streamed ? "streamed" : "whole";

        test(`a function is called, ${how}, and its result answered`, async () => {
          const target = targetOf(dialect);
          const model = target.model(inTurn(oneCall, { text: "It rains." }));
          const first = await ask({ model, messages: user, tools });
          expect(first.finish_reason).toBe("tool_calls");
          const [call] = first.message.tool_calls!;
          if (call?.type !== "function") throw new Error("not a function call");
          expect(call.id).toBe("callAbc12");
          expect(call.function.name).toBe("weather");
          expect(JSON.parse(call.function.arguments)).toEqual({ city: "Bonn", days: 2 });

          const result = { role: "tool" as const, tool_call_id: call.id, content: "4 °C, rain" };
          const messages = [...user, first.message, result];
          await expectUnlessGap(gaps, `sent back ${how}, ${dialect}`, async () => {
            const second = await ask({ model, messages, tools });
            expect(second.message.content).toBe("It rains.");
          });

          const [asked, answered] = target.requestsFor(model);
          const schemaSeen = JSON.stringify(asked?.wire.tools ?? asked?.wire.toolConfig);
          expect(schemaSeen).toContain(weather.description);
          expect(schemaSeen).toContain(JSON.stringify(weather.schema.properties));
          expect(callsAndResults(answered!.wire)).toEqual({
            calls: [["callAbc12", "weather", { city: "Bonn", days: 2 }]],
            results: [["callAbc12", "4 °C, rain"]],
          });
        });

        test(`two functions are called at once, ${how}, and both results answered`, async () => {
          const target = targetOf(dialect);
          const model = target.model(inTurn(twoCalls, { text: "Both." }));
          const first = await ask({ model, messages: user, tools, parallel_tool_calls: true });
          const calls = first.message.tool_calls!.flatMap((call) => (call.type === "function" ? call : []));
          expect(calls.map(({ id, function: called }) => [id, JSON.parse(called.arguments)])).toEqual(
            twoCalls.calls.map(({ id, arguments: args }) => [id, args]),
          );
          const results = calls.map(({ id }, at) => ({
            role: "tool" as const,
            tool_call_id: id,
            content: `result ${at}`,
          }));
          const messages = [...user, first.message, ...results];
          await expectUnlessGap(gaps, `sent back ${how}, ${dialect}`, async () => {
            const second = await ask({ model, messages, tools });
            expect(second.message.content).toBe("Both.");
          });
          const { results: seen } = callsAndResults(target.requestsFor(model)[1]!.wire);
          expect(seen).toEqual(calls.map(({ id }, at) => [id, `result ${at}`]));
        });
      }

      const errorCases = [
        [400, "BadRequestError", 400],
        [404, "NotFoundError", 404],
        [413, "APIError", 413],
        [422, "UnprocessableEntityError", 422],
        [429, "RateLimitError", 429],
        [500, "InternalServerError", 500],
        [503, "InternalServerError", 503],
        [529, "InternalServerError", 503],
        // The provider refuses the gateway's credential: that is not the caller's to mend.
        [401, "InternalServerError", 502],
        [403, "InternalServerError", 502],
      ] as const;
      for (const [status, kind, shown] of errorCases) {
        for (const stream of [false, true]) {
          test.concurrent(`status ${status} from upstream is a ${kind}, ${stream ? "streamed" : "whole"}`, async () => {
            const model = targetOf(dialect).model(refuse(status, {}, "the upstream's own words"));
            const error = await failureOf(client().chat.completions.create({ model, messages: user, stream }));
            expect(requestIdOf(error)).toMatch(/^req_/);
            expect(error.message).toContain(shown === 502 ? "" : "the upstream's own words");
            const rows = await bridge.gateway.ledgerRows(requestIdOf(error)!);
            expect(rows.length).toBeGreaterThan(0);
            for (const row of rows) expect(row).toMatchObject({ outcome: "upstream_error", costNanoUsd: 0n });
            await expectUnlessGap(gaps, `${status}, ${dialect}`, async () => {
              expect(error.status).toBe(shown);
              expect(error).toBeInstanceOf(Client[kind]);
            });
          });
        }
      }

      test("the wait that a busy upstream asks for is handed on", async () => {
        const model = targetOf(dialect).model(refuse(429, { "retry-after": "7" }));
        const error = await failureOf(client().chat.completions.create({ model, messages: user }));
        expect(error).toBeInstanceOf(Client.RateLimitError);
        const headers = new Headers(error.headers as unknown as Record<string, string> | Headers);
        expect(headers.get("retry-after")).toBe("7");
        expect(headers.get("retry-after-ms")).toBe("7000");
      });

      test("an error in the middle of a stream is raised", async () => {
        const model = targetOf(dialect).model(errorAfter({ text: poem }, 5, 500));
        const stream = await client().chat.completions.create({ model, messages: user, stream: true });
        let text = "";
        const error = await failureOf(
          (async () => {
            for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
          })(),
        );
        expect(error).toBeInstanceOf(Client.APIError);
        expect(poem.startsWith(text)).toBe(true);
      });

      test("an upstream that stops in the middle of a stream is an error and no answer", async () => {
        const model = targetOf(dialect).model(endedAfter({ text: poem }, 5));
        const error = await failureOf(streamHelper(client(), { model, messages: user }).finalChatCompletion());
        expect(error).toBeInstanceOf(Client.APIError);
        expect(error.message).toMatch(/ended before the answer was complete/);
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
          const call = client().chat.completions.create({ model, messages: user, stream }, { signal: abort.signal });
          if (stream) {
            const chunks = (await call) as AsyncIterable<unknown>;
            for await (const _ of chunks) {
              abort.abort();
              break;
            }
          } else {
            call.catch(() => {});
            await until("the upstream has the request", () => target.simulator.requestsFor(upstreamModel).length === 1);
            abort.abort();
            expect(await failureOf(call)).toBeInstanceOf(Client.APIUserAbortError);
          }
          const [received] = target.simulator.requestsFor(upstreamModel);
          await until("the upstream sees the client leave", () => received!.closedByPeerAtMs !== undefined);
          const rows = await bridge.gateway.rowsOfModel(upstreamModel);
          expect(rows.map(({ outcome, reason }) => [outcome, reason])).toEqual([["partial", "CLIENT_GONE"]]);
        });
      }
    });
  }

  describe(`${name} to the simulated provider`, () => {
    test("a whole answer and a stream say the same", async () => {
      const params = { model: "sim/echo", messages: user };
      const whole = await client().chat.completions.create(params);
      expect(whole.choices[0]?.message.content).toContain('You said: "Hello"');
      const streamed = await streamHelper(client(), {
        ...params,
        stream_options: { include_usage: true },
      }).finalChatCompletion();
      expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
      expect(streamed.usage).toEqual(whole.usage);
    });

    test("a function is called and its result answered", async () => {
      const first = await client().chat.completions.create({ model: "sim/tools", messages: user, tools });
      const { message } = first.choices[0]!;
      expect(message.tool_calls).toHaveLength(1);
      const result = { role: "tool" as const, tool_call_id: message.tool_calls![0]!.id, content: "sunny" };
      const second = await client().chat.completions.create({
        model: "sim/tools",
        messages: [...user, message, result],
      });
      expect(second.choices[0]?.message.content).toContain("sunny");
    });

    test("it fails as it is told to", async () => {
      const fail = (script: string) =>
        failureOf(
          client().chat.completions.create(
            { model: "sim/flaky", messages: user },
            { headers: { "x-sim-fail": script } },
          ),
        );
      expect(await fail("429;retry-after=2")).toBeInstanceOf(Client.RateLimitError);
      expect(await fail("500")).toBeInstanceOf(Client.InternalServerError);
      expect(await fail("cut-stream")).toBeInstanceOf(Client.InternalServerError);
    });
  });

  describe(`${name} and the gate itself`, () => {
    test("lists and finds models", async () => {
      const ids: string[] = [];
      for await (const { id, object } of await client().models.list()) {
        ids.push(id);
        expect(object).toBe("model");
      }
      expect(ids).toContain("sim/echo");
      expect((await client().models.retrieve("sim/echo")).id).toBe("sim/echo");
      expect(await failureOf(client().models.retrieve("sim/nobody"))).toBeInstanceOf(Client.NotFoundError);
    });

    const refusals = [
      ["a wrong key", "AuthenticationError", 401, "invalid_api_key", { apiKey: "sk-pt-wrong" }, {}],
      ["an unknown model", "NotFoundError", 404, "model_not_found", {}, { model: "nobody/nothing" }],
      ["a wrong type", "BadRequestError", 400, "invalid_value", {}, { temperature: "warm" }],
      ["no messages", "BadRequestError", 400, "invalid_value", {}, { messages: [] }],
      [
        "a body that is too large",
        "APIError",
        413,
        "body_too_large",
        {},
        { messages: [{ role: "user", content: "x".repeat(11 << 20) }] },
      ],
    ] as const;
    for (const [what, kind, status, code, options, params] of refusals) {
      for (const stream of [false, true]) {
        test(`${what} is a ${kind}, ${stream ? "streamed" : "whole"}`, async () => {
          const rowsBefore = await bridge.gateway.ledgerRows();
          const wrong = { model: "sim/echo", messages: user, stream, ...params } as unknown as Parameters<
            OpenAI["chat"]["completions"]["create"]
          >[0];
          const error = await failureOf(client(options).chat.completions.create(wrong));
          expect(error).toBeInstanceOf(Client[kind]);
          expect(error.status).toBe(status);
          expect(error.code).toBe(code);
          expect(requestIdOf(error)).toMatch(/^req_/);
          expect(await bridge.gateway.ledgerRows()).toHaveLength(rowsBefore.length);
        });
      }
    }
  });
}
