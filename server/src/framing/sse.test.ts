import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Frame } from "./frame.ts";
import { createSseReader, writeSse } from "./sse.ts";
import { createSseScanner } from "./sse-scan.ts";

function read(text: string, size: number): { frames: Frame[]; leftOver: boolean } {
  const bytes = Buffer.from(text);
  const frames: Frame[] = [];
  const reader = createSseReader((frame) => frames.push(frame), { maxFrameBytes: 1000 });
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  return { frames, ...reader.end() };
}

/** Streams and what a client must see of them. */
const streams: readonly [name: string, text: string, frames: Frame[], leftOver: boolean][] = [
  ["one frame", "data: a\n\n", [{ event: "", data: "a" }], false],
  ["no space after the colon", "data:a\n\n", [{ event: "", data: "a" }], false],
  ["only one space is taken away", "data:  a\n\n", [{ event: "", data: " a" }], false],
  ["a name", "event: ping\ndata: {}\n\n", [{ event: "ping", data: "{}" }], false],
  ["a name does not outlive its frame", "event: x\n\ndata: a\n\n", [{ event: "", data: "a" }], false],
  ["several data lines", "data: a\ndata: b\n\n", [{ event: "", data: "a\nb" }], false],
  ["data without a colon", "data\n\n", [{ event: "", data: "" }], false],
  ["comments", ": hello\n\n: again\ndata: a\n\n", [{ event: "", data: "a" }], false],
  ["other fields", "id: 1\nretry: 5\ndata: a\n\n", [{ event: "", data: "a" }], false],
  [
    "CRLF",
    "data: a\r\n\r\ndata: b\r\n\r\n",
    [
      { event: "", data: "a" },
      { event: "", data: "b" },
    ],
    false,
  ],
  [
    "CR",
    "data: a\r\rdata: b\r\r",
    [
      { event: "", data: "a" },
      { event: "", data: "b" },
    ],
    false,
  ],
  [
    "mixed line ends",
    "event: x\r\ndata: a\n\r\ndata: b\r\n\n",
    [
      { event: "x", data: "a" },
      { event: "", data: "b" },
    ],
    false,
  ],
  ["a byte order mark", "\ufeffdata: a\n\n", [{ event: "", data: "a" }], false],
  ["characters of several bytes", "data: 15°C 🐦‍🔥\n\n", [{ event: "", data: "15°C 🐦‍🔥" }], false],
  ["no blank line at the end", "data: a\n\ndata: b\n", [{ event: "", data: "a" }], true],
  ["half a line at the end", "data: a\n\ndat", [{ event: "", data: "a" }], true],
  ["nothing", "", [], false],
];

describe.each(streams)("%s", (_, text, frames, leftOver) => {
  test.each([1, 2, 3, 1000])("in pieces of %i bytes", (size) => {
    expect(read(text, size)).toEqual({ frames, leftOver });
  });

  test("the scanner hands on the same whole frames at every cut, and reads the same ones", () => {
    const bytes = Buffer.from(text);
    const outcomes = [1, 2, 3, 5, 1000].map((size) => {
      const out: Buffer[] = [];
      const marked: Frame[] = [];
      const scanner = createSseScanner({
        markers: ["data"],
        maxFrameBytes: 1000,
        onBytes: (part) => out.push(part),
        onMarked: (frame) => {
          marked.push(frame);
          return frame.data === "b" ? "hide" : "show";
        },
      });
      for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
      return { ...scanner.end(), passed: `${Buffer.concat(out)}`, marked, held: scanner.heldBytes > 0 };
    });
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    expect(outcomes[0]!.marked).toEqual(frames);
    expect(outcomes[0]!.leftOver).toBe(leftOver);
    const shown = frames.filter((frame) => frame.data !== "b").length;
    expect(read(outcomes[0]!.passed, 1000).frames).toHaveLength(shown);
  });
});

test("a frame is refused when it outgrows the limit, whole or in pieces, with or without lines", () => {
  const long = "x".repeat(600);
  for (const text of [`data: ${long}${long}`, `data: ${long}\ndata: ${long}\n`]) {
    for (const size of [1, 100, 5000]) {
      const attempt = () => read(text, size);
      expect(attempt).toThrow(GatewayError);
      expect(attempt).toThrow(expect.objectContaining({ reason: Reason.UPSTREAM_GARBAGE }));
    }
  }
});

test("what is written is read again", () => {
  for (const frame of [
    { event: "", data: "a" },
    { event: "x", data: "a\n\nb" },
    { event: "", data: "" },
  ]) {
    expect(read(writeSse(frame), 1).frames).toEqual([frame]);
  }
});
