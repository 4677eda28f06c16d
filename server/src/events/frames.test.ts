import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { factsOf, resultOf } from "./attempt.fixture.ts";
import { encodeClosed, encodeFacts } from "./attempt.ts";
import { pack, pieceBytes, readFrames, unpack } from "./frames.ts";
import { encodeRecord, isDamage, maxRecordBytes, RecordKind, readRecords } from "./record.ts";
import { RecordPieces } from "./record-pieces.ts";

async function readAll(file: Buffer) {
  const pieces: Buffer[] = [];
  const damaged: [from: number, to: number][] = [];
  for await (const piece of readFrames(file)) {
    if (Buffer.isBuffer(piece)) pieces.push(piece);
    else damaged.push([piece.at, piece.at + piece.length]);
  }
  return { pieces, damaged };
}

/** A segment of `attempts` attempts, as the journal writes it. */
function segmentOf(attempts: number): Buffer {
  const target = Buffer.alloc(attempts * 1024);
  let end = 0;
  for (let n = 1; n <= attempts; n++) {
    const text = encodeFacts(n, factsOf(n));
    end = encodeRecord(target, end, RecordKind.OPEN, `${text}]`);
    end = encodeRecord(target, end, RecordKind.CLOSE, encodeClosed(text, resultOf(n)));
  }
  return target.subarray(0, end);
}

test("E4: pieces come back as they were, also those that do not compress and look like frames inside", async () => {
  const deceptive = randomBytes(pieceBytes);
  for (let at = 100; at < pieceBytes; at += 10_007) deceptive.write("28b52ffd", at, "hex");
  const pieces = [Buffer.from("short"), deceptive, randomBytes(pieceBytes), Buffer.alloc(pieceBytes)];
  const file = Buffer.concat(await Promise.all(pieces.map(pack)));
  expect(await readAll(file)).toEqual({ pieces, damaged: [] });
  expect(await readAll(Buffer.alloc(0))).toEqual({ pieces: [], damaged: [] });
});

test("E4: a frame with any byte damaged is told of and spoils no other", async () => {
  const pieces = ["one ", "two ", "three "].map((word) => Buffer.from(word.repeat(50)));
  const frames = await Promise.all(pieces.map(pack));
  const file = Buffer.concat(frames);
  for (let at = 0; at < file.length; at++) {
    const wrong = Buffer.from(file);
    wrong[at]! ^= 0x41;
    const hit = frames.findIndex((_, i) => at < Buffer.concat(frames.slice(0, i + 1)).length);
    const { pieces: found, damaged } = await readAll(wrong);
    // The size of the window is a hint: with a wrong one the piece is still what its checksum says.
    if (found.length === pieces.length)
      expect({ found, damaged }, `byte ${at}`).toEqual({ found: pieces, damaged: [] });
    else {
      expect(found, `byte ${at}`).toEqual(pieces.filter((_, i) => i !== hit));
      const told = damaged.some(([from, to]) => from <= at && at < to);
      expect(told, `byte ${at}`).toBe(true);
    }
  }
});

test("E4: cut off anywhere, the frames before the cut are read", async () => {
  const pieces = ["one ", "two "].map((word) => Buffer.from(word.repeat(50)));
  const [first, second] = (await Promise.all(pieces.map(pack))) as [Buffer, Buffer];
  const file = Buffer.concat([first, second]);
  for (let length = 0; length < file.length; length++) {
    const { pieces: found, damaged } = await readAll(file.subarray(0, length));
    expect(found, `cut at ${length}`).toEqual(length < first.length ? [] : [pieces[0]]);
    const whole = length === 0 || length === first.length;
    expect(damaged.length > 0, `cut at ${length}`).toBe(!whole);
  }
});

test("E4: noise before, between and behind frames is passed over", async () => {
  const pieces = ["one ", "two "].map((word) => Buffer.from(word.repeat(50)));
  const [first, second] = (await Promise.all(pieces.map(pack))) as [Buffer, Buffer];
  const noise = randomBytes(3000);
  const { pieces: found, damaged } = await readAll(Buffer.concat([noise, first, second, noise]));
  expect(found).toEqual(pieces);
  expect(damaged[0]).toEqual([0, 3000]);
});

test("a frame that unpacks to more than a piece is refused", async () => {
  const bomb = await pack(Buffer.alloc(pieceBytes + 1));
  await expect(unpack(bomb)).rejects.toThrow();
});

test("E4: records that come in pieces are the records that come as a whole, wherever the cuts are", () => {
  const whole = segmentOf(12);
  const expected = [...readRecords(whole)];
  for (const length of [1, 2, 7, 63, 500, 4096, whole.length]) {
    const pieces = new RecordPieces();
    const found = [];
    for (let at = 0; at < whole.length; at += length) found.push(...pieces.push(whole.subarray(at, at + length)));
    expect(found).toEqual(expected);
    expect(pieces.end()).toBeUndefined();
  }
});

test("E4: damage among pieces is told of with its place, and costs no record that is whole", () => {
  const good = segmentOf(3);
  const hole = Buffer.alloc(3 * maxRecordBytes, 0xf5);
  const torn = segmentOf(1).subarray(0, 40);
  const segment = Buffer.concat([good, hole, good, torn]);
  const pieces = new RecordPieces();
  const found = [];
  for (let at = 0; at < segment.length; at += 1000) found.push(...pieces.push(segment.subarray(at, at + 1000)));
  expect(found.filter((item) => !isDamage(item))).toHaveLength(12);
  const holes = found.filter(isDamage);
  expect(holes[0]).toMatchObject({ at: good.length, atEnd: false });
  expect(holes.reduce((sum, { length }) => sum + length, 0)).toBe(hole.length);
  expect(pieces.end()).toEqual({ at: segment.length - torn.length, length: torn.length, atEnd: true });
});
