import { defineEntity, p } from "@mikro-orm/postgresql";
import { inTransaction, oneRow, type PlainSql, type Pool, sqlOn } from "./sql.ts";

const SettingSchema = defineEntity({
  name: "Setting",
  tableName: "setting",
  properties: {
    name: p.text().primary(),
    value: p.json<unknown>().columnType("jsonb"),
  },
});

/** One value the gateway remembers about itself, for example the hash of the admin token. */
export class Setting extends SettingSchema.class {}
SettingSchema.setClass(Setting);

export type SettingValue = string | number | boolean | null | SettingValue[] | { [name: string]: SettingValue };

/** What else has to succeed for a change of keys or settings to be made, inside its transaction. */
export type BeforeCommit = (sql: PlainSql) => Promise<void>;

/** Values the gateway remembers about itself. Never a secret, only what proves one. */
export class Settings {
  readonly #pool: Pool;
  readonly #beforeCommit: BeforeCommit;

  constructor(pool: Pool, beforeCommit: BeforeCommit = async () => undefined) {
    this.#pool = pool;
    this.#beforeCommit = beforeCommit;
  }

  async get(name: string): Promise<SettingValue | undefined> {
    const sql = "select value::text as value from setting where name = $1";
    const [row] = await sqlOn(this.#pool).rows<{ value: string }>(sql, [name]);
    return row && (JSON.parse(row.value) as SettingValue);
  }

  async set(name: string, value: SettingValue): Promise<void> {
    await inTransaction(this.#pool, async (sql) => {
      await sql.rows(
        "insert into setting (name, value) values ($1, $2::jsonb) on conflict (name) do update set value = excluded.value",
        [name, JSON.stringify(value)],
      );
      await this.#beforeCommit(sql);
    });
  }

  /** Sets a value that nobody has set yet, and returns the one that stands: replicas that start together agree on one. */
  async setOnce(name: string, value: SettingValue): Promise<SettingValue> {
    return inTransaction(this.#pool, async (sql) => {
      const row = await oneRow<{ value: string }>(
        sql,
        `insert into setting (name, value) values ($1, $2::jsonb)
         on conflict (name) do update set value = setting.value
         returning value::text as value`,
        [name, JSON.stringify(value)],
      );
      await this.#beforeCommit(sql);
      return JSON.parse(row.value) as SettingValue;
    });
  }
}
