import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { Outcome, UsageEventSchema } from "@pontage/gen/pontage/event/v1/usage_pb.ts";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { makeTestStore, type TestStore } from "../../../test/services/test-store.ts";
import type { Store } from "./store.ts";

let made: TestStore;
const path = (...parts: string[]) => join(made.options.dataDirectory, ...parts);
const mirror = () => path("snapshot", "keys-and-settings.json");
const setAside = () => readdirSync(path()).filter((name) => name.startsWith("database.damaged-"));
const logged = () => made.log.splice(0).join("\n");

/** A database takes seconds to make and none to copy. */
let template: TestStore;
beforeAll(async () => {
  template = await makeTestStore("embedded");
  await (await template.open()).close();
});
afterAll(() => template.remove());
beforeEach(async () => {
  made = await makeTestStore("embedded");
  cpSync(template.options.dataDirectory, made.options.dataDirectory, { recursive: true });
});
afterEach(() => made.remove());

/** Every column of the tables that no journal has. */
async function keysAndSettings(store: Store) {
  const em = store.orm.em.fork();
  return {
    keys: await em.execute("select * from api_key order by id"),
    settings: await em.execute("select name, value::text from setting order by name"),
    snapshot: await store.keys.snapshot(),
  };
}

const event = (sequence: number) =>
  create(UsageEventSchema, {
    eventId: `call-${sequence}:1`,
    requestId: `call-${sequence}`,
    attempt: 1,
    producer: "gw_1",
    sequence: BigInt(sequence),
    keyId: "key_1",
    outcome: Outcome.OK,
  });

/** Opens the database as it was when `work` began, with everything beside it as it is now. */
async function openAsBefore(work: (store: Store) => Promise<unknown>): Promise<Store> {
  await made.close();
  cpSync(path("database"), path("copy"), { recursive: true });
  const store = await made.open();
  await work(store);
  await made.close();
  rmSync(path("database"), { recursive: true });
  cpSync(path("copy"), path("database"), { recursive: true });
  return made.open();
}

test("E4: every table is mirrored, comes from the journal or from the migrations, or is not missed", async () => {
  const mirrored = ["api_key", "setting"];
  const journalled = ["ledger_entry", "balance", "dead_letter"];
  const ofTheSchema = ["key_revision", "schema_migration"];
  // Conversations in the middle of a turn go on without their thoughts.
  const notMissed = ["kept_thoughts"];
  const store = await made.open();
  const tables = await store.orm.em
    .fork()
    .execute<{ name: string }[]>(
      "select table_name::text as name from information_schema.tables where table_schema = 'public' order by 1",
    );
  // A new table belongs into one of these, and if it is the first, into mirror.ts.
  expect(tables.map(({ name }) => name)).toEqual([...mirrored, ...journalled, ...ofTheSchema, ...notMissed].sort());
});

test("E4: keys and settings come back column by column", async () => {
  const store = await made.open();
  await store.keys.issue({ name: "plain" });
  await store.keys.issue({ name: 'odd "name", {}\\ ☂', expireTime: new Date(Date.now() + 3_600_000) });
  await store.keys.issue({ name: "rotated" });
  const { secret } = await store.keys.rotate("rotated", 3600);
  await store.keys.issue({ name: "revoked" });
  await store.keys.revoke("revoked");
  await store.keys.issue({ name: "revoked" }); // a name may be used again
  await store.settings.set("null", null);
  await store.settings.set("nested", { a: [1, null, "ü", { b: 1e300 }] });
  await store.settings.setOnce("token", "hash");
  const before = await keysAndSettings(store);
  expect(before.snapshot.find(({ name }) => name === "rotated")?.previousSecretHash).toBeDefined();
  await store.close();
  expect(statSync(mirror()).mode & 0o777).toBe(0o600);
  expect(readFileSync(mirror(), "utf8")).not.toContain(secret);

  rmSync(path("database"), { recursive: true });
  logged();
  const again = await made.open();
  expect(await keysAndSettings(again)).toEqual(before);
  const said = logged();
  expect(said).toContain("The embedded database cannot be used: it is gone.");
  expect(said).toContain("5 API keys, 1 of them revoked, and 3 settings");
  // The counter went on where it was, so changes are noticed, and written down again.
  await again.keys.revoke("plain");
  await again.embedded?.rebuilt();
  await again.close();
  expect((await made.open()).embedded?.rebuild).toBeUndefined();
  expect(setAside()).toEqual([]);
});

test("E4: a change that cannot be written beside the database is not made", async () => {
  const store = await made.open();
  const { key } = await store.keys.issue({ name: "first" });
  const before = await keysAndSettings(store);
  mkdirSync(`${mirror()}.draft`);
  await expect(store.keys.issue({ name: "second" })).rejects.toThrow(/change was not made.*keys-and-settings\.json/);
  await expect(store.keys.revoke(key.id)).rejects.toThrow("The change was not made");
  await expect(store.keys.rotate(key.id, 0)).rejects.toThrow("The change was not made");
  await expect(store.settings.set("a", 1)).rejects.toThrow("The change was not made");
  await expect(store.settings.setOnce("a", 1)).rejects.toThrow("The change was not made");
  expect(await keysAndSettings(store)).toEqual(before);
  rmSync(`${mirror()}.draft`, { recursive: true });
  await store.keys.revoke(key.id);
  await store.close();
  await made.open();
  expect(setAside()).toEqual([]);
});

test("E4: a revocation that only the file has is not undone, and the database without it is not trusted", async () => {
  const first = await made.open();
  await first.keys.issue({ name: "leaked" });
  const store = await openAsBefore((later) => later.keys.revoke("leaked"));
  expect(logged()).toContain("the last changes of keys or settings are gone");
  expect(await store.keys.snapshot()).toEqual([]);
  expect(setAside()).toHaveLength(1);
});

test("E4: a ledger that lacks rows it has had is not trusted", async () => {
  const first = await made.open();
  await first.ledger.record([event(1)]);
  const store = await openAsBefore(async (later) => {
    await later.ledger.record([event(2), event(3)]);
    await later.embedded?.watermark.raise({ producer: "gw_1", sequence: 3n });
  });
  expect(logged()).toContain("the latest rows of the ledger are gone");
  // What could not be replayed must not be asked for again at the next start.
  await store.embedded?.rebuilt();
  await store.close();
  expect((await made.open()).embedded?.rebuild).toBeUndefined();
});

test("a file that is missing, damaged or older than the database is written again", async () => {
  const store = await made.open();
  await store.keys.issue({ name: "first" });
  const old = readFileSync(mirror());
  await store.keys.issue({ name: "second" });
  await store.close();
  const whole = readFileSync(mirror(), "utf8");
  const wrong = Buffer.from(whole);
  wrong[wrong.indexOf("first")]! ^= 1;
  for (const content of [undefined, old, wrong, Buffer.from(whole.slice(0, -70)), Buffer.alloc(0)]) {
    if (content) writeFileSync(mirror(), content);
    else rmSync(mirror());
    logged();
    const again = await made.open();
    expect(logged().includes("is damaged")).toBe(content !== undefined && content !== old);
    expect((await again.keys.snapshot()).map(({ name }) => name)).toEqual(["first", "second"]);
    await again.close();
    // Written anew, it counts one change more.
    expect(readFileSync(mirror(), "utf8").match(/"keys".*/)?.[0]).toBe(whole.match(/"keys".*/)?.[0]);
  }
  expect(setAside()).toEqual([]);
});

test("E4: without keys and settings the loss is said aloud, and new ones can be made", async () => {
  const store = await made.open();
  await store.keys.issue({ name: "lost" });
  await store.close();
  const text = readFileSync(mirror(), "utf8");
  for (const spoil of [() => rmSync(mirror()), () => writeFileSync(mirror(), `${text}more`)]) {
    rmSync(path("database", "global", "pg_control"));
    spoil();
    logged();
    const again = await made.open();
    const said = logged();
    expect(said).toMatch(/API keys and the admin token cannot be restored: .* is (missing|damaged)\./);
    expect(said).toContain(again.embedded?.setAside);
    expect(said).toContain("pontage keys create");
    expect(await again.keys.snapshot()).toEqual([]);
    await again.keys.issue({ name: "lost" });
    await again.embedded?.rebuilt();
    await again.close();
  }
});

test("keys and settings of a newer program stop the start", async () => {
  await (await made.open()).close();
  await made.close();
  const text = readFileSync(mirror(), "utf8");
  const { createHash } = await import("node:crypto");
  const written = (body: string) => `${body}\nsha256 ${createHash("sha256").update(body).digest("hex")}\n`;
  const body = text.split("\n")[0] ?? "";
  rmSync(path("database"), { recursive: true });
  writeFileSync(mirror(), written(body.replace(/"schema":"[^"]*"/, '"schema":"9999-later"')));
  await expect(made.open()).rejects.toThrow("are of the schema 9999-later");
  writeFileSync(mirror(), written(body.replace('"format":1', '"format":2')));
  await expect(made.open()).rejects.toThrow("Start the newer Pontage");
  writeFileSync(mirror(), text);
  await made.open();
  expect(setAside()).toEqual([]);
});

test("E4: a rebuild that was cut short goes on, and half of a new database is not kept", async () => {
  const store = await made.open();
  await store.keys.issue({ name: "first" });
  const before = await keysAndSettings(store);
  await store.close();
  rmSync(path("database", "global", "pg_control"));
  const second = await made.open();
  expect(second.embedded?.rebuild).toMatchObject({ state: "begun" });
  await second.close();
  expect(setAside()).toHaveLength(1);

  // Killed before the ledger was complete.
  const third = await made.open();
  expect(third.embedded?.rebuild).toMatchObject({ state: "begun" });
  expect(await keysAndSettings(third)).toEqual(before);
  await third.close();
  // Killed while the new one was being made.
  for (const name of readdirSync(path("database")))
    if (name !== "base") rmSync(path("database", name), { recursive: true });
  const fourth = await made.open();
  expect(await keysAndSettings(fourth)).toEqual(before);
  expect(setAside()).toHaveLength(1);
  await fourth.embedded?.rebuilt();
  await fourth.close();
  expect((await made.open()).embedded?.rebuild).toBeUndefined();
});

test("a disk that cannot be written is not taken for damage", async () => {
  await (await made.open()).close();
  rmSync(path("database", "global", "pg_control"));
  mkdirSync(path("write-probe"));
  await expect(made.open()).rejects.toThrow(/cannot be opened.*start again/);
  expect(setAside()).toEqual([]);
  expect(existsSync(path("database", "PG_VERSION"))).toBe(true);
});

test("E4: damage that comes to light while it runs is said once, with what to do, and the next start does it", async () => {
  const store = await made.open();
  const letter = (n: number) => ({ reason: `letter ${n}`, payload: Buffer.alloc(1_500, n) });
  for (let n = 0; n < 40; n++) await store.ledger.deadLetter(letter(n));
  const [{ file } = { file: "" }] = await store.orm.em
    .fork()
    .execute<{ file: string }[]>("select pg_relation_filepath('dead_letter') as file");
  await store.close();

  const again = await made.open();
  const damaged = path("database", file);
  writeFileSync(damaged, Buffer.alloc(8192, 0xa5), { flag: "r+" });
  const bytes = readFileSync(damaged);
  bytes.fill(0xa5, 3 * 8192, 4 * 8192);
  writeFileSync(damaged, bytes);
  logged();
  for (let i = 0; i < 2; i++) await expect(again.ledger.deadLetterCount()).rejects.toThrow("invalid page");
  await expect.poll(() => made.log.length).toBe(1);
  expect(logged()).toMatch(/is damaged: .*invalid page.* Calls go on, and the journal keeps .* Restart the gateway/);
  await again.close();
  const rebuilt = await made.open();
  expect(rebuilt.embedded?.setAside).toBeDefined();
  expect(rebuilt.embedded?.rebuild?.why).toContain("invalid page");
});

test("E4: a database that ends while it runs says so, with what to do", async () => {
  const store = await made.open();
  logged();
  rmSync(path("database", "global"), { recursive: true });
  // It cannot write its control file, and that is a panic.
  await expect(store.orm.em.fork().execute("checkpoint")).rejects.toThrow();
  await expect.poll(() => made.log.join("\n")).toMatch(/The embedded database has ended: .* Restart the gateway/);
  await expect(store.ping()).rejects.toThrow();
  await store.close();
  expect((await made.open()).embedded?.setAside).toBeDefined();
});
