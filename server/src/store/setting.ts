import { defineEntity, p } from "@mikro-orm/postgresql";
import type { Pool } from "./sql.ts";
import { oneRow, sqlOn } from "./sql.ts";

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

/** Values the gateway remembers about itself. Never a secret, only what proves one. */
export class Settings {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async get(name: string): Promise<SettingValue | undefined> {
    const sql = "select value::text as value from setting where name = $1";
    const [row] = await sqlOn(this.#pool).rows<{ value: string }>(sql, [name]);
    return row && (JSON.parse(row.value) as SettingValue);
  }

  async set(name: string, value: SettingValue): Promise<void> {
    await sqlOn(this.#pool).rows(
      "insert into setting (name, value) values ($1, $2::jsonb) on conflict (name) do update set value = excluded.value",
      [name, JSON.stringify(value)],
    );
  }

  /** Sets a value that nobody has set yet, and returns the one that stands: replicas that start together agree on one. */
  async setOnce(name: string, value: SettingValue): Promise<SettingValue> {
    const row = await oneRow<{ value: string }>(
      sqlOn(this.#pool),
      `insert into setting (name, value) values ($1, $2::jsonb)
       on conflict (name) do update set value = setting.value
       returning value::text as value`,
      [name, JSON.stringify(value)],
    );
    return JSON.parse(row.value) as SettingValue;
  }
}
