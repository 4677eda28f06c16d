import type { DialectId } from "../../../server/src/dialects/dialect.ts";
import type { Json, Shape } from "../fields/shape.ts";

/** One object of a dialect's answers: where it stands, which fields the vendor has published for it, a value for each. */
export interface AnswerShape extends Omit<Shape, "request" | "dialect"> {
  readonly dialect: DialectId;
  /** A whole answer that has it, or the frames of a stream. Those of Bedrock are named by their only field. */
  readonly answer: Wire | readonly Wire[];
  /** How a report names the object, where it stands elsewhere in a whole answer. */
  readonly named?: readonly string[];
}

export type Wire = { readonly [field: string]: Json };
