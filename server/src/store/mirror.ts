import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type JournalFiles, nodeFiles } from "../events/files.ts";
import { replaceDurably } from "./durable-file.ts";
import { shortPath } from "./lock.ts";
import { inTransaction, type PlainSql, type Pool, type Sql } from "./sql.ts";
import { firstLine, StoreError } from "./store-error.ts";

/** Rows as JSON, by the names of their columns. */
type Rows = readonly Readonly<Record<string, unknown>>[];

/** Keys and settings as they were at one moment. */
export interface MirrorContent {
  /** The newest migration of the schema these rows were read from. */
  readonly schema: string;
  /** Grows with every change, in the database as well: so it tells whether the database has all of them. */
  readonly revision: bigint;
  readonly keys: Rows;
  readonly settings: Rows;
}

/** What reading the mirror came to. */
export type MirrorReading = MirrorContent | "missing" | "damaged";

const format = 1;

/**
 * Keys and settings of the embedded database in a file beside it, since the journal does not have them. It is written and
 * forced to the device before a change is committed: a change that somebody was told of is in it. A secret is there as it
 * is in the tables, as its hash, and the file is its owner's alone.
 */
export class Mirror {
  readonly path: string;
  readonly #files: JournalFiles;

  constructor(directory: string, files: JournalFiles = nodeFiles) {
    this.path = join(directory, "keys-and-settings.json");
    this.#files = files;
  }

  /**
   * Called at the end of every transaction that changes keys or settings. When the file cannot be written the change is not
   * made: a key that is revoked only in the database would come back to life with the next rebuild.
   */
  async write(sql: PlainSql): Promise<void> {
    await sql.rows("update key_revision set revision = revision + 1");
    const content = await readContent(sql);
    try {
      await replaceDurably(this.path, encode(content), this.#files);
    } catch (cause) {
      throw new StoreError(
        `The change was not made, because keys and settings cannot be written to ${shortPath(this.path)}: ${firstLine(cause)}. ` +
          "Make room on the disk or see to the file's permissions, and try again.",
        { cause },
      );
    }
  }

  async read(): Promise<MirrorReading> {
    let text: string;
    try {
      text = await readFile(this.path, "utf8");
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT" ? "missing" : "damaged";
    }
    return decode(text) ?? "damaged";
  }

  /** Has the file say what the database says. For a database that is sound, and so has every change that the file has. */
  async agree(pool: Pool): Promise<void> {
    const mirrored = await this.read();
    const stored = await inTransaction(pool, readContent);
    if (typeof mirrored === "object" && encode(mirrored) === encode(stored)) return;
    await inTransaction(pool, (sql) => this.write(sql));
  }
}

/** Puts mirrored rows in the place of those that are there. The tables have to be of the mirror's schema. */
export async function restore(sql: Sql, { revision, keys, settings }: MirrorContent): Promise<void> {
  await sql.rows("delete from api_key");
  await sql.rows("insert into api_key select * from json_populate_recordset(null::api_key, $1::json)", [
    JSON.stringify(keys),
  ]);
  await sql.rows("delete from setting");
  // A value that is JSON's null is read as no value at all, which the column does not hold.
  await sql.rows(
    `insert into setting (name, value)
     select name, coalesce(value, 'null') from json_populate_recordset(null::setting, $1::json)`,
    [JSON.stringify(settings)],
  );
  await sql.rows("update key_revision set revision = $1", [String(revision)]);
}

/** Reads what a mirror holds, inside a transaction. */
export async function readContent(sql: PlainSql): Promise<MirrorContent> {
  // How a point in time is written depends on the session.
  await sql.rows("set local time zone 'UTC'");
  const [row] = await sql.rows<{ schema: string; revision: string; keys: string; settings: string }>(
    `select
       (select name from schema_migration order by id desc limit 1) as schema,
       (select revision::text from key_revision) as revision,
       (select coalesce(json_agg(to_json(api_key) order by id), '[]')::text from api_key) as keys,
       (select coalesce(json_agg(to_json(setting) order by name), '[]')::text from setting) as settings`,
  );
  if (!row?.schema || !row.revision) throw new StoreError("The database has no schema, or no count of its changes.");
  return {
    schema: row.schema,
    revision: BigInt(row.revision),
    keys: JSON.parse(row.keys) as Rows,
    settings: JSON.parse(row.settings) as Rows,
  };
}

/** One line of JSON, and one with its digest: half a file, or one with a wrong bit, is worse than none. */
export function encode({ schema, revision, keys, settings }: MirrorContent): string {
  const body = JSON.stringify({ format, schema, revision: String(revision), keys, settings });
  return `${body}\n${digestOf(body)}\n`;
}

function decode(text: string): MirrorContent | undefined {
  const [body = "", digest, ...rest] = text.split("\n");
  if (digest !== digestOf(body) || rest.join("") !== "") return undefined;
  const content = JSON.parse(body) as { format: number; schema: string; revision: string; keys: Rows; settings: Rows };
  if (content.format !== format) {
    throw new StoreError(
      `Keys and settings are kept in format ${content.format}; this program knows ${format}. Start the newer Pontage.`,
    );
  }
  return { ...content, revision: BigInt(content.revision) };
}

function digestOf(body: string): string {
  return `sha256 ${createHash("sha256").update(body).digest("hex")}`;
}
