import { defineEntity, p } from "@mikro-orm/postgresql";
import { type Pool, sqlOn } from "./sql.ts";

const KeptThoughtsSchema = defineEntity({
  name: "KeptThoughts",
  tableName: "kept_thoughts",
  properties: {
    /** A keyed hash: it tells neither whose they are nor which call's. */
    id: p.text().primary(),
    /** Encrypted under a key that only the caller's secret gives. */
    content: p.blob().columnType("bytea"),
    expireTime: p.datetime().columnType("timestamptz").index("kept_thoughts_expire_time"),
  },
});

/** Thoughts that led to a call of a tool, for the client's next turn. */
export class KeptThoughts extends KeptThoughtsSchema.class {}
KeptThoughtsSchema.setClass(KeptThoughts);

export interface KeptRow {
  readonly id: string;
  readonly content: Buffer;
  readonly expireTimeMs: number;
}

/** The rows of `kept_thoughts`. */
export interface ThoughtShelf {
  put(rows: readonly KeptRow[]): Promise<void>;
  /** Those of the rows that are there and have not expired. */
  find(ids: readonly string[], nowMs: number): Promise<KeptRow[]>;
  /** Removes what has expired, and the oldest of more than `most`. */
  clear(nowMs: number, most: number): Promise<void>;
}

export function thoughtShelf(pool: Pool): ThoughtShelf {
  const sql = sqlOn(pool);
  return {
    async put(rows) {
      await sql.rows(
        `insert into kept_thoughts (id, content, expire_time)
         select id, decode(content, 'base64'), to_timestamp(expire_ms / 1000)
         from unnest($1::text[], $2::text[], $3::float8[]) as row (id, content, expire_ms)
         on conflict (id) do update set content = excluded.content, expire_time = excluded.expire_time`,
        [
          rows.map(({ id }) => id),
          rows.map(({ content }) => content.toString("base64")),
          rows.map(({ expireTimeMs }) => expireTimeMs),
        ],
      );
    },
    async find(ids, nowMs) {
      const rows = await sql.rows<{ id: string; content: string; expire_ms: number }>(
        `select id, encode(content, 'base64') as content, (extract(epoch from expire_time) * 1000)::float8 as expire_ms
         from kept_thoughts where id = any($1::text[]) and expire_time > to_timestamp($2::float8 / 1000)`,
        [ids, nowMs],
      );
      return rows.map(({ id, content, expire_ms: expireTimeMs }) => ({
        id,
        content: Buffer.from(content, "base64"),
        expireTimeMs,
      }));
    },
    async clear(nowMs, most) {
      await sql.rows("delete from kept_thoughts where expire_time <= to_timestamp($1::float8 / 1000)", [nowMs]);
      await sql.rows(
        `delete from kept_thoughts where expire_time <=
           (select expire_time from kept_thoughts order by expire_time desc offset $1::int limit 1)`,
        [most],
      );
    },
  };
}
