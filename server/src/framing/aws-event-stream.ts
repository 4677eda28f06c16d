import { crc32 } from "node:zlib";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Frame } from "./frame.ts";
import type { FrameLimits, FrameReader, FrameScanner, FrameScannerOptions, FrameWriter, Framing } from "./framing.ts";
import { anyOf } from "./marker.ts";
import { tooLarge } from "./sse.ts";

/*
 * How a message lies in the bytes. Numbers are big-endian.
 *
 *     0  length of the whole message
 *     4  length of the headers
 *     8  CRC-32 of the first 8 bytes
 *    12  headers: length of name (1), name, type (1), value; a string (type 7) has its length in 2 bytes before it
 *        payload
 *  last  4: CRC-32 of everything before
 *
 * https://smithy.io/2.0/aws/amazon-eventstream.html
 */
const preludeBytes = 12;
const checksumBytes = 4;
const stringType = 7;
/** Sizes of the values of the other types: true, false, byte, short, integer, long, -, -, timestamp, uuid. */
const fixedBytes = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16] as const;

/** Cuts bytes that come in any pieces into whole messages, each proven by its checksums. */
class Messages {
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** How many bytes must be there before it is worth looking again. */
  #wanted = preludeBytes;
  readonly #limits: FrameLimits;
  readonly #onMessage: (message: Buffer) => void;

  constructor(onMessage: (message: Buffer) => void, limits: FrameLimits) {
    this.#onMessage = onMessage;
    this.#limits = limits;
  }

  get leftOver(): boolean {
    return this.#heldBytes > 0;
  }

  push(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#wanted) return;
    const bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held, this.#heldBytes);
    let at = 0;
    this.#wanted = preludeBytes;
    while (bytes.length - at >= preludeBytes) {
      const length = bytes.readUInt32BE(at);
      if (crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32BE(at + 8)) throw damaged();
      if (length > this.#limits.maxFrameBytes) throw tooLarge(this.#limits.maxFrameBytes);
      if (length < preludeBytes + checksumBytes) throw damaged();
      if (bytes.length - at < length) {
        this.#wanted = length;
        break;
      }
      const message = bytes.subarray(at, at + length);
      const checked = message.subarray(0, -checksumBytes);
      if (crc32(checked) !== message.readUInt32BE(length - checksumBytes)) throw damaged();
      this.#onMessage(message);
      at += length;
    }
    const rest = bytes.subarray(at);
    this.#held = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
  }
}

/** The frame a message holds: named by its event, or by its exception. */
function frameOf(message: Buffer): Frame {
  const headersEnd = preludeBytes + message.readUInt32BE(4);
  const payloadEnd = message.length - checksumBytes;
  if (headersEnd > payloadEnd) throw damaged();
  const headers = headersOf(message.subarray(preludeBytes, headersEnd));
  const event = headers[":event-type"] ?? headers[":exception-type"] ?? headers[":error-code"] ?? "";
  const data = message.toString("utf8", headersEnd, payloadEnd);
  // An error without a type of its own has its words in a header.
  const words = headers[":error-message"];
  return { event, data: data === "" && words !== undefined ? JSON.stringify({ message: words }) : data };
}

function headersOf(bytes: Buffer): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 1 + bytes[at]!;
    if (nameEnd >= bytes.length) throw damaged();
    const name = bytes.toString("utf8", at + 1, nameEnd);
    const type = bytes[nameEnd]!;
    at = nameEnd + 1;
    const fixed = fixedBytes[type];
    if (fixed !== undefined) {
      at += fixed;
      continue;
    }
    if (at + 2 > bytes.length) throw damaged();
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) throw damaged();
    if (type === stringType) headers[name] = bytes.toString("utf8", at + 2, end);
    at = end;
  }
  return headers;
}

function damaged(): GatewayError {
  return new GatewayError(Reason.UPSTREAM_GARBAGE, "The stream holds an event whose bytes do not fit their checksum.");
}

function createReader(onFrame: (frame: Frame) => void, limits: FrameLimits): FrameReader {
  const messages = new Messages((message) => onFrame(frameOf(message)), limits);
  return {
    push: (chunk) => messages.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)),
    end: () => ({ leftOver: messages.leftOver }),
  };
}

/** Hands whole messages on as they came, and reads those that hold a marker. */
function createScanner({ markers, onBytes, onMarked, ...limits }: FrameScannerOptions): FrameScanner {
  const marker = anyOf(markers);
  const messages = new Messages((message) => {
    marker.lastIndex = 0;
    const verdict = marker.test(message.toString("latin1")) ? onMarked(frameOf(message)) : "show";
    scanner.frameCount++;
    if (verdict === "show") onBytes(message);
    else if (verdict !== "hide") onBytes(encode(verdict));
  }, limits);
  const scanner = {
    frameCount: 0,
    push: (chunk: Buffer) => messages.push(chunk),
    end: () => ({ leftOver: messages.leftOver }),
  };
  return scanner;
}

/** A frame as a message. Names that end in `Exception` are exceptions, as in every service that uses this framing. */
function encode({ event, data }: Frame): Buffer {
  const failed = event.endsWith("Exception");
  const headers = Buffer.concat([
    stringHeader(failed ? ":exception-type" : ":event-type", event),
    stringHeader(":content-type", "application/json"),
    stringHeader(":message-type", failed ? "exception" : "event"),
  ]);
  const payload = Buffer.from(data);
  const length = preludeBytes + headers.length + payload.length + checksumBytes;
  const message = Buffer.alloc(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headers.copy(message, preludeBytes);
  payload.copy(message, preludeBytes + headers.length);
  message.writeUInt32BE(crc32(message.subarray(0, length - checksumBytes)), length - checksumBytes);
  return message;
}

function stringHeader(name: string, value: string): Buffer {
  const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)];
  const length = Buffer.alloc(2);
  length.writeUInt16BE(valueBytes.length);
  return Buffer.concat([Buffer.from([nameBytes.length]), nameBytes, Buffer.from([stringType]), length, valueBytes]);
}

const writer: FrameWriter = { frame: encode, comment: () => "", end: () => "" };

/** Binary messages with checksums, as AWS services stream them. */
export const awsEventStream: Framing = {
  mediaType: "application/vnd.amazon.eventstream",
  contentType: "application/vnd.amazon.eventstream",
  headers: [],
  reader: createReader,
  scanner: createScanner,
  writer: () => writer,
};
