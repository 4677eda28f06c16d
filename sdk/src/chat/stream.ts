import { create } from "@bufbuild/protobuf";
import type { Connection } from "../connection.ts";
import { Aborted, ConnectionFailed, GatewayUnavailable, type PontageError } from "../error.ts";
import { errorFromDetail } from "../error-from.ts";
import { type Receipt, ReceiptSchema, type StreamChatResponse } from "../gen/pontage/v1/chat_pb.ts";
import type { GenerateEvent } from "../gen/pontage/v1/generate_pb.ts";
import { Fold } from "./fold.ts";
import { decodePart, type Part } from "./part.ts";
import { ChatResult, decodeFinish, type Finish, type ChatResult as Result } from "./result.ts";
import { Cost, decodeUsage, type TokenUsage } from "./usage.ts";

/** Which answer, and which part of it, a step belongs to. */
interface Place {
  choice: number;
  index: number;
}

/** One step of a streamed answer. */
export type StreamPart =
  | { type: "start"; id: string; model: string }
  | ({ type: "text" | "reasoning" | "refusal"; text: string } & Place)
  /** The model begins to write a call. */
  | ({ type: "tool-call-start"; id: string; name: string } & Place)
  /** More of the call's arguments, as JSON text. */
  | ({ type: "tool-call-arguments"; arguments: string } & Place)
  /** The call is complete. */
  | ({ type: "tool-call"; id: string; name: string; arguments: string; input?: unknown } & Place)
  /** A part that is not text came whole: an image, audio, a piece of the provider's own. */
  | ({ type: "part"; part: Part } & Place)
  | { type: "finish"; choice: number; finishReason: Finish; nativeFinishReason: string }
  /** The last step. */
  | { type: "receipt"; requestId: string; usage: TokenUsage; cost: Cost };

/** Opens the underlying stream. Called once, when somebody first wants something of the answer. */
export type Open = (signal: AbortSignal, onHeaders: (headers: Headers) => void) => AsyncGenerator<StreamChatResponse>;

/**
 * An answer as it grows. Iterate over it, or wait for `finalMessage()`, or both in any order: one call is made, when the
 * first of them begins. Leaving the loop early cancels the model's work.
 */
export class ChatStream implements AsyncIterable<StreamPart> {
  readonly #open: Open;
  readonly #connection: Connection;
  readonly #stop = new AbortController();
  readonly #fold = new Fold();
  readonly #parts: StreamPart[] = []; // Steps nobody has taken yet; no longer than the answer itself.
  #headers = new Headers();
  #messages: AsyncGenerator<StreamChatResponse> | undefined;
  #complete = false; // `finished` was received; silence before it is not an ending.
  #receipt: Receipt | undefined;
  #step: Promise<void> | undefined;
  #result: Result | undefined;
  #error: PontageError | undefined;
  #iterated = false;

  constructor(connection: Connection, open: Open) {
    this.#connection = connection;
    this.#open = open;
  }

  [Symbol.asyncIterator](): AsyncGenerator<StreamPart, void, undefined> {
    if (this.#iterated)
      throw new TypeError("This stream has been iterated already. Its answer is in `finalMessage()`.");
    this.#iterated = true;
    return this.#iterate();
  }

  /** The whole answer, once it is complete. Throws what the stream throws. */
  async finalMessage(): Promise<Result> {
    while (!this.#result) {
      if (this.#error) throw this.#error;
      await this.#advance();
    }
    return this.#result;
  }

  /** The text of the whole answer. */
  async finalText(): Promise<string> {
    return (await this.finalMessage()).text;
  }

  /** What was consumed, once the answer is complete. */
  async usage(): Promise<TokenUsage> {
    return (await this.finalMessage()).usage;
  }

  /** What it cost, once the answer is complete. */
  async cost(): Promise<Cost> {
    return (await this.finalMessage()).cost;
  }

  /** Cancels the call, and the model's work with it. Whoever still waits gets {@link Aborted}. */
  abort(): void {
    this.#error ??= this.#result ? undefined : new Aborted("The stream was aborted.", { code: "ABORTED" });
    this.#stop.abort(this.#error);
  }

  async *#iterate(): AsyncGenerator<StreamPart, void, undefined> {
    try {
      for (;;) {
        const part = this.#parts.shift();
        if (part) yield part;
        else if (this.#error) throw this.#error;
        else if (this.#result) return;
        else await this.#advance();
      }
    } finally {
      this.abort(); // Does nothing when the answer is complete.
    }
  }

  /** Takes the next message. Everyone who waits shares one step, so nothing is read twice. Never throws. */
  #advance(): Promise<void> {
    this.#step ??= this.#read().finally(() => {
      this.#step = undefined;
    });
    return this.#step;
  }

  async #read(): Promise<void> {
    try {
      this.#messages ??= this.#open(this.#stop.signal, (headers) => {
        this.#headers = headers;
      });
      const next = await this.#messages.next();
      if (this.#error) return;
      if (next.done) this.#end();
      else this.#take(next.value);
    } catch (thrown) {
      this.#error ??= this.#connection.errorFrom(thrown);
      this.#stop.abort(this.#error);
    }
  }

  #end(): void {
    if (!this.#complete) {
      throw new ConnectionFailed("The stream ended before the answer was complete.", {
        code: "CONNECTION_FAILED",
        requestId: this.#headers.get("x-request-id") ?? undefined,
      });
    }
    this.#result = new ChatResult(this.#fold.reply, this.#receipt ?? create(ReceiptSchema), this.#headers);
  }

  #take({ item }: StreamChatResponse): void {
    if (item.case === "receipt") {
      this.#receipt = item.value;
      const { requestId, usage, usageSource } = item.value;
      const cost = new Cost(item.value);
      this.#parts.push({ type: "receipt", requestId, usage: decodeUsage(usage, usageSource), cost });
    } else if (item.case === "event") {
      this.#takeEvent(item.value);
    }
  }

  #takeEvent(step: GenerateEvent): void {
    const { event } = step;
    if (event.case === "failed") {
      const requestId = this.#headers.get("x-request-id") ?? undefined;
      if (event.value.error) throw errorFromDetail(event.value.error, this.#connection, { requestId });
      throw new GatewayUnavailable("The stream failed and did not say why.", { code: "UNKNOWN", requestId });
    }
    this.#fold.add(step);
    switch (event.case) {
      case "opened":
        this.#parts.push({ type: "start", id: event.value.id, model: event.value.model });
        break;
      case "partOpened":
        this.#begin({ choice: event.value.choice, index: event.value.index });
        break;
      case "partGrown": {
        const { choice, index, delta } = event.value;
        if (delta.case === "text") this.#grow({ choice, index }, delta.value);
        if (delta.case === "arguments" && delta.value !== "") {
          this.#parts.push({ type: "tool-call-arguments", arguments: delta.value, choice, index });
        }
        break;
      }
      case "partClosed":
        this.#close({ choice: event.value.choice, index: event.value.index });
        break;
      case "choiceFinished": {
        const { choice, finishReason, nativeFinishReason } = event.value;
        this.#parts.push({ type: "finish", choice, finishReason: decodeFinish(finishReason), nativeFinishReason });
        break;
      }
      case "finished":
        this.#complete = true;
        break;
    }
  }

  /** A part may already hold content when it opens. */
  #begin(place: Place): void {
    const { kind } = this.#fold.part(place.choice, place.index);
    if (kind.case === "text" || kind.case === "reasoning" || kind.case === "refusal")
      this.#grow(place, kind.value.text);
    if (kind.case !== "toolCall") return;
    this.#parts.push({ type: "tool-call-start", id: kind.value.id, name: kind.value.name, ...place });
    if (kind.value.arguments !== "") {
      this.#parts.push({ type: "tool-call-arguments", arguments: kind.value.arguments, ...place });
    }
  }

  #grow(place: Place, text: string): void {
    const { kind } = this.#fold.part(place.choice, place.index);
    if (text === "") return;
    if (kind.case === "text" || kind.case === "reasoning" || kind.case === "refusal") {
      this.#parts.push({ type: kind.case, text, ...place });
    }
  }

  #close(place: Place): void {
    const part = decodePart(this.#fold.part(place.choice, place.index));
    if (!part || part.type === "text" || part.type === "reasoning" || part.type === "refusal") return;
    if (part.type === "tool-call") {
      const { id, name, arguments: text, input } = part;
      this.#parts.push({ type: "tool-call", id, name, arguments: text, input, ...place });
    } else {
      this.#parts.push({ type: "part", part, ...place });
    }
  }
}
