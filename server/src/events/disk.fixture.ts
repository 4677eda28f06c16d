import { type JournalFiles, nodeFiles } from "./files.ts";

/** The real disk, until a test says otherwise. */
export class FaultyDisk implements JournalFiles {
  /** Bytes that can still be written before the disk is full. What is truncated or removed is not given back. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** Every write, truncation and sync fails. */
  dead = false;
  syncs = 0;

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
    return nodeFiles.create(path);
  }

  write(file: number, bytes: Buffer, offset: number, length: number, position: number): number {
    if (this.dead) throw ioError("EIO");
    if (this.freeBytes <= 0) throw ioError("ENOSPC");
    // Like a real disk, a full one takes what still fits.
    const taken = nodeFiles.write(file, bytes, offset, Math.min(length, this.freeBytes), position);
    this.freeBytes -= taken;
    return taken;
  }

  truncate(file: number, length: number): void {
    if (this.dead) throw ioError("EIO");
    nodeFiles.truncate(file, length);
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
