import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { errorFrom, type GatewayError } from "../canonical/error.ts";
import { failed } from "../canonical/events.ts";
import type { Usage } from "../canonical/usage.ts";
import type { Dialect, StreamContext, Tally } from "../dialects/dialect.ts";
import type { Frame } from "../framing/frame.ts";
import type { ArrivingFraming, FrameWriter } from "../framing/framing.ts";
import type { Piece } from "./reply.ts";
import { type Speaker, toldBy } from "./upstream-errors.ts";

/** The largest frame that is held back until it is complete. An image may be inside. */
const maxFrameBytes = 32 * 1024 * 1024;

/** How a stream of an upstream's comes: as everywhere in its dialect, or as its host frames it. */
export function arrivingFraming({ stream }: Dialect): ArrivingFraming {
  return stream.arriving ?? stream.framing;
}

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
  /** Hands on what was kept back until the end is known, because it will not come. */
  flush(): void;
  /** The usage reported so far. */
  usage(): Usage | undefined;
  /** Frames read so far. */
  frames(): number;
  /** Something of the answer itself has been read, and not only the frames that open it. */
  hasBegun(): boolean;
  /** How the client is told of a failure that no frame of the upstream tells. */
  failing(error: GatewayError): readonly Piece[];
}

/** What a relay between two sides of one dialect needs. */
export interface PassingOptions {
  readonly dialect: Dialect;
  /** Keep back the frame that exists only because the gateway asked for usage. */
  readonly hideUsage: boolean;
  readonly writer: FrameWriter;
  readonly upstream: Speaker;
  readonly requestId: string;
}

/** Client and upstream speak the same dialect: whole frames pass as they came, and only those that matter are read. */
export function byteRelay(options: PassingOptions, listener: RelayListener): Relay {
  const { dialect } = options;
  const watch = new PassingWatch(options, listener);
  const scanner = dialect.stream.framing.scanner({
    markers: dialect.stream.markers,
    maxFrameBytes,
    onBytes: (bytes) => watch.hand(bytes),
    onMarked: (frame) => watch.judge(frame, scanner.frameCount),
  });
  return {
    push: (chunk) => scanner.push(chunk),
    end() {
      scanner.end();
      watch.end();
    },
    flush: () => watch.flush(),
    usage: () => watch.usage,
    frames: () => scanner.frameCount,
    hasBegun: () => scanner.frameCount > watch.openings,
    failing: (error) => watch.failing(error, scanner.frameCount),
  };
}

/** Client and upstream speak the same dialect in different framings: what the frames hold passes as it came. */
export function frameRelay(options: PassingOptions, listener: RelayListener): Relay {
  const { dialect, writer } = options;
  const watch = new PassingWatch(options, listener);
  let frames = 0;
  const reader = arrivingFraming(dialect).reader(
    (frame) => {
      const verdict = watch.judge(frame, frames++);
      if (verdict !== "hide") watch.hand(writer.frame(verdict === "show" ? frame : verdict));
    },
    { maxFrameBytes },
  );
  return {
    push: (chunk) => reader.push(chunk),
    end() {
      reader.end();
      watch.end();
    },
    flush: () => watch.flush(),
    usage: () => watch.usage,
    frames: () => frames,
    hasBegun: () => frames > watch.openings,
    failing: (error) => watch.failing(error, frames),
  };
}

/** Reads passing frames for what the gateway must know of them, and tells the listener when the answer is over. */
class PassingWatch {
  readonly #tally: Tally;
  readonly #options: PassingOptions;
  readonly #listener: RelayListener;
  /** Where only the end of the bytes is the end of the answer: the piece that may be the last one. */
  #held: Buffer | string | undefined;
  #told = false;

  constructor(options: PassingOptions, listener: RelayListener) {
    this.#tally = options.dialect.stream.tally({ hideUsage: options.hideUsage });
    this.#options = options;
    this.#listener = listener;
  }

  get usage(): Usage | undefined {
    return this.#tally.usage;
  }

  /** Frames so far that only open the answer. */
  get openings(): number {
    return this.#tally.openings ?? 0;
  }

  /** What becomes of a frame: it is shown, hidden, or shown in other words. */
  judge(frame: Frame, framesBefore: number): "show" | "hide" | Frame {
    const tally = this.#tally;
    const verdict = tally.read(frame);
    if (tally.ended && !this.#endsWithBytes) this.#tell();
    if (!tally.failure) return verdict;
    // Failures are rare and told in the upstream's own words.
    const { upstream, writer } = this.#options;
    const told = typeof verdict === "string" ? frame : verdict;
    const data = upstream.withoutSecrets(told.data);
    const shown = data === frame.data ? frame : { event: told.event, data };
    if (!this.#told && framesBefore === this.openings) {
      // It failed before it said anything, so another attempt may follow.
      this.#told = true;
      this.#listener.failed(toldBy(upstream, tally.failure), [writer.frame(shown)]);
      return "hide";
    }
    return shown === frame ? verdict : shown;
  }

  /** Hands a piece on; one that may be the last waits for what is written down before it. */
  hand(piece: Buffer | string): void {
    this.flush();
    if (this.#endsWithBytes && this.#tally.ended) this.#held = piece;
    else this.#listener.piece(piece);
  }

  flush(): void {
    const piece = this.#held;
    this.#held = undefined;
    if (piece !== undefined) this.#listener.piece(piece);
  }

  /** The upstream's bytes are over. */
  end(): void {
    if (this.#tally.ended || this.#tally.failure) this.#tell();
    this.flush();
  }

  failing(error: GatewayError, framesBefore: number): readonly Piece[] {
    const { dialect, writer, requestId } = this.#options;
    const frames = this.#tally.failing?.(error, framesBefore) ?? [dialect.error.frame(error, requestId)];
    return frames.map((frame) => writer.frame(frame));
  }

  get #endsWithBytes(): boolean {
    return this.#options.dialect.stream.endsWithBytes ?? false;
  }

  #tell(): void {
    if (this.#told) return;
    this.#told = true;
    const { failure } = this.#tally;
    this.#listener.over(failure && toldBy(this.#options.upstream, failure));
  }
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
  let begun = false;
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
      begun ||= step.case !== "opened" && step.case !== "failed";
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
  const reader = arrivingFraming(dialect).reader(
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
    flush() {},
    usage: () => usage,
    frames: () => frames,
    hasBegun: () => begun,
    failing: (error) => write(failed(error)),
  };
}

/** How events are written for a client that speaks `door`. */
export function eventWriter(
  door: Dialect,
  context: StreamContext,
  writer: FrameWriter,
): (event: GenerateEvent) => readonly Piece[] {
  const encoder = door.stream.encoder(context);
  return (event) => {
    const frames = encoder.push(event);
    if (frames.length === 0) return [];
    const pieces: Piece[] = [];
    let text = "";
    for (const frame of frames) {
      const written = writer.frame(frame);
      if (typeof written === "string") text += written;
      else pieces.push(written);
    }
    if (text !== "") pieces.push(text);
    return pieces;
  };
}
