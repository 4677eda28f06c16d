import { Code, ConnectError } from "@connectrpc/connect";
import {
  Aborted,
  ConnectionFailed,
  type ErrorFacts,
  GatewayUnavailable,
  InvalidRequest,
  NotFound,
  PermissionDenied,
  PontageError,
  ProviderFailed,
  RateLimited,
  Timeout,
  Unauthenticated,
} from "./error.ts";
import { type Error as ErrorDetail, ErrorSchema, Reason, ReasonSchema } from "./gen/pontage/error/v1/error_pb.ts";

type ErrorClass = new (message: string, facts: ErrorFacts) => PontageError;

/** What a caller can do about each reason. A reason of a newer gateway falls back to the status of its error. */
const classOfReason: Partial<Record<Reason, ErrorClass>> = {
  [Reason.API_KEY_MISSING]: Unauthenticated,
  [Reason.API_KEY_INVALID]: Unauthenticated,
  [Reason.PERMISSION_DENIED]: PermissionDenied,
  [Reason.MODEL_NOT_ALLOWED]: PermissionDenied,
  [Reason.AMBIGUOUS_CREDENTIALS]: InvalidRequest,
  [Reason.MALFORMED_JSON]: InvalidRequest,
  [Reason.DUPLICATE_FIELD]: InvalidRequest,
  [Reason.INVALID_ARGUMENT]: InvalidRequest,
  [Reason.BODY_TOO_LARGE]: InvalidRequest,
  [Reason.BODY_TOO_COMPLEX]: InvalidRequest,
  [Reason.UNSUPPORTED_MEDIA_TYPE]: InvalidRequest,
  [Reason.METHOD_NOT_ALLOWED]: InvalidRequest,
  [Reason.CANNOT_TRANSLATE]: InvalidRequest,
  [Reason.MODEL_AMBIGUOUS]: InvalidRequest,
  [Reason.FAILED_PRECONDITION]: InvalidRequest,
  [Reason.BODY_TIMEOUT]: Timeout,
  [Reason.PATH_UNKNOWN]: NotFound,
  [Reason.MODEL_UNKNOWN]: NotFound,
  [Reason.NOT_FOUND]: NotFound,
  [Reason.UPSTREAM_UNREACHABLE]: ProviderFailed,
  [Reason.UPSTREAM_TIMEOUT]: ProviderFailed,
  [Reason.UPSTREAM_TRUNCATED]: ProviderFailed,
  [Reason.UPSTREAM_GARBAGE]: ProviderFailed,
  [Reason.UPSTREAM_CREDENTIAL_REFUSED]: ProviderFailed,
  [Reason.UPSTREAM_CREDENTIAL_UNAVAILABLE]: ProviderFailed,
  [Reason.UPSTREAM_OVERLOADED]: ProviderFailed,
  [Reason.UPSTREAM_FAILED]: ProviderFailed,
  [Reason.UPSTREAM_RATE_LIMITED]: RateLimited,
  [Reason.CLIENT_GONE]: Aborted,
  [Reason.USAGE_JOURNAL_FULL]: GatewayUnavailable,
  [Reason.SHUTTING_DOWN]: GatewayUnavailable,
  [Reason.INTERNAL]: GatewayUnavailable,
  [Reason.UNAVAILABLE]: GatewayUnavailable,
};

/** The HTTP status of each Connect code, for errors that carry no detail of ours. */
const statusOfCode: Record<Code, number> = {
  [Code.Canceled]: 499,
  [Code.Unknown]: 500,
  [Code.InvalidArgument]: 400,
  [Code.DeadlineExceeded]: 504,
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.FailedPrecondition]: 400,
  [Code.Aborted]: 409,
  [Code.OutOfRange]: 400,
  [Code.Unimplemented]: 404, // What a server that is no Pontage answers to our paths.
  [Code.Internal]: 500,
  [Code.Unavailable]: 503,
  [Code.DataLoss]: 500,
  [Code.Unauthenticated]: 401,
};

/** What surrounds a failed call. */
export interface FailedCall {
  /** Where the gateway should be, for the message. */
  readonly baseUrl: string;
  /** The caller's own signal. */
  readonly signal?: AbortSignal | undefined;
  /** Removes secrets from a text that came from outside. */
  readonly scrub: (text: string) => string;
}

/** Turns whatever a call threw into the class that says what can be done about it. */
export function errorFrom(thrown: unknown, call: FailedCall): PontageError {
  if (thrown instanceof PontageError) return thrown;
  if (call.signal?.aborted) return errorOfSignal(call.signal);
  const error = ConnectError.from(thrown);
  const detail = error.findDetails(ErrorSchema)[0];
  const header = error.metadata;
  const requestId = header.get("x-request-id") ?? undefined;
  const retryAfterMs = retryAfter(header);
  if (detail)
    return errorFromDetail(detail, call, { requestId, retryAfterMs, headers: header, cause: harmless(error, call) });

  const message = call.scrub(error.rawMessage);
  const cause = harmless(error, call);
  if (error.code === Code.DeadlineExceeded) {
    return new Timeout(`No answer from ${call.baseUrl} in time: ${message}`, { code: "TIMEOUT", requestId, cause });
  }
  if (error.code === Code.Canceled)
    return new Aborted("The call was cancelled.", { code: "ABORTED", requestId, cause });
  // Connect keeps the original failure as the cause only when there was no answer to read, or it broke off.
  if (error.cause !== undefined) {
    const why = call.scrub(deepest(error.cause));
    return new ConnectionFailed(`The connection to ${call.baseUrl} failed: ${why}. Is the gateway running there?`, {
      code: "CONNECTION_FAILED",
      requestId,
      cause,
    });
  }
  const status = statusOfCode[error.code] ?? 500;
  const code = Code[error.code]?.replace(/\B[A-Z]/g, "_$&").toUpperCase() ?? "UNKNOWN";
  return new (classOfStatus(status))(message, { code, status, requestId, retryAfterMs, headers: header, cause });
}

/** The error that our own detail describes, from a refused call or from inside a stream. */
export function errorFromDetail(
  detail: ErrorDetail,
  call: Pick<FailedCall, "scrub">,
  around: Pick<ErrorFacts, "requestId" | "retryAfterMs" | "headers" | "cause"> = {},
): PontageError {
  const status = detail.status || 500;
  const message = call.scrub(detail.message);
  const facts: ErrorFacts = {
    code: ReasonSchema.value[detail.reason]?.localName ?? String(detail.reason),
    status,
    requestId: detail.requestId || around.requestId,
    param: detail.param || undefined,
    provider: detail.provider || undefined,
    providerCode: detail.code || undefined,
    retryAfterMs: around.retryAfterMs ?? (detail.retryAfterMs || undefined),
    headers: around.headers,
    cause: around.cause,
  };
  return new (classOfReason[detail.reason as Reason] ?? classOfStatus(status))(message, facts);
}

/** `Aborted`, or `Timeout` when the signal was one of `AbortSignal.timeout()`. */
export function errorOfSignal(signal: AbortSignal): PontageError {
  const reason: unknown = signal.reason;
  if (reason instanceof PontageError) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError") {
    return new Timeout("The signal given with the call timed out.", { code: "TIMEOUT" });
  }
  return new Aborted("The call was aborted.", { code: "ABORTED" });
}

/** The wait an answer asks for: `retry-after-ms`, else `retry-after` in seconds or as a date. */
export function retryAfter(header: Headers, nowMs: number = Date.now()): number | undefined {
  const precise = header.get("retry-after-ms");
  if (precise !== null && Number.isFinite(Number(precise))) return Math.max(0, Number(precise));
  const rough = header.get("retry-after");
  if (rough === null) return undefined;
  const waitMs = Number.isFinite(Number(rough)) ? Number(rough) * 1000 : Date.parse(rough) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

function classOfStatus(status: number): ErrorClass {
  if (status === 401) return Unauthenticated;
  if (status === 403) return PermissionDenied;
  if (status === 404) return NotFound;
  if (status === 408) return Timeout;
  if (status === 429) return RateLimited;
  if (status >= 400 && status < 499) return InvalidRequest;
  return GatewayUnavailable;
}

/** Errors print their causes, so one that quotes a secret anywhere in the chain is left behind. */
function harmless(error: ConnectError, call: FailedCall): ConnectError | undefined {
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 8; depth++) {
    const text = at instanceof Error ? `${at.message}\n${at.stack}` : String(at);
    if (call.scrub(text) !== text) return undefined;
    at = at instanceof Error ? at.cause : undefined;
  }
  return error;
}

/** `fetch failed` says nothing; the error at the bottom of the chain says `connect ECONNREFUSED 127.0.0.1:7668`. */
function deepest(cause: unknown): string {
  let message = String(cause);
  for (let at: unknown = cause, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at.message || "code" in at) message = at.message || String((at as { code?: unknown }).code);
  }
  return message;
}
