import type { Dispatcher } from "undici";
import { errors } from "undici";
import { GatewayError, Reason } from "../canonical/error.ts";
import type { Provider } from "./provider.ts";
import { socketErrorInWords } from "./socket-error.ts";

/** Who listens to an upstream's answer. Called in this order; `failed` may come at any time and ends it. */
export interface Listener {
  /** A connected socket has taken the request. */
  dispatched(): void;
  head(status: number, headers: Readonly<Record<string, string>>): void;
  data(chunk: Buffer): void;
  end(): void;
  failed(error: GatewayError): void;
}

/** An answer under way. */
export interface Sending {
  pause(): void;
  resume(): void;
  /** Stops it and closes its socket. No listener method is called afterwards. */
  cancel(): void;
}

/** What sending needs to know of a provider. */
export type Upstream = Pick<Provider, "name" | "host" | "dispatcher" | "timeouts" | "sign">;

/** Sends one request to a provider. The only place that calls upstreams. */
export function send(
  provider: Upstream,
  path: string,
  headers: readonly string[],
  body: Buffer | undefined,
  listener: Listener,
): Sending {
  let controller: Dispatcher.DispatchController | undefined;
  let over = false;
  const finish = () => {
    over = true;
    clearTimeout(total);
  };
  const cancel = () => {
    if (over) return;
    finish();
    // Not dispatched yet: it is stopped as soon as it is, before a byte goes out.
    controller?.abort(cancelled);
  };
  const fail = (error: GatewayError) => {
    if (over) return;
    finish();
    listener.failed(error);
  };
  const total = setTimeout(() => {
    if (over) return;
    const error = new GatewayError(
      Reason.UPSTREAM_TIMEOUT,
      `${provider.name} did not finish within ${provider.timeouts.totalMs / 1000} s.`,
      { provider: provider.name },
    );
    fail(error);
    controller?.abort(cancelled);
  }, provider.timeouts.totalMs);
  total.unref();

  const method = body ? "POST" : "GET";
  const signed = provider.sign
    ? [...headers, ...provider.sign({ host: provider.host, method, path, headers, body })]
    : headers;
  provider.dispatcher.dispatch(
    { path, method, headers: signed as string[], body: body ?? null },
    {
      onRequestStart(started) {
        controller = started;
        if (over) started.abort(cancelled);
        else listener.dispatched();
      },
      onResponseStart(_, status, responseHeaders) {
        if (over || status < 200) return;
        listener.head(status, responseHeaders as Record<string, string>);
      },
      onResponseData(_, chunk) {
        if (!over) listener.data(chunk);
      },
      onResponseEnd() {
        if (over) return;
        finish();
        listener.end();
      },
      onResponseError(_, error) {
        fail(explain(provider, error));
      },
    },
  );
  return {
    pause: () => controller?.pause(),
    resume: () => controller?.resume(),
    cancel,
  };
}

const cancelled = new Error("cancelled by the gateway");

function explain(provider: Upstream, error: Error): GatewayError {
  const { name, timeouts } = provider;
  const facts = { provider: name, cause: error };
  const waited = (waitMs: number, what: string) =>
    new GatewayError(Reason.UPSTREAM_TIMEOUT, `${name} ${what} within ${waitMs / 1000} s.`, facts);
  if (error instanceof errors.ConnectTimeoutError) return waited(timeouts.connectMs, "could not be connected to");
  if (error instanceof errors.HeadersTimeoutError) return waited(timeouts.firstByteMs, "did not answer");
  if (error instanceof errors.BodyTimeoutError) return waited(timeouts.idleMs, "sent nothing more");
  if (error instanceof errors.HTTPParserError || error instanceof errors.ResponseError) {
    return new GatewayError(Reason.UPSTREAM_GARBAGE, `${name} answered with something that is not HTTP.`, facts);
  }
  const why = socketErrorInWords(error);
  return new GatewayError(Reason.UPSTREAM_UNREACHABLE, `${name} could not be reached: ${why}.`, facts);
}
