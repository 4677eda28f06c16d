import { Buffer } from "node:buffer";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Frame } from "./frame.ts";
import type { FrameLimits, FrameReader, FrameScanner, FrameScannerOptions, FrameWriter, Framing } from "./framing.ts";
import { anyOf, indexOf } from "./marker.ts";
import { tooLarge } from "./sse.ts";

/**
 * One JSON array whose elements come one by one, as Google streams without `alt=sse`. An element is a frame; an array
 * that is not closed is not whole. https://www.rfc-editor.org/rfc/rfc8259
 */
export const jsonArray: Framing = {
  mediaType: "application/json",
  contentType: "application/json; charset=utf-8",
  headers: ["cache-control", "no-cache", "x-accel-buffering", "no"],
  reader: createArrayReader,
  scanner: createArrayScanner,
  writer: createArrayWriter,
};

function createArrayWriter(): FrameWriter {
  let begun = false;
  return {
    frame({ data }) {
      const lead = begun ? ",\n" : "[";
      begun = true;
      return lead + data;
    },
    // White space is legal between all parts of an array, and the one thing every reader passes over.
    comment: () => "\n",
    end: () => (begun ? "]" : "[]"),
  };
}

function createArrayReader(onFrame: (frame: Frame) => void, { maxFrameBytes }: FrameLimits): FrameReader {
  const array = createArraySplitter(maxFrameBytes, (bytes, elementAt) => {
    onFrame({ event: "", data: bytes.toString("utf8", elementAt) });
  });
  return {
    // The bytes as they are, in a view that can be searched.
    push: (chunk) => array.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)),
    end: () => ({ leftOver: array.leftOver() }),
  };
}

function createArrayScanner(options: FrameScannerOptions): FrameScanner {
  const { maxFrameBytes, onBytes, onMarked } = options;
  const marker = anyOf(options.markers);
  /** Elements are missing from the beginning of the array, so the next one that is shown begins it. */
  let beheaded = false;
  let shown = 0;

  function take(bytes: Buffer, elementAt: number): void {
    const isMarked = indexOf(marker, bytes.toString("latin1"), elementAt) < Number.POSITIVE_INFINITY;
    const verdict = isMarked ? onMarked({ event: "", data: bytes.toString("utf8", elementAt) }) : "show";
    scanner.frameCount += 1;
    if (verdict === "hide") {
      // Its comma goes with it, or its bracket, which is then missing.
      if (shown === 0) beheaded = true;
      return;
    }
    shown += 1;
    const element = verdict === "show" ? bytes.subarray(elementAt) : Buffer.from(verdict.data);
    const before = beheaded ? openingBracket : bytes.subarray(0, elementAt);
    onBytes(verdict === "show" && !beheaded ? bytes : Buffer.concat([before, element]));
    beheaded = false;
  }

  const array = createArraySplitter(maxFrameBytes, take, (bytes) => {
    onBytes(beheaded ? Buffer.concat([openingBracket, bytes]) : bytes);
    beheaded = false;
  });
  // Fields and not getters: an object literal with a getter gets a hidden class of its own, which outlives it.
  const scanner = {
    frameCount: 0,
    push: (chunk: Buffer) => array.push(chunk),
    end: () => ({ leftOver: array.leftOver() }),
  };
  return scanner;
}

const openingBracket = Buffer.from("[");

/** Where in an array the bytes are. */
type Place =
  /** Before the opening bracket. */
  | "outside"
  /** After the opening bracket: an element or the end. */
  | "opened"
  /** After a comma: an element. */
  | "next"
  /** Inside an object, a list or a string. */
  | "element"
  /** Inside a number or a word. */
  | "scalar"
  /** After an element: a comma or the end. */
  | "between"
  | "closed";

/**
 * Cuts an array into its elements, each with what stands before it: a bracket or a comma, and white space. Each byte is
 * looked at once, however the bytes are cut, so that a long string in many small pieces stays linear. What is inside an
 * element is not judged: who reads it will.
 */
function createArraySplitter(
  maxFrameBytes: number,
  /** `bytes` begin with what stands before the element, which begins at `elementAt`. */
  onElement: (bytes: Buffer, elementAt: number) => void,
  /** What stands after the last element. */
  onRest: (bytes: Buffer) => void = () => {},
): { push(chunk: Buffer): void; leftOver(): boolean } {
  let place: Place = "outside";
  let depth = 0;
  let inString = false;
  /** The next character follows a backslash. */
  let escaped = false;
  /** The element's last byte has been passed. */
  let isWhole = false;
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** Where the element begins, counted from the first byte that is held. */
  let elementAt = 0;

  function push(chunk: Buffer): void {
    // One character for each byte: searching a string is several times cheaper than searching a buffer.
    const text = chunk.toString("latin1");
    let from = 0;
    let at = 0;
    while (at < text.length) {
      at = step(text, at, heldBytes - from);
      if (isWhole) {
        isWhole = false;
        onElement(take(chunk.subarray(from, at)), elementAt);
        from = at;
      }
      if (heldBytes + at - from > maxFrameBytes) throw tooLarge(maxFrameBytes);
    }
    if (from === chunk.length) return;
    const rest = from === 0 ? chunk : chunk.subarray(from);
    if (place === "closed") {
      onRest(take(rest));
      return;
    }
    held.push(rest);
    heldBytes += rest.length;
  }

  /** Goes on from `at` and says where it stopped. `offset` leads from there to a place in what is held. */
  function step(text: string, at: number, offset: number): number {
    if (inString) return endOfString(text, at);
    if (place === "element") return nextInside(text, at);
    const character = text[at]!;
    if (place === "scalar") {
      if (!/[\s,\]]/.test(character)) return at + 1;
      return finished(at);
    }
    if (/\s/.test(character)) return at + 1;
    switch (place) {
      case "outside":
        if (isByteOrderMark(character)) return at + 1;
        if (character !== "[") throw unexpected();
        place = "opened";
        return at + 1;
      case "between":
        if (character !== "," && character !== "]") throw unexpected();
        place = character === "," ? "next" : "closed";
        return at + 1;
      case "opened":
      case "next":
        if (character === "]" && place === "opened") {
          place = "closed";
          return at + 1;
        }
        return begin(character, at, at + offset);
      default:
        throw unexpected();
    }
  }

  function begin(character: string, at: number, startsAt: number): number {
    elementAt = startsAt;
    if (character === "{" || character === "[") {
      place = "element";
      depth = 1;
    } else if (character === '"') {
      place = "element";
      depth = 0;
      inString = true;
    } else if (/[-\w]/.test(character)) place = "scalar";
    else throw unexpected();
    return at + 1;
  }

  function nextInside(text: string, at: number): number {
    structure.lastIndex = at;
    const found = structure.exec(text);
    if (found === null) return text.length;
    const end = found.index + 1;
    if (found[0] === '"') {
      inString = true;
      return end;
    }
    depth += found[0] === "{" || found[0] === "[" ? 1 : -1;
    return depth === 0 ? finished(end) : end;
  }

  function endOfString(text: string, at: number): number {
    if (escaped) {
      escaped = false;
      return at + 1;
    }
    stringEnd.lastIndex = at;
    const found = stringEnd.exec(text);
    if (found === null) return text.length;
    if (found[0] === "\\") {
      escaped = true;
      return found.index + 1;
    }
    inString = false;
    return depth === 0 ? finished(found.index + 1) : found.index + 1;
  }

  function finished(end: number): number {
    place = "between";
    isWhole = true;
    return end;
  }

  function take(last: Buffer): Buffer {
    if (heldBytes === 0) return last;
    const bytes = Buffer.concat([...held, last], heldBytes + last.length);
    held = [];
    heldBytes = 0;
    return bytes;
  }

  return { push, leftOver: () => place !== "closed" && (place !== "outside" || heldBytes > 0) };
}

function unexpected(): GatewayError {
  return new GatewayError(Reason.UPSTREAM_GARBAGE, "The stream is not a JSON array.");
}

/** The three bytes of a byte order mark, which may lead. */
function isByteOrderMark(character: string): boolean {
  return character === "\u00ef" || character === "\u00bb" || character === "\u00bf";
}

const structure = /["{}[\]]/g;
const stringEnd = /["\\]/g;
