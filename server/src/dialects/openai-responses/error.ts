import type { JsonObject } from "@bufbuild/protobuf";
import type { GatewayError } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import { encodeError as encodeChatError } from "../openai-chat/error.ts";
import { failureOf, told } from "../told.ts";
import { objectIn } from "../wire.ts";

/** The vendor's two APIs say errors alike. https://platform.openai.com/docs/guides/error-codes */
export { decodeError } from "../openai-chat/error.ts";

export function encodeError(error: GatewayError): { status: number; body: JsonObject } {
  const { status, body } = encodeChatError(error);
  return { status: told[failureOf(error)].status?.responses ?? status, body };
}

function errorObject(error: GatewayError): JsonObject {
  return objectIn(encodeChatError(error).body.error) ?? {};
}

/** The error as a failed response carries it. */
function responseError(error: GatewayError): JsonObject {
  const { code, type, message } = errorObject(error);
  return { code: code ?? type ?? null, message: message ?? null };
}

/**
 * The end of a stream that fails, as the vendor writes it: an `error`, on which its library raises, and then, when there is
 * a response already, the response as a failed one, which is what others wait for.
 */
export function failureFrames(error: GatewayError, sequenceNumber: number, response?: JsonObject): readonly Frame[] {
  const frames: Frame[] = [{ event: "error", data: JSON.stringify(errorEvent(error, sequenceNumber)) }];
  if (response === undefined) return frames;
  const failed = { ...response, status: "failed", error: responseError(error) };
  const event = { type: "response.failed", response: failed, sequence_number: sequenceNumber + 1 };
  return [...frames, { event: event.type, data: JSON.stringify(event) }];
}

/** For a stream of which nothing else is known. */
export function errorFrame(error: GatewayError): Frame {
  return { event: "error", data: JSON.stringify(errorEvent(error, 0)) };
}

/** The documentation says the error's fields beside the event's type, and the vendor sends them inside `error`. */
function errorEvent(error: GatewayError, sequenceNumber: number): JsonObject {
  const said = errorObject(error);
  const { type: _, ...fields } = said;
  return { type: "error", sequence_number: sequenceNumber, ...fields, error: said };
}
