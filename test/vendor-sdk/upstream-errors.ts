import { readFileSync } from "node:fs";
import { join } from "node:path";

/*
 * Errors of real upstreams as they send them, what each means, and how every front door tells that. Data: a new body seen in
 * the wild is one row, a new meaning one row of `tellings`.
 */

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
    gemini: [502, "INTERNAL"],
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

export interface UpstreamError {
  readonly name: string;
  readonly dialect: "openai-chat" | "anthropic-messages" | "gemini" | "bedrock-converse" | "ollama-chat";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly means: Meaning;
  /** Words of the upstream that every client must be told. */
  readonly says: string | RegExp;
  /** The provider's own code, where it reaches clients of OpenAI's library. */
  readonly code?: string;
  /** Bedrock's own exception and its status, where it has one for exactly this. */
  readonly exception?: readonly [status: number, name: string];
  /** How long the upstream asks to wait. */
  readonly waitMs?: number;
  /** The provider's own word, where it is another than the table's. */
  readonly retry?: boolean;
}

type More = Partial<Pick<UpstreamError, "headers" | "code" | "exception" | "waitMs" | "retry">>;

const json = { "content-type": "application/json" };
const html = { "content-type": "text/html; charset=UTF-8" };

/** `error(dialect, name, status, body, meaning, words)`: an object is sent as JSON, a text as it is. */
function error(
  dialect: UpstreamError["dialect"],
  name: string,
  status: number,
  body: unknown,
  means: Meaning,
  says: string | RegExp,
  more: More = {},
): UpstreamError {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { dialect, name, status, body: text, means, says, ...more, headers: { ...json, ...more.headers } };
}

/** An error as it was recorded: `test/fixtures/<name>`. */
function recorded(
  dialect: UpstreamError["dialect"],
  name: string,
  means: Meaning,
  says: string | RegExp,
  more: More = {},
): UpstreamError {
  const path = join(import.meta.dirname, "../fixtures", name);
  const meta = JSON.parse(readFileSync(`${path}.meta.json`, "utf8"));
  const body = readFileSync(join(path, "..", meta.files.response), "utf8");
  const { "transfer-encoding": _, ...headers } = (meta.response_headers ?? json) as Record<string, string>;
  return { name, dialect, status: meta.status, headers, body, means, says, ...more };
}

const chat = "openai-chat";
const messages = "anthropic-messages";
const gemini = "gemini";
const converse = "bedrock-converse";
const ollama = "ollama-chat";

const openaiError = (message: string, type: string | null, code: unknown, param: string | null = null) => ({
  error: { message, type, param, code },
});
const anthropicError = (type: string, message: string) => ({
  type: "error",
  error: { type, message },
  request_id: "req_011CbrFTcXhtiMzr3s6EocF7",
});
const googleError = (code: number, status: string, message: string, details?: unknown) => ({
  error: { code, message, status, ...(details !== undefined && { details }) },
});
const amazon = (name: string) => ({
  "x-amzn-errortype": `${name}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
  "x-amzn-requestid": "ca47a5ce-e260-4824-aa0e-2e62669d5d6e",
});
const page = (title: string, server: string) =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>${server}</center>\r\n</body>\r\n</html>\r\n`;

export const upstreamErrors: readonly UpstreamError[] = [
  // OpenAI
  recorded(chat, "openai/responses/error-auth", "gateway's key refused", "Incorrect API key"),
  recorded(chat, "openai/responses/error-context-length", "too long", "exceeds the context window"),
  recorded(chat, "openai/chat-completions/error-404-model", "no such model", "does not exist"),
  recorded(chat, "openai/chat-completions/error-400-max-tokens-param", "bad request", "max_completion_tokens", {
    code: "unsupported_parameter",
  }),
  recorded(chat, "openai/chat-completions/error-400-developer-role", "bad request", "messages[0].role", {
    code: "unsupported_value",
  }),
  recorded(chat, "openai/responses/error-400-param", "bad request", "decimal below", {
    code: "decimal_below_min_value",
  }),
  recorded(chat, "openai/responses/error-400-reasoning-item-order", "bad request", "required following item"),
  error(
    chat,
    "OpenAI, too fast",
    429,
    openaiError("Rate limit reached for gpt-4o on tokens per min (TPM).", "tokens", "rate_limit_exceeded"),
    "rate limited",
    "Rate limit reached",
    { headers: { "retry-after-ms": "1242", "retry-after": "2" }, waitMs: 1242 },
  ),
  error(
    chat,
    "OpenAI, nothing left",
    429,
    openaiError("You exceeded your current quota, please check your plan.", "insufficient_quota", "insufficient_quota"),
    "out of quota",
    "exceeded your current quota",
  ),
  error(
    chat,
    "OpenAI, its own fault",
    500,
    openaiError("The server had an error while processing your request. Sorry about that!", "server_error", null),
    "failed",
    "Sorry about that",
  ),
  error(
    chat,
    "OpenAI, too much to do",
    503,
    openaiError("The engine is currently overloaded, please try again later", "server_error", null),
    "overloaded",
    "currently overloaded",
  ),
  error(
    chat,
    "OpenAI, a country it does not serve",
    403,
    openaiError(
      "Country, region, or territory not supported",
      "request_forbidden",
      "unsupported_country_region_territory",
    ),
    "gateway's key refused",
    "not supported",
  ),
  error(
    chat,
    "OpenAI, a resource in use",
    409,
    openaiError("The resource is locked.", "invalid_request_error", null),
    "conflict",
    "is locked",
  ),
  // Azure
  recorded(chat, "azure/chat-completions/error-429", "rate limited", "exceeded rate limit", {
    code: "RateLimitReached",
    waitMs: 1000,
  }),
  recorded(chat, "azure/chat-completions/error-auth", "gateway's key refused", "invalid subscription key"),
  error(
    chat,
    "Azure, filtered prompt",
    400,
    {
      error: {
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: "prompt",
        code: "content_filter",
        status: 400,
        innererror: { code: "ResponsibleAIPolicyViolation", content_filter_result: { hate: { filtered: false } } },
      },
    },
    "bad request",
    "content management policy",
    { code: "content_filter" },
  ),
  error(
    chat,
    "Azure, no such deployment",
    404,
    { error: { code: "DeploymentNotFound", message: "The API deployment for this resource does not exist." } },
    "no such model",
    "does not exist",
    { code: "DeploymentNotFound" },
  ),
  error(
    chat,
    "Azure's front",
    404,
    { error: { code: "404", message: "Resource not found" } },
    "no such model",
    "Resource not found",
  ),
  // Anthropic
  recorded(messages, "anthropic/messages/error-auth", "gateway's key refused", "invalid x-api-key"),
  recorded(messages, "anthropic/messages/error-404-model", "no such model", "claude-sonet-4-5"),
  recorded(messages, "anthropic/messages/error-context-length", "too long", "prompt is too long: 3333404"),
  error(
    messages,
    "Anthropic, overloaded",
    529,
    anthropicError("overloaded_error", "Overloaded"),
    "overloaded",
    "Overloaded",
    {
      headers: { "x-should-retry": "true" },
    },
  ),
  error(
    messages,
    "Anthropic, too fast",
    429,
    anthropicError("rate_limit_error", "This request would exceed your organization's rate limit."),
    "rate limited",
    "organization's rate limit",
    { headers: { "retry-after": "14", "x-should-retry": "true" }, waitMs: 14_000 },
  ),
  error(
    messages,
    "Anthropic, not to be tried again",
    429,
    anthropicError("rate_limit_error", "Number of concurrent connections has exceeded your rate limit."),
    "rate limited",
    "concurrent connections",
    { headers: { "x-should-retry": "false" }, retry: false },
  ),
  error(
    messages,
    "Anthropic, no credit",
    400,
    anthropicError("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
    "bad request",
    "credit balance is too low",
  ),
  error(
    messages,
    "Anthropic, too large",
    413,
    anthropicError("request_too_large", "Request exceeds the maximum size"),
    "too large",
    "maximum size",
  ),
  error(
    messages,
    "Anthropic, not permitted",
    403,
    anthropicError("permission_error", "OAuth authentication is currently not allowed for this organization."),
    "gateway's key refused",
    "not allowed for this organization",
  ),
  error(
    messages,
    "Anthropic, its own fault",
    500,
    anthropicError("api_error", "Internal server error"),
    "failed",
    "Internal server error",
  ),
  error(
    messages,
    "Anthropic, not paid",
    402,
    anthropicError("billing_error", "Payment is required."),
    "not paid",
    "Payment",
  ),
  error(
    messages,
    "Anthropic, too slow",
    504,
    anthropicError("timeout_error", "Request timed out"),
    "timed out",
    "timed out",
  ),
  // Gemini, Vertex
  recorded(gemini, "gemini/generate-content/error-auth", "gateway's key refused", "API key not valid"),
  recorded(gemini, "gemini/generate-content/error-429-retry-info", "rate limited", "current quota", { waitMs: 34_400 }),
  recorded(gemini, "gemini/generate-content/error-429", "rate limited", "current quota", { waitMs: 48_000 }),
  recorded(gemini, "vertex/generate-content/error-429-quota", "rate limited", "Quota exceeded"),
  recorded(gemini, "vertex/generate-content/error-context-length", "too long", "exceeds the maximum number of tokens"),
  error(
    gemini,
    "Gemini, overloaded",
    503,
    googleError(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "overloaded",
    "The model is overloaded",
  ),
  error(
    gemini,
    "Gemini, an error inside another's words",
    503,
    {
      error: {
        message: JSON.stringify(googleError(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")),
        code: 503,
        status: "Service Unavailable",
      },
    },
    "overloaded",
    /The model is overloaded\. Please try again later\.(?!\\)/,
  ),
  error(
    gemini,
    "Gemini, its own fault",
    500,
    googleError(500, "INTERNAL", "An internal error has occurred. Please retry."),
    "failed",
    "internal error",
  ),
  error(
    gemini,
    "Gemini, too slow",
    504,
    googleError(504, "DEADLINE_EXCEEDED", "Deadline expired."),
    "timed out",
    "Deadline",
  ),
  error(
    gemini,
    "Gemini, cancelled by itself",
    499,
    googleError(499, "CANCELLED", "The operation was cancelled."),
    "failed behind",
    "was cancelled",
  ),
  error(
    gemini,
    "Gemini, an unknown field",
    400,
    googleError(400, "INVALID_ARGUMENT", 'Invalid JSON payload received. Unknown name "exclusiveMinimum"', [
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: [{ field: "tools[0]", description: "x" }],
      },
    ]),
    "bad request",
    "exclusiveMinimum",
  ),
  error(
    gemini,
    "Vertex, a service not enabled, in a list",
    403,
    [googleError(403, "PERMISSION_DENIED", "Vertex AI API has not been used in project 1 before or it is disabled.")],
    "gateway's key refused",
    "has not been used in project",
  ),
  error(
    gemini,
    "Gemini, no such model",
    404,
    googleError(404, "NOT_FOUND", "models/gemini-9 is not found for API version v1beta"),
    "no such model",
    "is not found",
  ),
  // Bedrock
  recorded(converse, "bedrock/converse/error-auth", "gateway's key refused", "security token"),
  recorded(converse, "bedrock/converse/error-context-length", "too long", "Input Tokens Exceeded"),
  recorded(converse, "bedrock/converse-stream/error-400-model", "no such model", "model identifier is invalid", {
    exception: [400, rejected],
  }),
  error(
    converse,
    "Bedrock, too fast",
    429,
    { message: "Too many tokens, please wait before trying again." },
    "rate limited",
    "please wait",
    { headers: amazon("ThrottlingException") },
  ),
  error(
    converse,
    "Bedrock, more than its quota",
    400,
    { message: "Your request exceeds the service quota for your account." },
    "rate limited",
    "service quota",
    { headers: amazon("ServiceQuotaExceededException"), exception: [400, "ServiceQuotaExceededException"] },
  ),
  error(
    converse,
    "Bedrock, the model failed",
    424,
    { message: "The system encountered an unexpected error during processing.", originalStatusCode: 500 },
    "failed behind",
    "unexpected error",
    { headers: amazon("ModelErrorException"), exception: [424, "ModelErrorException"] },
  ),
  error(converse, "Bedrock, the model was too slow", 408, { message: "Model timed out" }, "timed out", "timed out", {
    headers: amazon("ModelTimeoutException"),
  }),
  error(
    converse,
    "Bedrock, the model is not ready",
    429,
    { message: "Model is not ready for inference." },
    "overloaded",
    "not ready",
    { headers: amazon("ModelNotReadyException"), exception: [429, "ModelNotReadyException"] },
  ),
  error(
    converse,
    "Bedrock, away",
    503,
    { message: "Bedrock is unable to process your request." },
    "overloaded",
    "unable to process",
    { headers: amazon("ServiceUnavailableException") },
  ),
  error(
    converse,
    "Bedrock, no access to the model",
    403,
    { Message: "You don't have access to the model with the specified model ID." },
    "gateway's key refused",
    "don't have access",
    { headers: amazon("AccessDeniedException") },
  ),
  // Others who speak OpenAI's dialect
  recorded(chat, "groq/chat-completions/error-400-tool-use-failed", "bad request", "did not match schema", {
    code: "tool_use_failed",
  }),
  error(
    chat,
    "Groq, more than a minute's tokens",
    413,
    openaiError(
      "Request too large for model llama-3.1-8b-instant: Limit 6000, Requested 12328",
      "tokens",
      "rate_limit_exceeded",
    ),
    "too large",
    "Requested 12328",
    { code: "rate_limit_exceeded" },
  ),
  recorded(chat, "mistral/chat-completions/error-auth", "gateway's key refused", "Invalid API Key"),
  error(
    chat,
    "Mistral, too fast",
    429,
    {
      object: "error",
      message: "Rate limit exceeded",
      type: "rate_limited",
      param: null,
      code: "1300",
      raw_status_code: 429,
    },
    "rate limited",
    "Rate limit exceeded",
  ),
  error(
    chat,
    "Mistral, a field it does not know",
    422,
    {
      detail: [{ type: "extra_forbidden", loc: ["body", "store"], msg: "Extra inputs are not permitted", input: true }],
    },
    "unprocessable",
    "body.store: Extra inputs are not permitted",
  ),
  recorded(chat, "xai/responses/error-auth", "gateway's key refused", "Incorrect API key"),
  error(
    chat,
    "xAI, no credit yet",
    403,
    {
      code: "The caller does not have permission to execute the specified operation",
      error: "Your newly created teams doesn't have any credits yet.",
    },
    "gateway's key refused",
    "any credits yet",
  ),
  error(
    chat,
    "xAI, no credit left",
    429,
    {
      code: "Some resource has been exhausted",
      error: "Your team has either used all available credits or reached its monthly spending limit.",
    },
    "out of quota",
    "monthly spending limit",
  ),
  recorded(chat, "deepseek/chat-completions/error-auth", "gateway's key refused", "Authentication Fails"),
  recorded(chat, "deepseek/chat-completions/error-context-length", "too long", "maximum context length"),
  error(
    chat,
    "DeepSeek, not paid",
    402,
    openaiError("Insufficient Balance", "unknown_error", "invalid_request_error"),
    "not paid",
    "Insufficient Balance",
    { code: "invalid_request_error" },
  ),
  recorded(chat, "openrouter/chat-completions/error-auth", "gateway's key refused", "Missing Authentication header"),
  recorded(chat, "openrouter/chat-completions/error-context-length", "too long", "maximum context length"),
  recorded(chat, "openrouter/chat-completions/error-429-upstream", "rate limited", "temporarily rate-limited upstream"),
  error(
    chat,
    "OpenRouter, not paid",
    402,
    {
      error: {
        message: "This request requires more credits, or fewer max_tokens.",
        code: 402,
        metadata: { provider_name: null },
      },
    },
    "not paid",
    "requires more credits",
  ),
  error(
    chat,
    "OpenRouter, an error of an error",
    402,
    { error: { error: { message: "More credits are required to run this request.", code: 402 }, code: 402 } },
    "not paid",
    "More credits are required",
  ),
  error(
    chat,
    "OpenRouter, words it will not pass on",
    403,
    {
      error: {
        message: 'openai/gpt-4 requires moderation on OpenAI. Your input was flagged for "violence".',
        code: 403,
        metadata: { reasons: ["violence"], flagged_input: "..." },
      },
    },
    "not allowed",
    "Your input was flagged",
  ),
  error(
    chat,
    "OpenRouter, too slow",
    408,
    { error: { message: "Your request timed out", code: 408 } },
    "timed out",
    "timed out",
  ),
  error(
    chat,
    "vLLM",
    400,
    {
      object: "error",
      message: "This model's maximum context length is 32768 tokens.",
      type: "BadRequestError",
      param: null,
      code: 400,
    },
    "too long",
    "maximum context length",
  ),
  error(
    chat,
    "vLLM, no such model",
    404,
    { error: { message: "The model `x` does not exist.", type: "NotFoundError", param: "model", code: 404 } },
    "no such model",
    "does not exist",
  ),
  error(
    chat,
    "llama.cpp",
    400,
    {
      error: {
        code: 400,
        message: "request (4390 tokens) exceeds the available context size (4096 tokens), try increasing it",
        type: "exceed_context_size_error",
        n_prompt_tokens: 4390,
        n_ctx: 4096,
      },
    },
    "too long",
    "available context size",
  ),
  error(
    chat,
    "llama.cpp, the same by another status",
    500,
    { error: { code: 500, message: "Context size has been exceeded.", type: "server_error" } },
    "too long",
    "Context size",
  ),
  error(
    chat,
    "llama.cpp, loading",
    503,
    { error: { code: 503, message: "Loading model", type: "unavailable_error" } },
    "overloaded",
    "Loading model",
  ),
  error(
    chat,
    "TGI, busy",
    429,
    { error: "Model is overloaded", error_type: "overloaded" },
    "rate limited",
    "Model is overloaded",
  ),
  error(
    chat,
    "TGI, too long",
    422,
    { error: "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096.", error_type: "validation" },
    "too long, by another status",
    "must be <= 4096",
  ),
  error(
    chat,
    "TGI, failed while it generated",
    424,
    { error: "Request failed during generation: Server error: CUDA out of memory", error_type: "generation" },
    "failed behind",
    "CUDA out of memory",
  ),
  error(
    chat,
    "Databricks",
    429,
    { error_code: "REQUEST_LIMIT_EXCEEDED", message: "Exceeded workspace output tokens per minute rate limit." },
    "rate limited",
    "output tokens per minute",
    { code: "REQUEST_LIMIT_EXCEEDED" },
  ),
  error(
    chat,
    "Cloudflare's models",
    400,
    { result: null, success: false, errors: [{ code: 5007, message: "No such model @cf/x or task" }], messages: [] },
    "bad request",
    "No such model @cf/x",
  ),
  // Ollama
  recorded(ollama, "ollama/api-chat/error-404", "no such model", "not found"),
  error(
    ollama,
    "Ollama, a model without tools",
    400,
    { error: "llama2 does not support tools" },
    "bad request",
    "support tools",
  ),
  error(
    ollama,
    "Ollama, the runner died",
    500,
    { error: "llama runner process has terminated: exit status 2" },
    "failed",
    "has terminated",
  ),
  error(
    ollama,
    "Ollama, busy",
    503,
    { error: "server busy, please try again.  maximum pending requests exceeded" },
    "overloaded",
    "server busy",
  ),
  // What stands between
  error(
    chat,
    "nginx, nobody behind it",
    502,
    page("502 Bad Gateway", "nginx/1.25.3"),
    "failed behind",
    "502 Bad Gateway",
    {
      headers: html,
    },
  ),
  error(
    messages,
    "nginx, nobody answers",
    504,
    page("504 Gateway Time-out", "nginx"),
    "timed out",
    "504 Gateway Time-out",
    {
      headers: html,
    },
  ),
  error(gemini, "nginx, too large", 413, page("413 Request Entity Too Large", "nginx"), "too large", "Too Large", {
    headers: html,
  }),
  error(
    chat,
    "a load balancer",
    503,
    page("503 Service Temporarily Unavailable", "awselb/2.0"),
    "overloaded",
    "503 Service",
    {
      headers: html,
    },
  ),
  error(chat, "Cloudflare, too slow behind it", 524, "error code: 524", "timed out", "error code: 524", {
    headers: { "content-type": "text/plain" },
  }),
  error(
    chat,
    "Cloudflare, nobody behind it",
    521,
    page("521: Web server is down", "cloudflare"),
    "failed behind",
    "down",
    {
      headers: html,
    },
  ),
  error(
    chat,
    "an API gateway's problem details",
    429,
    { type: "about:blank", title: "Too Many Requests", status: 429 },
    "rate limited",
    "Too Many Requests",
    { headers: { "content-type": "application/problem+json", "retry-after": "3" }, waitMs: 3000 },
  ),
  error(chat, "Kong", 429, { message: "API rate limit exceeded" }, "rate limited", "API rate limit exceeded", {
    headers: { "retry-after": "7" },
    waitMs: 7000,
  }),
  error(
    chat,
    "Apigee",
    500,
    { fault: { faultstring: "Execution of ServiceCallout failed", detail: { errorcode: "steps.sc.Failed" } } },
    "failed",
    "ServiceCallout",
  ),
  error(chat, "the wrong address", 405, { detail: "Method Not Allowed" }, "no such method", "Method Not Allowed"),
  error(chat, "a JSON text", 500, '"upstream exploded"', "failed", "upstream exploded"),
  error(chat, "JSON that says nothing", 500, "{}", "failed", "did not say why"),
  error(messages, "an empty body", 500, "", "failed", "did not say why"),
  error(ollama, "an empty list", 503, "[]", "overloaded", "did not say why"),
  error(chat, "half of its JSON", 502, '{"error":{"message":"upstream conn', "failed behind", "upstream conn"),
];
