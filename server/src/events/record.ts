import { crc32 } from "node:zlib";

/**
 * How a record lies in a segment. Numbers are little-endian.
 *
 *     0  marker, 0xF5: it never occurs in UTF-8, so no payload contains one and a reader can find its way again
 *     1  CRC-32 of everything that follows, to the end of the payload
 *     5  kind
 *     6  length of the payload
 *     8  payload, UTF-8
 *
 * A different layout gets a different marker.
 */
const marker = 0xf5;
const crcAt = 1;
const kindAt = 5;
const lengthAt = 6;
const payloadAt = 8;

/** What a record says of its attempt. */
export const RecordKind = { OPEN: 1, START: 2, CLOSE: 3 } as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** The length of a payload is a 16-bit number. */
export const maxPayloadBytes = 0xffff;
export const maxRecordBytes = payloadAt + maxPayloadBytes;

/** Writes one record into `target` at `at` and returns where it ends. The caller sees to it that it fits. */
export function encodeRecord(target: Buffer, at: number, kind: RecordKind, payload: string): number {
  const length = target.write(payload, at + payloadAt);
  if (length > maxPayloadBytes) throw new RangeError(`a journal record of ${length} bytes is too long`);
  const end = at + payloadAt + length;
  target[at] = marker;
  target[at + kindAt] = kind;
  target[at + lengthAt] = length & 0xff;
  target[at + lengthAt + 1] = length >>> 8;
  target.writeUInt32LE(crc32(target.subarray(at + kindAt, end)), at + crcAt);
  return end;
}

export interface JournalRecord {
  readonly kind: RecordKind;
  readonly payload: string;
}

/** A stretch of a segment that holds no readable record. */
export interface DamagedStretch {
  readonly at: number;
  readonly length: number;
  /** Nothing readable follows: what a crash in the middle of a write leaves behind. */
  readonly atEnd: boolean;
}

/** Yields the records of a segment and, in their place, the stretches that cannot be read. Never throws. */
export function* readRecords(segment: Buffer): Generator<JournalRecord | DamagedStretch> {
  let at = 0;
  while (at < segment.length) {
    const end = endOfRecord(segment, at);
    if (end !== undefined) {
      yield { kind: segment[at + kindAt] as RecordKind, payload: segment.toString("utf8", at + payloadAt, end) };
      at = end;
      continue;
    }
    let next = segment.indexOf(marker, at + 1);
    while (next !== -1 && endOfRecord(segment, next) === undefined) next = segment.indexOf(marker, next + 1);
    const until = next === -1 ? segment.length : next;
    yield { at, length: until - at, atEnd: next === -1 };
    at = until;
  }
}

export function isDamage(item: JournalRecord | DamagedStretch): item is DamagedStretch {
  return "atEnd" in item;
}

/** Where the record that begins at `at` ends; undefined when none begins there. */
function endOfRecord(segment: Buffer, at: number): number | undefined {
  if (segment[at] !== marker || at + payloadAt > segment.length) return undefined;
  // The kind is looked at before the checksum is computed, so that a stretch of noise costs little.
  const kind = segment[at + kindAt] ?? 0;
  if (kind < RecordKind.OPEN || kind > RecordKind.CLOSE) return undefined;
  const end = at + payloadAt + segment.readUInt16LE(at + lengthAt);
  if (end > segment.length) return undefined;
  return crc32(segment.subarray(at + kindAt, end)) === segment.readUInt32LE(at + crcAt) ? end : undefined;
}
