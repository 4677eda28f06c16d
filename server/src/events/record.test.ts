import { expect, test } from "vitest";
import { type DamagedStretch, encodeRecord, isDamage, type JournalRecord, RecordKind, readRecords } from "./record.ts";

const written: JournalRecord[] = [
  { kind: RecordKind.OPEN, payload: '[1,"req_1","sim/écho"]' },
  { kind: RecordKind.START, payload: "[1]" },
  { kind: RecordKind.CLOSE, payload: `[1,"req_1","${"x".repeat(300)}"]` },
  { kind: RecordKind.OPEN, payload: "" },
  { kind: RecordKind.CLOSE, payload: '[2,"😀"]' },
];

/** The segment, and where each record of it begins; the last entry is its end. */
function segmentOf(records: readonly JournalRecord[]): { segment: Buffer; starts: number[] } {
  const buffer = Buffer.alloc(100_000);
  const starts = [0];
  for (const { kind, payload } of records) starts.push(encodeRecord(buffer, starts.at(-1)!, kind, payload));
  return { segment: buffer.subarray(0, starts.at(-1)), starts };
}

function read(segment: Buffer): { records: JournalRecord[]; damage: DamagedStretch[] } {
  const items = [...readRecords(segment)];
  return { records: items.filter((item): item is JournalRecord => !isDamage(item)), damage: items.filter(isDamage) };
}

test("records come back as they were written", () => {
  expect(read(segmentOf(written).segment)).toEqual({ records: written, damage: [] });
});

test("T4: a segment cut at any byte yields the records before the cut and says that its end is torn", () => {
  const { segment, starts } = segmentOf(written);
  for (let cut = 0; cut <= segment.length; cut++) {
    const { records, damage } = read(segment.subarray(0, cut));
    const whole = starts.filter((start) => start <= cut).length - 1;
    expect(records, `cut at ${cut}`).toEqual(written.slice(0, whole));
    const tornBytes = cut - starts[whole]!;
    expect(damage, `cut at ${cut}`).toEqual(
      tornBytes === 0 ? [] : [{ at: starts[whole], length: tornBytes, atEnd: true }],
    );
  }
});

test("T4: any damaged byte costs its own record and no other", () => {
  const { segment, starts } = segmentOf(written);
  for (let at = 0; at < segment.length; at++) {
    const hit = starts.findLastIndex((start) => start <= at);
    for (const mask of [0x01, 0x80, 0xff]) {
      const damaged = Buffer.from(segment);
      damaged[at]! ^= mask;
      const { records, damage } = read(damaged);
      expect(records, `byte ${at} ^ ${mask}`).toEqual(written.filter((_, i) => i !== hit));
      const stretch = { at: starts[hit], length: starts[hit + 1]! - starts[hit]!, atEnd: hit === written.length - 1 };
      expect(damage, `byte ${at} ^ ${mask}`).toEqual([stretch]);
    }
  }
});

test("a hole of zeros, as a power cut leaves one, is passed over", () => {
  const { segment } = segmentOf(written);
  const withHole = Buffer.concat([segment, Buffer.alloc(4096), segment]);
  expect(read(withHole)).toEqual({
    records: [...written, ...written],
    damage: [{ at: segment.length, length: 4096, atEnd: false }],
  });
});

test("noise is no record, and costs little time even where every byte looks like a beginning", () => {
  for (const byte of [0xf5, 0x00, 0x01]) {
    const noise = Buffer.alloc(1 << 20, byte);
    expect(read(noise)).toEqual({ records: [], damage: [{ at: 0, length: noise.length, atEnd: true }] });
  }
});

test("a record that is too long is refused", () => {
  const buffer = Buffer.alloc(200_000);
  expect(() => encodeRecord(buffer, 0, RecordKind.OPEN, "x".repeat(65_536))).toThrow(RangeError);
  expect(encodeRecord(buffer, 0, RecordKind.OPEN, "x".repeat(65_535))).toBe(65_543);
});
