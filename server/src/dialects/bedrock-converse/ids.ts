import { createHash } from "node:crypto";
import { narrowToolId } from "../tool-id.ts";

/** The longest id of a call, and name of a tool, that the service takes. */
export const longestName = 64;

/**
 * The id of a call as the service takes it: `[a-zA-Z0-9_-]`, at most 64 long. An id that is too long even for the form that
 * can be undone becomes its hash: call and result still have the same one, now and in every later turn.
 */
export function narrowCallId(id: string): string {
  const narrowed = narrowToolId(id);
  if (narrowed.length <= longestName) return narrowed;
  return `pth_${createHash("sha256").update(id).digest("base64url")}`;
}

/**
 * Mistral's models take ids of nine letters and digits and no others, whatever the service itself takes.
 * https://github.com/vercel/ai/blob/main/packages/amazon-bedrock/src/normalize-tool-call-id.ts
 */
export function nineLetters(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id;
  return createHash("sha256").update(id).digest("hex").slice(0, 9);
}
