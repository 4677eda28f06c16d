import { StringDecoder } from "node:string_decoder";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Frame } from "./frame.ts";
import type { FrameLimits, FrameReader } from "./framing.ts";

export interface SseOptions extends FrameLimits {
  /**
   * A JSON object that stands between the events without `data:` is a frame too. Google says so what went wrong in the
   * middle of an answer; for other readers these are lines of fields they do not know.
   */
  readonly takesBareJson?: boolean;
}

/**
 * Reads server-sent events from bytes cut anywhere.
 *
 * The decoder keeps the bytes of a character cut in two. A `TextDecoder` would too, but making one costs more than reading
 * a short stream does.
 */
export function createSseReader(onFrame: (frame: Frame) => void, options: SseOptions): FrameReader {
  const decoder = new StringDecoder("utf8");
  const lines = createSseTextReader(onFrame, options);
  return {
    push: (chunk) => lines.read(decoder.write(chunk)),
    end() {
      lines.read(decoder.end());
      lines.end();
      return { leftOver: lines.leftOver() };
    },
  };
}

/**
 * Reads server-sent events from text. https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * Lines end in LF, CRLF or CR. Comments, `id` and `retry` are read and dropped; frames without data are none. What stands
 * after the last blank line is no frame, as the specification asks.
 */
export function createSseTextReader(
  onFrame: (frame: Frame) => void,
  { maxFrameBytes, takesBareJson = false }: SseOptions,
): { read(text: string): void; end(): void; leftOver(): boolean } {
  let rest = "";
  let begun = false;
  let skipLineFeed = false;
  let event = "";
  let data: string | undefined;
  let bareJson: string | undefined;
  let lineSeen = false;

  function readLine(line: string): void {
    if (line === "") {
      const whole = data ?? bareJson;
      if (whole !== undefined) onFrame({ event, data: whole });
      event = "";
      data = undefined;
      bareJson = undefined;
      lineSeen = false;
      return;
    }
    lineSeen = true;
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field !== "data" && field !== "event") {
      if (takesBareJson && (bareJson !== undefined || line.startsWith("{"))) readBareJson(line);
      return;
    }
    const from = line.charCodeAt(colon + 1) === space ? colon + 2 : colon + 1;
    const value = colon === -1 ? "" : line.slice(from);
    if (field === "event") event = value;
    else data = data === undefined ? value : `${data}\n${value}`;
    if (data !== undefined && data.length > maxFrameBytes) throw tooLarge(maxFrameBytes);
  }

  function readBareJson(line: string): void {
    bareJson = bareJson === undefined ? line : `${bareJson}\n${line}`;
    if (bareJson.length > maxFrameBytes) throw tooLarge(maxFrameBytes);
  }

  function read(text: string): void {
    if (text === "") return;
    let start = 0;
    if (!begun) {
      begun = true;
      // A byte order mark may lead, and is no part of what follows.
      if (text.charCodeAt(0) === byteOrderMark) start = 1;
    }
    if (skipLineFeed) {
      skipLineFeed = false;
      if (text.charCodeAt(0) === lineFeed) start = 1;
    }
    // The unfinished line is joined only when its end has come: a long line in small chunks stays linear.
    const firstEnd = text.slice(start).search(/[\r\n]/);
    if (firstEnd === -1) {
      rest += text.slice(start);
      if (rest.length > maxFrameBytes) throw tooLarge(maxFrameBytes);
      return;
    }
    const buffer = rest + text.slice(start);
    rest = "";
    let at = 0;
    let cr = buffer.indexOf("\r");
    while (at < buffer.length) {
      const lf = buffer.indexOf("\n", at);
      if (cr !== -1 && cr < at) cr = buffer.indexOf("\r", at);
      const endsInCr = cr !== -1 && (lf === -1 || cr < lf);
      const end = endsInCr ? cr : lf;
      if (end === -1) break;
      readLine(buffer.slice(at, end));
      at = end + 1;
      if (endsInCr) {
        if (at === buffer.length) skipLineFeed = true;
        else if (buffer.charCodeAt(at) === lineFeed) at += 1;
      }
    }
    rest = buffer.slice(at);
    if (rest.length > maxFrameBytes) throw tooLarge(maxFrameBytes);
  }

  return {
    read,
    /** Nothing more comes. Bare JSON needs no blank line after it. */
    end() {
      if (!takesBareJson || (bareJson === undefined && !rest.startsWith("{"))) return;
      const last = rest;
      rest = "";
      if (last !== "") readLine(last);
      readLine("");
    },
    // A method and not a getter: an object literal with a getter gets a hidden class of its own, which outlives it.
    leftOver: () => rest !== "" || lineSeen,
  };
}

/** One frame as bytes on the wire. Line breaks in the data become several `data:` lines, as the format asks. */
export function writeSse(frame: Frame): string {
  const data = frame.data.includes("\n") ? frame.data.replaceAll("\n", "\ndata: ") : frame.data;
  return frame.event === "" ? `data: ${data}\n\n` : `event: ${frame.event}\ndata: ${data}\n\n`;
}

export function tooLarge(maxFrameBytes: number): GatewayError {
  return new GatewayError(Reason.UPSTREAM_GARBAGE, `The stream holds an event larger than ${maxFrameBytes} bytes.`);
}

const byteOrderMark = 0xfeff;
const lineFeed = 10;
const space = 32;
