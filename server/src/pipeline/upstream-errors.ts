import { GatewayError, Reason } from "../canonical/error.ts";

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
export function asGarbage(error: unknown, provider: string): GatewayError {
  // Some upstreams send a failure with status 200; the dialect has recognised it.
  if (error instanceof GatewayError && toldByUpstream(error.reason)) return named(error, provider);
  const detail = error instanceof GatewayError ? `: ${error.message}` : ".";
  return new GatewayError(
    Reason.UPSTREAM_GARBAGE,
    `${provider} answered with something its dialect does not allow${detail}`,
    { provider, cause: error },
  );
}

function toldByUpstream(reason: Reason): boolean {
  return reason >= Reason.UPSTREAM_UNREACHABLE && reason <= Reason.UPSTREAM_REJECTED;
}

/** The same error with the provider's name, which a dialect does not know. */
export function named(error: GatewayError, provider: string): GatewayError {
  const { reason, message, status, param, code, type, retryAfterMs, cause } = error;
  return new GatewayError(reason, message, { status, param, code, type, retryAfterMs, cause, provider });
}
