import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, test } from "vitest";
import { startNats, startPostgres } from "../../scripts/services.mjs";
import { GatewayProcess, runCli } from "./gateway-process.ts";
import { outcomeCounts } from "./judge.ts";
import { Random, seedOfRun } from "./random.ts";
import { openScene, report, settledFaults } from "./scene.ts";
import { unrest } from "./unrest.ts";

const nightly = process.env.PONTAGE_NIGHTLY === "1";
const kills = nightly ? 60 : 30;
const dispatched = nightly ? 20_000 : 1_000;
/** How long everything has to be in the ledger once nothing is killed any more. */
const settleMs = 8_000;

const { postgresUrl, natsUrl } = inject("services");

test.skipIf(!postgresUrl || !natsUrl)(
  "T1: whatever is killed, the ledger has what the clients and the upstream saw",
  { timeout: nightly ? 600_000 : 150_000 },
  async () => {
    const seed = seedOfRun();
    console.log(`T1: PONTAGE_SEED=${seed}`);
    const random = new Random(seed);
    const [database, bus] = await Promise.all([startPostgres({ durable: true }), startNats()]);
    const servers = { databaseUrl: database.url, natsUrl: bus.url };
    const scene = await openScene({ seed, random, clients: 40, ...servers });
    try {
      const { gateway, load, upstream } = scene;
      const arrived = () => [...upstream.received.values()].reduce((sum, times) => sum + times, 0);
      const beganAtMs = performance.now();
      const killed = await unrest(
        [
          gateway,
          { name: "database", kill: () => database.kill(), restart: () => database.restart() },
          { name: "bus", kill: () => bus.kill(), restart: () => bus.restart() },
        ],
        {
          random: random.fork(),
          kills,
          enough: () => arrived() >= dispatched,
          upMs: nightly ? [500, 4_000] : [300, 2_000],
          downMs: [20, 600],
          duringStart: [gateway],
        },
      );
      const unrestMs = Math.round(performance.now() - beganAtMs);
      await load.stop();
      const { faults, settledAfterMs } = await settledFaults(scene, settleMs);
      await report(scene, "T1", { seed, unrestMs, settledAfterMs, killed: Object.fromEntries(killed) });
      expect(faults.slice(0, 20)).toEqual([]);

      // A run in which nothing happened would prove nothing.
      expect([...killed.values()].reduce((sum, times) => sum + times, 0)).toBeGreaterThanOrEqual(kills);
      expect([...killed.keys()].sort()).toEqual(["bus", "database", "gateway"]);
      const { ok, partial, upstream_error, interrupted } = outcomeCounts(await scene.books());
      for (const count of [ok, partial, upstream_error, interrupted]) expect(count).toBeGreaterThan(0);
      expect(load.complete).toBeGreaterThan(100);

      expect(await runCli(gateway, "ledger", "verify")).toMatchObject({ code: 0 });
      // It leaves nothing behind, and what it does at its end changes nothing.
      expect(await gateway.stop()).toBe(0);
      expect((await scene.faults()).slice(0, 20)).toEqual([]);
    } finally {
      await scene.remove();
      await Promise.all([database.stop(), bus.stop()]);
    }
  },
);

/** Found by T1: a gateway that lost the database while it started went on serving calls, cut off from its ledger for good. */
test.skipIf(!postgresUrl)(
  "T1: a start that loses the database ends, so that another can follow",
  { timeout: 90_000 },
  async () => {
    const root = mkdtempSync(join(tmpdir(), "pontage-chaos-"));
    const database = await startPostgres();
    // It never lists its models. The start waits two seconds for that, with its port open already.
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const config = join(root, "pontage.yaml");
    const provider = { type: "openai_compatible", base_url: `http://127.0.0.1:${port}/v1` };
    writeFileSync(config, JSON.stringify({ version: 1, providers: { silent: provider } }));
    const gateway = await GatewayProcess.start({ directory: join(root, "data"), config, databaseUrl: database.url });
    try {
      await gateway.kill();
      const starting = gateway.restart();
      while (!(await fetch(`${gateway.origin}/health`).catch(() => undefined))) await sleep(20);
      await database.kill();
      await sleep(3_000);
      await database.restart();
      await starting;
      expect((await gateway.ask("LedgerService/VerifyLedger")).problems ?? []).toEqual([]);
    } finally {
      await gateway.kill();
      await database.stop();
      silent.close();
      rmSync(root, { recursive: true, force: true });
    }
  },
);
