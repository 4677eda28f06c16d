import type { GatewayError } from "../canonical/error.ts";
import { worthRetrying } from "../dialects/told.ts";
import type { Call } from "../pipeline/call.ts";

/** Headers as node writes them fastest: name, value, name, value, ... */
export type RawHeaders = string[];

/** What every answer to a call carries. */
export function callHeaders(call: Call, nowMs: number): RawHeaders {
  // openai-node reads the first name, Anthropic's SDK the second.
  const headers = ["x-request-id", call.id, "request-id", call.id, "x-content-type-options", "nosniff"];
  const { requestIdHeader } = call.door.dialect ?? {};
  if (requestIdHeader !== undefined) headers.push(requestIdHeader, call.id);
  const totalMs = nowMs - call.arrivedAtMs;
  const gatewayMs = Math.max(0, totalMs - call.upstreamWaitMs).toFixed(2);
  headers.push("x-pontage-overhead-ms", gatewayMs);
  if (call.upstreamWaitMs > 0) {
    headers.push("server-timing", `gateway;dur=${gatewayMs}, upstream;dur=${call.upstreamWaitMs.toFixed(1)}`);
  }
  if (call.attemptsBegun > 0) headers.push("x-pontage-attempts", String(call.attemptsBegun));
  const losses = call.losses.paths;
  if (losses.length > 0) headers.push("x-pontage-loss", lossText(losses));
  return headers;
}

/** Who answers, known before the attempt has ended. */
export function targetHeaders(provider: string, model: string): RawHeaders {
  return ["x-pontage-provider", printable(provider), "x-pontage-model", printable(model)];
}

/** Headers of a refusal: whether, and when, it is worth trying again. */
export function errorHeaders(error: GatewayError, call: Call | undefined): RawHeaders {
  const headers: RawHeaders = [];
  if (error.retryAfterMs !== undefined) {
    headers.push("retry-after-ms", String(Math.ceil(error.retryAfterMs)));
    headers.push("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
  }
  // Where the gateway has tried again already, a client that does so too only multiplies the load. A call of our own
  // services may have had its effect, so that only its client knows what may be sent again.
  const worth = worthRetrying(error) && (call?.attempts.length ?? 0) <= 1;
  if (call || !worth) headers.push("x-should-retry", String(worth));
  return headers;
}

/** `$0.0000123` as `0.0000123`: nano-USD as USD without rounding. */
export function usdText(nanoUsd: bigint): string {
  const digits = nanoUsd.toString().padStart(10, "0");
  const text = `${digits.slice(0, -9)}.${digits.slice(-9)}`.replace(/0+$/, "");
  return text.endsWith(".") ? `${text}0` : text;
}

/** The fields that were lost, as one value. */
export function lossText(paths: readonly string[], separator = ", "): string {
  return printable(paths.join(separator)).slice(0, 2048);
}

/** Header values are Latin-1 without control characters; anything else could not be sent, or would end the header. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
