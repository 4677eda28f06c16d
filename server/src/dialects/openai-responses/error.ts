import type { JsonObject } from "@bufbuild/protobuf";
import { type GatewayError, Reason } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import { encodeError as encodeChatError } from "../openai-chat/error.ts";
import { objectIn } from "../wire.ts";

/** The vendor's two APIs say errors alike. https://platform.openai.com/docs/guides/error-codes */
export { decodeError } from "../openai-chat/error.ts";

export function encodeError(error: GatewayError): { status: number; body: JsonObject } {
  const { status, body } = encodeChatError(error);
  // A model that is not there is a bad request here, and no missing page.
  return { status: error.reason === Reason.MODEL_UNKNOWN ? 400 : status, body };
}

function errorObject(error: GatewayError): JsonObject {
  return objectIn(encodeChatError(error).body.error) ?? {};
}

/** The error as a failed response carries it. */
export function responseError(error: GatewayError): JsonObject {
  const { code, type, message } = errorObject(error);
  return { code: code ?? type ?? null, message: message ?? null };
}

/**
 * For a stream of which nothing else is known. The documentation says the error's fields beside the event's type, and the
 * vendor sends them inside `error`: clients read one or the other.
 */
export function errorFrame(error: GatewayError): Frame {
  const said = errorObject(error);
  const { type: _, ...fields } = said;
  return { event: "error", data: JSON.stringify({ type: "error", sequence_number: 0, ...fields, error: said }) };
}
