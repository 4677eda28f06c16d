import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../config/settings.ts";
import { type Gateway, startGateway } from "../gateway.ts";
import { learnModels } from "../providers/discover.ts";
import type { HeldDirectory } from "../store/held-directory.ts";
import { hashSecret, makeSecret } from "../store/key-secret.ts";
import { shortPath } from "../store/lock.ts";
import { openStore, type Store } from "../store/store.ts";
import { createLog, type Log } from "../telemetry/log.ts";
import { systemWorld, type World } from "../world.ts";
import { CommandFailure } from "./failure.ts";
import { firstRunText, laterRunText, requestLine, symbols } from "./first-run.ts";
import { whoListensOn } from "./port-owner.ts";

/** A balancer that asks `/ready` gets this long to see it turn, unless the configuration says otherwise. */
const watchedDrainDelayMs = 5_000;
/** Signals closer together than this are one wish to stop. */
const sameWishMs = 500;
/** How long the start waits for providers to list their models; what comes later is added then. */
const discoveryWaitMs = 2_000;

/** What `start.ts` has begun while this file was being loaded. */
export interface Beginning {
  readonly settings: Settings;
  readonly held: Promise<HeldDirectory>;
  /** Nothing was in the data directory. */
  readonly fresh: boolean;
}

/** Starts the gateway, and tells whoever watches what stands as soon as it does. */
export async function runGateway({ settings, held, fresh }: Beginning): Promise<void> {
  const terminal = process.stdout.isTTY === true;
  const log = createLog({ terminal });
  const say = (text: string) => void (terminal && process.stdout.write(`${text}\n`));
  const { ok } = symbols();

  const world = systemWorld;
  const { dataDirectory, databaseUrl } = settings;
  const store = await openStore({ dataDirectory, databaseUrl, world, log: (message) => log.warn(message) }, held);
  let gateway: Gateway | undefined;
  try {
    const keep = (name: string, secret: string) =>
      terminal ? undefined : keepInFile(dataDirectory, name, secret, log);
    const admin = await adminToken(store, world, keep);
    // The clock began with the process.
    const seconds = () => `${(performance.now() / 1000).toFixed(1)} s`;
    const database = store.kind === "embedded" ? "embedded database" : "PostgreSQL";
    if (fresh) say(`  ${ok} Data directory     ${shortPath(settings.dataDirectory)} (${database})   ${seconds()}`);

    gateway = await startGateway({ settings, store, adminTokenHash: admin.hash, world, log }).catch((error) => {
      throw portTaken(error, settings.port) ?? error;
    });
    stopOnSignal(gateway, settings, store, log, say);
    const firstKey = await issueFirstKey(store, keep);
    const discovered = discoverAll(gateway, settings, log);
    await Promise.race([discovered, new Promise((resolve) => setTimeout(resolve, discoveryWaitMs))]);

    if (firstKey || admin.created) {
      say(firstRunText(gateway, settings, { firstKey, adminToken: admin.created }));
    } else {
      const keys = (await store.keys.list({ pageSize: 250 })).keys.length;
      say(laterRunText(gateway, settings, keys, seconds()));
    }
    if (terminal) showRequests(gateway);
    log.info(
      {
        port: gateway.port,
        host: settings.host,
        store: store.kind,
        providers: gateway.router.providers.map(({ name }) => name),
      },
      "ready",
    );
  } catch (error) {
    // A gateway that already answers must not stay behind without its store.
    await gateway?.stop(0);
    await store.close();
    throw error;
  }
}

/** Puts a secret where only its owner finds it, before anything is stored that makes it the only one. */
type Keep = (name: "first-key" | "admin-token", secret: string) => void;

/** The token that opens the admin services. Made at the first start, or given in PONTAGE_ADMIN_TOKEN. Only its hash is kept. */
async function adminToken(
  store: Store,
  world: World,
  keep: Keep,
): Promise<{ hash: string; created: string | undefined }> {
  const given = process.env.PONTAGE_ADMIN_TOKEN;
  if (given !== undefined && given.length > 0) {
    if (given.length < 20) throw new CommandFailure("PONTAGE_ADMIN_TOKEN must have at least 20 characters.", 5);
    return { hash: hashSecret(given), created: undefined };
  }
  const standing = await store.settings.get("admin_token_hash");
  if (standing) return { hash: String(standing), created: undefined };
  const made = makeSecret("pt_", world.randomBytes).replace(/^pt_/, "pt_admin_");
  const hash = hashSecret(made);
  keep("admin-token", made);
  // Of replicas that start together one wins, and the others' tokens open nothing.
  const won = await store.settings.setOnce("admin_token_hash", hash);
  return { hash: String(won), created: won === hash ? made : undefined };
}

/** A new gateway gets a key, so that the first call needs no further step. It counts as issued once its secret is kept. */
async function issueFirstKey(store: Store, keep: Keep): Promise<string | undefined> {
  const name = "first-key";
  if (await store.settings.get("first_key_issued")) return undefined;
  let secret: string;
  if (await store.keys.find(name)) {
    // On a shared database another replica is just making it. On our own, a start was killed before it could say so.
    if (store.kind !== "embedded") return undefined;
    secret = (await store.keys.rotate(name, 0)).secret;
  } else {
    secret = (await store.keys.issue({ name })).secret;
  }
  keep("first-key", secret);
  await store.settings.setOnce("first_key_issued", true);
  return secret;
}

/** Nobody sees a terminal: a secret goes to a file that only its owner can read, and the log names the file. */
function keepInFile(directory: string, name: string, secret: string, log: Log): void {
  const path = join(directory, name);
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
  log.info({ file: path }, `${name === "first-key" ? "the first API key" : "the admin token"} is in this file`);
}

async function discoverAll(gateway: Gateway, settings: Settings, log: Log): Promise<void> {
  await Promise.all(
    settings.providers
      .filter(({ discover }) => discover)
      .map(async ({ name }) => {
        const provider = gateway.router.provider(name);
        if (!provider) return;
        try {
          await learnModels(provider);
        } catch (error) {
          log.warn({ provider: name }, `${name} did not list its models: ${(error as Error).message}`);
        }
      }),
  );
}

function showRequests(gateway: Gateway): void {
  let first = true;
  gateway.activity.watch((ended) => {
    process.stdout.write(`${requestLine(ended)}\n`);
    if (!first || ended.status !== 200) return;
    first = false;
    process.stdout.write(
      `  ${symbols().ok} First request served. Watch them at http://localhost:${gateway.port}/console\n`,
    );
  });
}

function stopOnSignal(
  gateway: Gateway,
  { drainDelayMs, drainTimeoutMs }: Settings,
  store: Store,
  log: Log,
  say: (text: string) => void,
): void {
  let askedAtMs: number | undefined;
  const stop = (signal: NodeJS.Signals) => {
    const nowMs = performance.now();
    if (askedAtMs !== undefined) {
      // npm passes on the Ctrl+C that the terminal has sent here as well. That is one wish, not two.
      if (nowMs - askedAtMs > sameWishMs) process.exit(130); // asked twice: at once
      return;
    }
    askedAtMs = nowMs;
    const usualDelayMs = gateway.isWatched() ? watchedDrainDelayMs : 0;
    // Whoever presses Ctrl+C sits in front of it, and there is no balancer to wait for.
    const delayMs = signal === "SIGINT" ? 0 : (drainDelayMs ?? usualDelayMs);
    const { inFlight } = gateway.activity;
    log.info({ signal, inFlight, drainDelayMs: delayMs, drainTimeoutMs }, "stopping");
    if (inFlight > 0) {
      const seconds = (delayMs + drainTimeoutMs) / 1000;
      say(`\n  Waiting up to ${seconds} s for ${inFlight} running calls. Ctrl+C again stops at once.`);
    }
    gateway
      .stop(drainTimeoutMs, delayMs)
      .then(() => store.close())
      .then(() => process.exit(0))
      .catch((error) => {
        log.error({ err: error }, "the gateway did not stop cleanly");
        process.exit(1);
      });
  };
  // One call's mistake must not end the others'. It is a fault of ours all the same, so it is logged in full.
  process.on("unhandledRejection", (cause) => log.error({ err: cause }, "a promise was rejected and nobody noticed"));
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

function portTaken(error: unknown, port: number): CommandFailure | undefined {
  if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") return undefined;
  const owner = whoListensOn(port);
  const by = owner ? ` by ${owner.name} (process ${owner.pid})` : "";
  return new CommandFailure(`Port ${port} is taken${by}.`, 1, {
    remedy: `Use another: npx pontage start --port ${port === 65_535 ? 8656 : port + 1}`,
  });
}
