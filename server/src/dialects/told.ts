import { type GatewayError, Reason } from "../canonical/error.ts";
import { saysContextTooLong } from "./error-body.ts";

/** What a failure is to a client, whoever made it. */
export type Failure =
  | "no key"
  | "bad key"
  | "forbidden"
  | "bad request"
  | "bad value"
  | "cannot be said"
  | "too long"
  | "too large"
  | "unknown model"
  | "not found"
  | "not found there"
  | "conflict"
  | "unpaid"
  | "out of quota"
  | "rate limited"
  | "overloaded"
  | "unavailable"
  | "credential refused"
  | "failed"
  | "failed behind"
  | "broken off"
  | "timed out"
  | "slow body"
  | "gone";

/** How each vendor tells it. Clients choose what to do by these. */
export interface Told {
  /** OpenAI's type and code. Without a code it is the provider's own, then `elseCode`, then the gateway's reason. */
  readonly openai: { readonly type: string; readonly code?: string; readonly elseCode?: string };
  readonly anthropic: string;
  /** The word of `google.rpc.Code`. */
  readonly google: string;
  /** The exception of Bedrock's runtime. */
  readonly aws: string;
  /** Where a vendor has another status than the failure's own. */
  readonly status?: Partial<Record<"openai" | "responses" | "anthropic" | "google", number>>;
  /** The same call may succeed a little later. */
  readonly retry: boolean;
}

/**
 * Every failure in the words of every vendor, one row each. Statuses of providers are kept as they are; a row says where a
 * vendor's own differs.
 *
 * https://platform.openai.com/docs/guides/error-codes, https://docs.anthropic.com/en/api/errors,
 * https://cloud.google.com/apis/design/errors#handling_errors,
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors
 */
export const told: Readonly<Record<Failure, Told>> = {
  // A missing key is 403 at Google and a bad one 400; clients tell them by these.
  "no key": {
    openai: { type: "invalid_request_error", code: "invalid_api_key" },
    anthropic: "authentication_error",
    google: "PERMISSION_DENIED",
    aws: "UnrecognizedClientException",
    status: { google: 403 },
    retry: false,
  },
  "bad key": {
    openai: { type: "invalid_request_error", code: "invalid_api_key" },
    anthropic: "authentication_error",
    google: "INVALID_ARGUMENT",
    aws: "UnrecognizedClientException",
    status: { google: 400 },
    retry: false,
  },
  forbidden: {
    openai: { type: "invalid_request_error" },
    anthropic: "permission_error",
    google: "PERMISSION_DENIED",
    aws: "AccessDeniedException",
    retry: false,
  },
  "bad request": {
    openai: { type: "invalid_request_error" },
    anthropic: "invalid_request_error",
    google: "INVALID_ARGUMENT",
    aws: "ValidationException",
    retry: false,
  },
  "bad value": {
    openai: { type: "invalid_request_error", code: "invalid_value" },
    anthropic: "invalid_request_error",
    google: "INVALID_ARGUMENT",
    aws: "ValidationException",
    retry: false,
  },
  "cannot be said": {
    openai: { type: "invalid_request_error", code: "unsupported_parameter" },
    anthropic: "invalid_request_error",
    google: "INVALID_ARGUMENT",
    aws: "ValidationException",
    retry: false,
  },
  "too long": {
    openai: { type: "invalid_request_error", code: "context_length_exceeded" },
    anthropic: "invalid_request_error",
    google: "INVALID_ARGUMENT",
    aws: "ValidationException",
    retry: false,
  },
  "too large": {
    openai: { type: "invalid_request_error" },
    anthropic: "request_too_large",
    google: "INVALID_ARGUMENT",
    aws: "ValidationException",
    retry: false,
  },
  // At Responses a model that is not there is a bad request, and no missing page.
  "unknown model": {
    openai: { type: "invalid_request_error", code: "model_not_found" },
    anthropic: "not_found_error",
    google: "NOT_FOUND",
    aws: "ResourceNotFoundException",
    status: { responses: 400 },
    retry: false,
  },
  "not found": {
    openai: { type: "invalid_request_error" },
    anthropic: "not_found_error",
    google: "NOT_FOUND",
    aws: "ResourceNotFoundException",
    retry: false,
  },
  "not found there": {
    openai: { type: "invalid_request_error", elseCode: "model_not_found" },
    anthropic: "not_found_error",
    google: "NOT_FOUND",
    aws: "ResourceNotFoundException",
    retry: false,
  },
  conflict: {
    openai: { type: "invalid_request_error" },
    anthropic: "invalid_request_error",
    google: "ABORTED",
    aws: "ConflictException",
    retry: true,
  },
  unpaid: {
    openai: { type: "invalid_request_error" },
    anthropic: "billing_error",
    google: "FAILED_PRECONDITION",
    aws: "ValidationException",
    retry: false,
  },
  "out of quota": {
    openai: { type: "insufficient_quota", code: "insufficient_quota" },
    anthropic: "rate_limit_error",
    google: "RESOURCE_EXHAUSTED",
    aws: "ServiceQuotaExceededException",
    retry: false,
  },
  "rate limited": {
    openai: { type: "rate_limit_error", elseCode: "rate_limit_exceeded" },
    anthropic: "rate_limit_error",
    google: "RESOURCE_EXHAUSTED",
    aws: "ThrottlingException",
    retry: true,
  },
  // What others call 503 is 529 at Anthropic.
  overloaded: {
    openai: { type: "server_error" },
    anthropic: "overloaded_error",
    google: "UNAVAILABLE",
    aws: "ServiceUnavailableException",
    status: { anthropic: 529 },
    retry: true,
  },
  unavailable: {
    openai: { type: "server_error" },
    anthropic: "api_error",
    google: "UNAVAILABLE",
    aws: "ServiceUnavailableException",
    retry: true,
  },
  // The caller's own key was right, so no vendor's word for a bad key may appear.
  "credential refused": {
    openai: { type: "server_error", code: "upstream_credential_refused" },
    anthropic: "api_error",
    google: "UNAVAILABLE",
    aws: "InternalServerException",
    retry: false,
  },
  failed: {
    openai: { type: "server_error" },
    anthropic: "api_error",
    google: "INTERNAL",
    aws: "InternalServerException",
    retry: true,
  },
  // It was only passed on.
  "failed behind": {
    openai: { type: "server_error" },
    anthropic: "api_error",
    google: "UNAVAILABLE",
    aws: "InternalServerException",
    retry: true,
  },
  "broken off": {
    openai: { type: "server_error" },
    anthropic: "api_error",
    google: "UNAVAILABLE",
    aws: "ModelStreamErrorException",
    retry: true,
  },
  "timed out": {
    openai: { type: "server_error" },
    anthropic: "timeout_error",
    google: "DEADLINE_EXCEEDED",
    aws: "ModelTimeoutException",
    retry: true,
  },
  "slow body": {
    openai: { type: "invalid_request_error" },
    anthropic: "invalid_request_error",
    google: "DEADLINE_EXCEEDED",
    aws: "ValidationException",
    retry: true,
  },
  gone: {
    openai: { type: "invalid_request_error" },
    anthropic: "invalid_request_error",
    google: "CANCELLED",
    aws: "ValidationException",
    retry: false,
  },
};

const failureOfReason: Readonly<Record<Reason, Failure>> = {
  [Reason.UNSPECIFIED]: "failed",
  [Reason.API_KEY_MISSING]: "no key",
  [Reason.API_KEY_INVALID]: "bad key",
  [Reason.AMBIGUOUS_CREDENTIALS]: "bad request",
  [Reason.PERMISSION_DENIED]: "forbidden",
  [Reason.MODEL_NOT_ALLOWED]: "forbidden",
  [Reason.MALFORMED_JSON]: "bad request",
  [Reason.DUPLICATE_FIELD]: "bad request",
  [Reason.INVALID_ARGUMENT]: "bad value",
  [Reason.BODY_TOO_LARGE]: "too large",
  [Reason.BODY_TOO_COMPLEX]: "bad request",
  [Reason.UNSUPPORTED_MEDIA_TYPE]: "bad request",
  [Reason.BODY_TIMEOUT]: "slow body",
  [Reason.PATH_UNKNOWN]: "not found",
  [Reason.METHOD_NOT_ALLOWED]: "bad request",
  [Reason.CANNOT_TRANSLATE]: "cannot be said",
  [Reason.MODEL_UNKNOWN]: "unknown model",
  [Reason.MODEL_AMBIGUOUS]: "bad request",
  [Reason.NOT_FOUND]: "not found",
  [Reason.FAILED_PRECONDITION]: "conflict",
  [Reason.UPSTREAM_UNREACHABLE]: "unavailable",
  [Reason.UPSTREAM_TIMEOUT]: "timed out",
  [Reason.UPSTREAM_TRUNCATED]: "broken off",
  [Reason.UPSTREAM_GARBAGE]: "broken off",
  [Reason.UPSTREAM_CREDENTIAL_REFUSED]: "credential refused",
  [Reason.UPSTREAM_RATE_LIMITED]: "rate limited",
  [Reason.UPSTREAM_OVERLOADED]: "overloaded",
  [Reason.UPSTREAM_FAILED]: "failed",
  [Reason.UPSTREAM_REJECTED]: "bad request",
  [Reason.UPSTREAM_CREDENTIAL_UNAVAILABLE]: "failed behind",
  [Reason.CLIENT_GONE]: "gone",
  [Reason.USAGE_JOURNAL_FULL]: "unavailable",
  [Reason.SHUTTING_DOWN]: "unavailable",
  [Reason.INTERNAL]: "failed",
  [Reason.UNAVAILABLE]: "unavailable",
};

/** What a provider's refusal is, by its status. */
const failureOfStatus: Readonly<Record<number, Failure>> = {
  402: "unpaid",
  403: "forbidden",
  404: "not found there",
  409: "conflict",
  413: "too large",
};

export function failureOf(error: GatewayError): Failure {
  if (saysContextTooLong(error)) return "too long";
  if (error.reason === Reason.UPSTREAM_REJECTED) return failureOfStatus[error.status] ?? "bad request";
  if (error.reason === Reason.UPSTREAM_FAILED && error.status === 502) return "failed behind";
  if (error.reason === Reason.UPSTREAM_RATE_LIMITED && saysOutOfQuota(error)) return "out of quota";
  return failureOfReason[error.reason] ?? "failed";
}

/** Waiting does not help: the account has used up what it may. */
function saysOutOfQuota({ code, type, message, retryAfterMs }: GatewayError): boolean {
  if (code === "insufficient_quota" || type === "insufficient_quota") return true;
  return retryAfterMs === undefined && /used all available credits|spending limit|billing hard limit/i.test(message);
}

/** Whether a client should send the same call again. The provider's own word counts for more than the table. */
export function worthRetrying(error: GatewayError): boolean {
  return error.shouldRetry ?? told[failureOf(error)].retry;
}
