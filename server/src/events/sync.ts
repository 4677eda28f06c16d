import type { JournalFiles } from "./files.ts";

/** When the journal asks the device to keep what the kernel has: never, every interval, or before anyone goes on. */
export type SyncMode = "none" | "interval" | "always";

interface SyncOptions {
  readonly mode: SyncMode;
  readonly intervalMs: number;
  readonly files: JournalFiles;
  readonly directory: string;
  readonly failed: (error: unknown) => void;
}

/** Groups the fsyncs of a journal, off the event loop: many records, one trip to the device. */
export class GroupedSync {
  readonly #options: SyncOptions;
  readonly #dirty = new Set<number>();
  readonly #retired = new Set<number>();
  #newNames = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** The round after the running one, when somebody waits for it. */
  #next: Promise<void> | undefined;

  constructor(options: SyncOptions) {
    this.#options = options;
  }

  /** Something was written to a file. On the hot path. */
  wrote(file: number): void {
    const { mode, intervalMs } = this.#options;
    if (mode === "none") return;
    this.#dirty.add(file);
    if (mode === "always" || this.#timer || this.#running) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#round();
    }, intervalMs);
    this.#timer.unref();
  }

  /** A file was created, so its name has to be kept as well. */
  created(): void {
    this.#newNames = true;
  }

  /** Nothing will be written to this file any more: it is closed once its content is safe. */
  retire(file: number): void {
    if (this.#dirty.has(file) || this.#running) this.#retired.add(file);
    else this.#options.files.close(file);
  }

  /** Resolves when everything written so far is on the device; undefined when nobody has to wait for that. */
  synced(): Promise<void> | undefined {
    return this.#options.mode === "always" ? this.now() : undefined;
  }

  /** Resolves when everything written so far is on the device. */
  now(): Promise<void> {
    if (!this.#running) return this.#round();
    // The running round may have begun before the last write.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#round();
    });
    return this.#next;
  }

  #round(): Promise<void> {
    if (this.#running) return this.now();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = this.#syncAll().finally(() => {
      this.#running = undefined;
      for (const file of this.#retired) {
        if (this.#dirty.has(file)) continue;
        this.#retired.delete(file);
        this.#options.files.close(file);
      }
      for (const file of this.#dirty) this.wrote(file);
    });
    return this.#running;
  }

  async #syncAll(): Promise<void> {
    const { files, directory, failed } = this.#options;
    const dirty = [...this.#dirty];
    const newNames = this.#newNames;
    this.#dirty.clear();
    this.#newNames = false;
    try {
      await Promise.all([
        ...dirty.map((file) => files.sync(file)),
        ...(newNames ? [files.syncDirectory(directory)] : []),
      ]);
    } catch (error) {
      // The kernel may have dropped the pages it could not write, so asking again would prove nothing.
      failed(error);
    }
  }
}
