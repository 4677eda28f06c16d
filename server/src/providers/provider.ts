import { type Dispatcher, Pool } from "undici";
import type { Dialect, DialectId, Operation, Quirks } from "../dialects/dialect.ts";
import { dialectOf } from "../dialects/index.ts";
import type { Clock } from "../world.ts";
import type { Outgoing } from "./auth.ts";
import { catalogue, type Paths, type ProviderType, type ProviderTypeName } from "./catalogue.ts";
import type { AwsKeys } from "./sigv4.ts";
import { dialectHeaders, passedHeaders, withPassedHeaders } from "./wire-headers.ts";

export interface Timeouts {
  /** To a connected socket. */
  readonly connectMs: number;
  /** From the request to the first byte of the answer's head. */
  readonly firstByteMs: number;
  /** Between two pieces of the answer. */
  readonly idleMs: number;
  /** The whole attempt. */
  readonly totalMs: number;
}

export const defaultTimeouts: Timeouts = { connectMs: 5_000, firstByteMs: 60_000, idleMs: 120_000, totalMs: 600_000 };

/** What an operator says of a provider. */
export interface ProviderSettings {
  /** The part of `provider/model` before the slash. */
  readonly name: string;
  readonly type: ProviderTypeName;
  readonly baseUrl?: string;
  readonly credential?: string;
  /** Keys that sign requests, where there is no credential to send. */
  readonly awsKeys?: AwsKeys;
  /** Where in the provider's world the instance is. */
  readonly region?: string;
  /** Where the credential comes from, for people: an environment variable's or a file's name. Never the credential. */
  readonly credentialSource?: string;
  /** Models it is known to have, before it is asked. */
  readonly models?: readonly string[];
  /** Headers to send with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeouts?: Partial<Timeouts>;
}

/** One provider, ready to be called. */
export interface Provider {
  readonly name: string;
  readonly type: ProviderTypeName;
  readonly title: string;
  readonly baseUrl: string;
  readonly credentialSource: string;
  readonly dispatcher: Dispatcher;
  readonly timeouts: Timeouts;
  readonly streamUsage: ProviderType["streamUsage"];
  readonly quirks: Quirks | undefined;
  readonly simulated: boolean;
  /** Undefined where it does not list its models. */
  readonly modelsPath: string | undefined;
  /** The headers that sign a request, where it must be signed. Asked for just before it goes out. */
  readonly sign: ((request: Outgoing) => readonly string[]) | undefined;
  /** The models it lists. Replaced as a whole when they are discovered. */
  models: ReadonlySet<string>;
  /** The dialects it speaks, the best first. */
  readonly speaks: readonly Speaking[];
  /** Its words without the operator's secrets: some providers quote the key they refuse. */
  readonly withoutSecrets: (words: string) => string;
}

/** A dialect a provider speaks, with what every request in it needs. */
export interface Speaking {
  readonly dialect: Dialect;
  readonly paths: Paths;
  /** The models it is spoken with; undefined where with all. */
  readonly models: RegExp | undefined;
  /** Name, value, name, value, ... */
  readonly headers: readonly string[];
  /** Request headers of a client that are passed on: of any client, and of one that speaks the same dialect. */
  readonly passed: { readonly always: readonly string[]; readonly sameDialect: readonly string[] };
}

export function createProvider(settings: ProviderSettings, clock: Clock, dispatcher?: Dispatcher): Provider {
  const type: ProviderType = catalogue[settings.type];
  const url = new URL(baseUrlOf(settings, type));
  const prefix = url.pathname.replace(/\/+$/, "");
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  const own = [...type.auth(settings.credential), ...Object.entries(settings.headers ?? {})];
  const { accessKeyId, secretAccessKey, sessionToken } = settings.awsKeys ?? {};
  const keys = [settings.credential, accessKeyId, secretAccessKey, sessionToken];
  const secrets = [...keys, ...Object.values(settings.headers ?? {})].filter(isSecret).flatMap(spellings);
  return {
    name: settings.name,
    type: settings.type,
    title: type.title,
    baseUrl: `${url.origin}${prefix}`,
    credentialSource: settings.credentialSource ?? "",
    dispatcher:
      dispatcher ??
      new Pool(url.origin, {
        pipelining: 1,
        connect: { timeout: timeouts.connectMs },
        headersTimeout: timeouts.firstByteMs,
        bodyTimeout: timeouts.idleMs,
      }),
    timeouts,
    streamUsage: type.streamUsage,
    quirks: type.quirks,
    simulated: settings.type === "simulated",
    modelsPath: type.modelsPath === undefined ? undefined : `${prefix}${type.modelsPath}`,
    sign: signerOf(settings, type, url.host, clock),
    models: new Set(settings.models),
    speaks: type.speaks.map(({ dialect, paths, models }) => ({
      dialect: dialectOf(dialect),
      models,
      paths: Object.fromEntries(Object.entries(paths).map(([operation, path]) => [operation, prefix + path])),
      headers: [...baseHeaders, ...dialectHeaders(dialect), ...own.flat()],
      passed: {
        always: type.passedHeaders ?? [],
        sameDialect: [...passedHeaders(dialect), ...(type.passedHeaders ?? [])],
      },
    })),
    withoutSecrets: (words) => secrets.reduce((text, secret) => text.replaceAll(secret, "[removed]"), words),
  };
}

function baseUrlOf({ name, type, baseUrl, region }: ProviderSettings, { baseUrl: usual }: ProviderType): string {
  if (baseUrl) return baseUrl;
  if (!usual) throw new Error(`Provider ${name} (${type}) needs a base_url.`);
  if (!usual.includes("{region}")) return usual;
  if (!region) throw new Error(`Provider ${name} (${type}) needs a region: set \`region\` or AWS_REGION.`);
  return usual.replace("{region}", region);
}

function signerOf(settings: ProviderSettings, type: ProviderType, host: string, clock: Clock): Provider["sign"] {
  const { name, credential, awsKeys: keys, region } = settings;
  if (!type.sign || credential || !keys) return undefined;
  if (!region) throw new Error(`Provider ${name} (${settings.type}) needs a region: set \`region\` or AWS_REGION.`);
  const sign = type.sign({ host, region, keys });
  return (request) => sign(request, clock.nowMs());
}

/** Short values are versions and names, which turn up in any sentence. */
function isSecret(value: string | undefined): value is string {
  return value !== undefined && value.length >= 12;
}

/** As it is, and as JSON has it. */
function spellings(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  return inJson === secret ? [secret] : [secret, inJson];
}

const baseHeaders = ["content-type", "application/json", "accept-encoding", "identity", "user-agent", "pontage"];

/** The headers of one request: the prepared ones, and what the client says to the provider in its own. */
export function requestHeaders(
  speaking: Speaking,
  door: Dialect | undefined,
  client: Readonly<Record<string, string | string[] | undefined>>,
): readonly string[] {
  const names = door === speaking.dialect ? speaking.passed.sameDialect : speaking.passed.always;
  return withPassedHeaders(speaking.headers, names, client);
}

/** The dialect to speak with a provider: the client's own where it can, so that bytes pass untouched; else its best. */
export function speakingFor(
  provider: Provider,
  door: DialectId | undefined,
  operation: Operation,
  model: string,
): Speaking | undefined {
  const able = provider.speaks.filter(({ paths, models }) => paths[operation] && (!models || models.test(model)));
  return able.find(({ dialect }) => dialect.id === door) ?? able[0];
}

/**
 * The operation as a provider can do it: one input goes among several where it does not have the client's own form for
 * one.
 */
export function operationAt(provider: Provider, door: DialectId | undefined, operation: Operation): Operation {
  if (operation !== "embed-one") return operation;
  const isSpoken = provider.speaks.some(({ dialect, paths }) => dialect.id === door && paths["embed-one"]);
  return isSpoken ? operation : "embed";
}

/** The path of one call, or undefined when the provider cannot do that. */
export function pathOf({ paths }: Speaking, operation: Operation, stream: boolean, model: string): string | undefined {
  const path = (operation === "generate" && stream ? paths.stream : undefined) ?? paths[operation];
  return path?.includes("{model}") ? path.replace("{model}", () => encodeURIComponent(model)) : path;
}
