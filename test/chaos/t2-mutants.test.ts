import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { startNats, startPostgres, type ThrowAwayServer } from "../../scripts/services.mjs";
import { createDatabase, query, withTableLocked } from "../services/create-database.ts";
import type { FaultKind } from "./judge.ts";
import type { MutationName } from "./mutants.ts";
import { Random } from "./random.ts";
import { openScene, report, type Scene, settledFaults } from "./scene.ts";

/*
 * Does the judge of T1 notice? Each mutant breaks one rule the ledger rests on, and meets the mishap that the rule is
 * there for. At least one of its runs must be judged wrong, while the same gateway without a fault comes through all
 * mishaps. So a T1 that passes says something.
 */

const seeds = [11, 12, 13];
const entry = fileURLToPath(new URL("mutant-gateway.ts", import.meta.url));
/** As long as the books get in these runs, with or without a fault. */
const settleMs = 5_000;

interface Ground {
  readonly scene: Scene;
  readonly database: ThrowAwayServer;
  readonly databaseUrl: string;
  readonly bus: ThrowAwayServer;
  readonly busDirectory: string;
  readonly random: Random;
}

type Mishap = (ground: Ground) => Promise<void>;

const gatewayDies: Mishap = async ({ scene, random }) => {
  for (let times = 0; times < 3; times++) {
    await sleep(random.between(300, 600));
    await scene.gateway.kill();
    await scene.gateway.restart();
  }
};

const databaseDies: Mishap = async ({ database, random }) => {
  for (let times = 0; times < 2; times++) {
    await sleep(random.between(300, 600));
    await database.kill();
    await sleep(400);
    await database.restart();
  }
  await sleep(300);
};

/**
 * The bus dies while a batch is on its way into the ledger, so it never hears that the ledger has it, and sends it again. The
 * moment is too short to be hit by chance: a lock holds the batch up until the bus is gone.
 */
const busDies: Mishap = async ({ bus, databaseUrl, random }) => {
  const waitingForLock = () =>
    query<{ waiting: number }>(
      databaseUrl,
      "select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock'",
    );
  const until = async (reached: (waiting: number) => boolean) => {
    while (!reached((await waitingForLock())[0]!.waiting)) await sleep(20);
  };
  for (let times = 0; times < 3; times++) {
    await sleep(random.between(200, 500));
    await withTableLocked(databaseUrl, "ledger_entry", async () => {
      await until((waiting) => waiting > 0);
      await bus.kill();
      await sleep(200); // so that the gateway knows
    });
    await until((waiting) => waiting === 0);
    await sleep(100);
    await bus.restart();
  }
  await sleep(300);
};

/** The bus takes events while the ledger is away, forgets them, and then the gateway that had sent them dies. */
const busForgets: Mishap = async ({ scene, database, bus, busDirectory }) => {
  await database.kill();
  await sleep(2_500);
  await bus.kill();
  rmSync(join(busDirectory, "jetstream"), { recursive: true });
  await scene.gateway.kill();
  await Promise.all([bus.restart(), database.restart()]);
  await scene.gateway.restart();
};

const cases: readonly (readonly [MutationName, Mishap, FaultKind])[] = [
  ["no journal", gatewayDies, "lost"],
  ["close after last byte", gatewayDies, "lost"],
  ["ack before commit", databaseDies, "lost"],
  ["balance not tied to inserted rows", busDies, "unbalanced"],
  ["segment deleted on bus ack", busForgets, "lost"],
];

const { postgresUrl, natsUrl } = inject("services");

describe.skipIf(!postgresUrl || !natsUrl)("T2: the judge of T1 notices", () => {
  let database: ThrowAwayServer;
  beforeAll(async () => {
    database = await startPostgres({ durable: true });
  });
  afterAll(() => database.stop());

  /** Lets the mishaps happen to a gateway under load, and says what is wrong with its books afterwards. */
  async function faultsAfter(mutation: MutationName, mishaps: readonly Mishap[], seed: number): Promise<string[]> {
    const random = new Random(seed);
    const busDirectory = mkdtempSync(join(tmpdir(), "pontage-chaos-bus-"));
    const [bus, own] = await Promise.all([startNats({ directory: busDirectory }), createDatabase(database.url)]);
    const servers = { databaseUrl: own.url, natsUrl: bus.url };
    const scene = await openScene({ seed, random, clients: 20, program: [entry, mutation], ...servers });
    try {
      for (const mishap of mishaps) await mishap({ scene, database, databaseUrl: own.url, bus, busDirectory, random });
      await scene.load.stop();
      const { faults, settledAfterMs } = await settledFaults(scene, settleMs);
      await report(scene, `T2 ${mutation}`, { seed, settledAfterMs, faults: faults.length, first: faults[0] });
      return faults;
    } finally {
      await scene.remove();
      await bus.stop();
      await own.drop();
      rmSync(busDirectory, { recursive: true, force: true });
    }
  }

  test("nothing, when nothing is wrong", { timeout: 120_000 }, async () => {
    const faults = await faultsAfter("none", [gatewayDies, databaseDies, busDies, busForgets], seeds[0]!);
    expect(faults.slice(0, 20)).toEqual([]);
  });

  test.each(cases)("%s", { timeout: 120_000 }, async (mutation, mishap, expected) => {
    const kinds = new Set<string>();
    for (const seed of seeds) {
      for (const fault of await faultsAfter(mutation, [mishap], seed)) kinds.add(fault.split(":")[0]!);
      if (kinds.size > 0) break;
    }
    expect([...kinds]).toContain(expected);
  });
});
