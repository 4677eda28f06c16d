import type { JsonObject } from "@bufbuild/protobuf";
import { GatewayError, Reason, reasonName } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import { readErrorBody, upstreamError } from "../error-body.ts";
import { failureOf, told } from "../told.ts";
import { listIn, objectIn, stringIn } from "../wire.ts";

/** Errors are `google.rpc.Status`, sometimes in a list. https://cloud.google.com/apis/design/errors#error_details */
export function decodeError(status: number, headers: Readonly<Record<string, string>>, body: string): GatewayError {
  let wire: unknown;
  try {
    wire = JSON.parse(body);
  } catch {
    wire = undefined;
  }
  return explain(status, headers, body, objectIn(wire) ?? objectIn(listIn(wire)?.[0]));
}

/** An error inside an answer that began well. */
export function errorInAnswer(wire: JsonObject): GatewayError {
  return explain(0, {}, JSON.stringify(wire), wire);
}

function explain(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
  wire: JsonObject | undefined,
): GatewayError {
  const error = upstreamError(status, headers, readErrorBody(body));
  const details = listIn(objectIn(wire?.error)?.details)?.map((detail) => objectIn(detail) ?? {}) ?? [];
  const detail = (type: string) => details.find((one) => stringIn(one["@type"])?.endsWith(`google.rpc.${type}`));
  const reason =
    stringIn(detail("ErrorInfo")?.reason) === "API_KEY_INVALID" ? Reason.UPSTREAM_CREDENTIAL_REFUSED : error.reason;
  const refused = reason === Reason.UPSTREAM_CREDENTIAL_REFUSED;
  const violation = objectIn(listIn(detail("BadRequest")?.fieldViolations)?.[0]);
  return new GatewayError(reason, error.message, {
    // The caller's own key was right, so this must not look like a bad one to the caller's library.
    ...(refused ? {} : { status: error.status }),
    param: error.param ?? stringIn(violation?.field),
    code: error.code,
    type: error.type,
    shouldRetry: error.shouldRetry,
    // The wait is in the body here, and in no header.
    retryAfterMs: error.retryAfterMs ?? durationMs(detail("RetryInfo")?.retryDelay),
  });
}

/** A `google.protobuf.Duration` as JSON has it: `34.4s`. */
function durationMs(value: unknown): number | undefined {
  const seconds = /^(\d{1,7}(?:\.\d{1,9})?)s$/.exec(stringIn(value) ?? "")?.[1];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}

/** The library shows the whole body and the status. There is no header for a request's id, so it is in the details. */
export function encodeError(error: GatewayError, requestId: string): { status: number; body: JsonObject } {
  const row = told[failureOf(error)];
  // 529 is Anthropic's own.
  const status = row.status?.google ?? (error.status === 529 ? 503 : error.status);
  const details: JsonObject[] = [
    { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: reasonName(error.reason), domain: "pontage" },
  ];
  if (error.param !== undefined) {
    const fieldViolations = [{ field: error.param, description: error.message }];
    details.push({ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations });
  }
  if (error.retryAfterMs !== undefined) {
    const retryDelay = `${error.retryAfterMs / 1000}s`;
    details.push({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay });
  }
  if (requestId !== "") details.push({ "@type": "type.googleapis.com/google.rpc.RequestInfo", requestId });
  return { status, body: { error: { code: status, message: error.message, status: row.google, details } } };
}

export function errorFrame(error: GatewayError, requestId: string): Frame {
  return { event: "", data: JSON.stringify(encodeError(error, requestId).body) };
}
