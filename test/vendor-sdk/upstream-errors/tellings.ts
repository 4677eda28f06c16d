/* What errors of upstreams may mean, and how every front door tells it. */

/** How one meaning is told: status, and the class or word that the vendor's own library or its users go by. */
export interface Telling {
  /** OpenAI's library has its class, people have the code; `null` where there is none. */
  readonly openai: readonly [status: number, className: string, code: string | null];
  /** The class of version 1, and that of versions before it where they had none of their own. */
  readonly anthropic: readonly [status: number, className: string, type: string, olderClassName?: string];
  readonly gemini: readonly [status: number, word: string];
  readonly converse: readonly [status: number, exception: string];
  /** Also the status that an error keeps at a door without words for it. */
  readonly ollama: number;
  readonly retry: boolean;
}

const rejected = "ValidationException";

export const tellings = {
  "bad request": {
    openai: [400, "BadRequestError", null],
    anthropic: [400, "BadRequestError", "invalid_request_error"],
    gemini: [400, "INVALID_ARGUMENT"],
    converse: [400, rejected],
    ollama: 400,
    retry: false,
  },
  unprocessable: {
    openai: [422, "UnprocessableEntityError", null],
    anthropic: [422, "UnprocessableEntityError", "invalid_request_error"],
    gemini: [422, "INVALID_ARGUMENT"],
    converse: [422, rejected],
    ollama: 422,
    retry: false,
  },
  "too long": {
    openai: [400, "BadRequestError", "context_length_exceeded"],
    anthropic: [400, "BadRequestError", "invalid_request_error"],
    gemini: [400, "INVALID_ARGUMENT"],
    converse: [400, rejected],
    ollama: 400,
    retry: false,
  },
  "too long, by another status": {
    openai: [422, "UnprocessableEntityError", null],
    anthropic: [422, "UnprocessableEntityError", "invalid_request_error"],
    gemini: [422, "INVALID_ARGUMENT"],
    converse: [422, rejected],
    ollama: 422,
    retry: false,
  },
  "too large": {
    openai: [413, "APIError", null],
    anthropic: [413, "ContentTooLargeError", "request_too_large", "APIError"],
    gemini: [413, "INVALID_ARGUMENT"],
    converse: [413, rejected],
    ollama: 413,
    retry: false,
  },
  "no such model": {
    openai: [404, "NotFoundError", "model_not_found"],
    anthropic: [404, "NotFoundError", "not_found_error"],
    gemini: [404, "NOT_FOUND"],
    converse: [404, "ResourceNotFoundException"],
    ollama: 404,
    retry: false,
  },
  "not allowed": {
    openai: [403, "PermissionDeniedError", null],
    anthropic: [403, "PermissionDeniedError", "permission_error"],
    gemini: [403, "PERMISSION_DENIED"],
    converse: [403, "AccessDeniedException"],
    ollama: 403,
    retry: false,
  },
  "not paid": {
    openai: [402, "APIError", null],
    anthropic: [402, "PaymentRequiredError", "billing_error", "APIError"],
    gemini: [402, "FAILED_PRECONDITION"],
    converse: [402, rejected],
    ollama: 402,
    retry: false,
  },
  "no such method": {
    openai: [405, "APIError", null],
    anthropic: [405, "APIError", "invalid_request_error"],
    gemini: [405, "INVALID_ARGUMENT"],
    converse: [405, rejected],
    ollama: 405,
    retry: false,
  },
  conflict: {
    openai: [409, "ConflictError", null],
    anthropic: [409, "ConflictError", "invalid_request_error"],
    gemini: [409, "ABORTED"],
    converse: [400, "ConflictException"],
    ollama: 409,
    retry: true,
  },
  "rate limited": {
    openai: [429, "RateLimitError", "rate_limit_exceeded"],
    anthropic: [429, "RateLimitError", "rate_limit_error"],
    gemini: [429, "RESOURCE_EXHAUSTED"],
    converse: [429, "ThrottlingException"],
    ollama: 429,
    retry: true,
  },
  "out of quota": {
    openai: [429, "RateLimitError", "insufficient_quota"],
    anthropic: [429, "RateLimitError", "rate_limit_error"],
    gemini: [429, "RESOURCE_EXHAUSTED"],
    converse: [400, "ServiceQuotaExceededException"],
    ollama: 429,
    retry: false,
  },
  // Nobody's library may believe that the caller's own key is wrong, and nobody may try it again.
  "gateway's key refused": {
    openai: [502, "InternalServerError", "upstream_credential_refused"],
    anthropic: [502, "InternalServerError", "api_error"],
    gemini: [502, "UNAVAILABLE"],
    converse: [500, "InternalServerException"],
    ollama: 502,
    retry: false,
  },
  overloaded: {
    openai: [503, "InternalServerError", "upstream_overloaded"],
    anthropic: [529, "OverloadedError", "overloaded_error", "InternalServerError"],
    gemini: [503, "UNAVAILABLE"],
    converse: [503, "ServiceUnavailableException"],
    ollama: 503,
    retry: true,
  },
  failed: {
    openai: [500, "InternalServerError", "upstream_failed"],
    anthropic: [500, "InternalServerError", "api_error"],
    gemini: [500, "INTERNAL"],
    converse: [500, "InternalServerException"],
    ollama: 500,
    retry: true,
  },
  "failed behind": {
    openai: [502, "InternalServerError", "upstream_failed"],
    anthropic: [502, "InternalServerError", "api_error"],
    gemini: [502, "UNAVAILABLE"],
    converse: [500, "InternalServerException"],
    ollama: 502,
    retry: true,
  },
  "timed out": {
    openai: [504, "InternalServerError", "upstream_timeout"],
    anthropic: [504, "GatewayTimeoutError", "timeout_error", "InternalServerError"],
    gemini: [504, "DEADLINE_EXCEEDED"],
    converse: [408, "ModelTimeoutException"],
    ollama: 504,
    retry: true,
  },
} as const satisfies Record<string, Telling>;

export type Meaning = keyof typeof tellings;
