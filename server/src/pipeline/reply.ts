import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent, GenerateReply } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { unfold } from "../canonical/fold.ts";
import type { Losses } from "../canonical/loss.ts";
import type { Dialect } from "../dialects/dialect.ts";
import type { FrameWriter } from "../framing/framing.ts";

/** An answer, whole or as it grows. */
export type Reply = UnaryReply | StreamReply | CountReply;

/** What an answer says of itself. */
export interface ReplyNames {
  readonly id: string;
  readonly model: string;
  readonly createTimeSeconds: number;
}

/** A whole answer that knows which form it is in and changes form only when somebody asks. */
export class UnaryReply {
  readonly kind = "unary";
  readonly #dialect: Dialect;
  readonly #raw: Buffer;
  readonly #wire: JsonObject | undefined;
  #value: GenerateReply | undefined;

  /** `wire` is what has been parsed of `raw`, by whoever had to. */
  constructor(dialect: Dialect, raw: Buffer, wire?: JsonObject) {
    this.#dialect = dialect;
    this.#raw = raw;
    this.#wire = wire;
  }

  value(): GenerateReply {
    this.#value ??= this.#dialect.unary.decode(this.#wire ?? (JSON.parse(this.#raw.toString("utf8")) as JsonObject));
    return this.#value;
  }

  /** `unsaid` is for upstreams whose dialect does not say which answer it is, of which model, or when it was made. */
  bytes(door: Dialect, losses: Losses, unsaid: ReplyNames): Buffer {
    if (door.id === this.#dialect.id) return this.#raw;
    const value = this.value();
    const named = {
      ...value,
      id: value.id || unsaid.id,
      model: value.model || unsaid.model,
      createTimeSeconds: value.createTimeSeconds || BigInt(unsaid.createTimeSeconds),
    };
    return Buffer.from(JSON.stringify(door.unary.encode(named, losses)));
  }

  /** The same answer as a stream, for a client that asked for one and an upstream that sent none. */
  events(): readonly GenerateEvent[] {
    return unfold(this.value());
  }
}

/** The number of input tokens. */
export class CountReply {
  readonly kind = "count";
  readonly inputTokens: number;
  /** The gateway estimated it; the provider did not count. */
  readonly estimated: boolean;

  constructor(inputTokens: number, estimated: boolean) {
    this.inputTokens = inputTokens;
    this.estimated = estimated;
  }
}

/** What a stream hands on: bytes for a client that speaks a dialect, canonical events for an RPC. */
export type Piece = Buffer | string | GenerateEvent;

/** Where a stream flows to. */
export interface Sink {
  /** Takes a piece; `false` asks for a pause, until `resume()`. */
  write(piece: Piece): boolean;
  /** Everything, including an in-band error if there was one, has been written. */
  end(): void;
}

/** An answer as it grows. What comes before a sink is attached waits; it is at most what one read of a socket brings. */
export class StreamReply {
  readonly kind = "stream";
  /** Writes the frames of this stream for the client; undefined for an RPC. */
  readonly writer: FrameWriter | undefined;
  readonly #control: { pause(): void; resume(): void };
  readonly #waiting: Piece[] = [];
  #sink: Sink | undefined;
  /** How many promises what comes has to wait for. */
  #holds = 0;
  #over = false;
  #paused = false;

  constructor(control: { pause(): void; resume(): void }, writer: FrameWriter | undefined) {
    this.#control = control;
    this.writer = writer;
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.#drain();
  }

  /** Keeps what comes from now on back until the promise resolves. */
  hold(until: Promise<void>): void {
    this.#holds++;
    void until.then(() => {
      this.#holds--;
      this.#drain();
    });
  }

  /** The sink can take more. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#control.resume();
  }

  write(piece: Piece): void {
    if (!this.#sink || this.#holds > 0) {
      this.#waiting.push(piece);
    } else if (!this.#sink.write(piece) && !this.#paused && !this.#over) {
      this.#paused = true;
      this.#control.pause();
    }
  }

  end(): void {
    this.#over = true;
    this.#drain();
  }

  #drain(): void {
    if (!this.#sink || this.#holds > 0) return;
    for (const piece of this.#waiting.splice(0)) this.write(piece);
    if (this.#over) this.#sink.end();
  }
}
