import type { JsonObject } from "@bufbuild/protobuf";
import { type GatewayError, Reason } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import { readErrorBody, upstreamError } from "../error-body.ts";

export function decodeError(status: number, headers: Readonly<Record<string, string>>, body: string): GatewayError {
  return upstreamError(status, headers, readErrorBody(body));
}

/** https://docs.anthropic.com/en/api/errors. The library chooses its class by status. */
export function encodeError(error: GatewayError, requestId: string): { status: number; body: JsonObject } {
  // The vendor says 529 where others say 503.
  const status = error.reason === Reason.UPSTREAM_OVERLOADED ? 529 : error.status;
  const body: JsonObject = { type: "error", error: { type: typeOf(status), message: error.message } };
  if (requestId !== "") body.request_id = requestId;
  return { status, body };
}

/** The library drops events without a name, so the error has one. */
export function errorFrame(error: GatewayError, requestId: string): Frame {
  return { event: "error", data: JSON.stringify(encodeError(error, requestId).body) };
}

function typeOf(status: number): string {
  const own = types[status];
  if (own !== undefined) return own;
  return status >= 500 ? "api_error" : "invalid_request_error";
}

const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  504: "timeout_error",
  529: "overloaded_error",
};
