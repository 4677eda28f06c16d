import type { DialectId } from "../../../server/src/dialects/dialect.ts";
import type { Json } from "../fields/shape.ts";

/** Who says something: a dialect, or the canonical model of our own RPCs. */
export type Speaker = DialectId | "pontage";

/** A part of a request or of an answer, in the words of one dialect. */
export type Fragment = { readonly [field: string]: Json };

/** What becomes of a feature on its way. */
export type Outcome =
  /** It is said in the other dialect's own words for it. */
  | "exact"
  /** It is said in the nearest words, or as much of it as there are words for; what is left out is reported. */
  | "converted"
  /** It is left out and reported. */
  | "dropped"
  /** 400, with the field that cannot be said. */
  | "refused"
  /** The door has no word for it. */
  | "none";

/** A thing that clients ask for, or that answers hold, in the words of every dialect that has some. */
export interface Feature {
  readonly name: string;
  readonly of: "request" | "answer";
  /** Put into the smallest request, or the smallest answer, field by field. */
  readonly says: Partial<Record<Speaker, Fragment>>;
  /**
   * How it arrives from another dialect where it is said otherwise than above; also by the name of a profile, or as
   * `from > to`. A text has to stand somewhere in it.
   */
  readonly arrives?: Readonly<Record<string, Fragment | string>>;
  /** Where that is not all of it. */
  readonly lessAt?: readonly string[];
  /** What becomes of it where the other side has no word. */
  readonly otherwise: "dropped" | "refused";
  /** Pairs for which that is not so, as `from > to`. A side may be `*`. */
  readonly except?: Readonly<Record<string, Outcome>>;
}

/** Who hears: a dialect, and the name of the upstream, which may be a profile of it. */
export interface Hearer {
  readonly dialect: Speaker;
  readonly name: string;
}

/** What is declared for a pair. `from` asks or answers, `to` hears. */
export function declared(feature: Feature, from: Speaker, to: Hearer): Outcome {
  const { says, lessAt = [], otherwise, except = {} } = feature;
  if (!says[from]) return "none";
  const pair = except[`${from} > ${to.dialect}`];
  if (from === to.dialect) return pair ?? "exact";
  for (const hearer of [to.name, to.dialect]) {
    const own = except[`${from} > ${hearer}`] ?? except[`* > ${hearer}`];
    if (own) return own;
  }
  if (expected(feature, from, to) === undefined) return otherwise;
  return lessAt.includes(to.name) || lessAt.includes(to.dialect) ? "converted" : "exact";
}

/** The words in which it has to arrive, if there are any. */
export function expected({ says, arrives = {} }: Feature, from: Speaker, to: Hearer): Fragment | string | undefined {
  if (from === to.dialect) return says[from];
  return arrives[`${from} > ${to.dialect}`] ?? arrives[to.name] ?? arrives[to.dialect] ?? says[to.dialect];
}

export function arrived(actual: unknown, wanted: Fragment | string): boolean {
  return typeof wanted === "string" ? JSON.stringify(actual).includes(wanted) : contains(actual, wanted);
}

/** Whether everything that is expected is there. Lists may hold more, in the same order. */
function contains(actual: unknown, expected: Json): boolean {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return false;
    let at = 0;
    return expected.every((one) => {
      while (at < actual.length && !contains(actual[at], one)) at += 1;
      at += 1;
      return at <= actual.length;
    });
  }
  if (typeof expected !== "object" || expected === null) return Object.is(actual, expected) || isOnly(actual, expected);
  if (typeof actual !== "object" || actual === null) return false;
  return Object.entries(expected).every(([field, value]) =>
    contains((actual as Record<string, unknown>)[field], value as Json),
  );
}

/** Most dialects take a text as it is, or as the only entry of a list. */
function isOnly(actual: unknown, expected: Json): boolean {
  if (!Array.isArray(actual) || actual.length !== 1) return false;
  return (actual[0] as { text?: unknown }).text === expected;
}
