/*
 * Ollama tied results to calls by name and order only; newer versions give calls an id. Where there is none, one is made
 * up from the call's place, so that it is the same each time it is read, and its prefix tells that it never was on the
 * wire: it is not sent back.
 */
const prefix = "ollama_call_";

/** The id of a call in an answer. */
export function callIdInAnswer(createdAt: string, at: number): string {
  return `${prefix}${createdAt.replace(/[^a-zA-Z0-9]/g, "")}_${at}`;
}

/** The id of a call in a conversation. */
export function callIdInRequest(message: number, at: number): string {
  return `${prefix}m${message}_${at}`;
}

export function isMadeUp(id: string): boolean {
  return id.startsWith(prefix);
}
