import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { anthropicMessages } from "./anthropic-messages.ts";
import { bedrockConverse } from "./bedrock-converse.ts";
import { cohereChat } from "./cohere-chat.ts";
import { gemini } from "./gemini.ts";
import { mistral } from "./mistral.ts";
import { ollamaChat } from "./ollama-chat.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiResponses } from "./openai-responses.ts";
import type { Asked, Script, Speech, SpeechName } from "./speech.ts";

const speeches: Readonly<Record<SpeechName, Speech>> = {
  "openai-chat": openaiChat,
  "openai-responses": openaiResponses,
  "anthropic-messages": anthropicMessages,
  gemini,
  "bedrock-converse": bedrockConverse,
  "cohere-chat": cohereChat,
  "ollama-chat": ollamaChat,
  mistral,
};

export const speechNames = Object.keys(speeches) as readonly SpeechName[];

/** A request as it arrived. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly arrivedAtMs: number;
  /** When the peer closed the connection before the answer was complete, on `performance.now()`. */
  readonly closedByPeerAtMs: number | undefined;
  /** Bytes of the answer that the socket has taken. */
  readonly sentBytes: number;
}

/** One request and the means to answer it. */
export interface Exchange {
  readonly received: Received;
  readonly wire: Readonly<Record<string, unknown>>;
  readonly asked: Asked;
  readonly streamed: boolean;
  readonly response: http.ServerResponse;
  readonly speech: Speech;
}

/** What a simulator does with a request. */
export type Behaviour = (exchange: Exchange) => void | Promise<void>;

/** An upstream in one wire format. What it does with a request follows from the model that is asked for. */
export interface Simulator {
  readonly name: SpeechName;
  readonly dialect: Speech["dialect"];
  readonly url: string;
  /** Every request, in the order of arrival. */
  readonly received: readonly Received[];
  /** A model of its own for one test, and what it does. Its name is returned. */
  model(behaviour: Behaviour | Script, options?: ModelOptions): string;
  /** The requests for a model. */
  requestsFor(model: string): readonly Received[];
  close(): Promise<void>;
}

export interface ModelOptions {
  /** Nothing is refused, as servers do that only look for what they know. */
  readonly takesAnything?: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export async function startSimulator(speechName: SpeechName): Promise<Simulator> {
  const speech = speeches[speechName];
  const received: Received[] = [];
  const behaviours = new Map<string, Behaviour>();
  const byModel = new Map<string, Received[]>();
  const tolerant = new Set<string>();

  const server = http.createServer(async (request, response) => {
    request.on("error", () => {});
    response.on("error", () => {});
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // the sender left in the middle of it
    }
    const record: Mutable<Received> = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks),
      arrivedAtMs: performance.now(),
      closedByPeerAtMs: undefined,
      sentBytes: 0,
    };
    received.push(record);
    const { socket } = response;
    const writtenBefore = socket?.bytesWritten ?? 0;
    Object.defineProperty(record, "sentBytes", {
      get: () => (socket?.bytesWritten ?? 0) - writtenBefore - (socket?.writableLength ?? 0),
    });
    response.on("close", () => {
      if (!response.writableFinished && !cutHere.has(response)) record.closedByPeerAtMs = performance.now();
    });
    if (record.method === "GET") return sendJson(response, 200, speech.modelList([...behaviours.keys()]));

    let wire: Record<string, unknown>;
    try {
      wire = JSON.parse(record.body.toString("utf8")) as Record<string, unknown>;
    } catch {
      return sendError(response, speech, 400, "That is not JSON.");
    }
    const asked = speech.asks(record.path.split("?")[0]!, wire);
    const model = asked?.model ?? String(wire.model);
    byModel.set(model, [...(byModel.get(model) ?? []), record]);
    const behaviour = behaviours.get(model);
    if (!asked || !behaviour) {
      return sendError(response, speech, 404, `The model \`${model}\` does not exist.`);
    }
    const refusal = tolerant.has(model) ? undefined : speech.refuses?.(wire, asked);
    if (refusal) return sendError(response, speech, refusal.status, refusal.message);
    await behaviour({ received: record, wire, asked, streamed: asked.streamed, response, speech });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    name: speech.name,
    dialect: speech.dialect,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    model(behaviour, { takesAnything = false } = {}) {
      const name = `${speechName}-${behaviours.size + 1}`;
      if (takesAnything) tolerant.add(name);
      behaviours.set(name, typeof behaviour === "function" ? behaviour : answer(behaviour));
      return name;
    },
    requestsFor: (model) => byModel.get(model) ?? [],
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers that the simulator broke off itself. */
const cutHere = new WeakSet<http.ServerResponse>();

export function cut(response: http.ServerResponse): void {
  cutHere.add(response);
  response.destroy();
}

export function sendJson(response: http.ServerResponse, status: number, value: object, headers = {}): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length, ...headers });
  response.end(body);
}

/** An error answer as the vendor writes it. */
export function sendError(
  response: http.ServerResponse,
  speech: Speech,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(response, status, speech.error(status, message), { ...speech.errorHeaders?.(status), ...headers });
}

/** A whole answer or a stream, as the request asks; a number where the request asks for one. */
export function answer(script: Script): Behaviour {
  return ({ wire, asked, response, speech }) => {
    if (asked.counting) return sendJson(response, 200, speech.count(script.usage?.input ?? 11));
    if (!asked.streamed) return sendJson(response, 200, speech.whole(script, wire));
    response.writeHead(200, { "content-type": speech.streamType });
    for (const frame of speech.frames(script, wire)) response.write(frame);
    response.end();
  };
}
