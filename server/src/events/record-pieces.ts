import { type DamagedStretch, isDamage, type JournalRecord, maxRecordBytes, readRecords } from "./record.ts";

/** Reads the records of a segment that comes in pieces, cut anywhere, so that no segment is in memory as a whole. */
export class RecordPieces {
  /** The last piece, behind what was left of the ones before. Used again for every piece. */
  #bytes = Buffer.alloc(0);
  /** What may be the beginning of a record whose rest is in the next piece: so many bytes, at the front. */
  #left = 0;
  /** Where the front is in the segment. */
  #at = 0;

  /** The records that are complete with this piece, and the stretches that hold none. */
  *push(piece: Buffer): Generator<JournalRecord | DamagedStretch> {
    const length = this.#left + piece.length;
    if (this.#bytes.length < length) {
      const larger = Buffer.allocUnsafeSlow(length + maxRecordBytes);
      this.#bytes.copy(larger, 0, 0, this.#left);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.#left);
    const bytes = this.#bytes.subarray(0, length);
    let read = length;
    for (const item of readRecords(bytes)) {
      if (!isDamage(item)) yield item;
      else if (!item.atEnd) yield { ...item, at: this.#at + item.at };
      else {
        // No record is longer than this; what lies before can belong to none that is still to come.
        read = Math.max(item.at, length - maxRecordBytes);
        if (read > item.at) yield { at: this.#at + item.at, length: read - item.at, atEnd: false };
      }
    }
    this.#left = bytes.copy(this.#bytes, 0, read);
    this.#at += read;
  }

  /** What is left when there are no more pieces: a torn end, or nothing. */
  end(): DamagedStretch | undefined {
    return this.#left === 0 ? undefined : { at: this.#at, length: this.#left, atEnd: true };
  }
}
