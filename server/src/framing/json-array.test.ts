import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Frame } from "./frame.ts";
import { jsonArray } from "./json-array.ts";

function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

function read(chunks: readonly Buffer[], maxFrameBytes = 1000): { data: string[]; leftOver: boolean } {
  const frames: Frame[] = [];
  const reader = jsonArray.reader((frame) => frames.push(frame), { maxFrameBytes });
  for (const chunk of chunks) reader.push(chunk);
  return { data: frames.map(({ data }) => data), ...reader.end() };
}

/** Arrays and the elements a client must see in them. */
const arrays: readonly [name: string, text: string, elements: string[], leftOver: boolean][] = [
  ["no elements", "[]", [], false],
  ["white space everywhere", ' \r\n[ \n{"a": 1} ,\r\n\t{ } ] \n', ['{"a": 1}', "{ }"], false],
  ["as Google writes it", '[{"a":1}\n,\r\n{"b":2}\n]', ['{"a":1}', '{"b":2}'], false],
  ["lists in objects in lists", '[{"a":[[{}],{"b":[]}]},[1,[2]]]', ['{"a":[[{}],{"b":[]}]}', "[1,[2]]"], false],
  ["brackets in strings", '[{"a":"]}[{,"},{"}":"["}]', ['{"a":"]}[{,"}', '{"}":"["}'], false],
  [
    "escapes in strings",
    String.raw`[{"a":"\"]\\"},{"b":"\\\"}\u005d"}]`,
    [String.raw`{"a":"\"]\\"}`, String.raw`{"b":"\\\"}\u005d"}`],
    false,
  ],
  ["plain values", '[1,"x]",true , null,-2.5e3]', ["1", '"x]"', "true", "null", "-2.5e3"], false],
  ["characters of several bytes", '[{"a":"15°C 🐦‍🔥"}]', ['{"a":"15°C 🐦‍🔥"}'], false],
  ["a byte order mark", "\ufeff[{}]", ["{}"], false],
  ["no end", '[{"a":1},', ['{"a":1}'], true],
  ["an element cut short", '[{"a":1},{"b"', ['{"a":1}'], true],
  ["nothing", "", [], false],
];

describe.each(arrays)("%s", (_, text, elements, leftOver) => {
  const bytes = Buffer.from(text);

  test("the same elements at every cut", () => {
    for (let size = 1; size <= bytes.length; size += 1) {
      expect(read(cut(bytes, size))).toEqual({ data: elements, leftOver });
    }
  });

  test("the scanner hands on whole elements, byte for byte, and reads the marked ones", () => {
    for (let size = 1; size <= bytes.length; size += 1) {
      const out: Buffer[] = [];
      const marked: string[] = [];
      const scanner = jsonArray.scanner({
        markers: ["a", "2"],
        maxFrameBytes: 1000,
        onBytes: (part) => out.push(part),
        onMarked: ({ data }) => {
          marked.push(data);
          return "show";
        },
      });
      for (const chunk of cut(bytes, size)) scanner.push(chunk);
      expect(scanner.end()).toEqual({ leftOver });
      expect(scanner.frameCount).toBe(elements.length);
      expect(marked).toEqual(elements.filter((element) => /a|2/.test(element)));
      const passed = `${Buffer.concat(out)}`;
      if (leftOver) expect(text.startsWith(passed)).toBe(true);
      else expect(passed).toBe(text);
      expect(read([Buffer.from(passed)]).data).toEqual(elements);
    }
  });
});

test("a marked element is read before its bytes are handed on", () => {
  const log: string[] = [];
  const scanner = jsonArray.scanner({
    markers: ["usage"],
    maxFrameBytes: 100,
    onBytes: (bytes) => log.push(`bytes ${bytes}`),
    onMarked: ({ data }) => {
      log.push(`read ${data}`);
      return "show";
    },
  });
  scanner.push(Buffer.from('[{"a":1},{"us'));
  scanner.push(Buffer.from('age":2}'));
  scanner.push(Buffer.from("]"));
  expect(log).toEqual(['bytes [{"a":1}', 'read {"usage":2}', 'bytes ,{"usage":2}', "bytes ]"]);
});

test.each([
  ["the first", ["hide", "1", "2"], '["1","2"]'],
  ["one in the middle", ["1", "hide", "2"], '["1","2"]'],
  ["the last", ["1", "2", "hide"], '["1","2"]'],
  ["two at the beginning", ["hide", "hide", "1"], '["1"]'],
  ["all", ["hide"], "[]"],
])("what is left is an array when %s is hidden", (_, elements, expected) => {
  const out: Buffer[] = [];
  const scanner = jsonArray.scanner({
    markers: ["hide"],
    maxFrameBytes: 100,
    onBytes: (bytes) => out.push(bytes),
    onMarked: () => "hide",
  });
  scanner.push(Buffer.from(JSON.stringify(elements)));
  expect(scanner.end()).toEqual({ leftOver: false });
  expect(`${Buffer.concat(out)}`).toBe(expected);
});

test.each(["{}", "data: {}\n\n", "[}", "[1 2]", "[1]]", "[,1]", "<html>"])("%j is no array and is refused", (text) => {
  const attempt = () => read([Buffer.from(text)]);
  expect(attempt).toThrow(GatewayError);
  expect(attempt).toThrow(expect.objectContaining({ reason: Reason.UPSTREAM_GARBAGE }));
});

test("an element is refused when it outgrows the limit, whole or in pieces", () => {
  const bytes = Buffer.from(`[{"a":"${"x".repeat(2000)}`);
  for (const size of [1, 100, 5000]) expect(() => read(cut(bytes, size))).toThrow(GatewayError);
});

test("a long string full of escapes takes time in proportion to its length, in whatever pieces it comes", () => {
  const timeMs = (length: number) => {
    const bytes = Buffer.from(`[{"a":"${'\\"'.repeat(length)}"}]`);
    const startMs = performance.now();
    expect(read(cut(bytes, 64), 1 << 26).data).toHaveLength(1);
    return performance.now() - startMs;
  };
  timeMs(100_000);
  // Quadratic time would take a hundred times as long, and then some.
  expect(timeMs(1_000_000)).toBeLessThan(Math.max(40 * timeMs(100_000), 500));
});

test("what is written is read again", () => {
  const writer = jsonArray.writer();
  const text = ["{}", '{"a":"]"}'].map((data) => writer.frame({ event: "", data }) + writer.comment("wait")).join("");
  expect(JSON.parse(text + writer.end())).toEqual([{}, { a: "]" }]);
  expect(read([Buffer.from(text + writer.end())])).toEqual({ data: ["{}", '{"a":"]"}'], leftOver: false });
  expect(jsonArray.writer().end()).toBe("[]");
});
