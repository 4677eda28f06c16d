import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { EntityProps } from "@mikro-orm/postgresql";
import { pino } from "pino";
import { inject } from "vitest";
import type { Settings } from "../../server/src/config/settings.ts";
import type { DialectId } from "../../server/src/dialects/dialect.ts";
import { Shipper } from "../../server/src/events/shipper.ts";
import { type Gateway, startGateway } from "../../server/src/gateway.ts";
import { hashSecret } from "../../server/src/store/key-secret.ts";
import { LedgerEntry } from "../../server/src/store/ledger-entry.ts";
import { openStore, type Store } from "../../server/src/store/store.ts";
import { startToll, tollMakers } from "../../server/src/toll.ts";
import { systemWorld } from "../../server/src/world.ts";
import { createDatabase } from "../services/create-database.ts";
import type { Simulator } from "../simulators/simulator.ts";
import type { SpeechName } from "../simulators/speech.ts";

/** `only`: the server speaks these dialects and none of the others that its type of provider does. */
type ProviderSetting = Settings["providers"][number] & { readonly only?: readonly DialectId[] };

export interface TestGatewayOptions {
  /** Beside `sim`, which is always there. */
  readonly providers?: readonly ProviderSetting[];
  readonly tls?: Settings["tls"];
  /**
   * The embedded database takes seconds to open cold. A test that is not about it takes the run's PostgreSQL when there is
   * one, and `embedded` insists.
   */
  readonly database?: "any" | "embedded";
  /** A database made by the test, which may take it away. */
  readonly databaseUrl?: string;
  readonly keepThoughtsMs?: number;
  /** The name of its first key. Gateways that share a database need different ones. */
  readonly keyName?: string;
  readonly limits?: NonNullable<Parameters<typeof startGateway>[0]["limits"]>;
  readonly keyLimits?: NonNullable<Parameters<typeof startGateway>[0]["keyLimits"]>;
}

export type LedgerRow = EntityProps<LedgerEntry>;

/** The real gateway, composed as `pontage start` composes it, on a free port and a database of its own. */
export interface TestGateway {
  readonly baseUrl: string;
  readonly port: number;
  readonly apiKey: string;
  readonly adminToken: string;
  readonly gateway: Gateway;
  readonly store: Store;
  readonly database: Store["kind"];
  /** What it logged, one JSON line each. */
  readonly log: readonly string[];
  issueKey(name: string): Promise<{ readonly id: string; readonly secret: string }>;
  /** Waits until no call is running and the toll has been taken of all that ran. */
  settled(): Promise<void>;
  /** The ledger once it is settled: all of it, or the rows of one request, in the order of the attempts. */
  ledgerRows(requestId?: string): Promise<LedgerRow[]>;
  /** The rows of the calls for one model, which is how a test knows its own. */
  rowsOfModel(model: string): Promise<LedgerRow[]>;
  stop(): Promise<void>;
}

/** Stands where a provider's own secret would: it must never be seen by a client or in a log. */
export const upstreamSecret = "upstream-canary-1f0e9d8c7b6a";

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const directory = mkdtempSync(join(tmpdir(), "pontage-gateway-"));
  const postgresUrl = options.database === "embedded" ? undefined : inject("services").postgresUrl;
  const ownDatabase = options.databaseUrl === undefined && postgresUrl !== undefined;
  const database = ownDatabase ? await createDatabase(postgresUrl) : undefined;
  const log: string[] = [];
  const settings: Settings = {
    host: "127.0.0.1",
    port: 0,
    tls: options.tls,
    drainDelayMs: undefined,
    drainTimeoutMs: 1_000,
    dataDirectory: join(directory, "data"),
    databaseUrl: options.databaseUrl ?? database?.url,
    natsUrl: undefined,
    macKey: undefined,
    journalSync: "none",
    keepThoughtsMs: options.keepThoughtsMs ?? 24 * 3_600_000,
    providers: [{ name: "sim", type: "simulated", discover: false }, ...(options.providers ?? [])],
  };
  const store = await openStore({
    dataDirectory: settings.dataDirectory,
    databaseUrl: settings.databaseUrl,
    log: (line) => log.push(line),
  });
  const adminToken = `pt_admin_${randomBytes(24).toString("hex")}`;
  const gateway = await startGateway(
    {
      settings,
      store,
      adminTokenHash: hashSecret(adminToken),
      world: systemWorld,
      log: pino({ level: "info" }, { write: (line) => void log.push(line) }),
      ...(options.limits && { limits: options.limits }),
      ...(options.keyLimits && { keyLimits: options.keyLimits }),
    },
    // The toll as it is, but without waiting for more rows to a statement: every test here waits for its own.
    (parts) => startToll(parts, { ...tollMakers, shipper: (options) => new Shipper({ ...options, lingerMs: 2 }) }),
  );
  for (const { name, only } of options.providers ?? []) {
    const provider = gateway.router.provider(name)!;
    if (only) Object.assign(provider, { speaks: provider.speaks.filter(({ dialect }) => only.includes(dialect.id)) });
  }
  const issueKey = async (name: string) => {
    const { key, secret } = await store.keys.issue({ name });
    return { id: key.id, secret };
  };
  const { secret: apiKey } = await issueKey(options.keyName ?? "tests");

  const settled = async () => {
    await until("the toll is taken", () => gateway.activity.inFlight === 0 && running(gateway) === 0);
    await gateway.toll.journal.synced(); // records may go out together at the end of a turn
    await until("the ledger has everything", () => gateway.toll.pendingEvents() === 0);
  };
  const rows = async (where: { requestId?: string; model?: string }) => {
    await settled();
    return store.orm.em
      .fork()
      .find(LedgerEntry, where, { orderBy: { startTime: "asc", requestId: "asc", attempt: "asc" } });
  };

  return {
    baseUrl: `http://127.0.0.1:${gateway.port}`,
    port: gateway.port,
    apiKey,
    adminToken,
    gateway,
    store,
    database: store.kind,
    log,
    issueKey,
    settled,
    ledgerRows: (requestId) => rows(requestId === undefined ? {} : { requestId }),
    rowsOfModel: (model) => rows({ model }),
    async stop() {
      await gateway.stop(1_000);
      await store.close();
      await database?.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Attempts that are open in the journal. */
function running(gateway: Gateway): number {
  return gateway.toll.journal.status.running;
}

/** How each simulator is told to the gateway: the type of provider, and where below its address it begins. */
const providerTypes: Readonly<Record<SpeechName, readonly [type: ProviderSetting["type"], path: string]>> = {
  "openai-chat": ["openai_compatible", "/v1"],
  "openai-responses": ["openai", "/v1"],
  "anthropic-messages": ["anthropic_compatible", "/v1"],
  gemini: ["gemini_compatible", "/v1beta"],
  "bedrock-converse": ["bedrock", ""],
  "cohere-chat": ["cohere", ""],
  "ollama-chat": ["ollama_native", ""],
  mistral: ["mistral", "/v1"],
};

/** A simulator as a provider of the gateway, spoken to in its own dialect. */
export function providerOf(
  name: string,
  { name: speech, dialect, url }: Simulator,
  more: Partial<ProviderSetting> = {},
): ProviderSetting {
  const [type, path] = providerTypes[speech];
  const only: readonly DialectId[] = speech === "openai-chat" ? [dialect, "openai-completions"] : [dialect];
  const facts = { name, type, baseUrl: url + path, only, credential: upstreamSecret, discover: false };
  return { ...facts, ...(speech === "bedrock-converse" && { region: "us-east-1" }), ...more };
}

/** Settles when the condition holds, and fails loudly when it never does. */
export async function until(what: string, condition: () => boolean, waitMs = 10_000): Promise<void> {
  const endMs = performance.now() + waitMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`never happened: ${what}`);
    await sleep(2);
  }
}
