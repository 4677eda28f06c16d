import { expect, test } from "vitest";
import { Reason } from "../canonical/error.ts";
import { readErrorBody, upstreamError } from "./error-body.ts";

test.each<[what: string, status: number, body: string, reason: Reason, message: string | RegExp]>([
  [
    "OpenAI",
    400,
    '{"error":{"message":"no","type":"invalid_request_error","param":"x","code":"c"}}',
    Reason.UPSTREAM_REJECTED,
    "no",
  ],
  [
    "xAI's bad key",
    400,
    '{"code":"invalid","error":"Incorrect API key provided: x"}',
    Reason.UPSTREAM_CREDENTIAL_REFUSED,
    /Incorrect API key/,
  ],
  ["Mistral's detail", 401, '{"detail":"Invalid API Key"}', Reason.UPSTREAM_CREDENTIAL_REFUSED, /Invalid API Key/],
  [
    "Mistral's list",
    422,
    '{"detail":[{"loc":["body","n"],"msg":"too many"}]}',
    Reason.UPSTREAM_REJECTED,
    "body.n: too many",
  ],
  [
    "Mistral's list in a message",
    422,
    '{"object":"error","message":{"detail":[{"loc":["body","n"],"msg":"too many"}]},"type":"invalid_request_error"}',
    Reason.UPSTREAM_REJECTED,
    "body.n: too many",
  ],
  ["Ollama", 404, '{"error":"model not found"}', Reason.UPSTREAM_REJECTED, "model not found"],
  [
    "a list around it",
    429,
    '[{"error":{"code":429,"message":"slow down"}}]',
    Reason.UPSTREAM_RATE_LIMITED,
    "slow down",
  ],
  [
    "HTML",
    503,
    "<html><body><h1>Service  Unavailable</h1></body></html>",
    Reason.UPSTREAM_OVERLOADED,
    "Service Unavailable",
  ],
  ["nothing", 500, "", Reason.UPSTREAM_FAILED, /did not say why/],
  [
    "Anthropic's overload",
    529,
    '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    Reason.UPSTREAM_OVERLOADED,
    "Overloaded",
  ],
  ["a timeout", 504, "{}", Reason.UPSTREAM_TIMEOUT, /did not say why/],
])("%s", (_, status, body, reason, message) => {
  const error = upstreamError(status, {}, readErrorBody(body));
  expect(error.reason).toBe(reason);
  expect(error.message).toMatch(message);
  // The caller's own credential was right: another's 401 must not look like the caller's.
  expect(error.status).toBe(reason === Reason.UPSTREAM_CREDENTIAL_REFUSED ? 502 : status);
});

test.each<[headers: Record<string, string>, waitMs: number | undefined]>([
  [{ "retry-after": "2" }, 2000],
  [{ "retry-after": "0.5" }, 500],
  [{ "retry-after": "2", "retry-after-ms": "1500" }, 1500],
  [{ "retry-after": "Fri, 20 Nov 2026 10:00:05 GMT", date: "Fri, 20 Nov 2026 10:00:00 GMT" }, 5000],
  [{ "retry-after": "Fri, 20 Nov 2026 10:00:05 GMT" }, undefined],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after": "-1" }, undefined],
  [{}, undefined],
])("waiting as %j says", (headers, waitMs) => {
  expect(upstreamError(429, headers, readErrorBody("{}")).retryAfterMs).toBe(waitMs);
});
