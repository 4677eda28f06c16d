/** Why the store cannot be opened or used, in words for the person who started the program. Holds no secret. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
