import { setTimeout as sleep } from "node:timers/promises";
import { Migrator } from "@mikro-orm/migrations";
import { MikroORM, type Options } from "@mikro-orm/postgresql";
import { systemWorld, type World } from "../world.ts";
import { ApiKey } from "./api-key.ts";
import { ApiKeys } from "./api-keys.ts";
import { type Connection, connectEmbedded } from "./connect-embedded.ts";
import type { EmbeddedDirectory } from "./embedded-directory.ts";
import { type DirectoryOptions, type HeldDirectory, holdDirectory } from "./held-directory.ts";
import { KeptThoughts, type ThoughtShelf, thoughtShelf } from "./kept-thoughts.ts";
import { KeyRevision } from "./key-revision.ts";
import { Ledger } from "./ledger.ts";
import { Balance, DeadLetter, LedgerEntry } from "./ledger-entry.ts";
import { migrations } from "./migrations/list.ts";
import { Setting, Settings } from "./setting.ts";
import { oneRow, type Pool, sqlOn } from "./sql.ts";
import { StoreError } from "./store-error.ts";

export interface StoreOptions extends DirectoryOptions {
  /** Hears of what is wrong but not fatal. */
  log?: (message: string) => void;
}

/** Everything the gateway remembers. */
export interface Store {
  readonly kind: "embedded" | "postgresql";
  readonly orm: MikroORM;
  readonly keys: ApiKeys;
  readonly ledger: Ledger;
  readonly thoughts: ThoughtShelf;
  readonly settings: Settings;
  /** The embedded database's directory, with what it is rebuilt from. A server's backups are its operator's. */
  readonly embedded: EmbeddedDirectory | undefined;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const oldestPostgres = 14;
const connectWaitMs = 5000;
const migrationWaitMs = 60_000;
/** An arbitrary number that means "Pontage is changing the schema" on a PostgreSQL server. */
const migrationLock = 7_668_001;

/** Opens the store: takes the data directory, unless it is `held` already, connects, and brings the schema up to date. */
export async function openStore(
  options: StoreOptions,
  held: Promise<HeldDirectory> = holdDirectory(options),
): Promise<Store> {
  const directory = await held;
  try {
    return await connect(options, directory);
  } catch (error) {
    await directory.release();
    throw error;
  }
}

async function connect(options: StoreOptions, { embedded, release }: HeldDirectory): Promise<Store> {
  const { databaseUrl, log = () => undefined, world = systemWorld } = options;
  const init = (connection: Options) => MikroORM.init({ ...ormOptions, logger: log, ...connection });
  const connection = embedded ? await connectEmbedded(embedded, init, log) : await connectServer(databaseUrl!, init);
  try {
    return await assemble(connection, embedded, world, log, release);
  } catch (error) {
    await connection.orm.close().catch(() => undefined);
    throw error;
  }
}

const ormOptions: Options = {
  entities: [ApiKey, Setting, LedgerEntry, Balance, DeadLetter, KeptThoughts],
  extensions: [Migrator],
  // One unit of work per request: the shared one is refused rather than filled for ever.
  allowGlobalContext: false,
  migrations: {
    migrationsList: migrations,
    tableName: "schema_migration",
    snapshot: false,
    transactional: true,
    silent: true,
  },
  // Written by hand in a migration, and nothing an entity would describe.
  schemaGenerator: { skipTables: ["key_revision"] },
};

async function connectServer(clientUrl: string, init: (options: Options) => Promise<MikroORM>): Promise<Connection> {
  const orm = await init({
    clientUrl,
    driverOptions: { connectionTimeoutMillis: connectWaitMs, application_name: "pontage", keepAlive: true },
  });
  try {
    const pool = await reach(orm, clientUrl);
    await migrateAlone(orm, pool);
    return { orm, pool };
  } catch (error) {
    await orm.close().catch(() => undefined);
    throw error;
  }
}

async function assemble(
  { orm, pool, beforeCommit }: Connection,
  embedded: EmbeddedDirectory | undefined,
  world: World,
  log: (message: string) => void,
  release: () => Promise<void>,
): Promise<Store> {
  const revision = new KeyRevision(pool, world.clock, log);
  await revision.check();
  // An embedded database has no other writers to follow.
  if (!embedded) revision.follow();
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    await revision.close();
    await orm.close();
    await release();
  };
  return {
    kind: embedded ? "embedded" : "postgresql",
    orm,
    keys: new ApiKeys(orm, world, revision, beforeCommit),
    ledger: new Ledger(pool),
    thoughts: thoughtShelf(pool),
    settings: new Settings(pool, beforeCommit),
    embedded,
    async ping() {
      await sqlOn(pool).rows("select 1");
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

/** Replicas may start together; one changes the schema and the others wait for it. */
async function migrateAlone(orm: MikroORM, pool: Pool) {
  const client = await pool.connect();
  const sql = sqlOn(client);
  let locked = false;
  try {
    const { version } = await oneRow<{ version: number }>(
      sql,
      "select current_setting('server_version_num')::int as version",
    );
    if (version < oldestPostgres * 10_000) {
      throw new StoreError(
        `PostgreSQL ${Math.floor(version / 10_000)} is too old. ${oldestPostgres} or newer is needed.`,
      );
    }
    const deadlineMs = performance.now() + migrationWaitMs;
    while (!locked) {
      ({ locked } = await oneRow<{ locked: boolean }>(sql, "select pg_try_advisory_lock($1) as locked", [
        migrationLock,
      ]));
      if (locked) break;
      if (performance.now() > deadlineMs) {
        throw new StoreError(
          "Another Pontage process has been changing the database's schema for a minute. Is it stuck?",
        );
      }
      await sleep(50);
    }
    await orm.migrator.up();
  } finally {
    if (locked) await sql.rows("select pg_advisory_unlock($1)", [migrationLock]).catch(() => undefined);
    // The lock belongs to the connection; throwing the connection away would also give it back.
    client.release(!locked);
  }
}

/** The driver's pool, once the server has answered on it. */
async function reach(orm: MikroORM, databaseUrl: string): Promise<Pool> {
  try {
    const pool: Pool = await orm.em.getConnection().getNativeClient();
    await sqlOn(pool).rows("select 1");
    return pool;
  } catch (cause) {
    throw unreachable(databaseUrl, cause);
  }
}

function unreachable(databaseUrl: string, cause: unknown): StoreError {
  const why =
    cause instanceof Error ? cause.message || ("code" in cause ? String(cause.code) : cause.name) : String(cause);
  return new StoreError(`PostgreSQL at ${addressOf(databaseUrl)} cannot be reached: ${why}`, { cause });
}

/** Where a URL points, without who logs in and with what. */
function addressOf(databaseUrl: string): string {
  try {
    const { hostname, port, pathname } = new URL(databaseUrl);
    return `${hostname}:${port || 5432}${pathname}`;
  } catch {
    return "the address given";
  }
}
