import type { JsonObject } from "@bufbuild/protobuf";
import { type GatewayError, Reason, reasonName } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import { readErrorBody, upstreamError } from "../error-body.ts";
import { failureOf, told } from "../told.ts";

export function decodeError(status: number, headers: Readonly<Record<string, string>>, body: string): GatewayError {
  return upstreamError(status, headers, readErrorBody(body));
}

/** The library chooses its class by status, people read the code. */
export function encodeError(error: GatewayError): { status: number; body: JsonObject } {
  // 529 is Anthropic's own; a chat client knows 503.
  const status = told[failureOf(error)].status?.openai ?? (error.status === 529 ? 503 : error.status);
  return { status, body: { error: errorObject(error) } };
}

export function errorFrame(error: GatewayError): Frame {
  return { event: "", data: JSON.stringify(encodeError(error).body) };
}

function errorObject(error: GatewayError): JsonObject {
  return {
    message: error.message,
    type: typeOf(error),
    param: error.param ?? (error.reason === Reason.MODEL_UNKNOWN ? "model" : null),
    code: codeOf(error),
  };
}

function typeOf(error: GatewayError): string {
  // The provider's own word, unless it is another vendor's word for what chat has a word for.
  if (error.type !== undefined && !foreignTypes.has(error.type) && !error.type.endsWith("Exception")) return error.type;
  return told[failureOf(error)].openai.type;
}

function codeOf(error: GatewayError): string | null {
  const { code, elseCode } = told[failureOf(error)].openai;
  if (code !== undefined) return code;
  if (error.code !== undefined && !/^\d+$/.test(error.code)) return error.code;
  if (elseCode !== undefined) return elseCode;
  return error.reason === Reason.UPSTREAM_REJECTED ? null : reasonName(error.reason).toLowerCase();
}

const foreignTypes = new Set([
  "authentication_error",
  "permission_error",
  "billing_error",
  "not_found_error",
  "request_too_large",
  "rate_limit_error",
  "api_error",
  "timeout_error",
  "overloaded_error",
]);
