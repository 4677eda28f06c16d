import { type JournalFiles, nodeFiles } from "./files.ts";

/** The real disk, until a test says otherwise. */
export class FaultyDisk implements JournalFiles {
  /** Bytes by which files can still grow before the disk is full. A truncation gives back what it cuts off. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** Every write, truncation and sync fails. */
  dead = false;
  syncs = 0;
  readonly #sizes = new Map<number, number>();

  readonly createDirectory = nodeFiles.createDirectory;
  readonly close = nodeFiles.close;
  readonly list = nodeFiles.list;
  readonly read = nodeFiles.read;
  readonly remove = nodeFiles.remove;
  readonly removeDirectory = nodeFiles.removeDirectory;
  readonly rename = nodeFiles.rename;
  readonly syncDirectory = nodeFiles.syncDirectory;

  create(path: string): number {
    if (this.dead) throw ioError("EIO");
    const file = nodeFiles.create(path);
    this.#sizes.set(file, 0);
    return file;
  }

  write(file: number, bytes: Buffer, offset: number, length: number, position: number): number {
    if (this.dead) throw ioError("EIO");
    const size = this.#sizes.get(file) ?? 0;
    const fits = size + this.freeBytes - position;
    if (fits <= 0) throw ioError("ENOSPC");
    // Like a real disk, a full one takes what still fits.
    const taken = nodeFiles.write(file, bytes, offset, Math.min(length, fits), position);
    const grownBytes = Math.max(0, position + taken - size);
    this.#sizes.set(file, size + grownBytes);
    this.freeBytes -= grownBytes;
    return taken;
  }

  truncate(file: number, length: number): void {
    if (this.dead) throw ioError("EIO");
    nodeFiles.truncate(file, length);
    this.freeBytes += Math.max(0, (this.#sizes.get(file) ?? 0) - length);
    this.#sizes.set(file, length);
  }

  async sync(file: number): Promise<void> {
    this.syncs++;
    if (this.dead) throw ioError("EIO");
    await nodeFiles.sync(file);
  }
}

function ioError(code: string): Error {
  return Object.assign(new Error(`${code}, as the test wants`), { code });
}
