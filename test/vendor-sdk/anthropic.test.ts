import type Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until, upstreamSecret } from "../gateway/gateway.ts";
import { endedAfter, errorAfter, inTurn, refuse, stuckAfter, stuckWhole } from "../simulators/behaviours.ts";
import { anthropicVersions } from "./anthropic-versions.ts";
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

/*
 * Anthropic's own clients, as anybody has them, against the gateway: nothing about them is changed but the address and the key.
 */

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge();
});
afterAll(() => bridge.stop());

const user = [{ role: "user" as const, content: "Hello" }];
const tools = [{ name: weather.name, description: weather.description, input_schema: weather.schema }];
const targetOf = (dialect: UpstreamDialect) => bridge.targets[dialect];

const countsItself = new Set<UpstreamDialect>(["anthropic-messages", "gemini", "openai-responses", "bedrock-converse"]);
const gaps: Gaps = {
  // AWS has names for errors, and none for these.
  "413, bedrock-converse": /400/,
  "422, bedrock-converse": /400/,
};

for (const { name, Client, version, connect } of anthropicVersions) {
  const client = (secret = bridge.gateway.apiKey): Anthropic => connect({ baseURL: bridge.gateway.baseUrl, secret });

  type ApiError = InstanceType<typeof Anthropic.APIError>;
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
        const { data, request_id, response } = await client()
          .messages.create({ model, max_tokens: 99, messages: user })
          .withResponse();
        expect(data).toMatchObject({ type: "message", role: "assistant", stop_reason: "end_turn" });
        expect(data.content).toMatchObject([{ type: "text", text: poem }]);
        expect(data.usage).toMatchObject({ input_tokens: 21, output_tokens: 8 });
        expect(request_id).toMatch(/^req_/);
        expect(response.headers.get("x-request-id")).toBe(request_id);
        const [sent, ...others] = target.requestsFor(model);
        expect(others).toEqual([]);
        // The client's own version goes on to an upstream of its dialect, and its key to nobody.
        if (dialect === "anthropic-messages") {
          expect(sent?.headers).toMatchObject({ "anthropic-version": version, "x-api-key": upstreamSecret });
        } else {
          expect(sent?.headers).not.toHaveProperty("anthropic-version");
          const credential =
            dialect === "gemini" ? { "x-goog-api-key": upstreamSecret } : { authorization: `Bearer ${upstreamSecret}` };
          expect(sent?.headers).toMatchObject(credential);
        }
        expect(JSON.stringify(sent)).not.toContain(bridge.gateway.apiKey);
        expect(await bridge.gateway.ledgerRows(request_id!)).toMatchObject([
          {
            outcome: "ok",
            inputTokens: 21n,
            outputTokens: 8n,
            usageSource: "provider",
            doorDialect: "anthropic-messages",
            upstreamDialect: target.simulator.dialect,
          },
        ]);
      });

      test("a stream, event by event", async () => {
        const model = targetOf(dialect).model({ text: poem });
        const stream = await client().messages.create({ model, max_tokens: 99, messages: user, stream: true });
        let text = "";
        const kinds: string[] = [];
        for await (const event of stream) {
          if (event.type !== kinds.at(-1)) kinds.push(event.type);
          if (event.type === "content_block_delta" && event.delta.type === "text_delta") text += event.delta.text;
        }
        expect(text).toBe(poem);
        expect(kinds).toEqual([
          "message_start",
          "content_block_start",
          "content_block_delta",
          "content_block_stop",
          "message_delta",
          "message_stop",
        ]);
      });

      test("a stream by the helper, with usage", async () => {
        const model = targetOf(dialect).model({ text: poem });
        const helper = client().messages.stream({ model, max_tokens: 99, messages: user });
        const heard: string[] = [];
        helper.on("text", (delta) => heard.push(delta));
        const final = await helper.finalMessage();
        expect(heard.join("")).toBe(poem);
        expect(final.content).toMatchObject([{ type: "text", text: poem }]);
        expect(final.stop_reason).toBe("end_turn");
        expect(final.usage).toMatchObject({ input_tokens: 21, output_tokens: 8 });
        expect(helper.request_id).toMatch(/^req_/);
      });

      for (const streamed of [false, true]) {
        const ask = (params: Anthropic.MessageCreateParamsNonStreaming) =>
          streamed ? client().messages.stream(params).finalMessage() : client().messages.create(params);
        const how = streamed ? "streamed" : "whole";
        const asked = { max_tokens: 99, tools };

        test(`a function is called, ${how}, and its result answered`, async () => {
          const target = targetOf(dialect);
          const model = target.model(inTurn(oneCall, { text: "It rains." }));
          const first = await ask({ ...asked, model, messages: user });
          expect(first.stop_reason).toBe("tool_use");
          expect(first.content).toMatchObject([
            { type: "tool_use", id: "callAbc12", name: "weather", input: { city: "Bonn", days: 2 } },
          ]);
          const result = { type: "tool_result" as const, tool_use_id: "callAbc12", content: "4 °C, rain" };
          const second = await ask({
            ...asked,
            model,
            messages: [...user, { role: "assistant", content: first.content }, { role: "user", content: [result] }],
          });
          expect(second.content).toMatchObject([{ type: "text", text: "It rains." }]);

          const [sent, answered] = target.requestsFor(model);
          const schemaSeen = JSON.stringify(sent?.wire.tools ?? sent?.wire.toolConfig);
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
          const first = await ask({ ...asked, model, messages: user });
          const calls = first.content.flatMap((block) => (block.type === "tool_use" ? block : []));
          expect(calls.map(({ id, input }) => [id, input])).toEqual(
            twoCalls.calls.map(({ id, arguments: args }) => [id, args]),
          );
          const results = calls.map(({ id }, at) => ({
            type: "tool_result" as const,
            tool_use_id: id,
            content: `result ${at}`,
          }));
          const second = await ask({
            ...asked,
            model,
            messages: [...user, { role: "assistant", content: first.content }, { role: "user", content: results }],
          });
          expect(second.content).toMatchObject([{ type: "text", text: "Both." }]);
          const { results: seen } = callsAndResults(target.requestsFor(model)[1]!.wire);
          expect(seen).toEqual(calls.map(({ id }, at) => [id, `result ${at}`]));
        });
      }

      const errorCases = [
        [400, "BadRequestError", 400, "invalid_request_error"],
        [404, "NotFoundError", 404, "not_found_error"],
        [413, "APIError", 413, "request_too_large"],
        [422, "UnprocessableEntityError", 422, "invalid_request_error"],
        [429, "RateLimitError", 429, "rate_limit_error"],
        [500, "InternalServerError", 500, "api_error"],
        [503, "InternalServerError", 529, "overloaded_error"],
        [529, "InternalServerError", 529, "overloaded_error"],
        // The provider refuses the gateway's credential: that is not the caller's to mend.
        [401, "InternalServerError", 502, "api_error"],
        [403, "InternalServerError", 502, "api_error"],
      ] as const;
      for (const [status, kind, shown, type] of errorCases) {
        for (const stream of [false, true]) {
          test.concurrent(`status ${status} from upstream is a ${kind}, ${stream ? "streamed" : "whole"}`, async () => {
            const model = targetOf(dialect).model(refuse(status, {}, "the upstream's own words"));
            const error = await failureOf(
              client().messages.create({ model, max_tokens: 99, messages: user, stream } as const),
            );
            expect(error.requestID).toMatch(/^req_/);
            await expectUnlessGap(gaps, `${status}, ${dialect}`, async () => {
              expect(error.status).toBe(shown);
              expect(error).toBeInstanceOf(Client[kind]);
              expect(error.error).toMatchObject({ type: "error", error: { type }, request_id: error.requestID });
            });
            expect(error.message).toContain(shown === 502 ? "" : "the upstream's own words");
            const rows = await bridge.gateway.ledgerRows(error.requestID!);
            expect(rows.length).toBeGreaterThan(0);
            for (const row of rows) expect(row).toMatchObject({ outcome: "upstream_error", costNanoUsd: 0n });
          });
        }
      }

      test("the wait that a busy upstream asks for is handed on", async () => {
        const model = targetOf(dialect).model(refuse(429, { "retry-after": "7" }));
        const error = await failureOf(client().messages.create({ model, max_tokens: 99, messages: user }));
        expect(error).toBeInstanceOf(Client.RateLimitError);
        expect(error.headers?.get("retry-after")).toBe("7");
        expect(error.headers?.get("retry-after-ms")).toBe("7000");
      });

      test("an error in the middle of a stream is raised", async () => {
        const model = targetOf(dialect).model(errorAfter({ text: poem }, 5, 529));
        const stream = await client().messages.create({ model, max_tokens: 99, messages: user, stream: true });
        let text = "";
        const error = await failureOf(
          (async () => {
            for await (const event of stream) {
              if (event.type === "content_block_delta" && event.delta.type === "text_delta") text += event.delta.text;
            }
          })(),
        );
        expect(error).toBeInstanceOf(Client.APIError);
        expect(poem.startsWith(text)).toBe(true);
      });

      test("an upstream that stops in the middle of a stream is an error and no answer", async () => {
        const model = targetOf(dialect).model(endedAfter({ text: poem }, 5));
        const error = await failureOf(
          client().messages.stream({ model, max_tokens: 99, messages: user }).finalMessage(),
        );
        expect(error).toBeInstanceOf(Client.APIError);
        expect(error.message).toMatch(/ended before the answer was complete/);
      });

      test("tokens are counted, and a figure that is only estimated says so", async () => {
        const model = targetOf(dialect).model({ text: "never said", usage: { input: 33, output: 0 } });
        const { data, response } = await client().messages.countTokens({ model, messages: user }).withResponse();
        const byProvider = countsItself.has(dialect);
        if (byProvider) expect(data.input_tokens).toBe(33);
        else expect(data.input_tokens).toBeGreaterThan(0);
        expect(response.headers.get("x-pontage-token-count")).toBe(byProvider ? null : "estimated");
        expect(await bridge.gateway.rowsOfModel(model.slice(model.indexOf("/") + 1))).toEqual([]);
      });

      for (const [what, behaviour, stream] of [
        ["in the middle of a stream", stuckAfter({ text: poem }, 6), true],
        ["while a whole answer is made", stuckWhole({ text: poem }), false],
      ] as const) {
        test(`abort ${what} stops the upstream and is billed as partial`, async () => {
          const target = targetOf(dialect);
          const model = target.model(behaviour);
          const upstreamModel = model.slice(model.indexOf("/") + 1);
          if (stream) {
            const helper = client().messages.stream({ model, max_tokens: 99, messages: user });
            helper.on("text", () => helper.abort());
            expect(await failureOf(helper.finalMessage())).toBeInstanceOf(Client.APIUserAbortError);
          } else {
            const abort = new AbortController();
            const call = client().messages.create({ model, max_tokens: 99, messages: user }, { signal: abort.signal });
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
    const asked = { max_tokens: 99, messages: user };

    test("a whole answer and a stream say the same", async () => {
      const whole = await client().messages.create({ ...asked, model: "sim/echo" });
      expect(whole.content).toMatchObject([{ type: "text", text: expect.stringContaining('You said: "Hello"') }]);
      const streamed = await client()
        .messages.stream({ ...asked, model: "sim/echo" })
        .finalMessage();
      expect(streamed.content).toMatchObject(whole.content);
      expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
      expect(streamed.usage.input_tokens).toBe(whole.usage.input_tokens);
    });

    test("a function is called and its result answered", async () => {
      const first = await client().messages.create({ ...asked, model: "sim/tools", tools });
      const [call] = first.content;
      if (call?.type !== "tool_use") throw new Error("no call was made");
      const result = { type: "tool_result" as const, tool_use_id: call.id, content: "sunny" };
      const second = await client().messages.create({
        max_tokens: 99,
        model: "sim/tools",
        messages: [...user, { role: "assistant", content: first.content }, { role: "user", content: [result] }],
      });
      expect(second.content).toMatchObject([{ type: "text", text: expect.stringContaining("sunny") }]);
    });

    test("it fails as it is told to", async () => {
      const fail = (script: string) =>
        failureOf(client().messages.create({ ...asked, model: "sim/flaky" }, { headers: { "x-sim-fail": script } }));
      expect(await fail("429;retry-after=2")).toBeInstanceOf(Client.RateLimitError);
      expect(await fail("500")).toBeInstanceOf(Client.InternalServerError);
      expect(await fail("cut-stream")).toBeInstanceOf(Client.InternalServerError);
    });

    test("tokens are counted", async () => {
      const { input_tokens } = await client().messages.countTokens({ model: "sim/echo", messages: user });
      const { usage } = await client().messages.create({ ...asked, model: "sim/echo" });
      expect(input_tokens).toBe(usage.input_tokens);
    });
  });

  describe(`${name} and the gate itself`, () => {
    test("lists and finds models", async () => {
      const ids: string[] = [];
      for await (const { id, type } of client().models.list()) {
        ids.push(id);
        expect(type).toBe("model");
      }
      expect(ids).toContain("sim/echo");
      expect((await client().models.retrieve("sim/echo")).id).toBe("sim/echo");
      expect(await failureOf(client().models.retrieve("sim/nobody"))).toBeInstanceOf(Client.NotFoundError);
    });

    const refusals = [
      ["a wrong key", "AuthenticationError", 401, "authentication_error", "sk-ant-wrong", {}],
      ["an unknown model", "NotFoundError", 404, "not_found_error", undefined, { model: "nobody/nothing" }],
      ["a wrong type", "BadRequestError", 400, "invalid_request_error", undefined, { max_tokens: "many" }],
      ["no messages", "BadRequestError", 400, "invalid_request_error", undefined, { messages: [] }],
      [
        "a body that is too large",
        "APIError",
        413,
        "request_too_large",
        undefined,
        { messages: [{ role: "user", content: "x".repeat(11 << 20) }] },
      ],
    ] as const;
    for (const [what, kind, status, type, secret, params] of refusals) {
      for (const stream of [false, true]) {
        test(`${what} is a ${kind}, ${stream ? "streamed" : "whole"}`, async () => {
          const rowsBefore = await bridge.gateway.ledgerRows();
          const wrong = { model: "sim/echo", max_tokens: 99, messages: user, stream, ...params };
          const error = await failureOf(
            client(secret).messages.create(wrong as unknown as Anthropic.MessageCreateParamsNonStreaming),
          );
          expect(error).toBeInstanceOf(Client[kind]);
          expect(error.status).toBe(status);
          expect(error.requestID).toMatch(/^req_/);
          expect(error.error).toMatchObject({ type: "error", error: { type } });
          expect(await bridge.gateway.ledgerRows()).toHaveLength(rowsBefore.length);
        });
      }
    }
  });
}
