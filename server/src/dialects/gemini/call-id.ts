/*
 * Calls often come without an id, and results are found by name and order. Other dialects need ids, so such calls get one
 * that says so: it is made from the answer or the place in the conversation, is the same each time, and is left out again
 * when the call goes back.
 */
const prefix = "gemini_";

/** `origin` is the answer's id, or the number of the turn in a request. */
export function inventedCallId(origin: string | number, at: number): string {
  return `${prefix}${String(origin)
    .replace(/[^a-zA-Z0-9-]/g, "")
    .slice(-40)}_${at}`;
}

/** The id as the wire has it: none where it was invented. */
export function callIdOnWire(id: string): { id?: string } {
  return id === "" || /^gemini_[a-zA-Z0-9-]*_\d+$/.test(id) ? {} : { id };
}

/** Whether another answer may have a call with this id: one that was invented for an answer without an id of its own. */
export function isSharedCallId(id: string): boolean {
  return id === "" || id.startsWith(`${prefix}_`);
}
