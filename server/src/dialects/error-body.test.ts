import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Reason } from "../canonical/error.ts";
import { readErrorBody, upstreamError } from "./error-body.ts";

const azure = (name: string) =>
  readFileSync(
    join(import.meta.dirname, `../../../test/fixtures/azure/chat-completions/${name}.response.json`),
    "utf8",
  );

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
    "TGI",
    422,
    '{"error":"Input validation error: too many tokens","error_type":"validation"}',
    Reason.UPSTREAM_REJECTED,
    "Input validation error: too many tokens",
  ],
  [
    "TGI's overload",
    429,
    '{"error":"Model is overloaded","error_type":"overloaded"}',
    Reason.UPSTREAM_RATE_LIMITED,
    "Model is overloaded",
  ],
  [
    "Azure's bad key",
    401,
    azure("error-auth"),
    Reason.UPSTREAM_CREDENTIAL_REFUSED,
    /Access denied due to invalid subscription key/,
  ],
  ["Azure's rate", 429, azure("error-429"), Reason.UPSTREAM_RATE_LIMITED, /have exceeded rate limit/],
  [
    "Azure's content filter",
    400,
    azure("content-filter-prompt"),
    Reason.UPSTREAM_REJECTED,
    /policy.* Filtered: hate \(high\), self-harm \(high\), violence \(medium\)\.$/,
  ],
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

// The words of one error came out twice: what stands behind OpenRouter is quoted beside a message that may quote it too.
test.each<[what: string, raw: string]>([
  ["the same words", "The model is on fire."],
  ["an error that has the same words", '{"error":{"message":"The model is on fire.","code":500}}'],
])("what a provider says twice is told once: %s", (_, raw) => {
  const body = JSON.stringify({ error: { message: "Provider: The model is on fire.", metadata: { raw } } });
  expect(readErrorBody(body).message).toBe("Provider: The model is on fire.");
});

test("what Azure's filter refuses is known by its code, also without one of its own", () => {
  expect(readErrorBody(azure("content-filter-prompt"))).toMatchObject({
    code: "content_filter",
    param: "prompt",
    status: 400,
  });
  const bare = { error: { message: "no", innererror: { code: "ResponsibleAIPolicyViolation" } } };
  expect(readErrorBody(JSON.stringify(bare))).toMatchObject({ code: "content_filter", message: "no" });
});
