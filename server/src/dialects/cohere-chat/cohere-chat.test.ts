import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import { CohereClientV2 } from "cohere-ai";
import { expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { fold, unfold } from "../../canonical/fold.ts";
import { LossReport } from "../../canonical/loss.ts";
import { writeSse } from "../../framing/sse.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { cohereChat } from "./index.ts";

const user = { role: "user" as const, content: "Hello" };

function fromChat(fields: JsonObject, losses = new LossReport()): JsonObject {
  const context = { model: "command-a", stream: true, askUsage: true, outputLimit: 4096, losses };
  return cohereChat.request.encode(openaiChat.request.decode({ model: "m", messages: [user], ...fields }), context);
}

function refused(attempt: () => unknown): GatewayError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof GatewayError) return error;
  }
  throw new Error("It was not refused.");
}

const tool = (name: string) => ({ type: "function", function: { name, parameters: { type: "object" } } });

test("14: a choice by name sends that tool alone and says that one must be called", () => {
  const losses = new LossReport();
  const tool_choice = { type: "function", function: { name: "b" } };
  const written = fromChat({ tools: [tool("a"), tool("b")], tool_choice }, losses);
  expect(written).toMatchObject({ tools: [tool("b")], tool_choice: "REQUIRED" });
  expect(losses.paths).toEqual(["tools"]);
  expect(fromChat({ tools: [tool("a")], tool_choice: "none" }).tool_choice).toBe("NONE");
  expect(fromChat({ tools: [tool("a")], tool_choice: "auto" })).not.toHaveProperty("tool_choice");
});

test("15, 30, 32: one call at a time, a temperature above 1 and several answers are refused by name", () => {
  expect(refused(() => fromChat({ parallel_tool_calls: false })).param).toBe("parallel_tool_calls");
  const losses = new LossReport();
  const tool_choice = { type: "function", function: { name: "b" } };
  fromChat({ tools: [tool("b")], tool_choice, parallel_tool_calls: false }, losses);
  expect(losses.paths).toEqual(["parallel_tool_calls"]);
  expect(refused(() => fromChat({ temperature: 1.5 })).param).toBe("temperature");
  expect(refused(() => fromChat({ n: 2 }))).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, param: "n" });
});

test("5, 13: an answer without content is one, and calls end it as such", () => {
  const call = { id: "f_1", type: "function", function: { name: "f", arguments: "{}" } };
  const wire = { id: "1", message: { role: "assistant", tool_calls: [call] }, finish_reason: "TOOL_CALL" };
  const chat = openaiChat.unary.encode(cohereChat.unary.decode(wire), new LossReport());
  const message = { content: null, tool_calls: [call] };
  expect(chat).toMatchObject({ choices: [{ message, finish_reason: "tool_calls" }] });
});

test("12, 20: arguments come in pieces, and stay short where the answer was cut", () => {
  const decoder = cohereChat.stream.decoder();
  const event = (type: string, message: JsonObject) => ({
    event: type,
    data: JSON.stringify({ type, index: 0, delta: { message } }),
  });
  const start = { id: "f_1", type: "function", function: { name: "f", arguments: "" } };
  const reply = fold(
    [
      event("tool-call-start", { tool_calls: start }),
      event("tool-call-delta", { tool_calls: { function: { arguments: '{"at' } } }),
      end({ finish_reason: "MAX_TOKENS" }),
    ].flatMap((frame) => decoder.push(frame)),
  );
  const chat = openaiChat.unary.encode(reply, new LossReport());
  const tool_calls = [{ id: "f_1", function: { name: "f", arguments: '{"at' } }];
  expect(chat).toMatchObject({ choices: [{ finish_reason: "length", message: { tool_calls } }] });
});

test("22: thoughts and the plan are `reasoning_content` on chat", () => {
  const content = [{ type: "thinking", thinking: "Hm. " }];
  const wire = { id: "1", message: { role: "assistant", content, tool_plan: "I look." }, finish_reason: "COMPLETE" };
  const chat = openaiChat.unary.encode(cohereChat.unary.decode(wire), new LossReport());
  expect(chat).toMatchObject({ choices: [{ message: { reasoning_content: "Hm. I look." } }] });
});

test("40: an image is a data URL, as on chat", () => {
  const content = [{ type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } }];
  expect(fromChat({ messages: [{ role: "user", content }] }).messages).toEqual([{ role: "user", content }]);
});

test("45: citations stay as they are in the dialect, and their loss is told elsewhere", () => {
  const citations = [{ start: 0, end: 4, text: "Well", sources: [] }];
  const content = [{ type: "text", text: "Well" }];
  const wire = { id: "1", message: { role: "assistant", content, citations }, finish_reason: "COMPLETE" };
  const losses = new LossReport();
  openaiChat.unary.encode(cohereChat.unary.decode(wire), losses);
  // A citation without a source says nothing elsewhere.
  expect(losses.paths).toEqual(["message.citations[0]"]);
  expect(cohereChat.unary.encode(cohereChat.unary.decode(wire), new LossReport())).toEqual(wire);
});

test("8: a result without a call is refused", () => {
  const messages = [user, { role: "tool", tool_call_id: "x", content: "1" }];
  expect(refused(() => fromChat({ messages })).reason).toBe(Reason.INVALID_ARGUMENT);
});

test("36: a schema is part of the JSON format", () => {
  const schema = { type: "object" };
  const format = { type: "json_schema", json_schema: { name: "a", schema } };
  expect(fromChat({ response_format: format }).response_format).toEqual({ type: "json_object", json_schema: schema });
});

test("31: a stop string that fired is told", () => {
  const wire = { id: "1", message: { role: "assistant" }, finish_reason: "STOP_SEQUENCE" };
  const chat = openaiChat.unary.encode(cohereChat.unary.decode(wire), new LossReport());
  expect(chat).toMatchObject({ choices: [{ finish_reason: "stop" }] });
});

test("usage is what the model read and wrote; the smaller number that is billed comes back beside it", () => {
  const usage = {
    billed_units: { input_tokens: 8, output_tokens: 50 },
    tokens: { input_tokens: 1394, output_tokens: 55, reasoning_tokens: 38 },
    cached_tokens: 1360,
  };
  expect(cohereChat.usage({ usage })).toMatchObject({
    inputTokens: 34,
    cacheReadTokens: 1360,
    outputTokens: 17,
    reasoningTokens: 38,
  });
  const wire = { id: "1", message: { role: "assistant" }, finish_reason: "COMPLETE", usage };
  expect(cohereChat.unary.encode(cohereChat.unary.decode(wire), new LossReport()).usage).toEqual(usage);
});

test("errors are an id and a text; too many tokens are a conversation that is too long", () => {
  const body = JSON.stringify({ error_type: "TOO_MANY_TOKENS", id: "1", message: "too many tokens" });
  const error = cohereChat.error.decode(400, {}, body);
  expect(error).toMatchObject({ code: "context_length_exceeded", message: "too many tokens", status: 400 });
  expect(cohereChat.error.encode(error, "req_1").body).toEqual({ id: "req_1", message: "too many tokens" });
});

const end = (delta: JsonObject) => ({ event: "message-end", data: JSON.stringify({ type: "message-end", delta }) });

test("48: a stream ends with its last event, whether or not `[DONE]` follows, and an ending in error is a failure", () => {
  const decoder = cohereChat.stream.decoder();
  expect(decoder.push(end({ finish_reason: "COMPLETE" })).at(-1)?.event.case).toBe("finished");
  expect([...decoder.push({ event: "", data: "[DONE]" }), ...decoder.end()]).toEqual([]);
  const failing = cohereChat.stream
    .decoder()
    .push(end({ finish_reason: "ERROR", error: "broken" }))
    .at(-1)!.event;
  expect(failing.case === "failed" && failing.value.error?.message).toBe("broken");
});

async function served<Result>(type: string, body: string, use: (client: CohereClientV2) => Promise<Result>) {
  const server = createServer((_, response) => response.writeHead(200, { "content-type": type }).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const environment = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await use(new CohereClientV2({ token: "none", environment, maxRetries: 0 }));
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const answer = openaiChat.unary.decode({
  id: "chatcmpl-1",
  model: "gpt-5",
  choices: [
    {
      message: {
        content: "Well",
        reasoning_content: "Hm",
        tool_calls: [{ id: "call_1", type: "function", function: { name: "f", arguments: '{"at":1}' } }],
      },
      finish_reason: "tool_calls",
    },
  ],
  usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
});

test("the vendor's library reads a whole answer of another provider's", async () => {
  const body = JSON.stringify(cohereChat.unary.encode(answer, new LossReport()));
  const read = await served("application/json", body, (client) => client.chat({ model: "m", messages: [user] }));
  expect(read).toMatchObject({
    id: "chatcmpl-1",
    finishReason: "TOOL_CALL",
    message: {
      content: [
        { type: "thinking", thinking: "Hm" },
        { type: "text", text: "Well" },
      ],
      toolCalls: [{ id: "call_1", function: { name: "f", arguments: '{"at":1}' } }],
    },
    usage: { tokens: { inputTokens: 5, outputTokens: 7 } },
  });
});

test("the vendor's library reads a stream of another provider's", async () => {
  const context = { showUsage: true, model: "m", id: "req_1", createTimeSeconds: 1, losses: new LossReport() };
  const encoder = cohereChat.stream.encoder(context);
  const frames = unfold(answer).flatMap((event) => encoder.push(event));
  const types: string[] = [];
  await served("text/event-stream", frames.map(writeSse).join(""), async (client) => {
    for await (const event of await client.chatStream({ model: "m", messages: [user] })) types.push(event.type);
  });
  expect(types).toEqual([
    "message-start",
    ...["content-start", "content-delta", "content-end", "content-start", "content-delta", "content-end"],
    ...["tool-call-start", "tool-call-end", "message-end"],
  ]);
});
