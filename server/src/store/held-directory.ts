import { systemWorld, type World } from "../world.ts";
import { EmbeddedDirectory, makeDataDirectory } from "./embedded-directory.ts";
import { lockDirectory } from "./lock.ts";

export interface DirectoryOptions {
  /** A PostgreSQL server. Without it the database is embedded in the data directory. */
  databaseUrl?: string | undefined;
  /** Belongs to this process alone while the store is open. */
  dataDirectory: string;
  world?: World;
}

/** A data directory that is this process's alone, with the embedded database in it running when there is to be one. */
export interface HeldDirectory {
  readonly embedded: EmbeddedDirectory | undefined;
  /** Closes the database and gives the directory back. */
  release(): Promise<void>;
}

/**
 * Takes the data directory and opens the embedded database. That takes longest of all of a start, and happens in a thread
 * of its own; so it is apart from the store, and needs little code itself.
 */
export async function holdDirectory(options: DirectoryOptions): Promise<HeldDirectory> {
  const { databaseUrl, dataDirectory, world = systemWorld } = options;
  await makeDataDirectory(dataDirectory);
  const lock = await lockDirectory(dataDirectory);
  try {
    if (databaseUrl) return { embedded: undefined, release: () => lock.release() };
    const embedded = await EmbeddedDirectory.open(dataDirectory, () => new Date(world.clock.nowMs()));
    return {
      embedded,
      async release() {
        await embedded.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
