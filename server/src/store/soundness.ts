import { Ledger } from "./ledger.ts";
import { encode, type MirrorReading, readContent } from "./mirror.ts";
import { inTransaction, oneRow, type Pool, sqlOn } from "./sql.ts";
import { firstLine } from "./store-error.ts";
import type { Mark } from "./watermark.ts";

/** The embedded database opened, and is not to be trusted all the same. */
export class DamagedDatabase extends Error {
  override readonly name = "DamagedDatabase";
}

/**
 * Up to this size all rows of the ledger are read at a start. That takes a millisecond for 1 MiB; beyond it, a start would
 * take too long, and damage in old rows is found when something reads them.
 */
const countedBytes = 64 << 20;
/** So many of the last rows that the ledger has had are looked for. */
const lookedForRows = 100n;

/**
 * Looks for damage in a database that opens. PostgreSQL notices a page that is wrong when it reads it, and takes a file
 * that is too short for a table with fewer rows; so what is known from elsewhere is compared. Throws `DamagedDatabase`.
 */
export async function proveSound(pool: Pool, mirrored: MirrorReading, mark: Mark | undefined): Promise<void> {
  try {
    await compare(pool, mirrored, mark);
  } catch (error) {
    // None of these questions has an answer that is an error, whatever its kind.
    throw error instanceof DamagedDatabase ? error : new DamagedDatabase(firstLine(error), { cause: error });
  }
}

async function compare(pool: Pool, mirrored: MirrorReading, mark: Mark | undefined): Promise<void> {
  const sql = sqlOn(pool);
  const { made } = await oneRow<{ made: boolean }>(sql, "select to_regclass('schema_migration') is not null as made");
  const migrations = made ? await sql.rows<{ name: string }>("select name from schema_migration order by id") : [];
  if (typeof mirrored === "object") {
    if (!migrations.some(({ name }) => name === mirrored.schema)) throw new DamagedDatabase("its tables are gone");
    const stored = await inTransaction(pool, readContent);
    // The file is forced to the device before a change is committed, and the database never is: a power cut may have taken
    // its last changes, and nobody knows what else. (So may a SIGKILL, in the few milliseconds between the two.)
    if (mirrored.revision > stored.revision) throw new DamagedDatabase("the last changes of keys or settings are gone");
    const comparable = mirrored.revision === stored.revision && mirrored.schema === stored.schema;
    if (comparable && encode(mirrored) !== encode(stored)) {
      throw new DamagedDatabase("keys or settings are not what was written");
    }
  }
  // A start that was killed before it made the tables.
  if (migrations.length === 0) return;
  await proveBalanced(pool);
  await sql.rows("select 1 from dead_letter limit 1");
  if (mark) {
    const first = mark.sequence < lookedForRows ? 1n : mark.sequence - lookedForRows + 1n;
    const missing = await new Ledger(pool).missing(mark.producer, first, mark.sequence);
    if (missing.length > 0) throw new DamagedDatabase("the latest rows of the ledger are gone");
  }
}

async function proveBalanced(pool: Pool): Promise<void> {
  const sql = sqlOn(pool);
  const { total, keys, bytes } = await oneRow<{ total: string; keys: string; bytes: string }>(
    sql,
    `select coalesce(sum(attempts) filter (where scope = 'total'), 0)::text as total,
       coalesce(sum(attempts) filter (where scope like 'key:%'), 0)::text as keys,
       pg_relation_size('ledger_entry')::text as bytes
     from balance`,
  );
  if (total !== keys) throw new DamagedDatabase("the balances of keys do not add up to the total");
  if (Number(bytes) > countedBytes) return;
  const { rows } = await oneRow<{ rows: string }>(sql, "select count(*)::text as rows from ledger_entry");
  if (rows !== total) throw new DamagedDatabase(`the ledger has ${rows} rows, and balances of ${total}`);
}

/** What an error says of the database's files; undefined when it says nothing about them. */
export function damageIn(error: unknown): string | undefined {
  if (error instanceof DamagedDatabase) return error.message;
  // XX001 data_corrupted, XX002 index_corrupted, 58P01 undefined_file.
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^(XX00[12]|58P01)$/.test(code) ? firstLine(error) : undefined;
}
