import type { JsonValue } from "@bufbuild/protobuf";

/** What becomes of a field that only its origin's dialect knows. */
export type Fate =
  /** Its loss is harmless, and is reported. */
  | "lose"
  /** Its loss would change what the call means. */
  | "refuse"
  /** The object is known; what is left of it here meets its fate field by field, under names like `text.verbosity`. */
  | "lose inside"
  /** It says nothing that is not said elsewhere. */
  | "pass over";

/**
 * The fields of a dialect's requests without a word in the canonical model, and what becomes of each in another dialect. A
 * field that is not listed is lost and reported: nobody knows what it means, and the report lets a strict caller refuse.
 */
export type Fates = Readonly<Record<string, Fate | ((value: JsonValue) => Fate)>>;

/**
 * Where a dialect says what has a canonical word, by that word: what is lost or refused is named as the caller wrote it.
 * What is not listed has the same name.
 */
export type Names = Readonly<Record<string, string>>;
