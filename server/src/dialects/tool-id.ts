import { Buffer } from "node:buffer";

/*
 * Messages accepts only `[a-zA-Z0-9_-]` in tool ids; other dialects do not care. An id that does not fit travels in a
 * form that can be undone without remembering anything, so that the result comes back under the id of the call.
 */
const prefix = "pt_";

/** The id as Messages accepts it. */
export function narrowToolId(id: string): string {
  if (/^[a-zA-Z0-9_-]+$/.test(id) && !id.startsWith(prefix)) return id;
  return prefix + Buffer.from(id).toString("base64url");
}

/** The way back. */
export function widenToolId(id: string): string {
  if (!id.startsWith(prefix)) return id;
  const original = Buffer.from(id.slice(prefix.length), "base64url").toString();
  return narrowToolId(original) === id ? original : id;
}
