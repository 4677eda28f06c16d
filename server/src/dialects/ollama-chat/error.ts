import type { JsonObject } from "@bufbuild/protobuf";
import type { GatewayError } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import { readErrorBody, upstreamError } from "../error-body.ts";

export function decodeError(status: number, headers: Readonly<Record<string, string>>, body: string): GatewayError {
  return upstreamError(status, headers, readErrorBody(body));
}

/** A text and nothing else: clients show it, and tell errors apart by their status. */
export function encodeError(error: GatewayError): { status: number; body: JsonObject } {
  // 529 is Anthropic's own; everybody else knows 503.
  return { status: error.status === 529 ? 503 : error.status, body: { error: error.message } };
}

export function errorFrame(error: GatewayError): Frame {
  return { event: "", data: JSON.stringify(encodeError(error).body) };
}
