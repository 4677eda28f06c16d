import { describe, expect, test } from "vitest";
import type { Frame } from "./frame.ts";
import { jsonLines } from "./json-lines.ts";

const limits = { maxFrameBytes: 1 << 20 };
const values = ['{"a":1}', '{"text":"é 🌉 \\n"}', '{"done":true,"mark":1}'];
const wire = Buffer.from(`${values[0]}\n\n${values[1]}\r\n${values[2]}\n`);

function read(chunks: readonly Buffer[]): { readonly frames: readonly string[]; readonly leftOver: boolean } {
  const frames: Frame[] = [];
  const reader = jsonLines.reader((frame) => frames.push(frame), limits);
  for (const chunk of chunks) reader.push(chunk);
  return { ...reader.end(), frames: frames.map(({ data }) => data) };
}

function scan(chunks: readonly Buffer[], hide: boolean) {
  const shown: Buffer[] = [];
  const marked: string[] = [];
  const scanner = jsonLines.scanner({
    ...limits,
    markers: ['"mark"'],
    onBytes: (bytes) => shown.push(bytes),
    onMarked(frame) {
      marked.push(frame.data);
      return hide ? "hide" : "show";
    },
  });
  for (const chunk of chunks) scanner.push(chunk);
  return { ...scanner.end(), shown: Buffer.concat(shown).toString(), marked, count: scanner.frameCount };
}

describe("lines of JSON, cut anywhere", () => {
  for (let cut = 0; cut <= wire.length; cut++) {
    const chunks = [wire.subarray(0, cut), wire.subarray(cut)];
    test(`at ${cut}`, () => {
      expect(read(chunks)).toEqual({ frames: values, leftOver: false });
      const passed = { shown: wire.toString(), marked: [values[2]], count: 3, leftOver: false };
      expect(scan(chunks, false)).toEqual(passed);
      const hidden = wire.toString().replace(`${values[2]}\n`, "");
      expect(scan(chunks, true)).toEqual({ ...passed, shown: hidden });
    });
  }
});

test("a last line without a line feed counts when it is whole, and is kept back when it is not", () => {
  expect(scan([Buffer.from('{"a":1}\n{"mark":2}')], false)).toMatchObject({ count: 2, leftOver: false });
  expect(scan([Buffer.from('{"a":1}\n{"mark":')], false)).toMatchObject({ shown: '{"a":1}\n', leftOver: true });
});

test("a line that never ends is refused, not held for ever", () => {
  const endless = () => read(Array.from({ length: 40 }, () => Buffer.alloc(64 * 1024, 0x61)));
  expect(endless).toThrow(/larger than/);
});

test("what is written is read back", () => {
  const writer = jsonLines.writer();
  const text = values.map((data) => writer.frame({ event: "", data })).join("") + writer.end();
  expect(read([Buffer.from(text)]).frames).toEqual(values);
});
