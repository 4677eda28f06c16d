import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorAfter, refuse } from "../simulators/behaviours.ts";
import { type Bridge, poem, startBridge, upstreamDialects } from "./bridge.ts";
import { openaiVersions } from "./openai-versions.ts";

/* OpenAI's clients ask for older completions, of upstreams that have them and of those that only chat. */

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge();
});
afterAll(() => bridge.stop());

const prompt = "Once upon a time";

for (const { name, Client } of openaiVersions) {
  const client = (): OpenAI =>
    new Client({ baseURL: `${bridge.gateway.baseUrl}/v1`, apiKey: bridge.gateway.apiKey, maxRetries: 0 });
  type ApiError = InstanceType<typeof OpenAI.APIError>;
  const failureOf = (call: PromiseLike<unknown>): Promise<ApiError> =>
    Promise.resolve(call).then(
      () => {
        throw new Error("the call did not fail");
      },
      (error: ApiError) => error,
    );

  for (const dialect of upstreamDialects) {
    const isOwn = dialect === "openai-chat";

    describe(`${name} to a ${dialect} upstream`, () => {
      test("a whole text", async () => {
        const target = bridge.targets[dialect];
        const model = target.model({ text: poem });
        const answer = await client().completions.create({ model, prompt, max_tokens: 50 });
        expect(answer.object).toBe("text_completion");
        expect(answer.choices).toMatchObject([{ text: poem, index: 0, logprobs: null, finish_reason: "stop" }]);
        expect(answer.usage).toMatchObject({ prompt_tokens: 21, completion_tokens: 8, total_tokens: 29 });
        expect(JSON.stringify(target.requestsFor(model)[0]?.wire)).toContain(prompt);
        const rows = await bridge.gateway.rowsOfModel(model.slice(model.indexOf("/") + 1));
        const upstreamDialect = isOwn ? "openai-completions" : bridge.targets[dialect].simulator.dialect;
        expect(rows).toMatchObject([
          { outcome: "ok", inputTokens: 21n, outputTokens: 8n, doorDialect: "openai-completions", upstreamDialect },
        ]);
      });

      test("a stream, with its usage where it is asked for", async () => {
        const model = bridge.targets[dialect].model({ text: poem });
        for (const include_usage of [true, false]) {
          let text = "";
          const finishes: unknown[] = [];
          const usages: unknown[] = [];
          const asked = { model, prompt, stream: true as const, stream_options: { include_usage } };
          for await (const chunk of await client().completions.create(asked)) {
            text += chunk.choices[0]?.text ?? "";
            if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
            if (chunk.usage) usages.push(chunk.usage.total_tokens);
          }
          expect(text).toBe(poem);
          expect(finishes).toEqual(["stop"]);
          expect(usages).toEqual(include_usage ? [29] : []);
        }
      });

      test.each([
        ["suffix", { suffix: "The end." }],
        ["echo", { echo: true }],
        ["best_of", { best_of: 2 }],
        ["logprobs", { logprobs: 1 }],
        ["prompt", { prompt: [1, 2, 3] }],
        ["prompt", { prompt: ["One", "Two"] }],
      ] as const)("%s passes where it is known, and is refused by name where it is not: %j", async (param, more) => {
        const target = bridge.targets[dialect];
        const model = target.model({ text: poem });
        const call = client().completions.create({ model, prompt, ...(more as object) });
        if (isOwn) {
          expect((await call).choices[0]?.text).toBe(poem);
          expect(target.requestsFor(model)[0]?.wire).toMatchObject(more);
          return;
        }
        const error = await failureOf(call);
        expect(error.status).toBe(400);
        expect(error.param).toBe(param);
        expect(target.requestsFor(model)).toEqual([]);
      });

      test("an upstream's refusal, and an error in the middle of a stream", async () => {
        const busy = bridge.targets[dialect].model(refuse(429, {}, "the upstream's own words"));
        const refused = await failureOf(client().completions.create({ model: busy, prompt }));
        expect(refused.status).toBe(429);
        expect(refused.message).toContain("the upstream's own words");
        const broken = bridge.targets[dialect].model(errorAfter({ text: poem }, 3, 500));
        const failed = await failureOf(
          (async () => {
            for await (const _ of await client().completions.create({ model: broken, prompt, stream: true }));
          })(),
        );
        expect(failed.message).not.toBe("the call did not fail");
      });
    });
  }

  test(`${name} and the simulated provider`, async () => {
    const answer = await client().completions.create({ model: "sim/echo", prompt });
    expect(answer.choices[0]?.text).toContain(`You said: "${prompt}"`);
  });

  test.each([
    {},
    { prompt: 5 },
    { prompt: [] },
    { prompt: ["a", 1] },
    { prompt, max_tokens: "many" },
    { prompt, stop: [5] },
    { prompt, n: -1 },
    { prompt, stream_options: { include_usage: "yes" } },
  ])(`${name} hears what is wrong with %j`, async (wrong) => {
    const body = {
      model: "sim/echo",
      prompt: undefined,
      ...wrong,
    } as unknown as OpenAI.CompletionCreateParamsNonStreaming;
    const error = await failureOf(client().completions.create(body));
    expect(error.status).toBe(400);
    expect(error.param).toBeTruthy();
  });
}
