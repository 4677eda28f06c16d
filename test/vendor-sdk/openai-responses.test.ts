import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../gateway/gateway.ts";
import { errorAfter, inTurn, refuse, stuckAfter, stuckWhole } from "../simulators/behaviours.ts";
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

/* OpenAI's own client speaking Responses against the gateway. */

let bridge: Bridge;
let client: OpenAI;
beforeAll(async () => {
  bridge = await startBridge();
  client = new OpenAI({ baseURL: `${bridge.gateway.baseUrl}/v1`, apiKey: bridge.gateway.apiKey, maxRetries: 0 });
});
afterAll(() => bridge.stop());

type Item = OpenAI.Responses.ResponseInputItem;
type ApiError = InstanceType<typeof OpenAI.APIError>;

const user: Item[] = [{ role: "user", content: "Hello" }];
const tools: OpenAI.Responses.FunctionTool[] = [
  {
    type: "function",
    name: weather.name,
    description: weather.description,
    parameters: weather.schema,
    strict: false,
  },
];
const targetOf = (dialect: UpstreamDialect) => bridge.targets[dialect];
const failureOf = (call: Promise<unknown>): Promise<ApiError> =>
  call.then(
    () => {
      throw new Error("the call did not fail");
    },
    (error: ApiError) => error,
  );

const callsIn = (output: readonly OpenAI.Responses.ResponseOutputItem[]) =>
  output.filter((item): item is OpenAI.Responses.ResponseFunctionToolCall => item.type === "function_call");

const ask = (params: OpenAI.Responses.ResponseCreateParamsNonStreaming, streamed: boolean) =>
  streamed
    ? client.responses.stream(params as Parameters<typeof client.responses.stream>[0]).finalResponse()
    : client.responses.create(params);

for (const dialect of upstreamDialects) {
  describe(`openai's Responses to a ${dialect} upstream`, () => {
    for (const streamed of [false, true]) {
      const how = streamed ? "streamed" : "whole";

      test(`an answer, ${how}`, async () => {
        const model = targetOf(dialect).model({ text: poem });
        const answer = await ask({ model, input: user, instructions: "Be brief." }, streamed);
        expect(answer.output_text).toBe(poem);
        expect(answer.status).toBe("completed");
        expect(answer.usage).toMatchObject({ input_tokens: 21, output_tokens: 8, total_tokens: 29 });
        const [row] = await bridge.gateway.rowsOfModel(model.slice(model.indexOf("/") + 1));
        const { dialect: upstreamDialect } = targetOf(dialect).simulator;
        expect(row).toMatchObject({ outcome: "ok", doorDialect: "openai-responses", upstreamDialect });
      });

      test(`a function is called, ${how}, and its result answered`, async () => {
        const target = targetOf(dialect);
        const model = target.model(inTurn(oneCall, { text: "It rains." }));
        const first = await ask({ model, input: user, tools }, streamed);
        const [call] = callsIn(first.output);
        expect(call).toMatchObject({ call_id: "callAbc12", name: "weather" });
        expect(JSON.parse(call!.arguments)).toEqual({ city: "Bonn", days: 2 });
        const result: Item = { type: "function_call_output", call_id: call!.call_id, output: "4 °C, rain" };
        const second = await ask({ model, input: [...user, ...(first.output as Item[]), result], tools }, streamed);
        expect(second.output_text).toBe("It rains.");
        expect(callsAndResults(target.requestsFor(model)[1]!.wire)).toEqual({
          calls: [["callAbc12", "weather", { city: "Bonn", days: 2 }]],
          results: [["callAbc12", "4 °C, rain"]],
        });
      });

      test(`two functions are called at once, ${how}`, async () => {
        const model = targetOf(dialect).model(twoCalls);
        const { output } = await ask({ model, input: user, tools }, streamed);
        const calls = callsIn(output);
        expect(calls.map((call) => [call.call_id, JSON.parse(call.arguments)])).toEqual(
          twoCalls.calls.map(({ id, arguments: args }) => [id, args]),
        );
      });
    }

    for (const [status, kind, shown] of [
      [400, "BadRequestError", 400],
      [429, "RateLimitError", 429],
      [500, "InternalServerError", 500],
      [401, "InternalServerError", 502],
    ] as const) {
      test.concurrent(`status ${status} from upstream is a ${kind}`, async () => {
        const model = targetOf(dialect).model(refuse(status));
        for (const stream of [false, true]) {
          const error = await failureOf(client.responses.create({ model, input: user, stream }));
          expect(error).toBeInstanceOf(OpenAI[kind]);
          expect(error.status).toBe(shown);
          expect(error.requestID).toMatch(/^req_/);
        }
      });
    }

    test("an error in the middle of a stream is raised", async () => {
      const model = targetOf(dialect).model(errorAfter({ text: poem }, 5, 500));
      const events: string[] = [];
      const error = await failureOf(
        (async () => {
          for await (const { type } of await client.responses.create({ model, input: user, stream: true })) {
            events.push(type);
            if (type === "response.failed" || type === "error")
              throw new OpenAI.APIError(undefined, undefined, type, undefined);
          }
        })(),
      );
      expect(error).toBeInstanceOf(OpenAI.APIError);
      expect(events[0]).toBe("response.created");
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
        const call = client.responses.create({ model, input: user, stream }, { signal: abort.signal });
        if (stream) {
          for await (const _ of (await call) as AsyncIterable<unknown>) {
            abort.abort();
            break;
          }
        } else {
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
  });
}

describe("openai's Responses and the gate itself", () => {
  test("the simulated provider answers, whole and streamed", async () => {
    const whole = await ask({ model: "sim/echo", input: "Hello" }, false);
    expect(whole.output_text).toContain('You said: "Hello"');
    expect((await ask({ model: "sim/echo", input: "Hello" }, true)).output_text).toBe(whole.output_text);
  });

  test("a Responses body at the address of Chat is recognised and answered in kind", async () => {
    for (const stream of [false, true]) {
      const answer = await fetch(`${bridge.gateway.baseUrl}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${bridge.gateway.apiKey}` },
        body: JSON.stringify({ model: "sim/echo", input: "Hello", stream }),
      });
      expect(answer.status).toBe(200);
      const text = await answer.text();
      if (stream) expect(text).toContain("event: response.completed");
      else expect(JSON.parse(text)).toMatchObject({ object: "response", status: "completed" });
    }
  });

  for (const [what, status, params] of [
    ["an unknown model", 400, { model: "nobody/nothing" }],
    ["a wrong type", 400, { temperature: "warm" }],
    ["an answer of earlier, which a stateless upstream does not have", 400, { previous_response_id: "resp_1" }],
  ] as const) {
    test(`${what} is refused with ${status} and costs nothing`, async () => {
      const rowsBefore = await bridge.gateway.ledgerRows();
      const chatModel = targetOf("openai-chat").model({ text: poem });
      const wrong = { model: chatModel, input: user, ...params } as OpenAI.Responses.ResponseCreateParamsNonStreaming;
      const error = await failureOf(client.responses.create(wrong));
      expect(error.status).toBe(status);
      expect(await bridge.gateway.ledgerRows()).toHaveLength(rowsBefore.length);
    });
  }
});
