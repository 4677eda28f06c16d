import { closeSync, fdatasync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { open, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { promisify } from "node:util";

/** What the journal needs of a disk. Given by the composition root, so that a test can let the disk fail. */
export interface JournalFiles {
  createDirectory(path: string): void;
  /** Creates a file, or empties it, and opens it for writing. */
  create(path: string): number;
  /** Hands bytes to the kernel and returns how many it took. On the hot path. */
  write(file: number, bytes: Buffer, offset: number, length: number, position: number): number;
  truncate(file: number, length: number): void;
  close(file: number): void;
  /** Resolves when what was written is on the device. */
  sync(file: number): Promise<void>;
  /** Resolves when the names in a directory are on the device. */
  syncDirectory(path: string): Promise<void>;
  /** The names in a directory; none when it does not exist. */
  list(path: string): Promise<string[]>;
  read(path: string): Promise<Buffer>;
  /** Reads into a buffer from a place in a file, and answers with the part of it that was filled: at the end less, or nothing. */
  readInto(target: Buffer, path: string, position: number): Promise<Buffer>;
  /** Removing what is gone already is no error. */
  remove(path: string): Promise<void>;
  removeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
}

const syncData = promisify(fdatasync);

export const nodeFiles: JournalFiles = {
  createDirectory: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  create: (path) => openSync(path, "w", 0o600),
  write: writeSync,
  truncate: ftruncateSync,
  close: closeSync,
  sync: syncData,
  async syncDirectory(path) {
    // Windows cannot open a directory; there the names are journalled by the file system itself.
    if (process.platform === "win32") return;
    const directory = await open(path, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
  list: (path) => readdir(path).catch(noneWhenMissing),
  read: (path) => readFile(path),
  async readInto(target, path, position) {
    const file = await open(path, "r");
    try {
      const { bytesRead } = await file.read(target, 0, target.length, position);
      return target.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  },
  remove: (path) => rm(path, { force: true }),
  removeDirectory: (path) => rmdir(path),
  rename,
};

function noneWhenMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}
