import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { errorFrom, type GatewayError } from "../canonical/error.ts";
import { failed } from "../canonical/events.ts";
import type { Usage } from "../canonical/usage.ts";
import type { Dialect, StreamContext } from "../dialects/dialect.ts";
import { createSseReader, writeSse } from "../framing/sse.ts";
import { createSseScanner } from "../framing/sse-scan.ts";
import type { Piece } from "./reply.ts";
import { type Speaker, toldBy } from "./upstream-errors.ts";

/** The largest frame that is held back until it is complete. An image may be inside. */
const maxFrameBytes = 32 * 1024 * 1024;

/** What a relay tells its attempt. */
export interface RelayListener {
  /** A piece for the client. */
  piece(piece: Piece): void;
  /**
   * The answer is over: complete, or with a `failure` that the upstream's own frames tell the client. Told before the last
   * piece, so that it can be written down first.
   */
  over(failure: GatewayError | undefined): void;
  /** The upstream failed, and the client has not been told. `pieces` would tell it. */
  failed(error: GatewayError, pieces: readonly Piece[]): void;
}

/** Carries an upstream's stream to the client, and reads the usage on the way. */
export interface Relay {
  push(chunk: Buffer): void;
  /** The upstream's bytes are over. */
  end(): void;
  /** The usage reported so far. */
  usage(): Usage | undefined;
  /** Frames read so far. */
  frames(): number;
}

/** Client and upstream speak the same dialect: whole frames pass as they came, and only those that matter are read. */
export function byteRelay(dialect: Dialect, hideUsage: boolean, upstream: Speaker, listener: RelayListener): Relay {
  const tally = dialect.stream.tally({ hideUsage });
  let told = false;
  const tell = () => {
    if (told) return;
    told = true;
    listener.over(tally.failure && toldBy(upstream, tally.failure));
  };
  const scanner = createSseScanner({
    markers: dialect.stream.markers,
    maxFrameBytes,
    onBytes: (bytes) => listener.piece(bytes),
    onMarked(frame) {
      const verdict = tally.read(frame);
      if (tally.ended) tell();
      if (!tally.failure) return verdict;
      // Failures are rare and told in the upstream's own words.
      const data = upstream.withoutSecrets(frame.data);
      const shown = data === frame.data ? frame : { event: frame.event, data };
      if (!told && scanner.frameCount === 0) {
        // It failed with its first word, so another attempt may follow.
        told = true;
        listener.failed(toldBy(upstream, tally.failure), [writeSse(shown)]);
        return "hide";
      }
      return shown === frame ? verdict : shown;
    },
  });
  return {
    push: (chunk) => scanner.push(chunk),
    end() {
      scanner.end();
      if (tally.ended || tally.failure) tell();
    },
    usage: () => tally.usage,
    frames: () => scanner.frameCount,
  };
}

/** The upstream's frames are decoded, and each event is written by `write`: as frames of another dialect, or as it is. */
export function eventRelay(
  dialect: Dialect,
  write: (event: GenerateEvent) => readonly Piece[],
  upstream: Speaker,
  listener: RelayListener,
): Relay {
  const decoder = dialect.stream.decoder();
  let usage: Usage | undefined;
  let frames = 0;
  let over = false;
  // What one read of the upstream's socket brings goes out in one write.
  let text = "";
  const hand = (piece: Piece) => {
    if (typeof piece === "string") text += piece;
    else listener.piece(piece);
  };
  const handText = () => {
    if (text === "") return;
    const whole = text;
    text = "";
    listener.piece(whole);
  };
  const take = (events: readonly GenerateEvent[]) => {
    for (const event of events) {
      if (over) return;
      const step = event.event;
      if (step.case === "opened") usage = step.value.usage ?? usage;
      if (step.case === "finished") {
        over = true;
        usage = step.value.usage ?? usage;
        listener.over(undefined);
      }
      if (step.case === "failed") {
        over = true;
        handText();
        const error = toldBy(upstream, errorFrom(step.value.error));
        listener.failed(error, write(failed(error)));
      } else {
        for (const piece of write(event)) hand(piece);
      }
    }
  };
  const reader = createSseReader(
    (frame) => {
      frames++;
      take(decoder.push(frame));
    },
    { maxFrameBytes },
  );
  return {
    push(chunk) {
      reader.push(chunk);
      handText();
    },
    end() {
      reader.end();
      take(decoder.end());
      handText();
    },
    usage: () => usage,
    frames: () => frames,
  };
}

/** How events are written for a client that speaks `door`. */
export function frameWriter(door: Dialect, context: StreamContext): (event: GenerateEvent) => readonly Piece[] {
  const encoder = door.stream.encoder(context);
  return (event) => {
    const frames = encoder.push(event);
    if (frames.length === 0) return [];
    let text = "";
    for (const frame of frames) text += writeSse(frame);
    return [text];
  };
}
