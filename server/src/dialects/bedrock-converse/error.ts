import { type GatewayError, Reason } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import type { ErrorAnswer } from "../dialect.ts";
import { readErrorBody, upstreamError } from "../error-body.ts";
import { failureOf, told } from "../told.ts";
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

/** The libraries choose their class by the header, older ones by `__type`. */
export function encodeError(error: GatewayError): ErrorAnswer {
  const name = nameOf(error);
  const { sent } = exceptions[name]!;
  // The service has no exception of its own for these.
  const kept =
    name === "ValidationException" && error.type !== name && error.status > 400 && error.status < 500
      ? error.status
      : sent;
  return { status: kept, headers: { "x-amzn-errortype": name }, body: { __type: name, message: error.message } };
}

export function errorFrame(error: GatewayError): Frame {
  const name = nameOf(error);
  const known = inStreams.has(name) ? name : inStreamOf(error.status);
  return { event: known.charAt(0).toLowerCase() + known.slice(1), data: JSON.stringify({ message: error.message }) };
}

function inStreamOf(status: number): string {
  if (status === 429) return "ThrottlingException";
  return status >= 500 ? "ModelStreamErrorException" : "ValidationException";
}

/** The service's own word, where it was the service that failed. */
function nameOf(error: GatewayError): string {
  const { type, reason } = error;
  const own = type !== undefined && reason !== Reason.UPSTREAM_CREDENTIAL_REFUSED && Object.hasOwn(exceptions, type);
  return own ? type : told[failureOf(error)].aws;
}
