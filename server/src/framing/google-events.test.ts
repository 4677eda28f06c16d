import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import type { Frame } from "./frame.ts";
import { googleEvents } from "./google-events.ts";

const bare = '{\n  "error": {\n    "code": 499\n  }\n}';
const streams = [
  { name: "with a blank line after it", text: `data: {}\r\n\r\n${bare}\n\n` },
  { name: "with nothing after it", text: `data: {}\r\n\r\n${bare}` },
  { name: "with a line end after it", text: `data: {}\n\n${bare}\n` },
];

function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

test.each(streams)("an error without data: is read, $name", ({ text }) => {
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size += 1) {
    const frames: Frame[] = [];
    const reader = googleEvents.reader((frame) => frames.push(frame), { maxFrameBytes: 1000 });
    for (const chunk of cut(bytes, size)) reader.push(chunk);
    expect(reader.end()).toEqual({ leftOver: false });
    expect(frames).toEqual([
      { event: "", data: "{}" },
      { event: "", data: bare },
    ]);
    const marked: Frame[] = [];
    const out: Buffer[] = [];
    const scanner = googleEvents.scanner({
      markers: ["error"],
      maxFrameBytes: 1000,
      onBytes: (part) => out.push(part),
      onMarked(frame) {
        marked.push(frame);
        return "show";
      },
    });
    for (const chunk of cut(bytes, size)) scanner.push(chunk);
    expect(scanner.end()).toEqual({ leftOver: false });
    expect(marked).toEqual(frames.slice(1));
    expect(scanner.frameCount).toBe(2);
    expect(`${Buffer.concat(out)}`).toBe(text);
  }
});

test("half an event at the end is no bare JSON", () => {
  const frames: Frame[] = [];
  const reader = googleEvents.reader((frame) => frames.push(frame), { maxFrameBytes: 1000 });
  reader.push(Buffer.from('data: {}\n\ndata: {"a'));
  expect(reader.end()).toEqual({ leftOver: true });
  expect(frames).toHaveLength(1);
});

test("an error at the end is an event, and bare as the last bytes", () => {
  const writer = googleEvents.writer();
  expect(writer.frame({ event: "", data: "{}" })).toBe("data: {}\n\n");
  expect(writer.end()).toBe("");
  expect(writer.frame({ event: "", data: '{"error":{}}' })).toBe('data: {"error":{}}\n\n');
  expect(writer.end()).toBe('{"error":{}}');
});
