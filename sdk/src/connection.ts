import { Code, ConnectError, type CallOptions as ConnectOptions, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { type PontageError, Timeout } from "./error.ts";
import { errorFrom, errorOfSignal } from "./error-from.ts";
import {
  type CallOptions,
  type HeadersLike,
  type PontageOptions,
  type ResolvedOptions,
  resolveOptions,
} from "./options.ts";
import { mayRetry, retryWaitMs } from "./retry.ts";

/** An answer and the headers it came with. */
export interface Answer<T> {
  readonly message: T;
  readonly headers: Headers;
}

/** One gateway and how to speak to it: credentials, time limits, retries, errors. Holds secrets, shows none. */
export class Connection {
  readonly baseUrl: string;
  /** Carries calls with the right credential. The generated clients stand on it. */
  readonly transport: Transport;
  readonly #options: ResolvedOptions;

  constructor(options: PontageOptions) {
    this.#options = resolveOptions(options);
    this.baseUrl = this.#options.baseUrl;
    const bare =
      options.transport ??
      createConnectTransport({
        baseUrl: this.baseUrl,
        useBinaryFormat: true,
        ...(options.fetch ? { fetch: options.fetch } : {}),
      });
    this.transport = withHeaders(bare, (service, own) => this.#headersFor(service, own));
  }

  /** The key for calls to models, for handing it to another client of the same gateway. */
  get apiKey(): string | undefined {
    return this.#options.apiKey;
  }

  /** Makes a call with one answer. `repeatable` calls may be made again although the last one may have had its effect. */
  async unary<T>(
    call: (options: ConnectOptions) => Promise<T>,
    options: CallOptions = {},
    { repeatable = true }: { repeatable?: boolean } = {},
  ): Promise<Answer<T>> {
    for (let tries = 0; ; tries++) {
      let headers = new Headers();
      try {
        const message = await call({
          ...this.#connectOptions(options),
          timeoutMs: options.timeoutMs ?? this.#options.timeoutMs,
          onHeader: (received) => {
            headers = received;
          },
        });
        return { message, headers };
      } catch (thrown) {
        await this.#waitToRetry(this.errorFrom(thrown, options.signal), tries, options, repeatable);
      }
    }
  }

  /**
   * Opens a stream. Until its first message it may be opened again; after that it never is, because what has been
   * received cannot be taken back. Leaving the loop ends the stream on the server.
   */
  async *stream<T>(
    open: (options: ConnectOptions) => AsyncIterable<T>,
    options: CallOptions = {},
    { repeatable = true }: { repeatable?: boolean } = {},
  ): AsyncGenerator<T, void, undefined> {
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs;
    for (let tries = 0; ; tries++) {
      const leave = new AbortController();
      const signal = options.signal ? AbortSignal.any([options.signal, leave.signal]) : leave.signal;
      let begun = false;
      try {
        // Zero switches the transport's deadline off: a stream may last, only the silence in it is limited.
        const messages = open({ ...this.#connectOptions(options), signal, timeoutMs: 0 })[Symbol.asyncIterator]();
        for (;;) {
          const next = await within(timeoutMs, messages.next(), leave);
          begun = true;
          if (next.done) return;
          yield next.value;
        }
      } catch (thrown) {
        const error = this.errorFrom(thrown, options.signal);
        if (begun) throw error;
        await this.#waitToRetry(error, tries, options, repeatable);
      } finally {
        leave.abort();
      }
    }
  }

  /** The typed error for whatever a call threw. */
  errorFrom(thrown: unknown, signal?: AbortSignal): PontageError {
    return errorFrom(thrown, { baseUrl: this.baseUrl, signal, scrub: (text) => this.scrub(text) });
  }

  /** Removes the secrets from a text that came from outside. */
  scrub(text: string): string {
    for (const secret of [this.#options.apiKey, this.#options.adminToken]) {
      if (secret) text = text.replaceAll(secret, "[secret]");
    }
    return text;
  }

  #connectOptions(options: CallOptions): ConnectOptions {
    const headers = new Headers(options.headers);
    if (options.strict !== undefined) headers.set("x-pontage-strict", String(options.strict));
    return { ...(options.signal ? { signal: options.signal } : {}), headers };
  }

  #headersFor(service: string, own: HeadersLike | undefined): Headers {
    const headers = new Headers(this.#options.headers);
    new Headers(own).forEach((value, name) => {
      headers.set(name, value);
    });
    // Models are called with the key and the gateway is ruled with the token; neither is ever sent in the other's place.
    const secret = service.startsWith("pontage.admin.") ? this.#options.adminToken : this.#options.apiKey;
    if (secret && !headers.has("authorization") && !headers.has("x-api-key")) {
      headers.set("authorization", `Bearer ${secret}`);
    }
    return headers;
  }

  /** Returns when the call may be made again, and throws the error when it may not. */
  async #waitToRetry(error: PontageError, tries: number, options: CallOptions, repeatable: boolean): Promise<void> {
    if (tries >= (options.maxRetries ?? this.#options.maxRetries) || !mayRetry(error, repeatable)) throw error;
    await sleep(retryWaitMs(error, tries, Math.random()), options.signal);
  }
}

/** Waits, unless the signal is aborted first; then it throws the error of the signal. */
export function sleep(waitMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(errorOfSignal(signal));
    const onAbort = () => {
      clearTimeout(timer);
      if (signal) reject(errorOfSignal(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, waitMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The next message, or `Timeout` when there was silence for too long. */
async function within<T>(timeoutMs: number, next: Promise<T>, leave: AbortController): Promise<T> {
  if (!(timeoutMs > 0) || timeoutMs > 2 ** 31 - 1) return next;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Timeout(`Nothing was received for ${timeoutMs} ms.`, { code: "TIMEOUT" }));
      // The abandoned read fails when the stream is cancelled; nobody waits for it any more.
      next.catch(() => {});
      leave.abort(new ConnectError("silent for too long", Code.Canceled));
    }, timeoutMs);
  });
  try {
    return await Promise.race([next, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** The transport with headers added to every call. Works for any transport, also for those made elsewhere. */
function withHeaders(
  transport: Transport,
  headersFor: (service: string, own: HeadersLike | undefined) => Headers,
): Transport {
  return {
    unary: (method, signal, timeoutMs, header, input, values) =>
      transport.unary(method, signal, timeoutMs, headersFor(method.parent.typeName, header), input, values),
    stream: (method, signal, timeoutMs, header, input, values) =>
      transport.stream(method, signal, timeoutMs, headersFor(method.parent.typeName, header), input, values),
  };
}
