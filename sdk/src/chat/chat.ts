import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { Connection } from "../connection.ts";
import { GatewayUnavailable } from "../error.ts";
import { type ChatService, ReceiptSchema } from "../gen/pontage/v1/chat_pb.ts";
import type { CallOptions } from "../options.ts";
import { encodeRequest } from "./encode.ts";
import type { ChatParams } from "./params.ts";
import { ChatResult } from "./result.ts";
import { ChatStream } from "./stream.ts";
import { decodeUsageSource, type UsageFrom } from "./usage.ts";

/** The number of input tokens a request would have. */
export interface TokenCount {
  readonly inputTokens: number;
  /** Whether the provider counted or the gateway estimated, rounding up. */
  readonly source: UsageFrom;
}

/** Calls to models. */
export class Chat {
  readonly #connection: Connection;
  readonly #client: Client<typeof ChatService>;

  constructor(connection: Connection, client: Client<typeof ChatService>) {
    this.#connection = connection;
    this.#client = client;
  }

  /** Generates a whole answer. */
  async create(params: ChatParams, options: CallOptions = {}): Promise<ChatResult> {
    const request = encodeRequest(params);
    const answer = await this.#connection.unary((own) => this.#client.chat({ request }, own), options);
    const { reply, receipt } = answer.message;
    if (!reply) throw new GatewayUnavailable("The gateway answered without an answer.", { code: "EMPTY_ANSWER" });
    return new ChatResult(reply, receipt ?? create(ReceiptSchema), answer.headers);
  }

  /** Generates an answer and hands it over as it grows. The call is made when the stream is first used. */
  stream(params: ChatParams, options: CallOptions = {}): ChatStream {
    const request = encodeRequest(params);
    return new ChatStream(this.#connection, (stop, onHeader) => {
      const signal = options.signal ? AbortSignal.any([options.signal, stop]) : stop;
      return this.#connection.stream((own) => this.#client.streamChat({ request }, { ...own, onHeader }), {
        ...options,
        signal,
      });
    });
  }

  /** Counts the input tokens of a request without generating anything. */
  async countTokens(params: ChatParams, options: CallOptions = {}): Promise<TokenCount> {
    const request = encodeRequest(params);
    const { message } = await this.#connection.unary((own) => this.#client.countTokens({ request }, own), options);
    return { inputTokens: message.inputTokens, source: decodeUsageSource(message.source) };
  }
}
