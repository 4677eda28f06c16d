import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ConnectRouter } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { KeyService } from "@pontage/gen/pontage/admin/v1/key_pb.ts";
import { LedgerService } from "@pontage/gen/pontage/admin/v1/ledger_pb.ts";
import { ProviderService } from "@pontage/gen/pontage/admin/v1/provider_pb.ts";
import { RequestService } from "@pontage/gen/pontage/admin/v1/request_pb.ts";
import { SystemService } from "@pontage/gen/pontage/admin/v1/system_pb.ts";
import { UsageService } from "@pontage/gen/pontage/admin/v1/usage_pb.ts";
import { ChatService } from "@pontage/gen/pontage/v1/chat_pb.ts";
import { EmbeddingService } from "@pontage/gen/pontage/v1/embedding_pb.ts";
import { ModelService } from "@pontage/gen/pontage/v1/model_pb.ts";
import { keyService } from "./admin/keys.ts";
import { ledgerService } from "./admin/ledger.ts";
import { providerService } from "./admin/providers.ts";
import { requestService } from "./admin/requests.ts";
import { systemService } from "./admin/system.ts";
import { usageService } from "./admin/usage.ts";
import { GatewayError, Reason } from "./canonical/error.ts";
import type { Settings } from "./config/settings.ts";
import { chatService } from "./http/chat-service.ts";
import { consoleFiles } from "./http/console-files.ts";
import { embeddingService } from "./http/embedding-service.ts";
import { createListener } from "./http/listener.ts";
import { type LocalSocket, listenLocally } from "./http/local-socket.ts";
import { modelService } from "./http/model-service.ts";
import { requestIds } from "./http/request-id.ts";
import { routes } from "./http/routes.ts";
import { rpcHandler } from "./http/rpc.ts";
import type { StreamLimits } from "./http/stream-answer.ts";
import { defaultDoorLimits } from "./http/wire-door.ts";
import { Activity } from "./pipeline/activity.ts";
import { defaultKeyLimits, type KeyLimits, KeyRing, type RingKey } from "./pipeline/key-ring.ts";
import { createPipeline } from "./pipeline/pipeline.ts";
import { Router } from "./pipeline/router.ts";
import { ThoughtMemory } from "./pipeline/thought-memory.ts";
import { createProvider, type Provider } from "./providers/provider.ts";
import { SimulatedDispatcher } from "./providers/simulated/dispatcher.ts";
import { simulatedModels } from "./providers/simulated/models.ts";
import type { GateKey } from "./store/api-keys.ts";
import type { Store } from "./store/store.ts";
import type { Log } from "./telemetry/log.ts";
import { startToll, type Toll } from "./toll.ts";
import { version } from "./version.ts";
import type { Clock, World } from "./world.ts";

export interface GatewayParts {
  readonly settings: Settings;
  readonly store: Store;
  /** SHA-256 of the admin token, hex. */
  readonly adminTokenHash: string;
  readonly world: World;
  readonly log: Log;
  /** Other waits than the usual ones; the tests of a client that stops reading cannot wait a minute. */
  readonly limits?: StreamLimits;
  /** Likewise for the tests of a database that is away. */
  readonly keyLimits?: KeyLimits;
}

/** A running gateway. */
export interface Gateway {
  readonly port: number;
  readonly router: Router;
  readonly activity: Activity;
  readonly toll: Toll;
  /** Whether somebody asks `/ready` where to send calls, and so has to see it turn before the port closes. */
  readonly isWatched: () => boolean;
  /**
   * Says at once that it is not ready, and goes on as before for `drainDelayMs`. Then takes no more connections, lets
   * running calls finish for `graceMs`, ends the others with an error in their own dialect, settles, and closes everything
   * it opened but the store.
   */
  stop(graceMs: number, drainDelayMs?: number): Promise<void>;
}

/** Who has not asked `/ready` for this long does not watch it. The slowest of the usual balancers ask twice a minute. */
const watchedForMs = 60_000;
/** After the grace: how long what is said last may take to reach the client. */
const lastWordsMs = 1_000;
/** How long a stop waits for the ledger at most. What it lacks then is in the journal for the next start. */
const longestLedgerWaitMs = 10_000;

const consoleDirectory = fileURLToPath(new URL("../../admin-web/dist", import.meta.url));

/** Puts the parts together: this is the one place that knows all of them. */
export async function startGateway(
  {
    settings,
    store,
    adminTokenHash,
    world,
    log,
    limits = defaultDoorLimits,
    keyLimits = defaultKeyLimits,
  }: GatewayParts,
  openToll: typeof startToll = startToll,
): Promise<Gateway> {
  const { clock } = world;
  const startTimeMs = clock.nowMs();
  const keys = new KeyRing(() => store.keys.confirmedAtMs, keyLimits);
  let loads = 0;
  let latest = 0;
  const loadKeys = async () => {
    const load = ++loads;
    const snapshot = await store.keys.snapshot();
    // What was asked for later knows more, and may have been there sooner.
    if (load < latest) return;
    latest = load;
    keys.replace(snapshot.flatMap(ringKeys));
  };
  // Listening first, so that no change falls between the two.
  const stopWatchingKeys = store.keys.onChange(loadKeys);
  await loadKeys();

  const toll = await openToll({ settings, store, world, log });
  const router = new Router(settings.providers.map((provider) => providerFrom(provider, clock)));
  const activity = new Activity(clock);
  const report = (what: string, facts: object) => log.warn(facts, what);
  const { keepThoughtsMs: keepMs } = settings;
  const thoughts = keepMs > 0 ? new ThoughtMemory({ shelf: store.thoughts, world, keepMs, report }) : undefined;
  const pipeline = createPipeline({ keys, router, journal: toll.journal, clock, thoughts, random: Math.random });
  const tools = { pipeline, activity, clock, newRequestId: requestIds(world), log, limits };

  const shutdown = new AbortController();
  const services = (connect: ConnectRouter) => {
    connect.service(ChatService, chatService(tools));
    connect.service(EmbeddingService, embeddingService(tools));
    connect.service(ModelService, modelService(keys, router, clock));
    connect.service(KeyService, keyService(store));
    connect.service(UsageService, usageService(store.ledger));
    connect.service(LedgerService, ledgerService(store.ledger, toll.pendingEvents));
    connect.service(RequestService, requestService(activity, toll.journal.producer, shutdown.signal));
    connect.service(ProviderService, providerService(router, clock));
    connect.service(
      SystemService,
      systemService({
        version,
        startTimeMs,
        store: store.kind,
        bus: settings.natsUrl ? "nats" : "in-process",
        producer: toll.journal.producer,
        inFlight: () => activity.inFlight,
        pendingEvents: toll.pendingEvents,
      }),
    );
  };
  const rpc = (local: boolean) => rpcHandler({ routes: services, adminTokenHash, local, log });

  let stopping: Promise<void> | undefined;
  let readyAskedAtMs = Number.NEGATIVE_INFINITY;
  const handler = routes({
    ...tools,
    keys,
    router,
    rpc: rpc(false),
    console: consoleFiles(consoleDirectory),
    version,
    notReady() {
      readyAskedAtMs = clock.monotonicMs();
      return [
        ...(stopping ? ["stopping"] : []),
        ...(toll.journal.accepting ? [] : ["journal"]),
        ...(keys.isTrusted(readyAskedAtMs) ? [] : ["database"]),
      ];
    },
  });
  const listener = createListener({
    handler,
    ...(settings.tls && { tls: settings.tls }),
    onUnexpectedTls: () =>
      log.warn(`A client spoke HTTPS to this HTTP port. Use http://localhost:${address.port}, or set server.tls.`),
  });
  let local: LocalSocket | undefined;
  const stopOnce = async (graceMs: number, drainDelayMs: number) => {
    listener.drain();
    if (drainDelayMs > 0) await sleep(drainDelayMs);
    // Watchers never end by themselves. Calls do, and get their time to.
    shutdown.abort(new ConnectError("The gateway is shutting down. Try again.", Code.Unavailable));
    const graceEnds = setTimeout(() => activity.interrupt(shuttingDown()), graceMs);
    await Promise.all([listener.close(graceMs + lastWordsMs), local?.close(graceMs + lastWordsMs)]);
    clearTimeout(graceEnds);
    await thoughts?.stop();
    await toll.stop(Math.min(graceMs, longestLedgerWaitMs));
    stopWatchingKeys();
    await Promise.all(router.providers.map(({ dispatcher }) => dispatcher.destroy()));
  };
  const stop = (graceMs: number, drainDelayMs = 0) => {
    stopping ??= stopOnce(graceMs, drainDelayMs);
    return stopping;
  };
  let address: AddressInfo;
  try {
    address = await listener.listen(settings.port, settings.host);
    local = await listenLocally(join(settings.dataDirectory, "admin.sock"), rpc(true));
  } catch (error) {
    // What runs already would keep the process alive, without a door and for ever.
    await stop(0);
    throw error;
  }
  const isWatched = () => clock.monotonicMs() - readyAskedAtMs < watchedForMs;
  return { port: address.port, router, activity, toll, isWatched, stop };
}

function shuttingDown(): GatewayError {
  return new GatewayError(
    Reason.SHUTTING_DOWN,
    "The gateway is shutting down and could not wait for the end of this answer. Try again.",
    { retryAfterMs: 1_000 },
  );
}

function providerFrom(settings: Settings["providers"][number], clock: Clock): Provider {
  if (settings.type !== "simulated") return createProvider(settings, clock);
  return createProvider({ ...settings, models: simulatedModels }, clock, new SimulatedDispatcher());
}

/** A key's secrets: its own, and for a while after a rotation the one before. */
function ringKeys(key: GateKey): RingKey[] {
  const caller = { keyId: key.id, keyName: key.name, ...(key.strict && { strict: true }) };
  const endTimeMs = key.expireTimeMs ?? Number.POSITIVE_INFINITY;
  const own = { hash: key.secretHash, caller, endTimeMs };
  if (!key.previousSecretHash) return [own];
  const graceEndTimeMs = Math.min(endTimeMs, key.graceEndTimeMs ?? 0);
  return [own, { hash: key.previousSecretHash, caller, endTimeMs: graceEndTimeMs }];
}
