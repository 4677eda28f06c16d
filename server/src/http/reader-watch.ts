import type http from "node:http";
import http2 from "node:http2";
import { createContextKey } from "@connectrpc/connect";
import type { Clock } from "../world.ts";

/** Ends the connection an RPC came in by, or over HTTP/2 its stream. A handler cannot: it sees neither. */
export const cutOff = createContextKey<() => void>(() => {}, { description: "ends the RPC's connection" });

export function cutter(request: http.IncomingMessage | http2.Http2ServerRequest): () => void {
  return () => {
    if ("stream" in request) {
      request.stream.close(http2.constants.NGHTTP2_CANCEL);
      // Without waiting until the rest has been written, which nobody takes.
      request.stream.destroy();
    } else {
      request.socket.destroy();
    }
  };
}

/** Watches over a reader that is handed one thing after the other: one that takes nothing for too long is cut off. */
export class ReaderWatch {
  readonly #clock: Clock;
  readonly #stalledMs: number;
  readonly #cut: () => void;
  /** Since when the reader has not taken what it was handed; infinity when it has nothing to take. */
  #handedAtMs = Number.POSITIVE_INFINITY;
  /** One timer for many things handed: it looks when the oldest could have been waiting for too long. */
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, stalledMs: number, cut: () => void) {
    this.#clock = clock;
    this.#stalledMs = stalledMs;
    this.#cut = cut;
  }

  handed(): void {
    this.#handedAtMs = this.#clock.monotonicMs();
    this.#timer ??= setTimeout(this.#check, this.#stalledMs);
  }

  taken(): void {
    this.#handedAtMs = Number.POSITIVE_INFINITY;
  }

  /** Nothing more will be handed. A reader that still has to take something is not free: its connection is still open. */
  end(): void {
    if (this.#handedAtMs === Number.POSITIVE_INFINITY) clearTimeout(this.#timer);
  }

  readonly #check = (): void => {
    this.#timer = undefined;
    if (this.#handedAtMs === Number.POSITIVE_INFINITY) return;
    const leftMs = this.#stalledMs - (this.#clock.monotonicMs() - this.#handedAtMs);
    if (leftMs > 0) this.#timer = setTimeout(this.#check, leftMs);
    else this.#cut();
  };
}
