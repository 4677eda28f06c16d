import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { freePort } from "../../scripts/services.mjs";
import { runCli } from "./gateway-process.ts";
import { outcomeCounts } from "./judge.ts";
import { Random, seedOfRun } from "./random.ts";
import { openScene, report, type Scene } from "./scene.ts";

const nightly = process.env.PONTAGE_NIGHTLY === "1";
const kills = nightly ? 50 : 15;
/** Far above what a start takes, even on a machine that does other things as well. */
const longestStartMs = 20_000;
const settleMs = 8_000;

test("T18: the embedded ledger survives SIGKILL at any moment", { timeout: nightly ? 600_000 : 150_000 }, async () => {
  const seed = seedOfRun();
  console.log(`T18: PONTAGE_SEED=${seed}`);
  const random = new Random(seed);
  const scene = await openScene({ seed, random, clients: 20 });
  try {
    const { gateway, load } = scene;
    let intruders = 0;
    let startsKilled = 0;
    for (let round = 1; round <= kills; round++) {
      await sleep(random.between(100, 900));
      // A fifth of the rounds, and never none.
      if (random.chance(0.2) || (round === kills && intruders === 0)) {
        intruders++;
        await intrude(scene);
      }
      await gateway.kill();
      if (random.chance(0.25)) {
        startsKilled++;
        const starting = gateway.restart();
        await Promise.race([starting, sleep(random.between(20, 900))]);
        await gateway.kill();
        await starting;
      }
      await gateway.restart();
    }
    await sleep(300);
    await load.stop();
    await untilVerified(scene);
    expect(await runCli(gateway, "ledger", "verify")).toMatchObject({ code: 0 });
    expect(await gateway.stop()).toBe(0);

    const faults = await scene.faults();
    await report(scene, "T18", { seed, kills: kills + startsKilled, intruders });
    expect(faults.slice(0, 20)).toEqual([]);
    expect(databasesSetAside(scene)).toEqual([]);
    expect(Math.max(...gateway.startTimesMs)).toBeLessThan(longestStartMs);
    const { ok, partial, upstream_error, interrupted } = outcomeCounts(await scene.books());
    for (const count of [ok, partial, upstream_error, interrupted]) expect(count).toBeGreaterThan(0);
  } finally {
    await scene.remove();
  }
});

/** E2: a second process on the directory is refused, says why, and leaves no trace. */
async function intrude({ gateway, directory }: Scene): Promise<void> {
  const before = tracesIn(directory);
  const producersBefore = producersIn(directory);
  const { code, output } = await runCli(gateway, "start", "--no-env-providers", "--port", String(await freePort()));
  expect(code).not.toBe(0);
  expect(output).toMatch(/is in use by Pontage process \d+/);
  expect(tracesIn(directory)).toEqual(before);
  // The owner may have settled and removed an older journal meanwhile; none is new.
  expect(producersBefore).toEqual(expect.arrayContaining(producersIn(directory)));
  expect((await fetch(`${gateway.origin}/ready`)).status).toBe(200);
}

function producersIn(directory: string): string[] {
  return readdirSync(join(directory, "journal"));
}

/** What a second owner of a directory would change: who holds it, what is there, and the secrets. */
function tracesIn(directory: string) {
  const locks = readdirSync(join(directory, "lock"));
  return {
    names: readdirSync(directory).sort(),
    locks: locks.map((name) => [name, readFileSync(join(directory, "lock", name), "utf8")]),
    firstKey: readFileSync(join(directory, "first-key"), "utf8"),
  };
}

/** Waits until the ledger says of itself that it is sound and complete. What remains after the wait, the judge finds. */
async function untilVerified({ gateway }: Scene): Promise<void> {
  const deadlineMs = performance.now() + settleMs;
  while (performance.now() < deadlineMs) {
    const { problems = [], pendingEvents = "0" } = await gateway.ask("LedgerService/VerifyLedger");
    const { inFlight = 0 } = await gateway.ask("SystemService/GetStatus");
    if ((problems as unknown[]).length === 0 && pendingEvents === "0" && inFlight === 0) return;
    await sleep(100);
  }
}

function databasesSetAside({ directory }: Scene): string[] {
  return readdirSync(directory).filter((name) => name.startsWith("database.damaged"));
}
