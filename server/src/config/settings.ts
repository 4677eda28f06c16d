import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { catalogue, type ProviderType, type ProviderTypeName } from "../providers/catalogue.ts";
import type { ProviderSettings, Timeouts } from "../providers/provider.ts";
import { identities } from "./identities.ts";
import { loadConfig } from "./load.ts";
import type { Config, ProviderConfig } from "./schema.ts";

/** Everything the gateway is told, from the environment and the configuration file together. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** How long calls are still accepted after SIGTERM. Undefined means that it depends on whether somebody asks `/ready`. */
  readonly drainDelayMs: number | undefined;
  /** How long running calls may take to finish when the gateway stops. */
  readonly drainTimeoutMs: number;
  readonly dataDirectory: string;
  readonly databaseUrl: string | undefined;
  readonly natsUrl: string | undefined;
  readonly macKey: string | undefined;
  readonly journalSync: "none" | "interval" | "always";
  /** How long thoughts are kept between the turns of a conversation. Zero: not at all. */
  readonly keepThoughtsMs: number;
  readonly providers: readonly (ProviderSettings & { readonly discover: boolean })[];
}

export interface Overrides {
  readonly port?: number | undefined;
  readonly dataDirectory?: string | undefined;
  readonly config?: string | undefined;
  /** Providers whose keys are found in the environment are left out. */
  readonly noEnvProviders?: boolean | undefined;
}

export const defaultPort = 7668;
const defaultDrainTimeoutMs = 10_000;
const defaultKeep = "24h";

export function defaultDataDirectory(env: NodeJS.ProcessEnv): string {
  return env.PONTAGE_DATA || join(homedir(), ".pontage");
}

/** Command line before environment before file before default. */
export function readSettings(env: NodeJS.ProcessEnv, overrides: Overrides = {}): Settings {
  const file = overrides.config ?? (env.PONTAGE_CONFIG || undefined);
  const config: Config = file ? loadConfig(file, env) : { version: 1 };
  const listen = /^(?:(.+):)?(\d+)$/.exec(config.server?.listen ?? "");
  const { tls, drain_delay: drainDelay, drain_timeout: drainTimeout } = config.server ?? {};
  return {
    host: listen?.[1]?.replace(/^\[|\]$/g, "") ?? "127.0.0.1",
    port: overrides.port ?? portIn(env.PONTAGE_PORT) ?? portIn(listen?.[2]) ?? defaultPort,
    tls: tls && { cert: readFileSync(tls.cert), key: readFileSync(tls.key) },
    drainDelayMs: drainDelay === undefined ? undefined : inMs(drainDelay),
    drainTimeoutMs: drainTimeout === undefined ? defaultDrainTimeoutMs : inMs(drainTimeout),
    dataDirectory: overrides.dataDirectory ?? defaultDataDirectory(env),
    databaseUrl: env.DATABASE_URL || config.storage?.database_url || undefined,
    natsUrl: env.NATS_URL || config.bus?.nats_url || undefined,
    macKey: config.bus?.mac_key,
    journalSync: config.journal?.sync ?? "interval",
    keepThoughtsMs: inMs(config.reasoning?.keep ?? defaultKeep),
    providers: [
      ...configuredProviders(config, file, env),
      ...(overrides.noEnvProviders ? [] : foundProviders(config, env)),
    ],
  };
}

function portIn(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`PONTAGE_PORT must be a port, got \`${text}\`.`);
  return port;
}

function configuredProviders(config: Config, file = "", env: NodeJS.ProcessEnv) {
  const simulated = { name: "sim", type: "simulated", discover: false } as const;
  const configured = Object.entries(config.providers ?? {}).flatMap(([name, provider]) => {
    if (provider.enabled === false) return [];
    const { timeouts = {} } = provider;
    return {
      name,
      type: provider.type as ProviderTypeName,
      ...(provider.base_url ? { baseUrl: provider.base_url } : {}),
      ...identityOf(name, provider, file, env),
      ...(provider.models ? { models: provider.models } : {}),
      ...(provider.deployments ? { deployments: provider.deployments } : {}),
      ...(provider.headers ? { headers: lowerCased(provider.headers) } : {}),
      timeouts: durations(timeouts),
      discover: provider.discover ?? true,
    };
  });
  // The simulated provider is there unless the file says something of it.
  return config.providers?.sim ? configured : [simulated, ...configured];
}

function identityOf(
  name: string,
  provider: ProviderConfig,
  file: string,
  env: NodeJS.ProcessEnv,
): Partial<ProviderSettings> {
  const entry: ProviderType = catalogue[provider.type as ProviderTypeName];
  if (entry.identity) return identities[entry.identity].of(name, provider, file, env);
  return provider.api_key ? { credential: provider.api_key, credentialSource: file } : {};
}

/** Providers whose key is in the environment, unless the file names an instance of that type. */
function foundProviders(config: Config, env: NodeJS.ProcessEnv) {
  const named = new Set(Object.entries(config.providers ?? {}).flatMap(([name, { type }]) => [name, type as string]));
  return (Object.keys(catalogue) as ProviderTypeName[]).flatMap((type) => {
    const entry: ProviderType = catalogue[type];
    if (named.has(type)) return [];
    if (entry.identity) {
      const kind = identities[entry.identity];
      const found = kind.in(env);
      return kind.suffices(found) ? { name: type, type, ...found, discover: true } : [];
    }
    const variable = entry.env?.find((name) => env[name]);
    if (!variable) return [];
    return { name: type, type, credential: env[variable] ?? "", credentialSource: variable, discover: true };
  });
}

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

function inMs(duration: string): number {
  const [, amount = "0", unit = "s"] = /^([0-9.]+)(ms|s|m|h)$/.exec(duration) ?? [];
  return Math.round(Number(amount) * units[unit as keyof typeof units]);
}

function durations(text: { connect?: string; first_byte?: string; idle?: string; total?: string }): Partial<Timeouts> {
  return {
    ...(text.connect ? { connectMs: inMs(text.connect) } : {}),
    ...(text.first_byte ? { firstByteMs: inMs(text.first_byte) } : {}),
    ...(text.idle ? { idleMs: inMs(text.idle) } : {}),
    ...(text.total ? { totalMs: inMs(text.total) } : {}),
  };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
