import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";

/**
 * How a segment lies in the archive: cut into pieces, each a Zstandard frame of its own with its checksum, one behind the
 * other (RFC 8878, section 3). So `zstd -d` unpacks the file, a damaged frame spoils no other, and no more than a piece is
 * in memory. Frames of a segment's whole length would be 1 % smaller.
 */
export const pieceBytes = 256 << 10;

/** What every frame begins with. */
const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Off the thread that serves calls, like its counterpart. */
export function pack(piece: Buffer): Promise<Buffer> {
  const { ZSTD_c_compressionLevel: level, ZSTD_c_checksumFlag: checksum } = constants;
  return compress(piece, { chunkSize: 64 << 10, params: { [level]: 1, [checksum]: 1 } });
}

/** The piece in a frame. Rejects when the frame is damaged or cut off. */
export function unpack(frame: Buffer): Promise<Buffer> {
  // In one go: a piece in the usual 16 KiB at a time costs twice as much.
  return decompress(frame, { chunkSize: pieceBytes, maxOutputLength: pieceBytes });
}

/** A stretch of an archived file that holds no readable frame. */
export interface DamagedFrames {
  readonly at: number;
  readonly length: number;
}

/** Yields the pieces of an archived file and, in their place, the stretches that cannot be read. Never throws. */
export async function* readFrames(file: Buffer): AsyncGenerator<Buffer | DamagedFrames> {
  let at = 0;
  while (at < file.length) {
    const end = endOfFrame(file, at);
    const piece = end === undefined ? undefined : await unpack(file.subarray(at, end)).catch(() => undefined);
    if (end !== undefined && piece) {
      yield piece;
      at = end;
    } else {
      const next = file.indexOf(magic, at + 1);
      const until = next === -1 ? file.length : next;
      yield { at, length: until - at };
      at = until;
    }
  }
}

/**
 * Where the frame that begins at `at` ends by its own headers; undefined when none begins there, or when it is cut off. The
 * decompressor does not tell, and passes over whatever follows a frame without a word.
 */
function endOfFrame(file: Buffer, at: number): number | undefined {
  if (!file.subarray(at, at + magic.length).equals(magic)) return undefined;
  const descriptor = file[at + magic.length] ?? 0;
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  let end = at + magic.length + 1 + (singleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes;
  for (let last = false; !last; ) {
    if (end + 3 > file.length) return undefined;
    const header = file.readUIntLE(end, 3);
    last = (header & 1) !== 0;
    // Raw, repeated (one byte stands for all), compressed, reserved.
    const type = (header >> 1) & 3;
    if (type === 3) return undefined;
    end += 3 + (type === 1 ? 1 : header >> 3);
  }
  if ((descriptor & 4) !== 0) end += 4;
  return end <= file.length ? end : undefined;
}
