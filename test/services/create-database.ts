import { randomBytes } from "node:crypto";
import { MikroORM } from "@mikro-orm/postgresql";

/** A database for one test file. Dropped with what is in it, whoever is still connected. */
export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

export async function createDatabase(postgresUrl: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  await execute(postgresUrl, `create database ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(postgresUrl, `drop database if exists ${name} with (force)`) };
}

/** Runs one statement on a connection of its own. */
export async function execute(url: string, statement: string): Promise<void> {
  await connected(url, (orm) => orm.em.getConnection().execute(statement));
}

/** What one statement returns, on a connection of its own. */
export async function query<Row>(url: string, statement: string): Promise<Row[]> {
  return await connected(url, (orm) => orm.em.getConnection().execute<Row[]>(statement));
}

/** Keeps everybody from writing to a table while `during` runs. */
export async function withTableLocked(url: string, table: string, during: () => Promise<void>): Promise<void> {
  await connected(url, (orm) =>
    orm.em.transactional(async (locking) => {
      await locking.execute(`lock table ${table} in share row exclusive mode`);
      await during();
    }),
  );
}

async function connected<Result>(url: string, use: (orm: MikroORM) => Promise<Result>): Promise<Result> {
  const orm = await MikroORM.init({ clientUrl: url, entities: [], discovery: { warnWhenNoEntities: false } });
  try {
    return await use(orm);
  } finally {
    await orm.close();
  }
}
