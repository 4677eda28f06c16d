import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../../scripts/services.mjs";
import { isAvailable, makeTestStore, storeKinds, type TestStore } from "../../../test/services/test-store.ts";
import { openStore } from "./store.ts";
import { StoreError } from "./store-error.ts";

const tables = async (store: Awaited<ReturnType<TestStore["open"]>>) =>
  (
    await store.orm.em
      .fork()
      .execute<{ name: string }[]>(
        "select table_name::text as name from information_schema.tables where table_schema = 'public' order by 1",
      )
  ).map(({ name }) => name);

for (const kind of storeKinds) {
  describe.skipIf(!isAvailable(kind))(`the store on ${kind}`, () => {
    let made: TestStore;
    beforeAll(async () => {
      made = await makeTestStore(kind);
    });
    afterEach(() => made.close());
    afterAll(() => made.remove());

    test("opens with the schema in place, answers, and remembers over a restart", async () => {
      const first = await made.open();
      expect(first.kind).toBe(kind);
      await first.ping();
      await first.settings.set("greeting", { words: ["a", 1, null] });
      await first.close();
      const second = await made.open();
      expect(await second.settings.get("greeting")).toEqual({ words: ["a", 1, null] });
      expect(await second.settings.get("nothing")).toBeUndefined();
      expect(await second.settings.setOnce("greeting", "late")).toEqual({ words: ["a", 1, null] });
      expect(await second.settings.setOnce("new", "first")).toBe("first");
      await second.close();
      await second.close();
    });

    test("the migrations make the schema that the entities describe", async () => {
      const store = await made.open();
      const difference = (await store.orm.schema.getUpdateSchemaSQL({ safe: false })).split("\n");
      // The triggers are written by hand; an entity has no words for the work they do.
      const known =
        /^$|^set names|^drop trigger if exists "(api_key_changed|ledger_entry_is_final)"|^drop function if exists/;
      expect(difference.filter((line) => !known.test(line))).toEqual([]);
      await store.close();
    });

    test("the migrations go down and up again", async () => {
      const store = await made.open();
      const before = await tables(store);
      expect(before).toEqual([
        "api_key",
        "balance",
        "dead_letter",
        "kept_thoughts",
        "key_revision",
        "ledger_entry",
        "schema_migration",
        "setting",
      ]);
      await store.orm.migrator.down({ to: 0 });
      expect(await tables(store)).toEqual(["schema_migration"]);
      await store.orm.migrator.up();
      expect(await tables(store)).toEqual(before);
      await store.keys.issue({ name: "after" });
      await store.close();
    });

    test("a row of the ledger cannot be changed, not even by hand", async () => {
      const store = await made.open();
      const em = store.orm.em.fork();
      for (const statement of [
        "update ledger_entry set cost_nano_usd = 0",
        "delete from ledger_entry",
        "truncate ledger_entry",
      ]) {
        await expect(em.execute(statement)).rejects.toThrow("never changed");
      }
      await store.close();
    });

    test("a failed statement leaves the store usable", async () => {
      const store = await made.open();
      const em = store.orm.em.fork();
      await expect(em.execute("select 1 / 0")).rejects.toThrow("division by zero");
      await expect(
        em.transactional(async (inner) => {
          await inner.execute("insert into setting values ('lost', '1')");
          await inner.execute("selec");
        }),
      ).rejects.toThrow("syntax error");
      expect(await store.settings.get("lost")).toBeUndefined();
      await store.close();
    });
  });
}

describe.skipIf(!isAvailable("postgresql"))("several replicas", () => {
  test("start together on an empty database, and agree on what is set once", async () => {
    const made = await makeTestStore("postgresql");
    try {
      const stores = await Promise.all(Array.from({ length: 4 }, () => made.open()));
      const values = await Promise.all(stores.map((store, index) => store.settings.setOnce("token", index)));
      expect(new Set(values).size).toBe(1);
    } finally {
      await made.remove();
    }
  });
});

test("a server that cannot be reached is named, and its password is not", async () => {
  const made = await makeTestStore("embedded");
  try {
    const databaseUrl = `postgresql://someone:hunter2@127.0.0.1:${await freePort()}/pontage`;
    const failure = await openStore({ ...made.options, databaseUrl }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreError);
    expect(String(failure)).toMatch(/PostgreSQL at 127\.0\.0\.1:\d+\/pontage cannot be reached: .*ECONNREFUSED/);
    expect(String(failure)).not.toContain("hunter2");
  } finally {
    await made.remove();
  }
});

describe("the embedded database", () => {
  let made: TestStore;
  beforeAll(async () => {
    made = await makeTestStore("embedded");
  });
  afterEach(() => made.close());
  afterAll(() => made.remove());
  const database = () => join(made.options.dataDirectory, "database");
  const aside = () => readdirSync(made.options.dataDirectory).filter((name) => name.includes("damaged"));

  test("E6: nobody else may look into the data directory", async () => {
    const store = await made.open();
    expect(statSync(made.options.dataDirectory).mode & 0o777).toBe(0o700);
    await store.close();
  });

  test("E2: a second store on the same directory is refused, and the first goes on", async () => {
    const store = await made.open();
    await expect(openStore(made.options)).rejects.toThrow("One process may own a data directory.");
    await store.ping();
    await store.close();
  });

  test("E3: the thread goes on while a query runs", async () => {
    const store = await made.open();
    // A query that takes a while on any machine: the timer has to fire many times meanwhile.
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const startMs = performance.now();
    await store.orm.em.fork().execute("select count(distinct md5(a::text)) from generate_series(1, 300000) as a");
    const tookMs = performance.now() - startMs;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(tookMs / 5 / 4);
    await store.close();
  });

  const damages: Record<string, () => void> = {
    "its control file is gone": () => rmSync(join(database(), "global", "pg_control")),
    "its control file is garbage": () =>
      writeFileSync(join(database(), "global", "pg_control"), Buffer.alloc(8192, 0xa5)),
    "its tables are gone": () => rmSync(join(database(), "base"), { recursive: true }),
    "nothing says that it is one": () => rmSync(join(database(), "PG_VERSION")),
    "its creation was interrupted": () => {
      for (const name of readdirSync(database()))
        if (name !== "PG_VERSION") rmSync(join(database(), name), { recursive: true });
    },
  };
  for (const [damage, inflict] of Object.entries(damages)) {
    test(`E4: it is set aside when ${damage}`, async () => {
      await (await made.open()).close();
      const before = aside().length;
      inflict();
      const store = await made.open();
      const { setAside } = store.embedded!;
      expect(setAside).toMatch(/database\.damaged-/);
      expect(existsSync(setAside!)).toBe(true);
      expect(aside()).toHaveLength(before + 1);
      expect(made.log.filter((line) => line.includes(setAside!))).toHaveLength(1);
      await store.settings.set("works", true);
      await store.embedded!.rebuilt();
      await store.close();
      expect((await made.open()).embedded!.setAside).toBeUndefined();
    }, 60_000);
  }

  test("one of another version is left alone", async () => {
    const path = join(database(), "PG_VERSION");
    const version = readFileSync(path, "utf8");
    writeFileSync(path, "17\n");
    const before = aside();
    await expect(openStore({ ...made.options })).rejects.toThrow("was made by PostgreSQL 17");
    expect(aside()).toEqual(before);
    writeFileSync(path, version);
  });
});
