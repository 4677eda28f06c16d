import { StoreError } from "./store-error.ts";

/**
 * Plain SQL over the driver's pool, for what the ORM would make slower and no clearer. Statements are constant texts; values
 * travel beside them. Results are the same on both databases as long as integers are cast (`::text`, `::int`) in SQL.
 */
export interface Sql {
  /** With a `name` the server parses and plans the statement once a connection: for what runs all the time. */
  rows<Row>(text: string, values?: readonly unknown[], name?: string): Promise<Row[]>;
}

/** The same without values beside the statement: what the ORM's transaction can do as well. */
export interface PlainSql {
  rows<Row>(text: string): Promise<Row[]>;
}

/** What is used of the driver's pool; the driver comes with the ORM and brings no types of its own. */
export interface Pool extends Queryable {
  connect(): Promise<PoolClient>;
}

export interface PoolClient extends Queryable {
  release(destroy?: boolean): void;
  on(event: "notification", listener: (message: { channel: string }) => void): void;
  on(event: "error" | "end", listener: (error?: Error) => void): void;
}

interface Queryable {
  query(query: { text: string; values: readonly unknown[]; name?: string }): Promise<{ rows: unknown[] }>;
}

export function sqlOn(target: Queryable): Sql {
  return {
    async rows<Row>(text: string, values: readonly unknown[] = [], name?: string) {
      return (await target.query({ text, values, ...(name !== undefined && { name }) })).rows as Row[];
    },
  };
}

/** Runs all reads on one state of the database, whatever is written meanwhile. */
export async function readConsistently<T>(pool: Pool, read: (sql: Sql) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    const sql = sqlOn(client);
    await sql.rows("begin transaction isolation level repeatable read read only");
    const result = await read(sql);
    await sql.rows("commit");
    broken = false;
    return result;
  } finally {
    // A connection that failed in the middle of its transaction is thrown away rather than mended.
    client.release(broken);
  }
}

/** Runs statements that take effect together or not at all. */
export async function inTransaction<T>(pool: Pool, work: (sql: Sql) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    const sql = sqlOn(client);
    await sql.rows("begin");
    const result = await work(sql);
    await sql.rows("commit");
    broken = false;
    return result;
  } finally {
    // Thrown away, a connection rolls back what it had begun.
    client.release(broken);
  }
}

/** The same pool, with somebody who hears of every error. */
export function watched(pool: Pool, heard: (error: unknown) => void): Pool {
  async function listening<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      heard(error);
      throw error;
    }
  }
  return {
    query: (query) => listening(pool.query(query)),
    async connect() {
      const client = await listening(pool.connect());
      return {
        query: (query) => listening(client.query(query)),
        release: (destroy) => client.release(destroy),
        on: (event, listener) => client.on(event as "error", listener as (error?: Error) => void),
      };
    },
  };
}

/** The one row of a statement that always answers with one. */
export async function oneRow<Row>(
  sql: Sql,
  text: string,
  values: readonly unknown[] = [],
  name?: string,
): Promise<Row> {
  const [row] = await sql.rows<Row>(text, values, name);
  if (row === undefined) throw new StoreError(`The database answered with no row to: ${text.slice(0, 80)}`);
  return row;
}
