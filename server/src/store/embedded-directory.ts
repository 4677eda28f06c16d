import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedPostgres } from "./embedded-postgres.ts";
import { shortPath } from "./lock.ts";
import { StoreError } from "./store-error.ts";

/** The version of PostgreSQL that the embedded database is, as its data directory names it. */
export const embeddedVersion = "18";

export interface EmbeddedDirectory {
  database: EmbeddedPostgres;
  /** Where a damaged database was put, when there was one. */
  setAside: string | undefined;
}

/** Opens the database inside a data directory, and starts anew when the one that is there is damaged. */
export async function openEmbedded(dataDirectory: string, now: Date): Promise<EmbeddedDirectory> {
  const directory = join(dataDirectory, "database");
  if (!existsSync(directory)) return { database: await EmbeddedPostgres.open(directory), setAside: undefined };
  await refuseOtherVersion(directory);
  try {
    return { database: await EmbeddedPostgres.open(directory), setAside: undefined };
  } catch (error) {
    // A full or read-only disk looks like damage from inside the database. Moving healthy data away would make it worse.
    await proveWritable(dataDirectory, error);
    const setAside = `${directory}.damaged-${now.toISOString().replace(/[:.]/g, "-")}`;
    await rename(directory, setAside);
    return { database: await EmbeddedPostgres.open(directory), setAside };
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
      "Start the program that made it, or move the directory away.",
  );
}

async function proveWritable(directory: string, cause: unknown) {
  const probe = join(directory, "write-probe");
  try {
    await writeFile(probe, Buffer.alloc(1 << 20), { flush: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError(`The embedded database in ${shortPath(directory)} cannot be opened: ${why}`, { cause });
  } finally {
    await rm(probe, { force: true });
  }
}
