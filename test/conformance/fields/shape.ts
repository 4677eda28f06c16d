import type { DialectId } from "../../../server/src/dialects/dialect.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [field: string]: Json };

export type { Json };

/** One object of a dialect's requests: where it stands, which fields the vendor has published for it, a value for each. */
export interface Shape {
  /** `pontage` is our own RPC. */
  readonly dialect: DialectId | "pontage";
  /** As the documentation of the vendor names it. */
  readonly name: string;
  /** The vendor's own list of its fields. */
  readonly published: () => readonly string[];
  /** A request that has it. */
  readonly request: { readonly [field: string]: Json };
  /** Where it stands in the request: names of fields, and numbers in lists. */
  readonly at: readonly (string | number)[];
  /** Said by every request here, by the path or by the gateway: nothing to be tried. */
  readonly given: readonly string[];
  /** A value for each other field, which no other one has. */
  readonly samples: { readonly [field: string]: Json | Sample };
}

/** A value that needs others beside it. */
export interface Sample {
  readonly sample: Json;
  /** Fields of the same object that are sent with it and without it. */
  readonly beside: { readonly [field: string]: Json };
}

export function sample(value: Json, beside: Sample["beside"]): Sample {
  return { sample: value, beside };
}

export function isSample(value: Json | Sample): value is Sample {
  return typeof value === "object" && value !== null && "beside" in value;
}
