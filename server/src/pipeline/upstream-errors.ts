import { GatewayError, Reason } from "../canonical/error.ts";
import type { Provider } from "../providers/provider.ts";

export function garbage(provider: string, what: string, cause?: unknown): GatewayError {
  return new GatewayError(Reason.UPSTREAM_GARBAGE, `${provider} answered with ${what}.`, { provider, cause });
}

export function truncated(provider: string): GatewayError {
  return new GatewayError(
    Reason.UPSTREAM_TRUNCATED,
    `The stream from ${provider} ended before the answer was complete.`,
    { provider },
  );
}

/** Whatever a decoder threw over an upstream's bytes, as the upstream's fault. */
export function asGarbage(error: unknown, upstream: Speaker): GatewayError {
  // Some upstreams send a failure with status 200; the dialect has recognised it.
  if (error instanceof GatewayError && toldByUpstream(error.reason)) return toldBy(upstream, error);
  const { name, withoutSecrets } = upstream;
  const detail = error instanceof GatewayError ? `: ${withoutSecrets(error.message)}` : ".";
  return new GatewayError(
    Reason.UPSTREAM_GARBAGE,
    `${name} answered with something its dialect does not allow${detail}`,
    { provider: name, cause: error },
  );
}

function toldByUpstream(reason: Reason): boolean {
  return reason >= Reason.UPSTREAM_UNREACHABLE && reason <= Reason.UPSTREAM_REJECTED;
}

/** Who has told of a failure. */
export type Speaker = Pick<Provider, "name" | "withoutSecrets">;

/**
 * A failure that an upstream has told of, in whatever way: with its name, which a dialect does not know, and without the
 * operator's secrets, which some providers quote.
 */
export function toldBy({ name, withoutSecrets }: Speaker, error: GatewayError): GatewayError {
  const { reason, message, status, param, code, type, retryAfterMs, shouldRetry } = error;
  return new GatewayError(reason, withoutSecrets(message), {
    status,
    param: param && withoutSecrets(param),
    code: code && withoutSecrets(code),
    type: type && withoutSecrets(type),
    retryAfterMs,
    shouldRetry,
    provider: name,
  });
}
