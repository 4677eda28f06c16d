import { Buffer } from "node:buffer";
import type { FrameScanner, FrameScannerOptions } from "./framing.ts";
import { anyOf, indexOf } from "./marker.ts";
import { createSseTextReader, type SseOptions, tooLarge, writeSse } from "./sse.ts";

export interface SseScanner extends FrameScanner {
  /** Bytes of the frame that is not whole yet. */
  readonly heldBytes: number;
}

/**
 * Hands server-sent events on as bytes, whole frames only, and reads no more of them than it must: a chunk that ends in a
 * blank line and holds no marker passes as the buffer it came in. The hot path of an answer that stays in its dialect.
 */
export function createSseScanner(options: FrameScannerOptions & SseOptions): SseScanner {
  const { onBytes, onMarked, maxFrameBytes, takesBareJson = false } = options;
  const marker = anyOf(options.markers);
  let held: Buffer[] = [];

  function hold(chunk: Buffer): void {
    scanner.heldBytes += chunk.length;
    if (scanner.heldBytes > maxFrameBytes) throw tooLarge(maxFrameBytes);
    held.push(chunk);
  }

  function takeHeld(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([...held, chunk], scanner.heldBytes + chunk.length);
    held = [];
    scanner.heldBytes = 0;
    return bytes;
  }

  /** Hands on the frames of `bytes` that are whole; the rest is held. */
  function scan(bytes: Buffer, atEnd: boolean): void {
    // One character for each byte: searching a string is several times cheaper than searching a buffer.
    const text = bytes.toString("latin1");
    let nextMarker = indexOf(marker, text, 0);
    const hasCr = text.includes("\r");
    let shownFrom = 0;
    let at = 0;
    for (;;) {
      const end = hasCr ? frameEndWithCr(text, at, atEnd) : text.indexOf("\n\n", at) + 2;
      if (end < 2) break;
      if (nextMarker < end) {
        const dataEnd = endOfOnlyLine(text, at, end, hasCr);
        const verdict =
          dataEnd === -1
            ? read(bytes.subarray(at, end))
            : onMarked({ event: "", data: bytes.toString("utf8", at + dataPrefix.length, dataEnd) });
        if (verdict !== "show") {
          if (at > shownFrom) onBytes(bytes.subarray(shownFrom, at));
          if (verdict !== "hide") onBytes(Buffer.from(writeSse(verdict)));
          shownFrom = end;
        }
        nextMarker = indexOf(marker, text, end);
      }
      if (hasData(text, at, end) || (takesBareJson && text[at] === "{")) scanner.frameCount += 1;
      at = end;
      if (at === bytes.length) break;
    }
    if (at > shownFrom) onBytes(shownFrom === 0 && at === bytes.length ? bytes : bytes.subarray(shownFrom, at));
    if (at < bytes.length) hold(at === 0 ? bytes : bytes.subarray(at));
  }

  function read(bytes: Buffer): ReturnType<typeof onMarked> {
    let answer: ReturnType<typeof onMarked> = "show";
    // A whole frame holds whole characters.
    const reader = createSseTextReader(
      (frame) => {
        answer = onMarked(frame);
      },
      { maxFrameBytes, takesBareJson },
    );
    reader.read(bytes.toString("utf8"));
    reader.end();
    return answer;
  }

  // Fields and not getters: an object literal with a getter gets a hidden class of its own, which outlives it.
  const scanner = {
    frameCount: 0,
    heldBytes: 0,
    push(chunk: Buffer) {
      if (chunk.length === 0) return;
      if (scanner.heldBytes === 0) {
        scan(chunk, false);
        return;
      }
      // A frame that comes in many chunks is joined only when a line ends, so that its cost stays linear.
      const endsLine = chunk.includes(lineFeed) || chunk.includes(carriageReturn) || endsInLineEnd(held.at(-1)!);
      if (endsLine) scan(takeHeld(chunk), false);
      else hold(chunk);
    },
    end() {
      if (scanner.heldBytes > 0) scan(takeHeld(Buffer.alloc(0)), true);
      if (scanner.heldBytes > 0 && takesBareJson && held[0]![0] === openingBrace) {
        // Bare JSON needs no blank line after it.
        const bytes = takeHeld(Buffer.alloc(0));
        scanner.frameCount += 1;
        if (read(bytes) === "show") onBytes(bytes);
      }
      return { leftOver: scanner.heldBytes > 0 };
    },
  };
  return scanner;
}

const dataPrefix = "data: ";

/** Where the data ends of a frame that is one line of data, as nearly all are; -1 for others, which have to be read. */
function endOfOnlyLine(text: string, at: number, end: number, hasCr: boolean): number {
  if (!text.startsWith(dataPrefix, at)) return -1;
  const lineFeedAt = text.indexOf("\n", at);
  const carriageReturnAt = hasCr ? text.indexOf("\r", at) : -1;
  if (carriageReturnAt === -1 || carriageReturnAt >= end) return lineFeedAt === end - 2 ? lineFeedAt : -1;
  const isCrLf = carriageReturnAt === end - 4 && lineFeedAt === end - 3;
  return isCrLf && text.charCodeAt(end - 2) === carriageReturn ? carriageReturnAt : -1;
}

/** Whether the frame from `at` to `end` is an event. Without data it is none: a comment, or some other field alone. */
function hasData(text: string, at: number, end: number): boolean {
  return text.startsWith("data", at) || /^data/m.test(text.slice(at, end));
}

/**
 * Where the frame that begins at `from` ends: after a line end that directly follows another; -1 when it is not whole.
 * A last CR may be half of a CRLF, so such a frame counts as whole only when nothing more comes, or when the line before
 * ended in a bare CR too.
 */
function frameEndWithCr(text: string, from: number, atEnd: boolean): number {
  for (let at = from; at < text.length; at += 1) {
    const byte = text.charCodeAt(at);
    if (byte !== lineFeed && byte !== carriageReturn) continue;
    const next = byte === carriageReturn && text.charCodeAt(at + 1) === lineFeed ? at + 2 : at + 1;
    if (next >= text.length) return -1;
    const second = text.charCodeAt(next);
    if (second === lineFeed) return next + 1;
    if (second === carriageReturn) {
      if (text.charCodeAt(next + 1) === lineFeed) return next + 2;
      const isBareCr = byte === carriageReturn && next === at + 1;
      return next + 1 < text.length || atEnd || isBareCr ? next + 1 : -1;
    }
    at = next - 1;
  }
  return -1;
}

function endsInLineEnd(bytes: Buffer): boolean {
  const last = bytes[bytes.length - 1];
  return last === lineFeed || last === carriageReturn;
}

const openingBrace = 123;
const lineFeed = 10;
const carriageReturn = 13;
