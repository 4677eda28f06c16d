import { StringDecoder } from "node:string_decoder";
import type { Frame } from "./frame.ts";
import type { FrameLimits, FrameReader, FrameScanner, FrameScannerOptions, FrameWriter, Framing } from "./framing.ts";
import { anyOf } from "./marker.ts";
import { tooLarge } from "./sse.ts";

const lineFeed = 10;

/** Reads lines of JSON from bytes cut anywhere. Blank lines are none; a last line without a line feed is one. */
function createReader(onFrame: (frame: Frame) => void, { maxFrameBytes }: FrameLimits): FrameReader {
  const decoder = new StringDecoder("utf8");
  // The pieces of an unfinished line are joined only when its end has come: a long line in small chunks stays linear.
  let pieces: string[] = [];
  let held = 0;

  const line = (text: string) => {
    const data = text.trim();
    if (data !== "") onFrame({ event: "", data });
  };
  const read = (text: string) => {
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      const rest = text.slice(from, end);
      line(pieces.length === 0 ? rest : pieces.join("") + rest);
      pieces = [];
      held = 0;
      from = end + 1;
    }
    if (from === text.length) return;
    pieces.push(text.slice(from));
    held += text.length - from;
    if (held > maxFrameBytes) throw tooLarge(maxFrameBytes);
  };
  return {
    push: (chunk) => read(decoder.write(chunk)),
    end() {
      read(decoder.end());
      const last = pieces.join("");
      pieces = [];
      // Cut in the middle it is no JSON, which whoever decodes it will notice.
      line(last);
      return { leftOver: last.trim() !== "" };
    },
  };
}

/** Hands whole lines on as the bytes they came in, and reads those that hold a marker. */
function createScanner({ markers, maxFrameBytes, onBytes, onMarked }: FrameScannerOptions): FrameScanner {
  const marker = anyOf(markers);
  let held: Buffer[] = [];
  let heldBytes = 0;

  const scan = (bytes: Buffer, end: number) => {
    let shownFrom = 0;
    for (let at = 0; at < end; ) {
      const feed = bytes.indexOf(lineFeed, at);
      const next = feed === -1 || feed >= end ? end : feed + 1;
      // One character for each byte: searching a string is several times cheaper than searching a buffer.
      const text = bytes.toString("latin1", at, next);
      if (text.trim() !== "") {
        marker.lastIndex = 0;
        const data = marker.test(text) ? bytes.toString("utf8", at, next).trim() : undefined;
        const verdict = data === undefined ? "show" : onMarked({ event: "", data });
        scanner.frameCount++;
        if (verdict !== "show") {
          if (at > shownFrom) onBytes(bytes.subarray(shownFrom, at));
          if (verdict !== "hide") onBytes(Buffer.from(`${verdict.data}\n`));
          shownFrom = next;
        }
      }
      at = next;
    }
    if (end > shownFrom) onBytes(bytes.subarray(shownFrom, end));
  };
  const hold = (bytes: Buffer) => {
    if (bytes.length === 0) return;
    held.push(bytes);
    heldBytes += bytes.length;
    if (heldBytes > maxFrameBytes) throw tooLarge(maxFrameBytes);
  };
  const takeHeld = (chunk: Buffer) => {
    if (heldBytes === 0) return chunk;
    const bytes = Buffer.concat([...held, chunk], heldBytes + chunk.length);
    held = [];
    heldBytes = 0;
    return bytes;
  };

  const scanner = {
    frameCount: 0,
    push(chunk: Buffer) {
      const end = chunk.lastIndexOf(lineFeed) + 1;
      if (end === 0) return hold(chunk);
      const whole = takeHeld(chunk.subarray(0, end));
      hold(chunk.subarray(end));
      scan(whole, whole.length);
    },
    end() {
      const rest = takeHeld(Buffer.alloc(0));
      if (isWhole(rest)) scan(rest, rest.length);
      return { leftOver: rest.length > 0 && !isWhole(rest) };
    },
  };
  return scanner;
}

/** A last line may lack its line feed, and then only its own syntax tells whether it is whole. */
function isWhole(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

const writer: FrameWriter = {
  frame: ({ data }) => `${data}\n`,
  // A reader that parses every line would fail on anything else than JSON.
  comment: () => "",
  end: () => "",
};

/** A JSON value on each line. https://github.com/ndjson/ndjson-spec */
export const jsonLines: Framing = {
  mediaType: "application/x-ndjson",
  contentType: "application/x-ndjson; charset=utf-8",
  headers: ["cache-control", "no-cache", "x-accel-buffering", "no"],
  reader: createReader,
  scanner: createScanner,
  writer: () => writer,
};
