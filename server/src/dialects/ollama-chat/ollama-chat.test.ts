import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { Ollama } from "ollama";
import { expect, test } from "vitest";
import { GatewayError, Reason } from "../../canonical/error.ts";
import { fold } from "../../canonical/fold.ts";
import { LossReport } from "../../canonical/loss.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { ollamaChat } from "./index.ts";

const user = { role: "user", content: "Hello" };

function request(fields: JsonObject): JsonObject {
  return { model: "qwen3", messages: [user], ...fields };
}

function fromChat(fields: JsonObject, losses = new LossReport()): JsonObject {
  const context = { model: "qwen3", stream: true, askUsage: true, outputLimit: 4096, losses };
  return ollamaChat.request.encode(openaiChat.request.decode(request(fields)), context);
}

function toChat(fields: JsonObject, losses = new LossReport()): JsonObject {
  const context = { model: "gpt-5", stream: true, askUsage: true, outputLimit: 4096, losses };
  return openaiChat.request.encode(ollamaChat.request.decode(request(fields)), context);
}

function refused(attempt: () => unknown): GatewayError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof GatewayError) return error;
  }
  throw new Error("It was not refused.");
}

const line = (message: JsonObject, more: JsonObject = {}) => ({
  event: "",
  data: JSON.stringify({ model: "qwen3", created_at: "2025-11-20T10:00:00.5Z", message, done: false, ...more }),
});
const last = line({ role: "assistant", content: "" }, { done: true, done_reason: "stop", eval_count: 3 });

function eventsOf(...lines: ReturnType<typeof line>[]): GenerateEvent[] {
  const decoder = ollamaChat.stream.decoder();
  return [...lines.flatMap((frame) => decoder.push(frame)), ...decoder.end()];
}

const context = () => ({ showUsage: true, model: "m", id: "req_1", createTimeSeconds: 1, losses: new LossReport() });

test("a request streams unless it says otherwise", () => {
  expect(ollamaChat.request.head(request({})).stream).toBe(true);
  expect(ollamaChat.request.head(request({ stream: false })).stream).toBe(false);
  expect(fromChat({}).stream).toBe(true);
});

test("11: arguments are an object here and text on chat, and calls without an id get one that comes back", () => {
  const call = { function: { name: "look", arguments: { at: 1 } } };
  const messages: JsonObject[] = [
    user,
    { role: "assistant", tool_calls: [call, call] },
    { role: "tool", content: "1", tool_name: "look" },
  ];
  const chat = toChat({ messages }).messages as JsonObject[];
  const calls = chat[1]!.tool_calls as JsonObject[];
  const ids = calls.map(({ id }) => id);
  expect(new Set(ids).size).toBe(2);
  expect(chat[2]?.tool_call_id).toBe(ids[0]);
  expect(calls[0]?.function).toEqual({ name: "look", arguments: '{"at":1}' });
  // On the way back the id that was made up is not sent, and the name is found from the call.
  const back = fromChat({ messages: chat }).messages as JsonObject[];
  expect(back[1]?.tool_calls).toEqual([call, call]);
  expect(back[2]).toEqual({ role: "tool", content: "1", tool_name: "look" });
});

test("11: arguments that are no object are refused in a request and stay as they are in an answer", () => {
  const call = { id: "c", type: "function", function: { name: "look", arguments: '{"at":' } };
  const history = [user, { role: "assistant", content: null, tool_calls: [call] }];
  expect(
    refused(() => fromChat({ messages: [...history, { role: "tool", tool_call_id: "c", content: "1" }] })).param,
  ).toBe("messages[1].tool_calls[0]");
  const reply = openaiChat.unary.decode({ choices: [{ message: { tool_calls: [call] }, finish_reason: "length" }] });
  const answer = ollamaChat.unary.encode(reply, new LossReport());
  expect(answer).toMatchObject({
    done_reason: "length",
    message: { tool_calls: [{ function: { arguments: '{"at":' } }] },
  });
});

test("8: results stand in the order of their calls, and a result without a call is refused", () => {
  const call = (id: string) => ({ id, type: "function", function: { name: id, arguments: "{}" } });
  const result = (id: string) => ({ role: "tool", tool_call_id: id, content: id });
  const messages = [
    user,
    { role: "assistant", content: null, tool_calls: [call("a"), call("b")] },
    result("b"),
    result("a"),
  ];
  const written = fromChat({ messages }).messages as JsonObject[];
  expect(written.map(({ tool_name: name }) => name)).toEqual([undefined, undefined, "a", "b"]);
  const error = refused(() => fromChat({ messages: [user, result("x")] }));
  expect(error).toMatchObject({ reason: Reason.INVALID_ARGUMENT, param: "messages[1].content[0]" });
});

test("9: ids that the vendor gave come back, and those of other vendors are kept", () => {
  const reply = ollamaChat.unary.decode({
    message: { role: "assistant", tool_calls: [{ id: "call_x", function: { name: "f", arguments: {} } }] },
    done: true,
  });
  expect(reply.choices[0]?.parts[0]?.kind.value).toMatchObject({ id: "call_x", arguments: "{}" });
  expect(ollamaChat.unary.encode(reply, new LossReport()).message).toMatchObject({ tool_calls: [{ id: "call_x" }] });
});

test("9: a call of the same answer has the same id whole and streamed", () => {
  const message = { role: "assistant", content: "", tool_calls: [{ function: { name: "f", arguments: {} } }] };
  const streamed = fold(eventsOf(line(message), last));
  const whole = ollamaChat.unary.decode(JSON.parse(line(message, { done: true }).data) as JsonObject);
  expect(streamed.choices[0]?.parts).toEqual(whole.choices[0]?.parts);
});

test("14, 15: a forced call and one call at a time cannot be said; no call means no tools", () => {
  const tools = [{ type: "function", function: { name: "f" } }];
  expect(refused(() => fromChat({ tools, tool_choice: "required" }))).toMatchObject({
    reason: Reason.CANNOT_TRANSLATE,
    param: "tool_choice",
  });
  expect(refused(() => fromChat({ tools, parallel_tool_calls: false })).param).toBe("parallel_tool_calls");
  const losses = new LossReport();
  expect(fromChat({ tools, tool_choice: "none" }, losses)).not.toHaveProperty("tools");
  expect(losses.paths).toEqual(["tools"]);
});

test("13: a stop with calls waits for them", () => {
  const reply = ollamaChat.unary.decode({
    message: { role: "assistant", content: "", tool_calls: [{ function: { name: "f", arguments: {} } }] },
    done: true,
    done_reason: "stop",
  });
  expect(openaiChat.unary.encode(reply, new LossReport())).toMatchObject({
    choices: [{ finish_reason: "tool_calls" }],
  });
});

test("20: a call in pieces is said whole, with the words around it", () => {
  const message = {
    role: "assistant",
    content: "Well",
    thinking: "Hm",
    tool_calls: [{ function: { name: "f", arguments: {} } }],
  };
  const kinds = eventsOf(line(message), last).map(({ event }) => event.case);
  expect(kinds).toEqual([
    "opened",
    ...["partOpened", "partClosed", "partOpened", "partClosed", "partOpened", "partClosed"],
    "choiceFinished",
    "finished",
  ]);
});

test("22: thoughts are `thinking` here and `reasoning_content` on chat", () => {
  const reply = ollamaChat.unary.decode({
    message: { role: "assistant", thinking: "Hm", content: "Well" },
    done: true,
  });
  const chat = openaiChat.unary.encode(reply, new LossReport());
  expect(chat).toMatchObject({ choices: [{ message: { reasoning_content: "Hm", content: "Well" } }] });
});

test("21: thinking is off, on, or a level", () => {
  const thinks = ["none", "minimal", "high", "max"].map((effort) => fromChat({ reasoning_effort: effort }).think);
  expect(thinks).toEqual([false, "low", "high", "high"]);
  expect(toChat({ think: "high" }).reasoning_effort).toBe("high");
});

test("24: a signature of another vendor is not sent, and its loss is told", () => {
  const losses = new LossReport();
  const request = anthropicMessages.request.decode({
    model: "m",
    max_tokens: 10,
    messages: [
      user,
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm", signature: "c2ln" },
          { type: "text", text: "Hi" },
        ],
      },
      user,
    ],
  });
  const options = { model: "m", stream: false, askUsage: false, outputLimit: 1, losses };
  const written = ollamaChat.request.encode(request, options);
  expect((written.messages as JsonObject[])[1]).toEqual({ role: "assistant", content: "Hi", thinking: "Hm" });
  expect(losses.paths).toEqual(["messages[1].content[0].signature"]);
});

test("31, 32: stop strings and penalties are options; several answers cannot be said", () => {
  const options = { stop: ["END"], seed: 1, num_predict: 9, presence_penalty: 1 };
  expect(fromChat({ stop: "END", seed: 1, max_tokens: 9, presence_penalty: 1 }).options).toEqual(options);
  expect(refused(() => fromChat({ n: 2 })).param).toBe("n");
});

test("36: a schema is the format itself", () => {
  const schema = { type: "object", properties: {} };
  const losses = new LossReport();
  const format = { type: "json_schema", json_schema: { name: "a", schema } };
  expect(fromChat({ response_format: format }, losses).format).toEqual(schema);
  expect(losses.paths).toEqual(["response_format.json_schema.name"]);
  expect(fromChat({ response_format: { type: "json_object" } }).format).toBe("json");
  expect(toChat({ format: schema }).response_format).toMatchObject({ type: "json_schema", json_schema: { schema } });
});

test("40: an image is bare base64, whose kind is told by its first bytes; its URL cannot be said", () => {
  const image = (url: string) => [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }];
  const [message] = fromChat({ messages: image("data:image/png;base64,iVBORw0KGgo=") }).messages as JsonObject[];
  expect(message).toEqual({ role: "user", content: "", images: ["iVBORw0KGgo="] });
  expect(toChat({ messages: [message!] }).messages).toEqual(image("data:image/png;base64,iVBORw0KGgo="));
  const error = refused(() => fromChat({ messages: image("https://example.com/a.png") }));
  expect(error).toMatchObject({ reason: Reason.CANNOT_TRANSLATE, param: "messages[0].content[0]" });
});

test("5: no content is no text, and an answer without any is one", () => {
  const reply = ollamaChat.unary.decode({
    message: { role: "assistant", content: "" },
    done: true,
    done_reason: "stop",
  });
  expect(reply.choices[0]?.parts).toEqual([]);
  expect(fromChat({ messages: [user, { role: "assistant", content: null }, user] }).messages).toContainEqual({
    role: "assistant",
    content: "",
  });
});

test("6: texts that were said apart stay apart", () => {
  const content = [
    { type: "text", text: "One" },
    { type: "text", text: "Two" },
  ];
  expect(fromChat({ messages: [{ role: "user", content }] }).messages).toEqual([
    { role: "user", content: "One" },
    { role: "user", content: "Two" },
  ]);
});

test("usage: the count of the prompt is absent where the prompt was still in memory", () => {
  expect(ollamaChat.usage({ eval_count: 3 })).toMatchObject({ inputTokens: 0, outputTokens: 3 });
  expect(ollamaChat.usage({ done: true })).toBeUndefined();
});

test("errors are a text, and a stream that fails ends in a line that says so", () => {
  const decoded = ollamaChat.error.decode(404, {}, '{"error":"model \'x\' not found"}');
  expect(decoded).toMatchObject({ reason: Reason.UPSTREAM_REJECTED, status: 404, message: "model 'x' not found" });
  expect(ollamaChat.error.encode(decoded, "req_1")).toEqual({ status: 404, body: { error: "model 'x' not found" } });
  const { event } = eventsOf(line({ content: "A" }), { event: "", data: '{"error":"out of memory"}' }).at(-1)!;
  expect(event.case === "failed" && event.value.error?.message).toBe("out of memory");
});

async function served<Result>(type: string, body: string, status: number, use: (client: Ollama) => Promise<Result>) {
  const server = createServer((_, response) => response.writeHead(status, { "content-type": type }).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(new Ollama({ host: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const chatAnswer = openaiChat.unary.decode({
  id: "chatcmpl-1",
  created: 1_790_000_000,
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
  const body = JSON.stringify(ollamaChat.unary.encode(chatAnswer, new LossReport()));
  const answer = await served("application/json", body, 200, (client) => client.chat({ model: "m", messages: [user] }));
  expect(answer).toMatchObject({
    model: "gpt-5",
    done: true,
    done_reason: "stop",
    prompt_eval_count: 5,
    eval_count: 7,
    message: { content: "Well", thinking: "Hm", tool_calls: [{ function: { name: "f", arguments: { at: 1 } } }] },
  });
});

async function read(frames: readonly { readonly data: string }[]) {
  const body = frames.map(({ data }) => `${data}\n`).join("");
  const lines: { content: string; thinking: string; calls: number; done: boolean }[] = [];
  await served("application/x-ndjson", body, 200, async (client) => {
    for await (const { message, done } of await client.chat({ model: "m", messages: [user], stream: true })) {
      const { content, thinking = "", tool_calls: calls = [] } = message;
      lines.push({ content, thinking, calls: calls.length, done });
    }
  });
  return lines;
}

test("the vendor's library reads a stream, and is told when it fails", async () => {
  const message = { role: "assistant", tool_calls: [{ function: { name: "f", arguments: {} } }] };
  const events = eventsOf(
    line({ thinking: "Hm" }),
    line({ content: "We" }),
    line({ content: "ll" }),
    line(message),
    last,
  );
  const encode = (given: readonly GenerateEvent[]) => {
    const encoder = ollamaChat.stream.encoder(context());
    return given.flatMap((event) => encoder.push(event));
  };
  const lines = await read(encode(events));
  expect(lines.map(({ content }) => content).join("")).toBe("Well");
  expect(lines.map(({ thinking }) => thinking).join("")).toBe("Hm");
  expect(lines.map(({ calls }) => calls)).toEqual([0, 0, 0, 1, 0]);
  expect(lines.map(({ done }) => done)).toEqual([false, false, false, false, true]);
  await expect(read(encode(eventsOf(line({ content: "We" }))))).rejects.toThrow("The stream ended before");
});

test("the vendor's library raises an error with its status and text", async () => {
  const { status, body } = ollamaChat.error.encode(new GatewayError(Reason.MODEL_UNKNOWN, "No such model."), "req_1");
  const call = served("application/json", JSON.stringify(body), status, (client) =>
    client.chat({ model: "m", messages: [user] }),
  );
  await expect(call).rejects.toMatchObject({ message: "No such model.", status_code: 404 });
});
