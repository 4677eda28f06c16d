import type { JsonObject } from "@bufbuild/protobuf";
import { type ErrorFacts, GatewayError, Reason } from "../canonical/error.ts";
import { listIn, lookUp, objectIn, parseObject, stringIn } from "./wire.ts";

/** What an error body says, whatever its shape. */
export interface ErrorBody {
  /** The status that the body itself names. */
  readonly status: number | undefined;
  readonly message: string | undefined;
  readonly type: string | undefined;
  readonly code: string | undefined;
  readonly param: string | undefined;
}

/**
 * Reads the error bodies seen in the wild: `{"error":{...}}` of OpenAI and Anthropic, with codes as strings or numbers;
 * `{"error":"text","code":...}` of xAI and Ollama; the flat `{"object":"error",...}` and `{"detail":...}` of Mistral;
 * `{"message":...}`; problem details; the lists of API gateways; Azure's `innererror` of a content filter; any of them in a
 * list or inside another's message; and text or HTML from proxies.
 */
export function readErrorBody(body: string): ErrorBody {
  let wire: unknown;
  try {
    wire = JSON.parse(body);
  } catch {
    return saysOnly(plainText(body));
  }
  if (typeof wire === "string") return saysOnly(plainText(wire));
  return readErrorObject(objectIn(wire) ?? objectIn(listIn(wire)?.[0]) ?? {});
}

function saysOnly(message: string | undefined): ErrorBody {
  return { status: undefined, message, type: undefined, code: undefined, param: undefined };
}

function readErrorObject(wire: JsonObject): ErrorBody {
  const outer = objectIn(wire.error) ?? objectIn(wire.fault) ?? objectIn(listIn(wire.errors)?.[0]) ?? wire;
  // Some pass on another's error as their own.
  const inner = objectIn(outer.error) ?? outer;
  const filter = contentFilter(objectIn(inner.innererror));
  const message = messageIn(inner, wire);
  return {
    status: [inner.status, inner.status_code, inner.raw_status_code, inner.code, Number(stringIn(inner.code))].find(
      isErrorStatus,
    ),
    message: filter ? [message, filter].filter(Boolean).join(" ") : message,
    type: notGeneric(stringIn(inner.type) ?? stringIn(inner.error_type)),
    code: filter === undefined ? (codeIn(inner.code) ?? codeIn(inner.error_code)) : "content_filter",
    param: stringIn(inner.param) ?? undefined,
  };
}

/** What Azure's filter found, in words: a client is told the reason and not where it is explained. */
function contentFilter(inner: JsonObject | undefined): string | undefined {
  const found = objectIn(inner?.content_filter_result) ?? objectIn(inner?.content_filter_results);
  if (inner?.code !== "ResponsibleAIPolicyViolation") return undefined;
  const filtered = Object.entries(found ?? {}).flatMap(([name, value]) => {
    const { filtered, severity } = objectIn(value) ?? {};
    return filtered === true ? [stringIn(severity) ? `${name} (${severity})` : name] : [];
  });
  return filtered.length > 0 ? `Filtered: ${filtered.join(", ")}.` : "";
}

const messageFields = ["message", "Message", "msg", "faultstring", "error_description", "title"];

function messageIn(inner: JsonObject, wire: JsonObject): string | undefined {
  const said = messageFields.map((field) => inner[field]).find((value) => typeof value === "string" && value !== "");
  const message = stringIn(wire.error) ?? stringIn(inner.error) ?? unwrapped(stringIn(said)) ?? detail(inner.detail);
  // OpenRouter says here what the provider behind it has said.
  const behind = unwrapped(stringIn(objectIn(inner.metadata)?.raw));
  return message !== undefined && behind && behind !== message ? `${message}: ${behind}` : message;
}

/** The words of an error that was put into a text as JSON. */
function unwrapped(text: string | undefined): string | undefined {
  const object = text?.startsWith("{") ? parseObject(text) : undefined;
  return (object && readErrorObject(object).message) ?? text;
}

function isErrorStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599;
}

function codeIn(value: unknown): string | undefined {
  const code = typeof value === "number" ? String(value) : stringIn(value);
  // Some write a sentence there.
  return code === "" || code?.includes(" ") ? undefined : code;
}

/** `type: "error"` only says that it is one. */
function notGeneric(type: string | undefined): string | undefined {
  return type === "error" ? undefined : type;
}

/** FastAPI's `detail`: a text, or a list of what is wrong and where. */
function detail(value: unknown): string | undefined {
  const list = listIn(value);
  if (list === undefined) return stringIn(value) ?? stringIn(objectIn(value)?.message);
  return list
    .map((item) => {
      const { loc, msg } = objectIn(item) ?? {};
      return `${(listIn(loc) ?? []).join(".")}: ${stringIn(msg) ?? ""}`;
    })
    .join("; ");
}

function plainText(body: string): string | undefined {
  const text = body
    .slice(0, 4096)
    .replace(/<[^<>]{0,1000}>/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 500);
  return text === "" ? undefined : text;
}

/**
 * An upstream's error answer as the gateway's own: by what its words are known to mean, then by status. An error inside a
 * stream, or inside an answer of status 200, has the status that its body or its type stands for.
 */
export function upstreamError(
  answered: number,
  headers: Readonly<Record<string, string>>,
  body: ErrorBody,
): GatewayError {
  const byWord = lookUp(statusOfWord, body.type ?? "") ?? lookUp(statusOfWord, body.code ?? "");
  const said = isErrorStatus(answered) ? answered : (body.status ?? byWord);
  const message = body.message || "The provider failed and did not say why.";
  const phrase = phrases.find(({ at, says }) => (said === undefined || at === said) && says.test(message));
  const status = phrase?.status ?? (said === undefined ? undefined : (standsFor[said] ?? said));
  const reason = phrase?.reason ?? reasonOf(status);
  const facts: ErrorFacts = {
    status,
    code: body.code,
    type: body.type,
    param: body.param,
    retryAfterMs: retryAfterMs(headers),
    shouldRetry: shouldRetry(headers["x-should-retry"]),
  };
  if (reason === Reason.UPSTREAM_CREDENTIAL_REFUSED) {
    // The caller's own key was right, so this must not look like 401 to the caller's library.
    const { status: _, ...rest } = facts;
    return new GatewayError(reason, `The provider refused the gateway's credential: ${message}`, rest);
  }
  return new GatewayError(reason, message, facts);
}

/** An error inside an answer that began well. */
export function errorInAnswer(wire: JsonObject): GatewayError {
  return upstreamError(0, {}, readErrorObject(wire));
}

function reasonOf(status: number | undefined): Reason {
  if (status === undefined) return Reason.UPSTREAM_FAILED;
  return reasonOfStatus[status] ?? (status < 500 ? Reason.UPSTREAM_REJECTED : Reason.UPSTREAM_FAILED);
}

const reasonOfStatus: Readonly<Record<number, Reason>> = {
  401: Reason.UPSTREAM_CREDENTIAL_REFUSED,
  403: Reason.UPSTREAM_CREDENTIAL_REFUSED,
  407: Reason.UPSTREAM_CREDENTIAL_REFUSED,
  429: Reason.UPSTREAM_RATE_LIMITED,
  503: Reason.UPSTREAM_OVERLOADED,
  504: Reason.UPSTREAM_TIMEOUT,
  529: Reason.UPSTREAM_OVERLOADED,
};

/** Statuses of proxies and of single vendors that no client knows, and those that would blame the caller. */
const standsFor: Readonly<Record<number, number>> = {
  // The gateway's own request was too slow for it.
  408: 504,
  // What stands behind it failed: the model, at Bedrock and at Hugging Face.
  424: 502,
  // It, or a proxy before it, cancelled the call. Nobody here did.
  499: 502,
  520: 502,
  521: 502,
  522: 504,
  523: 502,
  524: 504,
  525: 502,
  526: 502,
  530: 502,
};

/** Where a status says another thing than the words that come with it. */
const phrases: readonly {
  readonly at: number;
  readonly says: RegExp;
  readonly reason: Reason;
  readonly status?: number;
}[] = [
  // xAI and Gemini answer 400 to a bad key.
  {
    at: 400,
    says: /incorrect api key|api key not valid|invalid api key/i,
    reason: Reason.UPSTREAM_CREDENTIAL_REFUSED,
  },
  // OpenRouter answers 403 to words it will not pass on: the caller's, not the credential's fault.
  { at: 403, says: /input was flagged/i, reason: Reason.UPSTREAM_REJECTED, status: 403 },
  // llama.cpp has two statuses for the one thing.
  { at: 500, says: /context size has been exceeded/i, reason: Reason.UPSTREAM_REJECTED, status: 400 },
];

/** What a type or a code stands for where no status is said. */
const statusOfWord: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  api_error: 500,
  server_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

function shouldRetry(word: string | undefined): boolean | undefined {
  return word === "true" ? true : word === "false" ? false : undefined;
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date measured from the answer's own `date`. */
function retryAfterMs(headers: Readonly<Record<string, string>>): number | undefined {
  const exactMs = Number(headers["retry-after-ms"]?.trim() || Number.NaN);
  const rough = headers["retry-after"]?.trim();
  let waitMs: number;
  // Azure writes 0 milliseconds beside the seconds it means.
  if (exactMs > 0 || !rough) waitMs = exactMs;
  else {
    waitMs = Number(rough) * 1000;
    if (Number.isNaN(waitMs)) waitMs = Date.parse(rough) - Date.parse(headers.date ?? "");
  }
  if (!Number.isFinite(waitMs) || waitMs < 0) return undefined;
  return Math.min(Math.ceil(waitMs), 0xffffffff);
}

/** The request is longer than the model's context, as the vendors say it. */
export function saysContextTooLong(error: GatewayError): boolean {
  return (
    error.code === "context_length_exceeded" ||
    (error.status === 400 &&
      /prompt is too long|maximum context length|context window|context size|input is too long|exceeds the maximum number of tokens|number of input tokens exceeds|tokens \+ `?max_new_tokens|too many tokens in the (?:prompt|request)/i.test(
        error.message,
      ))
  );
}
