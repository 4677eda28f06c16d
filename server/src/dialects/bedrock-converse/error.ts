import type { JsonObject } from "@bufbuild/protobuf";
import { type GatewayError, Reason } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import { readErrorBody, upstreamError } from "../error-body.ts";
import { parseObject, stringIn } from "../wire.ts";

/** An exception of the service: the status it is sent with, and the one it has in this gateway's terms. */
interface Exception {
  readonly sent: number;
  readonly meant: number;
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors */
const exceptions: Readonly<Record<string, Exception>> = {
  AccessDeniedException: { sent: 403, meant: 403 },
  ConflictException: { sent: 400, meant: 400 },
  InternalServerException: { sent: 500, meant: 500 },
  // The model failed, which is not the caller's mistake whatever the class of the status says.
  ModelErrorException: { sent: 424, meant: 502 },
  ModelStreamErrorException: { sent: 424, meant: 502 },
  ModelNotReadyException: { sent: 429, meant: 503 },
  ModelTimeoutException: { sent: 408, meant: 504 },
  ResourceNotFoundException: { sent: 404, meant: 404 },
  ServiceQuotaExceededException: { sent: 400, meant: 429 },
  ServiceUnavailableException: { sent: 503, meant: 503 },
  ThrottlingException: { sent: 429, meant: 429 },
  UnrecognizedClientException: { sent: 403, meant: 403 },
  ValidationException: { sent: 400, meant: 400 },
};

/** The exceptions a stream may hold. A library meets any other as one it does not know. */
const inStreams = new Set([
  "InternalServerException",
  "ModelStreamErrorException",
  "ServiceUnavailableException",
  "ThrottlingException",
  "ValidationException",
]);

export function decodeError(status: number, headers: Readonly<Record<string, string>>, body: string): GatewayError {
  const wire = parseObject(body) ?? {};
  const name = exceptionName(headers["x-amzn-errortype"] ?? stringIn(wire.__type) ?? stringIn(wire.code) ?? "");
  const said = readErrorBody(body);
  const message = said.message ?? stringIn(wire.Message);
  const meant = Object.hasOwn(exceptions, name) ? exceptions[name]!.meant : status;
  const isUnknownModel = meant === 400 && /model identifier is invalid/i.test(message ?? "");
  return upstreamError(isUnknownModel ? 404 : meant, headers, {
    ...said,
    message,
    code: undefined,
    type: name === "" ? said.type : name,
  });
}

/** `UnrecognizedClientException:http://...` in the header, `com.amazon.coral#ThrottlingException` in the body. */
function exceptionName(said: string): string {
  return /(?:^|#)([A-Za-z]+)(?::|$)/.exec(said)?.[1] ?? "";
}

export function isFailure({ event }: Frame): boolean {
  return /(?:Exception|Error)$/i.test(event);
}

/** The failure that a frame of a stream tells of. */
export function frameError({ event, data }: Frame): GatewayError {
  return decodeError(500, { "x-amzn-errortype": event.charAt(0).toUpperCase() + event.slice(1) }, data);
}

/**
 * The libraries choose their class by the header `x-amzn-errortype`, and by `__type` where it is not there, which is how
 * the older AWS protocols say it.
 */
export function encodeError(error: GatewayError): { status: number; body: JsonObject } {
  const name = nameOf(error);
  const status = Object.hasOwn(exceptions, name) ? exceptions[name]!.sent : error.status;
  // The service has no exception of its own for these.
  const kept = name === "ValidationException" && error.status > 400 && error.status < 500 ? error.status : status;
  return { status: kept, body: { __type: name, message: error.message } };
}

export function errorFrame(error: GatewayError): Frame {
  const name = nameOf(error);
  const known = inStreams.has(name) ? name : inStreamOf(error.status);
  return { event: known.charAt(0).toLowerCase() + known.slice(1), data: JSON.stringify({ message: error.message }) };
}

function inStreamOf(status: number): string {
  return status >= 500 ? "ModelStreamErrorException" : "ValidationException";
}

function nameOf(error: GatewayError): string {
  switch (error.reason) {
    case Reason.API_KEY_MISSING:
    case Reason.API_KEY_INVALID:
      return "UnrecognizedClientException";
    case Reason.PERMISSION_DENIED:
    case Reason.MODEL_NOT_ALLOWED:
      return "AccessDeniedException";
    case Reason.MODEL_UNKNOWN:
      return "ResourceNotFoundException";
    // The caller's own key was right.
    case Reason.UPSTREAM_CREDENTIAL_REFUSED:
      return "InternalServerException";
  }
  if (error.type !== undefined && Object.hasOwn(exceptions, error.type)) return error.type;
  const { status } = error;
  if (status === 429) return "ThrottlingException";
  if (status === 503 || status === 529) return "ServiceUnavailableException";
  if (status === 504) return "ModelTimeoutException";
  if (error.reason === Reason.UPSTREAM_TRUNCATED || error.reason === Reason.UPSTREAM_GARBAGE) {
    return "ModelStreamErrorException";
  }
  if (status >= 500) return "InternalServerException";
  if (error.reason === Reason.UPSTREAM_REJECTED && status === 404) return "ResourceNotFoundException";
  return "ValidationException";
}
