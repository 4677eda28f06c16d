import { Agent, type Dispatcher } from "undici";
import { expect } from "vitest";
import type { TestGateway } from "../gateway/gateway.ts";

/** A front door as a client sees it, with nothing of a vendor's library in between. */
export interface Door {
  readonly dialect: "openai-chat" | "anthropic-messages";
  readonly path: string;
  body(model: string, stream: boolean, more?: object): object;
  /** The words in a stream. */
  textIn(frames: readonly SseFrame[]): string;
  /** Whether a stream says of itself that it is complete. */
  endsCleanly(frames: readonly SseFrame[]): boolean;
  /** Whether the last frame is an error as this dialect writes it in a stream. */
  endsInError(frames: readonly SseFrame[]): boolean;
  /** Fails unless this is an error body of the dialect. Answers with its words. */
  errorIn(body: unknown): string;
}

export interface SseFrame {
  readonly event: string;
  readonly data: string;
}

const messages = [{ role: "user", content: "Hello" }];

export const doors: readonly Door[] = [
  {
    dialect: "openai-chat",
    path: "/v1/chat/completions",
    body: (model, stream, more) => ({ model, messages, stream, ...more }),
    textIn: (frames) =>
      frames
        .map(({ data }) => (data === "[DONE]" ? "" : (JSON.parse(data).choices?.[0]?.delta?.content ?? "")))
        .join(""),
    endsCleanly: (frames) => frames.some(({ data }) => data === "[DONE]"),
    endsInError: (frames) => {
      const last = frames.at(-1);
      return last?.event === "" && typeof parsed(last.data)?.error?.message === "string";
    },
    errorIn(body) {
      expect(body).toEqual({
        error: {
          message: expect.any(String),
          type: expect.any(String),
          param: expect.toSatisfy((param) => param === null || typeof param === "string"),
          code: expect.toSatisfy((code) => code === null || typeof code === "string"),
        },
      });
      return (body as { error: { message: string } }).error.message;
    },
  },
  {
    dialect: "anthropic-messages",
    path: "/v1/messages",
    body: (model, stream, more) => ({ model, messages, stream, max_tokens: 99, ...more }),
    textIn: (frames) =>
      frames
        .map(({ event, data }) => (event === "content_block_delta" ? (JSON.parse(data).delta.text ?? "") : ""))
        .join(""),
    endsCleanly: (frames) => frames.some(({ data }) => parsed(data)?.type === "message_stop"),
    endsInError: (frames) => {
      const last = frames.at(-1);
      return last?.event === "error" && typeof parsed(last.data)?.error?.message === "string";
    },
    errorIn(body) {
      expect(body).toEqual({
        type: "error",
        error: { type: expect.any(String), message: expect.any(String) },
        request_id: expect.stringMatching(/^req_/),
      });
      return (body as { error: { message: string } }).error.message;
    },
  },
];

function parsed(data: string): { type?: string; error?: { message?: unknown } } | undefined {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

/** The frames of a stream, read as the specification has it: a frame that no blank line ends is none. */
export function framesIn(text: string): SseFrame[] {
  return text
    .split(/\r?\n\r?\n/)
    .slice(0, -1)
    .map((block) => {
      const lines = block.split(/\r?\n/);
      const field = (name: string) =>
        lines.flatMap((line) => (line.startsWith(`${name}:`) ? line.slice(name.length + 1).replace(/^ /, "") : []));
      return { event: field("event").join(""), data: field("data").join("\n") };
    })
    .filter(({ event, data }) => event !== "" || data !== "");
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A client with a pool of connections, which takes answers as they are. */
export class HttpClient {
  readonly #gateway: TestGateway;
  readonly #agent: Agent;

  constructor(gateway: TestGateway, connections?: number) {
    this.#gateway = gateway;
    this.#agent = new Agent({ pipelining: 1, ...(connections && { connections }) });
  }

  async send(
    path: string,
    body: string | Buffer | AsyncIterable<Buffer> | null,
    { method = "POST", headers = {} }: { method?: string; headers?: Record<string, string | string[]> } = {},
  ): Promise<Answer> {
    const answer = await this.#agent.request({
      origin: this.#gateway.baseUrl,
      path,
      method: method as Dispatcher.HttpMethod,
      headers,
      body: body as string | Buffer | null,
    });
    const read = Buffer.from(await answer.body.arrayBuffer());
    return { status: answer.statusCode, headers: answer.headers as Record<string, string>, body: read };
  }

  /** A well-formed call. */
  call(door: Door, model: string, stream: boolean, more?: object, headers?: Record<string, string>): Promise<Answer> {
    return this.send(door.path, JSON.stringify(door.body(model, stream, more)), {
      headers: { "content-type": "application/json", authorization: `Bearer ${this.#gateway.apiKey}`, ...headers },
    });
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

export function jsonOf({ body }: Answer): unknown {
  return JSON.parse(body.toString("utf8"));
}

/** The request of a call, as bytes on a connection of HTTP/1.1. */
export function rawCall(gateway: TestGateway, door: Door, model: string, stream: boolean): string {
  const body = JSON.stringify(door.body(model, stream));
  return [
    `POST ${door.path} HTTP/1.1`,
    "host: localhost",
    `authorization: Bearer ${gateway.apiKey}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}
