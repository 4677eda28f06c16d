import type { JsonObject } from "@bufbuild/protobuf";
import { GatewayError, Reason } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import { readErrorBody, upstreamError } from "../error-body.ts";
import { objectIn, parseObject, stringIn } from "../wire.ts";

export function decodeError(status: number, headers: Readonly<Record<string, string>>, body: string): GatewayError {
  const said = readErrorBody(body);
  const isTooLong = parseObject(body)?.error_type === "TOO_MANY_TOKENS";
  return upstreamError(status, headers, isTooLong ? { ...said, code: "context_length_exceeded" } : said);
}

export function encodeError(error: GatewayError, requestId: string): { status: number; body: JsonObject } {
  // 529 is Anthropic's own; everybody else knows 503.
  return { status: error.status === 529 ? 503 : error.status, body: { id: requestId, message: error.message } };
}

/** The last event of a stream says why it failed. */
export function errorFrame(error: GatewayError): Frame {
  const end = { type: "message-end", delta: { finish_reason: "ERROR", error: error.message } };
  return { event: "message-end", data: JSON.stringify(end) };
}

/** The failure that an event of a stream tells of: one that is named so, or the ending of an answer that failed. */
export function failureTold(type: string, wire: JsonObject): GatewayError | undefined {
  const delta = objectIn(wire.delta) ?? {};
  if (type === "error") return failureIn({ error: wire.message ?? "", ...delta, finish_reason: "ERROR" });
  return type === "message-end" ? failureIn(delta) : undefined;
}

/** The failure that an ending stands for; undefined where the answer is complete. */
export function failureIn(ending: JsonObject): GatewayError | undefined {
  const reason = stringIn(ending.finish_reason) ?? "";
  const told = stringIn(ending.error) ?? stringIn(objectIn(ending.error)?.message);
  if (reason !== "ERROR" && reason !== "TIMEOUT" && !told) return undefined;
  const message = told || "The provider failed and did not say why.";
  return new GatewayError(reason === "TIMEOUT" ? Reason.UPSTREAM_TIMEOUT : Reason.UPSTREAM_FAILED, message);
}
