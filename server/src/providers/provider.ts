import { type Dispatcher, Pool } from "undici";
import type { Dialect, DialectId, Operation, Quirks } from "../dialects/dialect.ts";
import { dialectOf } from "../dialects/index.ts";
import type { Clock } from "../world.ts";
import type { Outgoing, Sign } from "./auth.ts";
import { catalogue, type Paths, type ProviderType, type ProviderTypeName } from "./catalogue.ts";
import { type Identity, type Proof, proofOf } from "./credentials/identity.ts";
import type { Renewable } from "./credentials/renewable.ts";
import type { ModelFacts } from "./model-facts.ts";
import { filled, missingPlace } from "./place.ts";
import { scrubber } from "./secrets.ts";
import type { AwsKeys } from "./sigv4.ts";
import { headerRules, withPassedHeaders } from "./wire-headers.ts";

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
  /** Who the instance is, where there is neither. */
  readonly identity?: Identity;
  /** Where in the provider's world the instance is. */
  readonly region?: string;
  readonly project?: string;
  readonly location?: string;
  /** The version of the provider's API, where an instance may choose. */
  readonly apiVersion?: string;
  /** Where the credential comes from, for people: an environment variable's or a file's name. Never the credential. */
  readonly credentialSource?: string;
  /** Models it is known to have, before it is asked. */
  readonly models?: readonly string[];
  /** Models that have another name at this instance, with that name. */
  readonly deployments?: Readonly<Record<string, string>>;
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
  /** With its port. */
  readonly host: string;
  readonly credentialSource: string;
  /** What proves who the instance is, where it must be fetched. It has to be there before something is sent. */
  readonly credential: Renewable<Proof> | undefined;
  readonly dispatcher: Dispatcher;
  readonly timeouts: Timeouts;
  readonly streamUsage: ProviderType["streamUsage"];
  readonly quirks: Quirks | undefined;
  readonly simulated: boolean;
  /** Where it lists its models: paths, and the origin where it is another one. */
  readonly modelLists: { readonly paths: readonly string[]; readonly origin: string };
  /** Headers of a request that cannot be prepared: a signature, a token that expires. Asked for just before it goes out. */
  readonly sign: ((request: Outgoing) => readonly string[]) | undefined;
  /** Models that have another name at this instance. */
  readonly deployments: ReadonlyMap<string, string>;
  /** The models it lists. Replaced as a whole when they are discovered. */
  models: ReadonlySet<string>;
  /** What its list said of them. */
  modelFacts: ReadonlyMap<string, ModelFacts>;
  /** The dialects it speaks, the best first. */
  readonly speaks: readonly Speaking[];
  /** Its words without the operator's secrets: some providers quote the key they refuse. */
  readonly withoutSecrets: (words: string) => string;
}

/** A dialect a provider speaks, with what every request in it needs. */
export interface Speaking {
  readonly dialect: Dialect;
  readonly paths: Paths;
  /** The models that are spoken to so; undefined: all. */
  readonly models: RegExp | undefined;
  /** Name, value, name, value, ... */
  readonly headers: readonly string[];
  /** Request headers of a client that are passed on: of any client, and of one that speaks the same dialect. */
  readonly passed: { readonly always: readonly string[]; readonly sameDialect: readonly string[] };
}

export function createProvider(settings: ProviderSettings, clock: Clock, dispatcher?: Dispatcher): Provider {
  const type: ProviderType = catalogue[settings.type];
  const speaks = (isDate(settings.apiVersion) && type.dated) || type.speaks;
  const fill = (template: string) => filled(template, settings);
  // The API without dates takes only the wish to see what is new.
  const query = settings.apiVersion === "preview" ? "?api-version=preview" : "";
  const url = new URL(settings.baseUrl ?? fill(baseUrlOf(settings, type)));
  const prefix = url.pathname.replace(/\/+$/, "");
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  const own = [...type.auth(settings.credential), ...Object.entries(settings.headers ?? {})];
  const withoutSecrets = scrubber(settings, () => credential?.known ?? []);
  const { name, identity, region } = settings;
  const credential: Provider["credential"] = identity && proofOf(identity, { name, region, clock, withoutSecrets });
  const sign = signerOf(settings, type, credential);
  const paths = type.modelsPath === undefined ? [] : [type.modelsPath].flat();
  const elsewhere = settings.baseUrl === undefined && type.modelsBaseUrl;
  return {
    name,
    type: settings.type,
    title: type.title,
    baseUrl: `${url.origin}${prefix}`,
    host: url.host,
    credentialSource: settings.credentialSource ?? "",
    credential,
    dispatcher: dispatcher ?? createPool(url.origin, timeouts),
    timeouts,
    streamUsage: type.streamUsage,
    quirks: type.quirks,
    simulated: settings.type === "simulated",
    modelLists: {
      paths: paths.map((path) => prefix + fill(path)),
      origin: elsewhere ? new URL(fill(elsewhere)).origin : url.origin,
    },
    sign: sign && ((request) => sign(request, clock.nowMs())),
    deployments: new Map(Object.entries(settings.deployments ?? {})),
    models: new Set([...(settings.models ?? []), ...Object.keys(settings.deployments ?? {})]),
    modelFacts: new Map(),
    speaks: speaks.map((speech) => {
      const dialect = typeof speech.dialect === "string" ? dialectOf(speech.dialect) : speech.dialect;
      const { defaults, passed } = speech.headers ?? headerRules(dialect.id);
      return {
        dialect,
        paths: Object.fromEntries(
          Object.entries(speech.paths).map(([operation, path]) => [operation, prefix + fill(path) + query]),
        ),
        models: speech.models,
        headers: [...baseHeaders, ...Object.entries(defaults).flat(), ...own.flat()],
        passed: {
          always: type.passedHeaders ?? [],
          sameDialect: [...passed, ...(type.passedHeaders ?? [])],
        },
      };
    }),
    withoutSecrets,
  };
}

/** Connections to an origin. */
export function createPool(origin: string, { connectMs, firstByteMs, idleMs }: Timeouts): Dispatcher {
  return new Pool(origin, {
    pipelining: 1,
    connect: { timeout: connectMs },
    headersTimeout: firstByteMs,
    bodyTimeout: idleMs,
  });
}

function baseUrlOf({ name, type, location }: ProviderSettings, { baseUrl, baseUrlAt }: ProviderType): string {
  if (!baseUrl) throw new Error(`Provider ${name} (${type}) needs a base_url.`);
  return baseUrlAt?.[location ?? ""] ?? baseUrl;
}

/** An API's version that is a day, as `2024-10-21` or `2025-04-01-preview`. */
function isDate(apiVersion: string | undefined): boolean {
  return apiVersion !== undefined && /^\d{4}-/.test(apiVersion);
}

function signerOf(
  settings: ProviderSettings,
  type: ProviderType,
  credential: Provider["credential"],
): Sign | undefined {
  const { awsKeys, identity, region } = settings;
  if (settings.credential) return undefined;
  if (identity && identity.kind !== "aws-search") return () => ["authorization", `Bearer ${credential?.latest}`];
  const keys = awsKeys ? () => awsKeys : credential && (() => credential.latest as AwsKeys);
  if (!type.sign || !keys) return undefined;
  if (!region) throw missingPlace(settings, "region");
  return type.sign({ region, keys });
}

const baseHeaders = ["content-type", "application/json", "accept-encoding", "identity", "user-agent", "pontage"];

/** The headers of one request: the prepared ones, and what the client says to the provider in its own. */
export function requestHeaders(
  speaking: Speaking,
  door: Dialect | undefined,
  client: Readonly<Record<string, string | string[] | undefined>>,
): readonly string[] {
  const names = door?.id === speaking.dialect.id ? speaking.passed.sameDialect : speaking.passed.always;
  return withPassedHeaders(speaking.headers, names, client);
}

/** The dialect to speak with a model: the client's own where it can, so that bytes pass untouched; else its best. */
export function speakingFor(
  provider: Provider,
  door: DialectId | undefined,
  operation: Operation,
  model: string,
): Speaking | undefined {
  const able = provider.speaks.filter(({ paths, models }) => paths[operation] && (models?.test(model) ?? true));
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
  return path?.includes("{model}") ? path.replace("{model}", () => inPath(model)) : path;
}

/** Google writes versions after an `@`, which may stand in a path. */
function inPath(model: string): string {
  return encodeURIComponent(model).replaceAll("%40", "@");
}
