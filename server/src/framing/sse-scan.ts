import { Buffer } from "node:buffer";
import type { Frame } from "./frame.ts";
import { createSseReader, tooLarge } from "./sse.ts";

export interface SseScannerOptions {
  /** Byte sequences of which every frame that must be read holds at least one. */
  readonly markers: readonly string[];
  readonly maxFrameBytes: number;
  /** Takes whole frames, byte for byte as they came. */
  readonly onBytes: (bytes: Buffer) => void;
  /**
   * Takes a frame that holds a marker, before its bytes go to `onBytes`; all bytes of shown frames before it may go out
   * with it. `hide` keeps its bytes back for good.
   */
  readonly onMarked: (frame: Frame) => "show" | "hide";
}

export interface SseScanner {
  push(chunk: Buffer): void;
  /** The bytes are over. A frame that is not whole is never handed on; the answer says whether there was one. */
  end(): { readonly leftOver: boolean };
  /** Whole frames seen so far, hidden ones and comments included. */
  readonly frameCount: number;
  /** Bytes of the frame that is not whole yet. */
  readonly heldBytes: number;
}

/**
 * Hands server-sent events on as bytes, whole frames only, and reads no more of them than it must: a chunk that ends in a
 * blank line and holds no marker passes as the buffer it came in. The hot path of an answer that stays in its dialect.
 */
export function createSseScanner(options: SseScannerOptions): SseScanner {
  const { maxFrameBytes, onBytes, onMarked } = options;
  const markers = options.markers.map((marker) => Buffer.from(marker));
  let held: Buffer[] = [];
  let heldBytes = 0;
  let frameCount = 0;

  function hold(chunk: Buffer): void {
    heldBytes += chunk.length;
    if (heldBytes > maxFrameBytes) throw tooLarge(maxFrameBytes);
    held.push(chunk);
  }

  /** Hands on the frames of `bytes` that are whole; the rest is held. */
  function scan(bytes: Buffer, atEnd: boolean): void {
    const someMarked = holdsMarker(bytes, markers);
    let shownFrom = 0;
    let at = 0;
    let cr = bytes.indexOf(carriageReturn);
    for (;;) {
      if (cr !== -1 && cr < at) cr = bytes.indexOf(carriageReturn, at);
      const end = frameEnd(bytes, at, cr, atEnd);
      if (end === -1) break;
      if (someMarked) {
        const frameBytes = bytes.subarray(at, end);
        if (holdsMarker(frameBytes, markers) && read(frameBytes) === "hide") {
          if (at > shownFrom) onBytes(bytes.subarray(shownFrom, at));
          shownFrom = end;
        }
      }
      frameCount += 1;
      at = end;
    }
    if (at > shownFrom) onBytes(shownFrom === 0 && at === bytes.length ? bytes : bytes.subarray(shownFrom, at));
    if (at < bytes.length) hold(at === 0 ? bytes : bytes.subarray(at));
  }

  function read(bytes: Buffer): "show" | "hide" {
    let answer: "show" | "hide" = "show";
    const reader = createSseReader(
      (frame) => {
        answer = onMarked(frame);
      },
      { maxFrameBytes },
    );
    reader.push(bytes);
    return answer;
  }

  return {
    push(chunk) {
      if (chunk.length === 0) return;
      if (heldBytes === 0) return scan(chunk, false);
      // A frame that comes in many chunks is joined only when a line ends, so that its cost stays linear.
      if (!chunk.includes(lineFeed) && !chunk.includes(carriageReturn) && !endsInLineEnd(held.at(-1)!)) {
        return hold(chunk);
      }
      const bytes = Buffer.concat([...held, chunk], heldBytes + chunk.length);
      held = [];
      heldBytes = 0;
      scan(bytes, false);
    },
    end() {
      if (heldBytes > 0) {
        const bytes = Buffer.concat(held, heldBytes);
        held = [];
        heldBytes = 0;
        scan(bytes, true);
      }
      return { leftOver: heldBytes > 0 };
    },
    get frameCount() {
      return frameCount;
    },
    get heldBytes() {
      return heldBytes;
    },
  };
}

function holdsMarker(bytes: Buffer, markers: readonly Buffer[]): boolean {
  for (const marker of markers) if (bytes.indexOf(marker) !== -1) return true;
  return false;
}

/**
 * Where the frame that begins at `from` ends: after a line end that directly follows another. -1 when it is not whole.
 * `cr` is the first CR from there on, -1 for none: streams without any, which is nearly all, need one native search.
 * A last CR may be half of a CRLF, so such a frame counts as whole only when nothing more comes, or the line before
 * ended in a bare CR too.
 */
function frameEnd(bytes: Buffer, from: number, cr: number, atEnd: boolean): number {
  const blank = bytes.indexOf(twoLineFeeds, from);
  if (cr === -1 || (blank !== -1 && blank < cr)) return blank === -1 ? -1 : blank + 2;
  for (let at = cr === from ? cr : cr - 1; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte !== lineFeed && byte !== carriageReturn) continue;
    const next = byte === carriageReturn && bytes[at + 1] === lineFeed ? at + 2 : at + 1;
    if (next >= bytes.length) return -1;
    if (bytes[next] === lineFeed) return next + 1;
    if (bytes[next] === carriageReturn) {
      if (bytes[next + 1] === lineFeed) return next + 2;
      if (next + 1 < bytes.length || atEnd || byte === carriageReturn) return next + 1;
      return -1;
    }
    at = next - 1;
  }
  return -1;
}

function endsInLineEnd(bytes: Buffer): boolean {
  const last = bytes[bytes.length - 1];
  return last === lineFeed || last === carriageReturn;
}

const lineFeed = 10;
const carriageReturn = 13;
const twoLineFeeds = Buffer.from("\n\n");
