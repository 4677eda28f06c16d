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
  readonly readInto = nodeFiles.readInto;
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

/** A disk whose process dies in the middle of the nth thing it asks of it: that is half done, and nothing comes after it. */
export function crashingDisk(steps: number): { readonly files: JournalFiles; readonly crashed: () => boolean } {
  let left = steps;
  const gone = () => new Error("the process has died, as the test wants");
  const step = <Arguments extends unknown[], Result>(
    work: (...args: Arguments) => Result,
    half: (...args: Arguments) => void = () => undefined,
  ) => {
    return (...args: Arguments): Result => {
      left--;
      if (left < 0) throw gone();
      if (left > 0) return work(...args);
      half(...args);
      throw gone();
    };
  };
  const files: JournalFiles = {
    createDirectory: step(nodeFiles.createDirectory, nodeFiles.createDirectory),
    create: step(nodeFiles.create, (path) => nodeFiles.close(nodeFiles.create(path))),
    write: step(nodeFiles.write, (file, bytes, offset, length, position) => {
      nodeFiles.write(file, bytes, offset, length >> 1, position);
    }),
    truncate: step(nodeFiles.truncate),
    // Whoever is dead has its files closed for it.
    close: nodeFiles.close,
    sync: step(nodeFiles.sync),
    syncDirectory: step(nodeFiles.syncDirectory),
    list: step(nodeFiles.list),
    read: step(nodeFiles.read),
    readInto: step(nodeFiles.readInto),
    remove: step(nodeFiles.remove),
    removeDirectory: step(nodeFiles.removeDirectory),
    rename: step(nodeFiles.rename),
  };
  return { files, crashed: () => left <= 0 };
}
