import { expect, test } from "vitest";
import { GatewayError } from "../canonical/error.ts";
import { createSseScanner, type SseScanner } from "./sse-scan.ts";

function scannerInto(log: string[], hide: readonly string[] = []): SseScanner {
  return createSseScanner({
    markers: ["usage", "[DONE]"],
    maxFrameBytes: 100,
    onBytes: (bytes) => log.push(`bytes ${JSON.stringify(`${bytes}`)}`),
    onMarked: (frame) => {
      log.push(`read ${frame.data}`);
      return hide.includes(frame.data) ? "hide" : "show";
    },
  });
}

test("a chunk of whole frames without a marker passes as the buffer it is", () => {
  const passed: Buffer[] = [];
  const scanner = createSseScanner({
    markers: ["usage"],
    maxFrameBytes: 100,
    onBytes: (bytes) => passed.push(bytes),
    onMarked: () => "show",
  });
  const chunk = Buffer.from("data: a\n\ndata: b\n\n");
  scanner.push(chunk);
  expect(passed[0]).toBe(chunk);
  expect(scanner.frameCount).toBe(2);
});

test("a marked frame is read before its bytes are handed on", () => {
  const log: string[] = [];
  const scanner = scannerInto(log);
  scanner.push(Buffer.from("data: a\n\ndata: [DO"));
  scanner.push(Buffer.from("NE]\n"));
  expect(scanner.heldBytes).toBe(13);
  scanner.push(Buffer.from("\n"));
  expect(log).toEqual(['bytes "data: a\\n\\n"', "read [DONE]", 'bytes "data: [DONE]\\n\\n"']);
  expect(scanner.end()).toEqual({ leftOver: false });
});

test("a hidden frame leaves no byte, and its neighbours all of theirs", () => {
  const log: string[] = [];
  const scanner = scannerInto(log, ["usage"]);
  scanner.push(Buffer.from("data: a\n\ndata: usage\n\ndata: b\n\n"));
  expect(log).toEqual(["read usage", 'bytes "data: a\\n\\n"', 'bytes "data: b\\n\\n"']);
  expect(scanner.frameCount).toBe(3);
});

test("a frame that never ends is held up to the limit and never handed on", () => {
  const log: string[] = [];
  const scanner = scannerInto(log);
  scanner.push(Buffer.from("data: never"));
  expect(scanner.end()).toEqual({ leftOver: true });
  expect(log).toEqual([]);
  expect(() => scanner.push(Buffer.alloc(101, "x"))).toThrow(GatewayError);
});
