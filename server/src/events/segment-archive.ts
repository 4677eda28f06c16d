import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { type JournalFiles, nodeFiles } from "./files.ts";
import { pack, pieceBytes, readFrames, unpack } from "./frames.ts";
import { isProducer } from "./producer.ts";
import { isDamage, type JournalRecord } from "./record.ts";
import { RecordPieces } from "./record-pieces.ts";
import type { Report } from "./report.ts";
import type { Segment } from "./segment.ts";

export interface SegmentArchiveOptions {
  /** Where every producer has its own directory. */
  readonly root: string;
  readonly report: Report;
  /** Told of every segment that is in the archive for good, with the last sequence that was opened in it. */
  readonly kept?: (producer: string, lastSequence: number) => Promise<void>;
  readonly files?: JournalFiles;
}

/** Where the frame of a piece is in the file that is being written, and what the piece was. */
interface Packed {
  readonly at: number;
  readonly bytes: number;
  readonly crc: number;
}

/**
 * A file of the archive that is smaller takes the producer's next segment along. A quiet gateway seals a segment every
 * 15 s; one file for each would be two million a year.
 */
const smallFileBytes = 64 << 10;

/**
 * The journal's segments after the ledger has had them, compressed. The rows of the ledger are the journal's events, one to
 * one, so an embedded database that is lost is rebuilt from here. It costs about 53 bytes an attempt where the journal takes
 * 420. Nothing removes what is in it yet; that comes with a retention of the ledger's rows.
 *
 * A segment is written to a draft, forced to the device, read back and compared, and only then given its name. Whoever is
 * killed in between leaves the original, the archived copy or both, and events that come twice are one row.
 */
export class SegmentArchive {
  readonly #root: string;
  readonly #report: Report;
  readonly #kept: NonNullable<SegmentArchiveOptions["kept"]>;
  readonly #files: JournalFiles;
  /** The small file that goes on with the next segment of its producer. */
  #growing: { readonly producer: string; readonly path: string } | undefined;
  /** What is read goes here: new memory for every piece would keep the garbage collector busy. */
  readonly #piece = Buffer.allocUnsafeSlow(pieceBytes + 1024);
  /** Segments that are in the archive and whose removal may be tried again. */
  readonly #taken = new WeakSet<Segment>();

  constructor({ root, report, kept = async () => undefined, files = nodeFiles }: SegmentArchiveOptions) {
    this.#root = root;
    this.#report = report;
    this.#kept = kept;
    this.#files = files;
    this.#files.createDirectory(root);
  }

  /** Takes a segment in. When this resolves its file may be removed. One call at a time. */
  async keep(producer: string, segment: Segment): Promise<void> {
    if (this.#taken.has(segment)) return;
    if (!(await this.#exists(segment.path))) {
      this.#report("a journal segment is gone before it was archived; the ledger alone has its rows", {
        path: segment.path,
      });
      return;
    }
    const path = this.#pathFor(producer, segment);
    const earlier = (await this.#exists(path)) ? await this.#files.read(path) : Buffer.alloc(0);
    this.#files.createDirectory(dirname(path));
    const draft = join(this.#root, "draft");
    const bytes = await this.#write(draft, segment.path, earlier);
    if (bytes > earlier.length) {
      await this.#files.rename(draft, path);
      await this.#files.syncDirectory(dirname(path));
      await this.#files.syncDirectory(this.#root);
    } else await this.#files.remove(draft);
    this.#taken.add(segment);
    this.#growing = bytes < smallFileBytes ? { producer, path } : undefined;
    if (segment.lastSequence > 0) await this.#kept(producer, segment.lastSequence);
  }

  /** The producers that have something in the archive. */
  async producers(): Promise<string[]> {
    return (await this.#files.list(this.#root)).filter((name) => name !== "draft" && isProducer(name)).sort();
  }

  /** Everything that can be read of a producer's segments, in the order in which it was kept. What cannot be is reported. */
  async *read(producer: string): AsyncGenerator<JournalRecord> {
    const directory = join(this.#root, producer);
    for (const name of (await this.#files.list(directory)).sort()) {
      const path = join(directory, name);
      const damaged = (what: string, at: number, length: number) =>
        this.#report(`an archived journal segment is damaged: ${what}`, { path, at, length });
      const records = new RecordPieces();
      for await (const piece of readFrames(await this.#files.read(path))) {
        if (!Buffer.isBuffer(piece)) damaged("its compressed bytes", piece.at, piece.length);
        else
          for (const record of records.push(piece)) {
            if (isDamage(record)) damaged("its records", record.at, record.length);
            else yield record;
          }
      }
      const rest = records.end();
      if (rest) damaged("its end", rest.at, rest.length);
    }
  }

  async #exists(path: string): Promise<boolean> {
    return (await this.#files.list(dirname(path))).includes(basename(path));
  }

  #pathFor(producer: string, { path }: Segment): string {
    if (this.#growing?.producer === producer) return this.#growing.path;
    return join(this.#root, producer, `${basename(path, ".log")}.zst`);
  }

  /** Writes what the file has had so far and the segment behind it, proves that it is there, and returns the new length. */
  async #write(draft: string, source: string, earlier: Buffer): Promise<number> {
    const file = this.#files.create(draft);
    const packed: Packed[] = [];
    let bytes = 0;
    const append = (chunk: Buffer) => {
      for (let written = 0; written < chunk.length; ) {
        const taken = this.#files.write(file, chunk, written, chunk.length - written, bytes + written);
        if (taken === 0) throw new Error("the disk took nothing");
        written += taken;
      }
      bytes += chunk.length;
    };
    try {
      try {
        append(earlier);
        for (let from = 0; ; ) {
          const piece = await this.#files.readInto(this.#piece.subarray(0, pieceBytes), source, from);
          if (piece.length === 0) break;
          const frame = await pack(piece);
          packed.push({ at: bytes, bytes: frame.length, crc: crc32(piece) });
          append(frame);
          from += piece.length;
        }
        await this.#files.sync(file);
      } finally {
        this.#files.close(file);
      }
      await this.#prove(draft, source, earlier, packed);
    } catch (error) {
      // On a full disk the room is given back at once; running calls may need it to end.
      await this.#files.remove(draft).catch(() => undefined);
      throw error;
    }
    return bytes;
  }

  /**
   * Reads a draft back: it must unpack to what it was made of. Whether that is records is not looked at again, which would
   * cost as much as all the rest: a dead process's segments have just been read by the recovery, and what this process
   * wrote a moment ago is still in memory.
   */
  async #prove(draft: string, source: string, earlier: Buffer, packed: readonly Packed[]): Promise<void> {
    let same = (await this.#files.readInto(Buffer.alloc(earlier.length), draft, 0)).equals(earlier);
    for (const { at, bytes, crc } of packed) {
      const piece = await unpack(await this.#files.readInto(this.#piece.subarray(0, bytes), draft, at));
      same &&= crc32(piece) === crc;
    }
    if (!same) throw new Error(`${draft} does not hold what is in ${source}: the disk is not to be trusted`);
  }
}
