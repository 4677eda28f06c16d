import type { JsonObject } from "@bufbuild/protobuf";
import type { EmbeddingReply } from "@pontage/gen/pontage/v1/embedding_pb.ts";
import type { GenerateEvent, GenerateReply } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { unfold } from "../canonical/fold.ts";
import type { Losses } from "../canonical/loss.ts";
import type { Codec, RequestHead } from "../dialects/dialect.ts";
import type { FrameWriter } from "../framing/framing.ts";

/** An answer, whole or as it grows. */
export type Reply = UnaryReply | VectorReply | StreamReply | CountReply;

/** What an answer says of itself. */
export interface ReplyNames {
  readonly id: string;
  readonly model: string;
  readonly createTimeSeconds: number;
}

/** A whole answer that knows which form it is in and changes form only when somebody asks. */
abstract class WholeReply<Value> {
  readonly #codec: Codec<unknown, Value>;
  readonly #raw: Buffer;
  readonly #wire: JsonObject | undefined;
  #value: Value | undefined;

  /** `wire` is what has been parsed of `raw`, by whoever had to. */
  constructor(codec: Codec<unknown, Value>, raw: Buffer, wire?: JsonObject) {
    this.#codec = codec;
    this.#raw = raw;
    this.#wire = wire;
  }

  value(): Value {
    this.#value ??= this.#codec.unary.decode(this.#wire ?? (JSON.parse(this.#raw.toString("utf8")) as JsonObject));
    return this.#value;
  }

  /** `unsaid` is for upstreams whose dialect does not say which answer it is, of which model, or when it was made. */
  bytes(door: Codec<unknown, Value>, losses: Losses, unsaid: ReplyNames, asked: RequestHead): Buffer {
    // A dialect at another host is another object that reads and writes the same.
    if (door.unary === this.#codec.unary) return this.#raw;
    return Buffer.from(JSON.stringify(door.unary.encode(this.named(unsaid), losses, asked)));
  }

  protected abstract named(unsaid: ReplyNames): Value;
}

/** A whole generated answer. */
export class UnaryReply extends WholeReply<GenerateReply> {
  readonly kind = "unary";

  protected named(unsaid: ReplyNames): GenerateReply {
    const value = this.value();
    return {
      ...value,
      id: value.id || unsaid.id,
      model: value.model || unsaid.model,
      createTimeSeconds: value.createTimeSeconds || BigInt(unsaid.createTimeSeconds),
    };
  }

  /** The same answer as a stream, for a client that asked for one and an upstream that sent none. */
  events(): readonly GenerateEvent[] {
    return unfold(this.value());
  }
}

/** Vectors. */
export class VectorReply extends WholeReply<EmbeddingReply> {
  readonly kind = "vectors";

  protected named(unsaid: ReplyNames): EmbeddingReply {
    const value = this.value();
    return { ...value, id: value.id || unsaid.id, model: value.model || unsaid.model };
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
