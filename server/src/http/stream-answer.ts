import type { GatewayError } from "../canonical/error.ts";
import type { Dialect } from "../dialects/dialect.ts";
import type { FrameWriter, Framing } from "../framing/framing.ts";
import type { Call } from "../pipeline/call.ts";
import { eventWriter } from "../pipeline/relay.ts";
import type { StreamReply, UnaryReply } from "../pipeline/reply.ts";
import type { Clock } from "../world.ts";
import { callHeaders, lossText, targetHeaders, usdText } from "./answer-headers.ts";
import type { HttpResponse } from "./listener.ts";
import { writeHead } from "./write-head.ts";

/** How long a client of a stream is waited for, and lets itself be waited for. */
export interface StreamLimits {
  /** A client that takes nothing for this long is cut off. */
  readonly stalledClientMs: number;
  /** A client that waits for the next event hears a comment this often, so that no proxy between gives up. */
  readonly keepAliveMs: number;
}

export interface StreamAnswerOptions {
  readonly response: HttpResponse;
  readonly call: Call;
  readonly dialect: Dialect;
  readonly framing: Framing;
  readonly limits: StreamLimits;
  readonly clock: Clock;
}

/**
 * The answer to a client that asked for a stream. When nothing has been said for a while it says so in a comment. An upstream
 * may think for long before its first word: then the head goes out without it, and what fails afterwards is told in the stream.
 */
export class StreamAnswer {
  readonly #options: StreamAnswerOptions;
  readonly #beat: NodeJS.Timeout;
  #lastWriteAtMs: number;
  #stalled: NodeJS.Timeout | undefined;
  /** How many losses the head has told of. */
  #lossesTold = 0;

  constructor(options: StreamAnswerOptions) {
    const { clock, limits, framing, response } = options;
    this.#options = options;
    this.#lastWriteAtMs = clock.monotonicMs();
    const comment = framing.writer().comment("keep-alive");
    this.#beat = setInterval(() => {
      // Where the framing has no comments, an early head would gain nothing.
      if (comment === "" || clock.monotonicMs() - this.#lastWriteAtMs < limits.keepAliveMs) return;
      this.#begin();
      response.write(comment);
    }, limits.keepAliveMs);
  }

  send(reply: StreamReply): void {
    const { response, clock, limits } = this.#options;
    this.#begin();
    response.on("drain", () => {
      clearTimeout(this.#stalled);
      reply.resume();
    });
    reply.attach({
      write: (piece) => {
        this.#lastWriteAtMs = clock.monotonicMs();
        const more = response.write(piece as Buffer | string);
        if (!more) {
          clearTimeout(this.#stalled);
          this.#stalled = setTimeout(() => response.destroy(), limits.stalledClientMs);
        }
        return more;
      },
      end: () => this.#finish(reply.writer!),
    });
  }

  /** The upstream sent a whole answer. */
  sendWhole(reply: UnaryReply): void {
    const { response, call, dialect, framing } = this.#options;
    const { model, showUsage, echo } = call.request!.head;
    const createTimeSeconds = Math.floor(call.startTimeMs / 1000);
    const writer = framing.writer();
    const context = { showUsage, echo, model, id: call.id, createTimeSeconds, losses: call.losses };
    const pieces = reply.events().flatMap(eventWriter(dialect, context, writer));
    this.#begin();
    for (const piece of pieces) response.write(piece as Buffer | string);
    this.#finish(writer);
  }

  /** Tells of a failure after the head. */
  fail(error: GatewayError): void {
    const { response, call, dialect, framing } = this.#options;
    const writer = framing.writer();
    response.write(writer.frame(dialect.error.frame(error, call.id)));
    this.#finish(writer);
  }

  stop(): void {
    clearInterval(this.#beat);
    clearTimeout(this.#stalled);
  }

  #begin(): void {
    const { response, call, framing, clock } = this.#options;
    const { target } = call;
    if (call.headIsOut) return;
    call.headIsOut = true;
    const { contentType, headers } = framing;
    writeHead(response, 200, [
      ...["content-type", contentType, ...headers],
      ...callHeaders(call, clock.monotonicMs()),
      ...(target ? targetHeaders(target.provider.name, target.model) : []),
    ]);
    this.#lossesTold = call.losses.paths.length;
  }

  #finish(writer: FrameWriter): void {
    const { response, call } = this.#options;
    this.stop();
    call.complete = true;
    response.end(ending(call, writer, this.#lossesTold));
  }
}

/**
 * What is known only at the end, after the last frame, as a comment, which every reader passes over: what the call cost, and
 * what was lost of the answer on the way. Then what ends the framing.
 */
function ending(call: Call, writer: FrameWriter, lossesTold: number): string {
  if (call.attempts.length === 0) return writer.end();
  const lost = call.losses.paths.slice(lossesTold);
  const loss = lost.length === 0 ? "" : ` loss=${lossText(lost, ",")}`;
  const cost = usdText(call.costNanoUsd);
  return writer.comment(`pontage request_id=${call.id} cost_usd=${cost}${loss}`) + writer.end();
}
