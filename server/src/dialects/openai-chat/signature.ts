import type { JsonObject } from "@bufbuild/protobuf";
import type { Part, ToolCall } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { toolCall } from "../../canonical/events.ts";
import type { Crossing } from "../crossing.ts";
import { objectIn, stringIn } from "../wire.ts";

/*
 * Gemini signs calls, and wants its signatures back. Chat itself has no place for them, so they travel as the vendor's own
 * chat endpoint writes them, which many clients already send back:
 *
 *   { "id": "call_1", "type": "function", "function": {...},
 *     "extra_content": { "google": { "thought_signature": "..." } } }
 */
const origin = "gemini";

/** A call with the fields beside it, the signature among them taken out. */
export function signedCall(call: Omit<ToolCall, "$typeName" | "$unknown">, beside: JsonObject | undefined): Part {
  const { extra_content: content, ...extra } = beside ?? {};
  const google = objectIn(objectIn(content)?.google);
  const signature = stringIn(google?.thought_signature);
  const isAll = Object.keys(objectIn(content) ?? {}).length === 1 && Object.keys(google ?? {}).length === 1;
  // With more in it than a signature it stays as it came.
  if (signature === undefined || !isAll) return toolCall(call, beside);
  return { ...toolCall(call, Object.keys(extra).length > 0 ? extra : undefined), signature, origin };
}

/** The field of a call that says its signature. Other vendors' calls have none, or nobody here could use it. */
export function encodeSignature(part: Part, path: string, crossing: Crossing): JsonObject | undefined {
  if (part.signature === undefined) return undefined;
  if (part.origin === origin) return { extra_content: { google: { thought_signature: part.signature } } };
  crossing.withoutForeignSignature(part, path);
  return undefined;
}
