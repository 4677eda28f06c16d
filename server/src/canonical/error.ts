import { create } from "@bufbuild/protobuf";
import {
  type Error as ErrorMessage,
  ErrorSchema,
  Reason,
  ReasonSchema,
} from "@pontage/gen/pontage/error/v1/error_pb.ts";

export { Reason };

/** What can be known of a failure beside its reason. The fields are those of `pontage.error.v1.Error`. */
export interface ErrorFacts {
  /** The HTTP status, where it is not the reason's usual one: a provider's own status is kept. */
  readonly status?: number;
  /** The field of the request that is at fault. */
  readonly param?: string;
  /** The provider's own code, for example `context_length_exceeded`. */
  readonly code?: string;
  /** The provider's own error type, for example `invalid_request_error`. */
  readonly type?: string;
  readonly retryAfterMs?: number;
  /** The provider's own word on whether the same call may be sent again. */
  readonly shouldRetry?: boolean;
  /** The provider that failed. */
  readonly provider?: string;
  readonly cause?: unknown;
}

/** The one error that stages, dialects and providers throw. Each front door encodes it in its own shape. */
export class GatewayError extends Error {
  readonly reason: Reason;
  readonly status: number;
  readonly param: string | undefined;
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly shouldRetry: boolean | undefined;
  readonly provider: string | undefined;

  constructor(reason: Reason, message: string, facts: ErrorFacts = {}) {
    super(message, { cause: facts.cause });
    this.name = "GatewayError";
    this.reason = reason;
    this.status = facts.status ?? usualStatus[reason] ?? 500;
    this.param = facts.param;
    this.code = facts.code;
    this.type = facts.type;
    this.retryAfterMs = facts.retryAfterMs;
    this.shouldRetry = facts.shouldRetry;
    this.provider = facts.provider;
  }
}

/** `API_KEY_MISSING` for `Reason.API_KEY_MISSING`: the name that logs, rows and error details carry. */
export function reasonName(reason: Reason): string {
  return ReasonSchema.value[reason]?.localName ?? "UNSPECIFIED";
}

/** The HTTP status of each reason, unless the provider's own is kept. */
const usualStatus: Record<Reason, number> = {
  [Reason.UNSPECIFIED]: 500,
  [Reason.API_KEY_MISSING]: 401,
  [Reason.API_KEY_INVALID]: 401,
  [Reason.AMBIGUOUS_CREDENTIALS]: 400,
  [Reason.PERMISSION_DENIED]: 403,
  [Reason.MODEL_NOT_ALLOWED]: 403,
  [Reason.MALFORMED_JSON]: 400,
  [Reason.DUPLICATE_FIELD]: 400,
  [Reason.INVALID_ARGUMENT]: 400,
  [Reason.BODY_TOO_LARGE]: 413,
  [Reason.BODY_TOO_COMPLEX]: 400,
  [Reason.UNSUPPORTED_MEDIA_TYPE]: 415,
  [Reason.BODY_TIMEOUT]: 408,
  [Reason.PATH_UNKNOWN]: 404,
  [Reason.METHOD_NOT_ALLOWED]: 405,
  [Reason.CANNOT_TRANSLATE]: 400,
  [Reason.MODEL_UNKNOWN]: 404,
  [Reason.MODEL_AMBIGUOUS]: 400,
  [Reason.NOT_FOUND]: 404,
  [Reason.FAILED_PRECONDITION]: 409,
  [Reason.UPSTREAM_UNREACHABLE]: 502,
  [Reason.UPSTREAM_TIMEOUT]: 504,
  [Reason.UPSTREAM_TRUNCATED]: 502,
  [Reason.UPSTREAM_GARBAGE]: 502,
  [Reason.UPSTREAM_CREDENTIAL_REFUSED]: 502,
  [Reason.UPSTREAM_RATE_LIMITED]: 429,
  [Reason.UPSTREAM_OVERLOADED]: 503,
  [Reason.UPSTREAM_FAILED]: 502,
  [Reason.UPSTREAM_REJECTED]: 400,
  [Reason.UPSTREAM_CREDENTIAL_UNAVAILABLE]: 502,
  [Reason.CLIENT_GONE]: 499,
  [Reason.USAGE_JOURNAL_FULL]: 503,
  [Reason.SHUTTING_DOWN]: 503,
  [Reason.INTERNAL]: 500,
  [Reason.UNAVAILABLE]: 503,
};

/** The error as the canonical model carries it, inside `failed`. */
export function errorMessage(error: GatewayError): ErrorMessage {
  return create(ErrorSchema, {
    reason: error.reason,
    message: error.message,
    status: error.status,
    param: error.param,
    code: error.code,
    type: error.type,
    retryAfterMs: error.retryAfterMs,
    provider: error.provider,
  });
}

/** The way back from `errorMessage`. */
export function errorFrom(message: ErrorMessage | undefined): GatewayError {
  if (message === undefined) return new GatewayError(Reason.UPSTREAM_FAILED, "The answer failed.");
  return new GatewayError(message.reason, message.message, {
    status: message.status || undefined,
    param: message.param || undefined,
    code: message.code || undefined,
    type: message.type || undefined,
    retryAfterMs: message.retryAfterMs || undefined,
    provider: message.provider || undefined,
  });
}
