import type { Transport } from "@connectrpc/connect";

/** Whatever `new Headers()` takes. Said so because browsers and Node name it differently. */
export type HeadersLike = NonNullable<ConstructorParameters<typeof Headers>[0]>;

/** How to reach a gateway. Everything can be left out in Node: the environment and the defaults fill it in. */
export interface PontageOptions {
  /** Where the gateway is. `PONTAGE_URL`, or `http://localhost:7668`, when left out. A trailing `/v1` is ignored. */
  baseUrl?: string | undefined;
  /** The key for calls to models. `PONTAGE_API_KEY` when left out. */
  apiKey?: string | undefined;
  /** The token for `keys`, `usage`, `requests`, `providers` and `ledger`. `PONTAGE_ADMIN_TOKEN` when left out. */
  adminToken?: string | undefined;
  /** The `fetch` to use instead of the global one. Ignored when a `transport` is given. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Headers for every call. An `authorization` header here replaces the key and the token. */
  headers?: HeadersLike | undefined;
  /**
   * How long to wait for a whole answer, or for the next piece of a streamed one, in milliseconds. Ten minutes when left
   * out. Node's own `fetch` gives up after five; see `nodeTransport` for calls that take longer.
   */
  timeoutMs?: number | undefined;
  /** How often a failed call is made again at most. Twice when left out. */
  maxRetries?: number | undefined;
  /** How to carry the calls instead of Connect over `fetch`, for example `nodeTransport({ protocol: "grpc" })`. */
  transport?: Transport | undefined;
  /** Allow a secret key in a web page, where everyone who opens the page can read it. */
  dangerouslyAllowBrowser?: boolean | undefined;
}

/** For one call: what the client's options say for all. */
export interface CallOptions {
  /** Cancels the call. The gateway cancels the model's work too. */
  signal?: AbortSignal | undefined;
  /** As in {@link PontageOptions}. */
  timeoutMs?: number | undefined;
  /** As in {@link PontageOptions}. */
  maxRetries?: number | undefined;
  /** Headers for this call. */
  headers?: HeadersLike | undefined;
  /** Refuse the call rather than leave anything out that the provider's dialect cannot say. */
  strict?: boolean | undefined;
}

/** The options after the environment and the defaults have filled the holes. */
export interface ResolvedOptions {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly adminToken: string | undefined;
  readonly headers: Headers;
  readonly timeoutMs: number;
  readonly maxRetries: number;
}

/** Fills the holes. Throws when a secret would be given away in a web page. */
export function resolveOptions(options: PontageOptions): ResolvedOptions {
  const apiKey = options.apiKey ?? fromEnvironment("PONTAGE_API_KEY");
  const adminToken = options.adminToken ?? fromEnvironment("PONTAGE_ADMIN_TOKEN");
  if ((apiKey || adminToken) && inWebPage() && !options.dangerouslyAllowBrowser) {
    throw new TypeError(
      "A Pontage key in a web page can be read by everyone who opens the page. Call the gateway from your server, " +
        "or set `dangerouslyAllowBrowser: true` if everyone may have this key.",
    );
  }
  return {
    baseUrl: normalizeBaseUrl(options.baseUrl ?? fromEnvironment("PONTAGE_URL") ?? "http://localhost:7668"),
    apiKey: apiKey || undefined,
    adminToken: adminToken || undefined,
    headers: new Headers(options.headers),
    timeoutMs: options.timeoutMs ?? 600_000,
    maxRetries: options.maxRetries ?? 2,
  };
}

/** People paste the address their OpenAI client needs, so `/v1` at the end is taken off. */
export function normalizeBaseUrl(baseUrl: string): string {
  // Checked here, because `fetch` refuses such addresses with a message that prints the password.
  if (/^\w+:\/\/[^/]*@/.test(baseUrl)) {
    throw new TypeError("`baseUrl` holds a user name or password. Send them in `headers` as `authorization` instead.");
  }
  return baseUrl.trim().replace(/\/+$/, "").replace(/\/v1$/, "");
}

/** An environment variable, where there is an environment. Empty means not set. */
export function fromEnvironment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name]?.trim() || undefined;
}

function inWebPage(): boolean {
  const { window } = globalThis as { window?: { document?: unknown } };
  return typeof window === "object" && window.document !== undefined;
}
