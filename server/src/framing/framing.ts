import type { Frame } from "./frame.ts";

/** How frames lie in a stream of bytes: server-sent events, lines of JSON, ... Pure, and the same for both sides. */
export interface Framing {
  /** The media type of such a stream, without parameters. */
  readonly mediaType: string;
  /** The same as the header of an answer says it: texts are in UTF-8. */
  readonly contentType: string;
  /** The headers of an answer in it, beside the media type: name, value, ... */
  readonly headers: readonly string[];
  /** Reads frames from bytes cut anywhere. */
  reader(onFrame: (frame: Frame) => void, options: FrameLimits): FrameReader;
  /** Hands frames on as the bytes they came in, and reads only those that hold a marker. */
  scanner(options: FrameScannerOptions): FrameScanner;
  /** Writes the frames of one stream. */
  writer(): FrameWriter;
}

/** What is needed of the framing in which an upstream's stream comes. */
export type ArrivingFraming = Pick<Framing, "mediaType" | "reader">;

export interface FrameLimits {
  /** The largest frame that is read. A larger one is `UPSTREAM_GARBAGE`: a frame is held until it is whole. */
  readonly maxFrameBytes: number;
}

export interface FrameReader {
  push(chunk: Uint8Array): void;
  /** The bytes are over. What is no whole frame is dropped; the answer says whether there was anything. */
  end(): { readonly leftOver: boolean };
}

export interface FrameScannerOptions extends FrameLimits {
  /** Byte sequences of which every frame that must be read holds at least one. */
  readonly markers: readonly string[];
  /** Takes whole frames, byte for byte as they came. */
  readonly onBytes: (bytes: Buffer) => void;
  /**
   * Takes a frame that holds a marker, before its bytes go to `onBytes`; all bytes of shown frames before it may go out
   * with it. `hide` keeps its bytes back for good, and another frame is written in its place.
   */
  readonly onMarked: (frame: Frame) => "show" | "hide" | Frame;
}

export interface FrameScanner {
  push(chunk: Buffer): void;
  /** The bytes are over. A frame that is not whole is never handed on; the answer says whether there was one. */
  end(): { readonly leftOver: boolean };
  /**
   * Whole events seen so far, hidden ones included and without the one that `onMarked` is reading. A frame without data, a
   * comment for example, is none.
   */
  readonly frameCount: number;
}

export interface FrameWriter {
  frame(frame: Frame): string | Buffer;
  /** Something every reader passes over; empty where the framing has no room for such a thing. */
  comment(text: string): string;
  /** What stands after the last frame. */
  end(): string;
}
