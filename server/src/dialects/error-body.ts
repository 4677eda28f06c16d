import type { JsonObject } from "@bufbuild/protobuf";
import { type ErrorFacts, GatewayError, Reason } from "../canonical/error.ts";
import { listIn, objectIn, stringIn } from "./wire.ts";

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
 * `{"error":"text","code":...}` of xAI and Ollama; the flat `{"object":"error",...}` and `{"detail":...}` of Mistral,
 * or one in the other; `{"message":...}`; a list around any of them; and text or HTML from proxies.
 */
export function readErrorBody(body: string): ErrorBody {
  let wire: unknown;
  try {
    wire = JSON.parse(body);
  } catch {
    return { status: undefined, message: plainText(body), type: undefined, code: undefined, param: undefined };
  }
  return readErrorObject(objectIn(wire) ?? objectIn(listIn(wire)?.[0]) ?? {});
}

function readErrorObject(wire: JsonObject): ErrorBody {
  const inner = objectIn(wire.error) ?? wire;
  return {
    status: [inner.status, inner.status_code, Number(inner.code)].find(isErrorStatus),
    message:
      stringIn(wire.error) ??
      stringIn(inner.message) ??
      detail(objectIn(inner.message)?.detail) ??
      detail(inner.detail),
    type: notGeneric(stringIn(inner.type)),
    code: codeIn(inner.code),
    param: stringIn(inner.param) ?? undefined,
  };
}

function isErrorStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599;
}

function codeIn(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : stringIn(value);
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
 * An upstream's error answer as the gateway's own: by status first, then by the codes that are known. An error inside a
 * stream, or inside an answer of status 200, has the status that its body or its type stands for.
 */
export function upstreamError(
  answered: number,
  headers: Readonly<Record<string, string>>,
  body: ErrorBody,
): GatewayError {
  const byType = statusOfType[body.type ?? ""] ?? statusOfType[body.code ?? ""];
  const status = isErrorStatus(answered) ? answered : (body.status ?? byType);
  const message = body.message || "The provider failed and did not say why.";
  const facts: ErrorFacts = {
    status,
    code: body.code,
    type: body.type,
    param: body.param,
    retryAfterMs: retryAfterMs(headers),
  };
  const reason = reasonOf(status ?? 0, body);
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

function reasonOf(status: number, { type, code, message }: ErrorBody): Reason {
  const kind = type ?? code ?? "";
  if (status === 529 || status === 503 || kind === "overloaded_error") return Reason.UPSTREAM_OVERLOADED;
  if (status === 429 || kind === "rate_limit_error") return Reason.UPSTREAM_RATE_LIMITED;
  if (status === 401 || status === 403) return Reason.UPSTREAM_CREDENTIAL_REFUSED;
  // xAI and Gemini answer 400 to a bad key.
  if (status === 400 && /incorrect api key|api key not valid|invalid api key/i.test(message ?? "")) {
    return Reason.UPSTREAM_CREDENTIAL_REFUSED;
  }
  if (status === 408 || status === 504) return Reason.UPSTREAM_TIMEOUT;
  return status >= 400 && status < 500 ? Reason.UPSTREAM_REJECTED : Reason.UPSTREAM_FAILED;
}

const statusOfType: Readonly<Record<string, number>> = {
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

/** `retry-after-ms`, or `retry-after` in seconds or as a date measured from the answer's own `date`. */
function retryAfterMs(headers: Readonly<Record<string, string>>): number | undefined {
  const exact = headers["retry-after-ms"];
  const rough = headers["retry-after"];
  let waitMs: number | undefined;
  if (exact !== undefined && exact.trim() !== "") waitMs = Number(exact);
  else if (rough !== undefined && rough.trim() !== "") {
    waitMs = Number(rough) * 1000;
    if (Number.isNaN(waitMs)) waitMs = Date.parse(rough) - Date.parse(headers.date ?? "");
  }
  if (waitMs === undefined || !Number.isFinite(waitMs) || waitMs < 0) return undefined;
  return Math.min(Math.ceil(waitMs), 0xffffffff);
}

/** The request is longer than the model's context, as the vendors say it. */
export function saysContextTooLong(error: GatewayError): boolean {
  return (
    error.code === "context_length_exceeded" ||
    (error.status === 400 &&
      /prompt is too long|maximum context length|context window|input is too long|exceeds the maximum number of tokens|number of input tokens exceeds/i.test(
        error.message,
      ))
  );
}
