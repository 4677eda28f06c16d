import type { JsonObject } from "@bufbuild/protobuf";
import type { GatewayError } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import { readErrorBody, upstreamError } from "../error-body.ts";
import { type Failure, failureOf, told } from "../told.ts";

export function decodeError(status: number, headers: Readonly<Record<string, string>>, body: string): GatewayError {
  return upstreamError(status, headers, readErrorBody(body));
}

/** The library chooses its class by status. */
export function encodeError(error: GatewayError, requestId: string): { status: number; body: JsonObject } {
  const failure = failureOf(error);
  const row = told[failure];
  const body: JsonObject = { type: "error", error: { type: row.anthropic, message: messageOf(error, failure) } };
  if (requestId !== "") body.request_id = requestId;
  return { status: row.status?.anthropic ?? error.status, body };
}

/** Clients that shorten a conversation when it has become too long know it by the vendor's own words. */
function messageOf({ message }: GatewayError, failure: Failure): string {
  return failure === "too long" && !/prompt is too long/i.test(message) ? `prompt is too long: ${message}` : message;
}

/** The library drops events without a name, so the error has one. */
export function errorFrame(error: GatewayError, requestId: string): Frame {
  return { event: "error", data: JSON.stringify(encodeError(error, requestId).body) };
}
