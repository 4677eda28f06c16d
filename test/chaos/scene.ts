import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore, type Store } from "../../server/src/store/store.ts";
import { type Books, readBooks } from "./books.ts";
import { Load } from "./clients.ts";
import { GatewayProcess } from "./gateway-process.ts";
import { judge, outcomeCounts } from "./judge.ts";
import type { Random } from "./random.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

export interface SceneOptions {
  readonly seed: number;
  readonly random: Random;
  readonly clients: number;
  readonly databaseUrl?: string;
  readonly natsUrl?: string;
  /** The real command line when not given. */
  readonly program?: readonly string[];
}

/** An upstream, a gateway and its clients, ready for something to happen to them. */
export interface Scene {
  readonly gateway: GatewayProcess;
  readonly directory: string;
  readonly upstream: Upstream;
  readonly load: Load;
  /** Reads a PostgreSQL server's books. The embedded database can only be read while no gateway has it. */
  books(): Promise<Books>;
  /** What is wrong with the books as they are now. */
  faults(): Promise<string[]>;
  remove(): Promise<void>;
}

export async function openScene({
  seed,
  random,
  clients,
  databaseUrl,
  natsUrl,
  program,
}: SceneOptions): Promise<Scene> {
  const root = mkdtempSync(join(tmpdir(), "pontage-chaos-"));
  const directory = join(root, "data");
  const upstream = await startUpstream(seed);
  const config = join(root, "pontage.yaml");
  const provider = { type: "openai", base_url: upstream.url, api_key: "sk-upstream", discover: false };
  writeFileSync(config, JSON.stringify({ version: 1, providers: { openai: provider } }));
  const gateway = await GatewayProcess.start({
    directory,
    config,
    ...(databaseUrl && { databaseUrl }),
    ...(natsUrl && { natsUrl }),
    ...(program && { program }),
  });
  const load = new Load({ origin: gateway.origin, apiKey: gateway.apiKey, clients, random: random.fork() });
  let reader: Store | undefined;

  async function books(): Promise<Books> {
    if (databaseUrl) {
      reader ??= await openStore({ databaseUrl, dataDirectory: join(root, "reader") });
      return readBooks(reader);
    }
    const embedded = await openStore({ dataDirectory: directory });
    try {
      return await readBooks(embedded);
    } finally {
      await embedded.close();
    }
  }
  return {
    gateway,
    directory,
    upstream,
    load,
    books,
    faults: async () => judge({ seed, heard: load.heard, received: upstream.received, books: await books() }),
    async remove() {
      await load.stop();
      await gateway.kill();
      await reader?.close();
      await upstream.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Judges until there is nothing wrong, for at most `waitMs`: what is on its way has that long to arrive. */
export async function settledFaults(
  scene: Scene,
  waitMs: number,
): Promise<{ faults: string[]; settledAfterMs: number }> {
  const beganAtMs = performance.now();
  for (;;) {
    const { pendingEvents = "0", inFlight = 0 } = await scene.gateway.ask("SystemService/GetStatus");
    const faults = await scene.faults();
    if (Number(pendingEvents) > 0) faults.push(`lost: ${pendingEvents} events are still on their way`);
    if (Number(inFlight) > 0) faults.push(`wrong: ${inFlight} calls are still in flight`);
    const settledAfterMs = Math.round(performance.now() - beganAtMs);
    if (faults.length === 0 || settledAfterMs > waitMs) return { faults, settledAfterMs };
    await sleep(250);
  }
}

/** What a run was like, in one line. */
export async function report(scene: Scene, name: string, facts: Record<string, unknown>): Promise<void> {
  const { load, upstream, gateway } = scene;
  const dispatched = [...upstream.received.values()].reduce((sum, times) => sum + times, 0);
  const counts = {
    requests: load.heard.length,
    complete: load.complete,
    dispatched,
    rows: outcomeCounts(await scene.books()),
  };
  const starts = gateway.startTimesMs.toSorted((a, b) => a - b);
  const medianStartMs = Math.round(starts[starts.length >> 1] ?? 0);
  console.log(`${name}: ${JSON.stringify({ ...facts, ...counts, medianStartMs })}`);
}
