import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Reason } from "../gen/pontage/error/v1/error_pb.ts";
import { ChatService } from "../gen/pontage/v1/chat_pb.ts";
import { type GenerateEvent, GenerateEventSchema, type GenerateRequest } from "../gen/pontage/v1/generate_pb.ts";
import {
  Aborted,
  ConnectionFailed,
  InvalidRequest,
  Pontage,
  ProviderFailed,
  type StreamPart,
  Timeout,
} from "../index.ts";
import { nodeTransport } from "../node.ts";
import { bootGateway, Code, receipt, refusal, textSteps, toolSteps, until } from "../testing/gateway.ts";

const hello = { model: "sim/echo", messages: [{ role: "user", content: "Hello" }] } as const;

/** A gateway that streams these steps, then the receipt, and counts what happens to it. */
function streaming(steps: () => Iterable<GenerateEvent> | AsyncIterable<GenerateEvent>) {
  const seen = { calls: 0, cancelled: 0, requests: [] as (GenerateRequest | undefined)[] };
  const boot = (protocol?: "h2c") =>
    bootGateway((router) => {
      router.service(ChatService, {
        async *streamChat({ request }, context) {
          seen.calls++;
          seen.requests.push(request);
          let whole = false;
          context.signal.addEventListener("abort", () => {
            if (!whole) seen.cancelled++;
          });
          for await (const event of steps()) yield { item: { case: "event" as const, value: event } };
          whole = true;
          yield { item: { case: "receipt" as const, value: receipt } };
        },
      });
    }, protocol);
  return { seen, boot };
}

/** Steps without end, slow enough that a reader who leaves is noticed in the middle. */
async function* endless(): AsyncGenerator<GenerateEvent> {
  const [opened, part, grown] = textSteps(["word "]);
  yield opened!;
  yield part!;
  for (;;) {
    yield grown!;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function collect(stream: AsyncIterable<StreamPart>): Promise<StreamPart[]> {
  const parts: StreamPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

test("a text arrives word by word, and the receipt comes last", async () => {
  const { boot } = streaming(() => textSteps(["Hel", "lo ", "you"]));
  await using gateway = await boot();
  const pontage = new Pontage({ baseUrl: gateway.baseUrl });
  const parts = await collect(pontage.chat.stream(hello));
  expect(parts.map((part) => part.type)).toEqual(["start", "text", "text", "text", "finish", "receipt"]);
  expect(parts.flatMap((part) => (part.type === "text" ? [part.text] : []))).toEqual(["Hel", "lo ", "you"]);
  expect(parts.at(-1)).toMatchObject({ requestId: "req_1", usage: { outputTokens: 3, source: "provider" } });
});

test("a tool call is announced, grows, and comes whole; the answer can be sent back", async () => {
  const { seen, boot } = streaming(toolSteps);
  await using gateway = await boot();
  const pontage = new Pontage({ baseUrl: gateway.baseUrl });
  const stream = pontage.chat.stream(hello);
  const parts = await collect(stream);
  expect(parts.filter((part) => part.type.startsWith("tool-call")).map((part) => part.type)).toEqual([
    "tool-call-start",
    "tool-call-arguments",
    "tool-call-arguments",
    "tool-call-arguments",
    "tool-call",
  ]);
  const final = await stream.finalMessage();
  expect(final.finishReason).toBe("tool-calls");
  expect(final.toolCalls).toEqual([
    { type: "tool-call", id: "call_1", name: "weather", arguments: '{"city":"Bonn"}', input: { city: "Bonn" } },
  ]);
  expect(final.message.content[0]).toEqual({ type: "reasoning", text: "Let me see.", signature: "c2ln" });

  const result = { role: "tool", toolCallId: "call_1", content: "12 degrees" } as const;
  await pontage.chat.stream({ ...hello, messages: [...hello.messages, final.message, result] }).finalMessage();
  const sent = seen.requests.at(-1)!.messages;
  expect(sent[1]!.parts).toEqual(final.raw.reply.choices[0]!.parts);
  expect(sent[2]!.parts[0]!.kind).toMatchObject({ case: "toolResult", value: { toolCallId: "call_1", bare: true } });
});

const uses: Record<string, (stream: ReturnType<Pontage["chat"]["stream"]>) => Promise<string>> = {
  "finalMessage() alone": async (stream) => (await stream.finalMessage()).text,
  "finalText() twice": async (stream) => {
    await stream.finalText();
    return stream.finalText();
  },
  "iterate, then finalMessage()": async (stream) => {
    await collect(stream);
    return stream.finalText();
  },
  "finalMessage() first, then iterate": async (stream) => {
    const final = stream.finalText();
    const parts = await collect(stream);
    const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    expect(text).toBe(await final);
    return text;
  },
  "both, after the answer is complete": async (stream) => {
    await stream.finalMessage();
    const parts = await collect(stream);
    return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  },
  "usage() and cost() beside each other": async (stream) => {
    const [usage, cost, text] = await Promise.all([stream.usage(), stream.cost(), stream.finalText()]);
    expect(usage.inputTokens).toBe(9);
    expect(cost.nanoUsd).toBe(120_000n);
    return text;
  },
};
for (const [name, use] of Object.entries(uses)) {
  test(`${name}: one call, the whole text`, async () => {
    const { seen, boot } = streaming(() => textSteps(["Hel", "lo"]));
    await using gateway = await boot();
    expect(await use(new Pontage({ baseUrl: gateway.baseUrl }).chat.stream(hello))).toBe("Hello");
    expect(seen.calls).toBe(1);
  });
}

test("a stream that nobody uses makes no call, and cannot be iterated twice", async () => {
  const { seen, boot } = streaming(() => textSteps(["Hello"]));
  await using gateway = await boot();
  const pontage = new Pontage({ baseUrl: gateway.baseUrl });
  pontage.chat.stream(hello);
  const stream = pontage.chat.stream(hello);
  await collect(stream);
  expect(() => stream[Symbol.asyncIterator]()).toThrow(/iterated already/);
  expect(seen.calls).toBe(1);
});

const leaving: Record<string, (stream: ReturnType<Pontage["chat"]["stream"]>) => Promise<void>> = {
  break: async (stream) => {
    for await (const part of stream) if (part.type === "text") break;
  },
  throw: async (stream) => {
    const loop = async () => {
      for await (const part of stream) if (part.type === "text") throw new Error("enough");
    };
    await expect(loop()).rejects.toThrow("enough");
  },
  "abort()": async (stream) => {
    const loop = async () => {
      for await (const part of stream) if (part.type === "text") stream.abort();
    };
    await expect(loop()).rejects.toThrow(Aborted);
  },
};
for (const protocol of ["fetch", "connect", "grpc"] as const) {
  for (const [name, leave] of Object.entries(leaving)) {
    test(`${protocol}: leaving by ${name} cancels the stream on the server (S3)`, async () => {
      const { seen, boot } = streaming(endless);
      await using gateway = await boot(protocol === "fetch" ? undefined : "h2c");
      const { baseUrl } = gateway;
      const transport = protocol === "fetch" ? undefined : nodeTransport({ protocol, baseUrl });
      const stream = new Pontage({ baseUrl, transport }).chat.stream(hello);
      await leave(stream);
      await until("the server noticed", () => seen.cancelled === 1);
      await expect(stream.finalMessage()).rejects.toThrow(Aborted);
      expect(seen.calls).toBe(1);
    });
  }
}

test("leaving a raw stream cancels it on the server too", async () => {
  const { seen, boot } = streaming(endless);
  await using gateway = await boot();
  for await (const _ of new Pontage({ baseUrl: gateway.baseUrl }).raw.chat.streamChat({})) break;
  await until("the server noticed", () => seen.cancelled === 1);
});

test("the caller's signal aborts, and a signal that times out is a timeout", async () => {
  const { boot } = streaming(endless);
  await using gateway = await boot();
  const pontage = new Pontage({ baseUrl: gateway.baseUrl });
  const controller = new AbortController();
  const stream = pontage.chat.stream(hello, { signal: controller.signal });
  const loop = async () => {
    for await (const part of stream) if (part.type === "text") controller.abort();
  };
  await expect(loop()).rejects.toThrow(Aborted);
  await expect(pontage.chat.stream(hello, { signal: AbortSignal.timeout(50) }).finalText()).rejects.toThrow(Timeout);
});

test("silence longer than timeoutMs is a timeout, before the first step and after it, and is not retried", async () => {
  for (const stepsBefore of [0, 2]) {
    const { seen, boot } = streaming(async function* () {
      yield* textSteps(["a"]).slice(0, stepsBefore);
      await new Promise((resolve) => setTimeout(resolve, 30_000).unref());
    });
    await using gateway = await boot();
    const pontage = new Pontage({ baseUrl: gateway.baseUrl, timeoutMs: 100 });
    await expect(pontage.chat.stream(hello).finalMessage()).rejects.toThrow(Timeout);
    await until("the server noticed", () => seen.cancelled === 1);
    expect(seen.calls).toBe(1);
  }
});

test("a failure before the first step is retried; the answer is whole", async () => {
  let calls = 0;
  await using gateway = await bootGateway((router) => {
    router.service(ChatService, {
      async *streamChat() {
        calls++;
        if (calls < 3)
          throw refusal(Code.Unavailable, { reason: Reason.SHUTTING_DOWN, status: 503 }, { "retry-after-ms": "1" });
        for (const value of textSteps(["Hello"])) yield { item: { case: "event" as const, value } };
        yield { item: { case: "receipt" as const, value: receipt } };
      },
    });
  });
  expect(await new Pontage({ baseUrl: gateway.baseUrl }).chat.stream(hello).finalText()).toBe("Hello");
  expect(calls).toBe(3);
});

for (const stepsBefore of [1, 2, 3, 4, 5, 6]) {
  test(`a failure after step ${stepsBefore} is never retried, and never looks like an end (S1, S4)`, async () => {
    const { seen, boot } = streaming(function* () {
      yield* textSteps(["Hel", "lo"]).slice(0, stepsBefore);
      throw refusal(Code.Unavailable, { reason: Reason.UPSTREAM_TRUNCATED, status: 502 }, { "retry-after-ms": "1" });
    });
    await using gateway = await boot();
    await expect(collect(new Pontage({ baseUrl: gateway.baseUrl }).chat.stream(hello))).rejects.toThrow(ProviderFailed);
    expect(seen.calls).toBe(1);
  });
}

test("a connection that breaks in the middle is a failed connection", async () => {
  const { seen, boot } = streaming(endless);
  await using gateway = await boot();
  const stream = new Pontage({ baseUrl: gateway.baseUrl }).chat.stream(hello);
  const loop = async () => {
    for await (const part of stream) if (part.type === "text") gateway.cut();
  };
  await expect(loop()).rejects.toThrow(ConnectionFailed);
  expect(seen.calls).toBe(1);
});

test("a stream that just stops is not a whole answer", async () => {
  await using gateway = await bootGateway((router) => {
    router.service(ChatService, {
      async *streamChat() {
        for (const value of textSteps(["Hel"]).slice(0, 4)) yield { item: { case: "event" as const, value } };
      },
    });
  });
  const stream = new Pontage({ baseUrl: gateway.baseUrl }).chat.stream(hello);
  await expect(stream.finalMessage()).rejects.toThrow(/before the answer was complete/);
});

test("a failure inside the stream is thrown as what it is", async () => {
  const { boot } = streaming(function* () {
    yield* textSteps(["Hel"]).slice(0, 3);
    const error = { reason: Reason.UPSTREAM_REJECTED, message: "too long", status: 400, provider: "openai" };
    yield create(GenerateEventSchema, { event: { case: "failed", value: { error } } });
  });
  await using gateway = await boot();
  const failure = new Pontage({ baseUrl: gateway.baseUrl }).chat.stream(hello).finalMessage();
  await expect(failure).rejects.toThrow(InvalidRequest);
  await expect(failure).rejects.toMatchObject({ provider: "openai", code: "UPSTREAM_REJECTED", message: "too long" });
});
