import type { ConnectError } from "@connectrpc/connect";

/** What can be known of a failure. */
export interface ErrorFacts {
  readonly code: string;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly param?: string | undefined;
  readonly provider?: string | undefined;
  readonly providerCode?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly headers?: Headers | undefined;
  readonly cause?: ConnectError | Error | undefined;
}

/** The base of every error this library throws. Branch on the subclass, or on `code`, never on the message. */
export class PontageError extends Error {
  /** A stable name: a reason of `pontage.error.v1.Reason` such as `MODEL_UNKNOWN`, or `TIMEOUT`, `ABORTED`, ... */
  readonly code: string;
  /** The HTTP status the failure has at the front door. Unset when no answer arrived. */
  readonly status: number | undefined;
  /** The id of the request, to look it up in the console or the log. Unset when no answer arrived. */
  readonly requestId: string | undefined;
  /** The field of the request that is at fault. */
  readonly param: string | undefined;
  /** The provider that failed. Unset when the gateway itself refused. */
  readonly provider: string | undefined;
  /** The provider's own code. Unset when the gateway itself refused. */
  readonly providerCode: string | undefined;
  /** The headers and trailers of the answer. Unset when no answer arrived. */
  readonly headers: Headers | undefined;
  // Spelled out in every class, because minifiers rename classes.
  override readonly name: string = "PontageError";

  constructor(message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.param = facts.param;
    this.provider = facts.provider;
    this.providerCode = facts.providerCode;
    this.headers = facts.headers;
  }
}

/** The request is wrong; sending it again changes nothing. `param` names the field where it is known. */
export class InvalidRequest extends PontageError {
  override readonly name: string = "InvalidRequest";
}

/** No credential was sent, or it is not valid. Check the key. */
export class Unauthenticated extends PontageError {
  override readonly name: string = "Unauthenticated";
}

/** The credential is valid but may not do this. Ask for the permission, or use another key. */
export class PermissionDenied extends PontageError {
  override readonly name: string = "PermissionDenied";
}

/** There is no such model, key or path. */
export class NotFound extends PontageError {
  override readonly name: string = "NotFound";
}

/** Too many calls. Wait for `retryAfterMs`, then try again. */
export class RateLimited extends PontageError {
  override readonly name: string = "RateLimited";
  /** How long to wait, in milliseconds. One second when nobody said how long. */
  readonly retryAfterMs: number;

  constructor(message: string, facts: ErrorFacts) {
    super(message, facts);
    this.retryAfterMs = facts.retryAfterMs ?? 1000;
  }
}

/** The provider behind the gateway failed. Try again later, or try another model. */
export class ProviderFailed extends PontageError {
  override readonly name: string = "ProviderFailed";
}

/** The gateway itself cannot serve the call now. Try again, or tell its operator. */
export class GatewayUnavailable extends PontageError {
  override readonly name: string = "GatewayUnavailable";
}

/** No answer came within `timeoutMs`. The model may have worked all the same, so the call is not repeated. */
export class Timeout extends PontageError {
  override readonly name: string = "Timeout";
}

/** The gateway could not be reached, or the connection broke before the answer was complete. */
export class ConnectionFailed extends PontageError {
  override readonly name: string = "ConnectionFailed";
}

/** The caller cancelled the call, by its signal, by `abort()`, or by leaving the loop. */
export class Aborted extends PontageError {
  override readonly name: string = "Aborted";
}
