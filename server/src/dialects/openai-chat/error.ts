import type { JsonObject } from "@bufbuild/protobuf";
import { type GatewayError, Reason, reasonName } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import { readErrorBody, saysContextTooLong, upstreamError } from "../error-body.ts";

export function decodeError(status: number, headers: Readonly<Record<string, string>>, body: string): GatewayError {
  return upstreamError(status, headers, readErrorBody(body));
}

/** https://platform.openai.com/docs/guides/error-codes. The library chooses its class by status, people read the code. */
export function encodeError(error: GatewayError): { status: number; body: JsonObject } {
  // 529 is Anthropic's own; a chat client knows 503.
  const status = error.status === 529 ? 503 : error.status;
  return { status, body: { error: errorObject(error, status) } };
}

export function errorFrame(error: GatewayError): Frame {
  return { event: "", data: JSON.stringify(encodeError(error).body) };
}

function errorObject(error: GatewayError, status: number): JsonObject {
  return {
    message: error.message,
    type: typeOf(error, status),
    param: error.param ?? (error.reason === Reason.MODEL_UNKNOWN ? "model" : null),
    code: codeOf(error, status),
  };
}

function typeOf(error: GatewayError, status: number): string {
  // The provider's own word, unless it is another vendor's word for what chat has a word for.
  if (error.type !== undefined && !foreignTypes.has(error.type) && !error.type.endsWith("Exception")) return error.type;
  if (status === 429) return error.code === "insufficient_quota" ? "insufficient_quota" : "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

function codeOf(error: GatewayError, status: number): string | null {
  if (saysContextTooLong(error)) return "context_length_exceeded";
  const own = codes[error.reason];
  if (own !== undefined) return own;
  if (error.code !== undefined && !/^\d+$/.test(error.code)) return error.code;
  if (error.reason === Reason.UPSTREAM_REJECTED) return status === 404 ? "model_not_found" : null;
  if (error.reason === Reason.UPSTREAM_RATE_LIMITED) return "rate_limit_exceeded";
  return reasonName(error.reason).toLowerCase();
}

/** The vendor's code where it has one for the gateway's reason. The others carry the reason's own name. */
const codes: Partial<Record<Reason, string>> = {
  [Reason.API_KEY_MISSING]: "invalid_api_key",
  [Reason.API_KEY_INVALID]: "invalid_api_key",
  [Reason.INVALID_ARGUMENT]: "invalid_value",
  [Reason.CANNOT_TRANSLATE]: "unsupported_parameter",
  [Reason.MODEL_UNKNOWN]: "model_not_found",
  [Reason.UPSTREAM_CREDENTIAL_REFUSED]: "upstream_credential_refused",
};

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
