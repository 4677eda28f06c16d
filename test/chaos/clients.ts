import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { maxOutputTokens, modelOf } from "./plan.ts";
import type { Random } from "./random.ts";

/** What a client knows of one request it made. */
export interface Heard {
  readonly number: number;
  readonly door: Door;
  readonly streamed: boolean;
  /** Of the answer's head; undefined when none came. */
  requestId: string | undefined;
  status: number;
  /** The last byte of a good answer arrived: of the body's full length, or of the stream's own terminator. */
  complete: boolean;
  /** The client went away on purpose. */
  abandoned: boolean;
}

type Door = "openai-chat" | "anthropic-messages";

/** How a stream of each dialect says that it is complete. */
const terminators: Readonly<Record<Door, RegExp>> = {
  "openai-chat": /data: \[DONE\]\n\n/,
  "anthropic-messages": /event: message_stop\ndata: [^\n]*\n\n/,
};

export interface LoadOptions {
  readonly origin: string;
  readonly apiKey: string;
  readonly clients: number;
  readonly random: Random;
  /** Called with every complete answer the moment its last byte is here. */
  readonly onComplete?: (heard: Heard) => void;
}

/** Clients that call as fast as they are answered, with new requests whenever an old one fails. */
export class Load {
  /** Every request that was made, in order; its number is its place, from 1. */
  readonly heard: Heard[] = [];
  readonly #options: LoadOptions;
  readonly #pool: Pool;
  readonly #running: Promise<void>[];
  #stopping = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#pool = new Pool(options.origin, {
      connections: options.clients,
      pipelining: 1,
      headersTimeout: 15_000,
      bodyTimeout: 15_000,
    });
    this.#running = Array.from({ length: options.clients }, () => this.#client(options.random.fork()));
  }

  get complete(): number {
    return this.heard.filter(({ complete }) => complete).length;
  }

  /** Starts no new request, and resolves when the running ones have ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
    await this.#pool.destroy();
  }

  async #client(random: Random): Promise<void> {
    while (!this.#stopping) {
      const heard: Heard = {
        number: this.heard.length + 1,
        door: random.chance(0.2) ? "anthropic-messages" : "openai-chat",
        streamed: random.chance(0.6),
        requestId: undefined,
        status: 0,
        complete: false,
        abandoned: false,
      };
      this.heard.push(heard);
      try {
        await this.#call(heard, random.chance(0.15) ? random.between(0, 60) : undefined);
      } catch {
        // The gateway was killed, or refused the connection. What counts is what was heard before.
        await sleep(random.between(20, 60));
      }
    }
  }

  /** Makes one request; leaves some time after its first byte when told to. */
  async #call(heard: Heard, leaveAfterMs: number | undefined): Promise<void> {
    const { apiKey, onComplete } = this.#options;
    const patience = new AbortController();
    const leave = () => {
      heard.abandoned = true;
      patience.abort();
    };
    // One who waits for a whole answer leaves before its first byte.
    let leaving = leaveAfterMs !== undefined && !heard.streamed ? setTimeout(leave, leaveAfterMs) : undefined;
    try {
      const { statusCode, headers, body } = await this.#pool.request({
        method: "POST",
        path: heard.door === "openai-chat" ? "/v1/chat/completions" : "/v1/messages",
        headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
        body: JSON.stringify({
          model: `openai/${modelOf(heard.number)}`,
          messages: [{ role: "user", content: "Say some words." }],
          max_tokens: maxOutputTokens,
          ...(heard.streamed && { stream: true }),
          ...(heard.streamed &&
            heard.door === "openai-chat" &&
            heard.number % 2 === 0 && { stream_options: { include_usage: true } }),
        }),
        signal: patience.signal,
      });
      heard.status = statusCode;
      heard.requestId = headers["x-request-id"] as string | undefined;
      if (leaveAfterMs !== undefined && heard.streamed) leaving = setTimeout(leave, leaveAfterMs);
      const completed = () => {
        if (statusCode !== 200 || heard.complete) return;
        heard.complete = true;
        onComplete?.(heard);
      };
      let text = "";
      for await (const chunk of body.setEncoding("utf8")) {
        text += chunk;
        if (heard.streamed && terminators[heard.door].test(text)) completed();
      }
      if (!heard.streamed && statusCode === 200) {
        JSON.parse(text);
        completed();
      }
    } finally {
      clearTimeout(leaving);
    }
  }
}
