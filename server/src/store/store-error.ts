/** Why the store cannot be opened or used, in words for the person who started the program. Holds no secret. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** The first sentence or so of whatever was thrown, to be put into one of ours. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n", 1)[0] ?? "").replace(/\.+$/, "");
}
