import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type ErrorSchema, ErrorSchema as errorSchema } from "../gen/pontage/error/v1/error_pb.ts";
import { ReceiptSchema } from "../gen/pontage/v1/chat_pb.ts";
import { type GenerateEvent, GenerateEventSchema } from "../gen/pontage/v1/generate_pb.ts";

/** A real Connect server on a port of its own, with the handlers a test gives. */
export async function bootGateway(routes: (router: ConnectRouter) => void, protocol: "http/1.1" | "h2c" = "http/1.1") {
  const adapter = connectNodeAdapter({ routes });
  const server = protocol === "h2c" ? http2.createServer(adapter) : http.createServer(adapter);
  const sockets = new Set<import("node:net").Socket>();
  server.on("connection", (socket: import("node:net").Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    /** Breaks every connection, as a crash would. */
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A Connect error with our detail, as the gateway sends it. */
export function refusal(code: Code, detail: MessageInitShape<typeof ErrorSchema>, headers?: HeadersInit): ConnectError {
  const value = create(errorSchema, detail);
  return new ConnectError(value.message, code, headers, [{ desc: errorSchema, value }]);
}

type EventInit = NonNullable<MessageInitShape<typeof GenerateEventSchema>["event"]>;

function step(event: EventInit): GenerateEvent {
  return create(GenerateEventSchema, { event });
}

/** The steps of an answer made of one text, word by word. */
export function textSteps(words: readonly string[]): GenerateEvent[] {
  return [
    step({ case: "opened", value: { id: "gen_1", model: "echo" } }),
    step({ case: "partOpened", value: { part: { kind: { case: "text", value: { text: "" } } } } }),
    ...words.map((text) => step({ case: "partGrown", value: { delta: { case: "text", value: text } } })),
    step({ case: "partClosed", value: {} }),
    step({ case: "choiceFinished", value: { finishReason: 1, nativeFinishReason: "stop" } }),
    step({ case: "finished", value: { usage: { inputTokens: 9, outputTokens: words.length } } }),
  ];
}

/** The steps of an answer that thinks, then calls a function. */
export function toolSteps(): GenerateEvent[] {
  return [
    step({ case: "opened", value: { id: "gen_2", model: "tools" } }),
    step({ case: "partOpened", value: { part: { kind: { case: "reasoning", value: { text: "Let" } } } } }),
    step({ case: "partGrown", value: { delta: { case: "text", value: " me see." } } }),
    step({ case: "partGrown", value: { delta: { case: "signature", value: "c2ln" } } }),
    step({ case: "partClosed", value: {} }),
    step({
      case: "partOpened",
      value: { index: 1, part: { kind: { case: "toolCall", value: { id: "call_1", name: "weather" } } } },
    }),
    ...['{"ci', 'ty":"Bo', 'nn"}'].map((text) =>
      step({ case: "partGrown", value: { index: 1, delta: { case: "arguments", value: text } } }),
    ),
    step({ case: "partClosed", value: { index: 1 } }),
    step({ case: "choiceFinished", value: { finishReason: 5, nativeFinishReason: "tool_calls" } }),
    step({ case: "finished", value: { usage: { inputTokens: 20, outputTokens: 7, reasoningTokens: 4 } } }),
  ];
}

export const receipt = create(ReceiptSchema, {
  requestId: "req_1",
  provider: "sim",
  model: "echo",
  usage: { inputTokens: 9, outputTokens: 3 },
  usageSource: 1,
  costNanoUsd: 120_000n,
  priceVersion: "2026-11",
  attempts: 1,
});

/** Settles when the condition holds, and fails loudly when it never does. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export { Code };
