import {
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  type ContentBlock,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  type Message,
} from "@aws-sdk/client-bedrock-runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorAfter, inTurn } from "../simulators/behaviours.ts";
import { type Bridge, callsAndResults, oneCall, poem, startBridge, upstreamDialects, weather } from "./bridge.ts";

/* AWS's own client against the gateway: nothing about it is changed but the address and the key. */

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge();
});
afterAll(() => bridge.stop());

const client = (token = bridge.gateway.apiKey) =>
  new BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: bridge.gateway.baseUrl,
    token: { token },
    authSchemePreference: ["httpBearerAuth"],
    maxAttempts: 1,
  });

const user: Message = { role: "user", content: [{ text: "Hello" }] };
const toolConfig = {
  tools: [
    { toolSpec: { name: weather.name, description: weather.description, inputSchema: { json: weather.schema } } },
  ],
};
const wordsIn = (content: readonly ContentBlock[] = []) => content.map(({ text }) => text ?? "").join("");

const failureOf = (call: Promise<unknown>): Promise<BedrockRuntimeServiceException> =>
  call.then(
    () => {
      throw new Error("the call did not fail");
    },
    (error: BedrockRuntimeServiceException) => error,
  );

describe.each(upstreamDialects)("Converse to %s", (dialect) => {
  test("whole", async () => {
    const modelId = bridge.targets[dialect].model({ text: poem });
    const { output, stopReason, usage } = await client().send(new ConverseCommand({ modelId, messages: [user] }));
    expect(wordsIn(output?.message?.content)).toBe(poem);
    expect(stopReason).toBe("end_turn");
    expect(usage?.totalTokens).toBeGreaterThan(0);
  });

  test("streamed", async () => {
    const modelId = bridge.targets[dialect].model({ text: poem });
    const { stream } = await client().send(new ConverseStreamCommand({ modelId, messages: [user] }));
    let words = "";
    const names: string[] = [];
    for await (const event of stream!) {
      words += event.contentBlockDelta?.delta?.text ?? "";
      names.push(Object.keys(event)[0]!);
    }
    expect(words).toBe(poem);
    expect(names[0]).toBe("messageStart");
    expect(names.slice(-2)).toEqual(["messageStop", "metadata"]);
  });

  test("a call and its result", async () => {
    const target = bridge.targets[dialect];
    const modelId = target.model(inTurn(oneCall, { text: "It rains." }));
    const asked = await client().send(new ConverseCommand({ modelId, messages: [user], toolConfig }));
    expect(asked.stopReason).toBe("tool_use");
    const message = asked.output!.message!;
    const call = message.content!.find(({ toolUse }) => toolUse)!.toolUse!;
    expect(call).toMatchObject({ name: "weather", input: { city: "Bonn", days: 2 } });
    const result = { toolResult: { toolUseId: call.toolUseId!, content: [{ text: "Rain." }] } };
    const messages: Message[] = [user, message, { role: "user", content: [result] }];
    const answered = await client().send(new ConverseCommand({ modelId, messages, toolConfig }));
    expect(wordsIn(answered.output?.message?.content)).toBe("It rains.");
    const { calls, results } = callsAndResults(target.requestsFor(modelId).at(-1)!.wire);
    expect(calls).toHaveLength(1);
    expect(results).toHaveLength(1);
  });

  test("an error in the middle of a stream is an exception, and never an end", async () => {
    const modelId = bridge.targets[dialect].model(errorAfter({ text: poem }, 6, 500));
    const { stream } = await client().send(new ConverseStreamCommand({ modelId, messages: [user] }));
    const names: string[] = [];
    const failure = await failureOf(
      (async () => {
        for await (const event of stream!) names.push(Object.keys(event)[0]!);
      })(),
    );
    expect(failure.name).toMatch(/Exception$/);
    expect(names).not.toContain("messageStop");
  });
});

test("it counts", async () => {
  const input = { converse: { messages: [user] } };
  const { inputTokens } = await client().send(new CountTokensCommand({ modelId: "sim/echo", input }));
  expect(inputTokens).toBeGreaterThan(0);
});

test("a model that is not there is AWS's own kind of error", async () => {
  const failure = await failureOf(client().send(new ConverseCommand({ modelId: "no/such", messages: [user] })));
  expect(failure.name).toBe("ResourceNotFoundException");
  expect(failure.$metadata.httpStatusCode).toBe(404);
});

test("so is a key that is wrong", async () => {
  const failure = await failureOf(
    client("sk-pt-wrong").send(new ConverseCommand({ modelId: "sim/echo", messages: [user] })),
  );
  expect(failure).toBeInstanceOf(BedrockRuntimeServiceException);
  expect([401, 403]).toContain(failure.$metadata.httpStatusCode);
});
