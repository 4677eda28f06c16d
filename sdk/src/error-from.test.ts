import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { PontageError, RateLimited } from "./error.ts";
import { errorFrom, retryAfter } from "./error-from.ts";
import { ErrorSchema, Reason } from "./gen/pontage/error/v1/error_pb.ts";

const call = { baseUrl: "http://127.0.0.1:7668", scrub: (text: string) => text.replaceAll("hunter2", "[secret]") };

function refused(code: Code, reason: Reason, status: number): ConnectError {
  const value = create(ErrorSchema, {
    reason,
    status,
    message: "no",
    requestId: "req_7",
    param: "model",
    provider: "p",
  });
  return new ConnectError("no", code, { "retry-after-ms": "250" }, [{ desc: ErrorSchema, value }]);
}

const byReason: [Reason, number, string][] = [
  [Reason.API_KEY_MISSING, 401, "Unauthenticated"],
  [Reason.API_KEY_INVALID, 401, "Unauthenticated"],
  [Reason.AMBIGUOUS_CREDENTIALS, 400, "InvalidRequest"],
  [Reason.PERMISSION_DENIED, 403, "PermissionDenied"],
  [Reason.MODEL_NOT_ALLOWED, 403, "PermissionDenied"],
  [Reason.INVALID_ARGUMENT, 400, "InvalidRequest"],
  [Reason.CANNOT_TRANSLATE, 400, "InvalidRequest"],
  [Reason.BODY_TIMEOUT, 408, "Timeout"],
  [Reason.MODEL_UNKNOWN, 404, "NotFound"],
  [Reason.FAILED_PRECONDITION, 409, "InvalidRequest"],
  [Reason.UPSTREAM_UNREACHABLE, 502, "ProviderFailed"],
  [Reason.UPSTREAM_OVERLOADED, 529, "ProviderFailed"],
  [Reason.UPSTREAM_RATE_LIMITED, 429, "RateLimited"],
  [Reason.UPSTREAM_REJECTED, 400, "InvalidRequest"],
  [Reason.UPSTREAM_REJECTED, 404, "NotFound"],
  [Reason.USAGE_JOURNAL_FULL, 503, "GatewayUnavailable"],
  [Reason.INTERNAL, 500, "GatewayUnavailable"],
  [9999 as Reason, 429, "RateLimited"], // A reason of a newer gateway.
  [9999 as Reason, 418, "InvalidRequest"],
];
for (const [reason, status, name] of byReason) {
  test(`reason ${reason} with status ${status} is ${name}`, () => {
    const error = errorFrom(refused(Code.Unknown, reason, status), call);
    expect(error.name).toBe(name);
    expect(error.constructor.name).toBe(name);
    expect(error).toMatchObject({ status, requestId: "req_7", param: "model", provider: "p", message: "no" });
    if (error instanceof RateLimited) expect(error.retryAfterMs).toBe(250);
  });
}

test("every reason has a class that is not the base", () => {
  for (const reason of Object.values(Reason)) {
    const error = errorFrom(refused(Code.Unknown, reason, 0), call);
    expect(error.constructor, String(reason)).not.toBe(PontageError);
  }
});

const byCode: [Code, string, string][] = [
  [Code.InvalidArgument, "InvalidRequest", "INVALID_ARGUMENT"],
  [Code.Unauthenticated, "Unauthenticated", "UNAUTHENTICATED"],
  [Code.PermissionDenied, "PermissionDenied", "PERMISSION_DENIED"],
  [Code.NotFound, "NotFound", "NOT_FOUND"],
  [Code.Unimplemented, "NotFound", "UNIMPLEMENTED"],
  [Code.ResourceExhausted, "RateLimited", "RESOURCE_EXHAUSTED"],
  [Code.Unavailable, "GatewayUnavailable", "UNAVAILABLE"],
  [Code.Internal, "GatewayUnavailable", "INTERNAL"],
  [Code.DeadlineExceeded, "Timeout", "TIMEOUT"],
  [Code.Canceled, "Aborted", "ABORTED"],
];
for (const [code, name, word] of byCode) {
  test(`${Code[code]} without a detail of ours is ${name}`, () => {
    expect(errorFrom(new ConnectError("no", code), call)).toMatchObject({ name, code: word });
  });
}

test("a failed fetch names the deepest cause and the address", () => {
  const cause = new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 127.0.0.1:7668") });
  const error = errorFrom(cause, call);
  expect(error.name).toBe("ConnectionFailed");
  expect(error.message).toMatch(/127\.0\.0\.1:7668.*ECONNREFUSED/);
});

test("a secret that an answer quotes is in neither message nor cause", () => {
  for (const error of [
    errorFrom(new ConnectError("bad key hunter2", Code.Unauthenticated), call),
    errorFrom(new TypeError("bad key hunter2"), call),
  ]) {
    expect(error.message).toContain("[secret]");
    expect(`${error.stack} ${String(error.cause)}`).not.toContain("hunter2");
  }
});

const waits: [HeadersInit, number | undefined][] = [
  [{}, undefined],
  [{ "retry-after-ms": "12.5" }, 12.5],
  [{ "retry-after": "3" }, 3000],
  [{ "retry-after": "Fri, 20 Nov 2026 12:00:10 GMT" }, 10_000],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after-ms": "7", "retry-after": "3" }, 7],
];
for (const [headers, waitMs] of waits) {
  test(`${JSON.stringify(headers)} asks to wait ${waitMs} ms`, () => {
    expect(retryAfter(new Headers(headers), Date.parse("2026-11-20T12:00:00Z"))).toBe(waitMs);
  });
}
