import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeFiles } from "../events/files.ts";
import { replaceDurably } from "./durable-file.ts";
import { EmbeddedPostgres } from "./embedded-postgres.ts";
import { shortPath } from "./lock.ts";
import { firstLine, StoreError } from "./store-error.ts";
import { Watermark } from "./watermark.ts";

/** The version of PostgreSQL that the embedded database is, as its data directory names it. */
export const embeddedVersion = "18";

/** That the database is made anew from the snapshot and the journal, until that is done. */
export interface Rebuild {
  /** `ordered`: the database that is there is damaged. `begun`: it is the new one, and not complete yet. */
  readonly state: "ordered" | "begun";
  /** What is wrong with the old one. */
  readonly why: string;
  /** Where the old one was put. Undefined when it was gone. */
  readonly setAside?: string | undefined;
}

/**
 * The embedded database inside a data directory, and what is beside it in case it gets damaged:
 *
 *     database/                          PostgreSQL's own files
 *     database.damaged-<time>/           one that was set aside
 *     snapshot/journal/<producer>/*.zst  segments of the journal that the ledger has had
 *     snapshot/keys-and-settings.json    what the journal does not have
 *     snapshot/watermark.json            an event that the ledger has had
 *     snapshot/rebuild.json              there while a new database is being filled
 */
export class EmbeddedDirectory {
  /** Where the snapshot is. */
  readonly snapshot: string;
  readonly watermark: Watermark;
  /** Where the database is. */
  readonly path: string;
  readonly #dataDirectory: string;
  readonly #now: () => Date;
  #database: EmbeddedPostgres | undefined;
  #rebuild: Rebuild | undefined;
  #setAside: string | undefined;

  private constructor(dataDirectory: string, now: () => Date) {
    this.#dataDirectory = dataDirectory;
    this.path = join(dataDirectory, "database");
    this.#now = now;
    this.snapshot = join(dataDirectory, "snapshot");
    this.watermark = new Watermark(this.snapshot);
  }

  /** Opens the database, and a new one when the one that is there is damaged or is gone. */
  static async open(dataDirectory: string, now: () => Date): Promise<EmbeddedDirectory> {
    const directory = new EmbeddedDirectory(dataDirectory, now);
    await directory.#open();
    return directory;
  }

  get database(): EmbeddedPostgres {
    if (!this.#database) throw new StoreError("The embedded database is not open.");
    return this.#database;
  }

  /** Set while the database is being filled again. */
  get rebuild(): Rebuild | undefined {
    return this.#rebuild;
  }

  /** Where a damaged database was put at this start. */
  get setAside(): string | undefined {
    return this.#setAside;
  }

  /** The journal's segments that the ledger has had. */
  get archive(): string {
    return join(this.snapshot, "journal");
  }

  /** Puts the open database aside for what was found in it, and opens a new one in its place. */
  async replace(why: string): Promise<void> {
    await this.close();
    await this.#proveWritable(why);
    await this.#startAnew(why);
  }

  /** Has the next start make the database anew, for damage that came to light while it was in use. */
  async orderRebuild(why: string): Promise<void> {
    if (!this.#rebuild) await this.#note({ state: "ordered", why });
  }

  /** The new database is complete. */
  async rebuilt(): Promise<void> {
    // What could not be read is not in the new one either, and must not be missed at every start from now on.
    await this.watermark.remove();
    await rm(this.#notePath, { force: true });
    await nodeFiles.syncDirectory(this.snapshot);
    this.#rebuild = undefined;
  }

  async close(): Promise<void> {
    await this.#database?.close();
    this.#database = undefined;
  }

  async #open(): Promise<void> {
    if (await mkdir(this.archive, { recursive: true, mode: 0o700 })) {
      for (const parent of [this.snapshot, this.#dataDirectory]) await nodeFiles.syncDirectory(parent);
    }
    const note = await this.#readNote();
    const there = existsSync(this.path);
    if (there) await refuseOtherVersion(this.path);
    if (note?.state === "ordered") return this.#startAnew(note.why);
    if (!there && !note && (await this.#hasSnapshot())) return this.#startAnew("it is gone");
    this.#rebuild = note;
    try {
      if (there) await proveMade(this.path);
      this.#database = await EmbeddedPostgres.open(this.path);
    } catch (error) {
      if (!there) throw error;
      await this.#proveWritable(error);
      if (!note) return this.#startAnew(`it does not open (${firstLine(error)})`);
      // Half of a new database holds nothing that the snapshot and the journal do not.
      await rm(this.path, { recursive: true, force: true });
      this.#database = await EmbeddedPostgres.open(this.path);
    }
  }

  async #startAnew(why: string): Promise<void> {
    if (existsSync(this.path)) {
      this.#setAside = `${this.path}.damaged-${this.#now().toISOString().replace(/[:.]/g, "-")}`;
      await rename(this.path, this.#setAside);
      await nodeFiles.syncDirectory(this.#dataDirectory);
    }
    // Only now, so that what this note is found with is always the new database. Until then the old one's absence says it.
    this.#rebuild = { state: "begun", why, setAside: this.#setAside };
    await this.#note(this.#rebuild);
    this.#database = await EmbeddedPostgres.open(this.path);
  }

  get #notePath(): string {
    return join(this.snapshot, "rebuild.json");
  }

  async #note(note: Rebuild): Promise<void> {
    await replaceDurably(this.#notePath, `${JSON.stringify(note)}\n`);
  }

  async #readNote(): Promise<Rebuild | undefined> {
    let text: string;
    try {
      text = await readFile(this.#notePath, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    try {
      return JSON.parse(text) as Rebuild;
    } catch {
      // Nothing is lost by setting aside a database that may have been half new.
      return { state: "ordered", why: "it was being rebuilt, and the note of that is damaged" };
    }
  }

  async #hasSnapshot(): Promise<boolean> {
    const names = await readdir(this.snapshot);
    return names.includes("keys-and-settings.json") || (await readdir(this.archive)).length > 0;
  }

  /** A full or read-only disk looks like damage from inside the database. Moving healthy data away would make it worse. */
  async #proveWritable(cause: unknown): Promise<void> {
    const probe = join(this.#dataDirectory, "write-probe");
    try {
      await writeFile(probe, Buffer.alloc(1 << 20), { flush: true });
    } catch (error) {
      throw new StoreError(
        `The embedded database in ${shortPath(this.path)} cannot be opened: ${firstLine(error)}. ` +
          "Make room on the disk or see to its permissions, and start again.",
        { cause },
      );
    } finally {
      await rm(probe, { force: true }).catch(() => undefined);
    }
  }
}

export async function makeDataDirectory(directory: string) {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // It may have been there before, or the umask may have been kinder.
  await chmod(directory, 0o700);
}

async function refuseOtherVersion(directory: string) {
  const version = await readFile(join(directory, "PG_VERSION"), "utf8").catch(() => undefined);
  if (version === undefined || !/^\d+\s*$/.test(version) || version.trim() === embeddedVersion) return;
  throw new StoreError(
    `${shortPath(directory)} was made by PostgreSQL ${version.trim()}; this program embeds version ${embeddedVersion}. ` +
      "Start the program that made it, or move the directory away: the next start then makes a new one from the snapshot.",
  );
}

/** Without this file the database takes its directory for a new one, and writes over everything that is in it. */
async function proveMade(directory: string) {
  if (!existsSync(join(directory, "PG_VERSION"))) throw new StoreError("its PG_VERSION is gone");
}
