import { Migration } from "@mikro-orm/migrations";

const buckets = [
  "input_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "cache_write_1h_tokens",
  "audio_input_tokens",
  "output_tokens",
  "reasoning_tokens",
  "audio_output_tokens",
]
  .map((bucket) => `${bucket} bigint not null`)
  .join(", ");

/** Keys, settings, the ledger and its balances. */
export class KeysAndLedger extends Migration {
  override up() {
    this.addSql(`create table api_key (
      id text primary key,
      name text not null,
      prefix text not null,
      last_four text not null,
      secret_hash text not null constraint api_key_secret_hash_unique unique,
      previous_secret_hash text,
      grace_end_time timestamptz,
      create_time timestamptz not null,
      expire_time timestamptz,
      revoke_time timestamptz,
      rotate_time timestamptz
    )`);
    this.addSql("create unique index api_key_live_name on api_key (name) where revoke_time is null");

    // The counter tells every replica that its keys are out of date, also when the notification does not reach it. Triggers
    // see to both, so that no way of writing a key can forget them.
    this.addSql(`create table key_revision (
      only_row boolean primary key default true check (only_row),
      revision bigint not null
    )`);
    this.addSql("insert into key_revision (revision) values (1)");
    this.addSql(`create function api_key_changed() returns trigger language plpgsql as $$
      begin
        update key_revision set revision = revision + 1;
        perform pg_notify('pontage_api_key', '');
        return null;
      end $$`);
    this.addSql(`create trigger api_key_changed after insert or update or delete or truncate on api_key
      for each statement execute function api_key_changed()`);

    this.addSql("create table setting (name text primary key, value jsonb not null)");

    this.addSql(`create table ledger_entry (
      event_id text primary key,
      request_id text not null,
      attempt bigint not null,
      producer text not null,
      sequence bigint not null,
      key_id text not null,
      provider text not null,
      asked_model text not null,
      model text not null,
      door_dialect text not null,
      upstream_dialect text not null,
      outcome text not null,
      status bigint not null,
      ${buckets},
      usage_source text not null,
      cost_nano_usd bigint not null,
      price_version text not null,
      start_time timestamptz not null,
      first_byte_ms bigint not null,
      duration_ms bigint not null,
      streamed boolean not null,
      reason text not null,
      insert_time timestamptz not null default now()
    )`);
    this.addSql("create index ledger_entry_producer_sequence on ledger_entry (producer, sequence)");
    // Rows come nearly in the order of their time, so a summary of each range of pages finds a span of it, for next to nothing.
    this.addSql("create index ledger_entry_start_time on ledger_entry using brin (start_time)");
    this.addSql(`create function ledger_entry_is_final() returns trigger language plpgsql as $$
      begin
        raise exception 'a row of the ledger is never changed; a correction is a new row' using errcode = 'restrict_violation';
      end $$`);
    this.addSql(`create trigger ledger_entry_is_final before update or delete or truncate on ledger_entry
      for each statement execute function ledger_entry_is_final()`);

    // A balance is updated all the time; room on its page lets that happen in place.
    this.addSql(`create table balance (
      scope text primary key,
      attempts bigint not null,
      cost_nano_usd numeric(38,0) not null,
      ${buckets}
    ) with (fillfactor = 50)`);

    this.addSql(`create table dead_letter (
      id text primary key,
      reason text not null,
      payload bytea not null,
      producer text,
      sequence bigint,
      insert_time timestamptz not null default now()
    )`);
    this.addSql("create index dead_letter_producer_sequence on dead_letter (producer, sequence)");
  }

  override down() {
    for (const table of ["dead_letter", "balance", "ledger_entry", "setting", "api_key", "key_revision"]) {
      this.addSql(`drop table ${table}`);
    }
    this.addSql("drop function ledger_entry_is_final()");
    this.addSql("drop function api_key_changed()");
  }
}
