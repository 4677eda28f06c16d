import { Migration } from "@mikro-orm/migrations";

/** Thoughts kept between the turns of a conversation, and keys whose callers are strict. */
export class KeptThoughts extends Migration {
  override up() {
    this.addSql(`create table kept_thoughts (
      id text primary key,
      content bytea not null,
      expire_time timestamptz not null
    )`);
    this.addSql("create index kept_thoughts_expire_time on kept_thoughts (expire_time)");
    this.addSql("alter table api_key add column strict boolean not null default false");
  }

  override down() {
    this.addSql("alter table api_key drop column strict");
    this.addSql("drop table kept_thoughts");
  }
}
