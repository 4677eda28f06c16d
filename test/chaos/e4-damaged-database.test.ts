import { existsSync, globSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openStore } from "../../server/src/store/store.ts";
import { type Damage, damages, type TableFiles } from "./damages.ts";
import { runCli } from "./gateway-process.ts";
import { outcomeCounts } from "./judge.ts";
import { KnownKeys } from "./known-keys.ts";
import { Random, seedOfRun } from "./random.ts";
import { openScene, report, type Scene } from "./scene.ts";

const nightly = process.env.PONTAGE_NIGHTLY === "1";
/** So many kinds of damage in one run, chosen by its seed. */
const kinds = nightly ? damages.length : 7;
const settleMs = 8_000;
/** How often a rebuild is killed before it is left alone. */
const rebuildKills = 4;

/**
 * Rows are compared column by column with what they were before any damage, whenever the gateway has been stopped; what
 * clients and the upstream saw is compared at the end.
 */
test("E4: a database damaged in any way is rebuilt with every row, balance and key", {
  timeout: nightly ? 300_000 : 150_000,
}, async () => {
  const seed = seedOfRun();
  console.log(`E4: PONTAGE_SEED=${seed}`);
  const random = new Random(seed);
  const scene = await openScene({ seed, random, clients: 12 });
  try {
    const { gateway, directory, load } = scene;
    const keys = new KnownKeys(gateway);
    const known = new Map<string, string>();
    let files: TableFiles = new Map();
    // Some of what is archived comes from a process that was killed.
    await sleep(random.between(300, 700));
    await gateway.kill();
    await gateway.restart();
    const chosen = damages.toSorted(() => random.next() - 0.5).slice(0, kinds);
    for (const damage of chosen) {
      await sleep(random.between(300, 700));
      await keys.change(random);
      const listed = await keys.list();
      if (damage.ends === "kill") await gateway.kill();
      else {
        expect(await gateway.stop()).toBe(0);
        files = await inspect(directory, known);
      }
      damage.inflict(join(directory, "database"), files, random);
      const said = await restarted(scene, damage, known);
      // What is wrong behind the last commit that anybody was told of does no harm.
      if (damage.ends === "stop") expect(said.join("\n")).toMatch(/the ledger is rebuilt: \d+ rows, verified/);
      await keys.judge();
      expect(await keys.list()).toEqual(listed);
    }
    const killed = await killRebuilds(scene, random);
    await keys.judge();
    await load.stop();
    await untilVerified(scene);
    expect(await runCli(gateway, "ledger", "verify")).toMatchObject({ code: 0 });
    expect(await gateway.stop()).toBe(0);
    await inspect(directory, known);

    const faults = await scene.faults();
    await report(scene, "E4", { seed, damages: chosen.length, rebuildsKilled: killed, keys: keys.counts });
    expect(faults.slice(0, 20)).toEqual([]);
    expect(killed).toBeGreaterThan(0);
    const { ok, partial, upstream_error, interrupted } = outcomeCounts(await scene.books());
    for (const count of [ok, partial, upstream_error, interrupted]) expect(count).toBeGreaterThan(0);
  } finally {
    await scene.remove();
  }
});

/** Starts the gateway again, and tells what it said of the database it found. */
async function restarted(
  { gateway, directory }: Scene,
  { what }: Damage,
  known: ReadonlyMap<string, string>,
): Promise<string[]> {
  const before = gateway.warnings.length;
  await gateway.restart();
  const said = gateway.warnings.slice(before);
  const archived = globSync(join(directory, "snapshot/journal/*/*.zst"));
  const bytes = archived.reduce((sum, path) => sum + statSync(path).size, 0);
  const tookMs = Math.round(gateway.startTimesMs.at(-1) ?? 0);
  console.log(
    `E4: ${what}: ${known.size} rows known, ${archived.length} archived files of ${bytes} bytes, ready in ${tookMs} ms`,
  );
  for (const line of said) console.log(`      ${line.slice(0, 220)}`);
  return said;
}

/** Damages the database once more, and kills the gateway at any moment while it makes another. */
async function killRebuilds({ gateway, directory }: Scene, random: Random): Promise<number> {
  const note = join(directory, "snapshot", "rebuild.json");
  await gateway.stop();
  damages[0]!.inflict(join(directory, "database"), new Map(), random);
  let killed = 0;
  for (let i = 0; i < rebuildKills; i++) {
    const starting = gateway.restart();
    const deadlineMs = performance.now() + 20_000;
    while (!existsSync(note) && performance.now() < deadlineMs) await sleep(2);
    await sleep(random.between(0, 1_200));
    if (existsSync(note)) killed++;
    await gateway.kill();
    await starting;
  }
  await gateway.restart();
  console.log(`E4: ${killed} of ${rebuildKills} kills hit a rebuild`);
  expect(existsSync(note)).toBe(false);
  return killed;
}

/** Looks into the database of a gateway that has stopped: no row that is known may have changed or gone. */
async function inspect(directory: string, known: Map<string, string>): Promise<TableFiles> {
  const store = await openStore({ dataDirectory: directory });
  try {
    const em = store.orm.em.fork();
    const rows = await em.execute<{ id: string; row: string }[]>(
      "select event_id as id, (to_jsonb(ledger_entry) - 'insert_time')::text as row from ledger_entry",
    );
    const found = new Map(rows.map(({ id, row }) => [id, row]));
    const changed = [...known].filter(([id, row]) => found.get(id) !== row).map(([, row]) => row);
    expect(changed).toEqual([]);
    for (const [id, row] of found) known.set(id, row);
    expect(await store.ledger.verify()).toMatchObject({ problems: [], rows: BigInt(found.size) });
    const files = await em.execute<{ name: string; path: string }[]>(
      "select relname as name, pg_relation_filepath(oid) as path from pg_class where relkind in ('r', 'i')",
    );
    return new Map(files.map(({ name, path }) => [name, path]));
  } finally {
    await store.close();
  }
}

/** Waits until the ledger says of itself that it is sound and complete. What remains after the wait, the judge finds. */
async function untilVerified({ gateway }: Scene): Promise<void> {
  const deadlineMs = performance.now() + settleMs;
  for (;;) {
    const { problems = [], pendingEvents = "0" } = await gateway.ask("LedgerService/VerifyLedger");
    if ((problems as unknown[]).length === 0 && pendingEvents === "0") return;
    if (performance.now() > deadlineMs) throw new Error(`not verified: ${pendingEvents} pending, ${problems}`);
    await sleep(50);
  }
}
