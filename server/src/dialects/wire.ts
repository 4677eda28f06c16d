import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { GatewayError, Reason } from "../canonical/error.ts";
import { setField } from "../canonical/extra.ts";

/*
 * Reading JSON that came from outside, in two manners. Requests are read strictly: a field of the wrong type is the
 * caller's mistake and is named. Answers are read leniently: a provider's odd field must not lose a paid answer.
 */

/** What a known field of a request must be. `null` always stands for absent. */
export type FieldType =
  | "string"
  | "boolean"
  | "object"
  | "list"
  /** Any finite number. */
  | "number"
  /** A finite number, zero or more. */
  | "amount"
  /** A whole number. */
  | "integer"
  /** A whole number from zero to 2^32 - 1. */
  | "count"
  | "string or list"
  | "string or object"
  | "object or list";

export type FieldTypes = Readonly<Record<string, FieldType>>;

/** Checks the fields that are known and leaves the others alone. */
export function checkFields(wire: JsonObject, types: FieldTypes, path = ""): void {
  for (const field in wire) {
    const type = Object.hasOwn(types, field) ? types[field] : undefined;
    if (type !== undefined) checkType(wire[field], type, path === "" ? field : `${path}.${field}`);
  }
}

export function checkType(value: JsonValue | undefined, type: FieldType, path: string): void {
  if (value === undefined || value === null) return;
  if (!is[type](value)) throw invalid(path, `\`${path}\` must be ${inWords[type]}, got ${nameOf(value)}.`);
}

const is: Record<FieldType, (value: JsonValue) => boolean> = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  object: (value) => objectIn(value) !== undefined,
  list: (value) => Array.isArray(value),
  number: (value) => Number.isFinite(value),
  amount: (value) => Number.isFinite(value) && (value as number) >= 0,
  integer: (value) => Number.isSafeInteger(value),
  count: (value) => countIn(value) !== undefined,
  "string or list": (value) => typeof value === "string" || Array.isArray(value),
  "string or object": (value) => typeof value === "string" || objectIn(value) !== undefined,
  "object or list": (value) => objectIn(value) !== undefined || Array.isArray(value),
};

const inWords: Record<FieldType, string> = {
  string: "a string",
  boolean: "true or false",
  object: "an object",
  list: "a list",
  number: "a number",
  amount: "a number that is not negative",
  integer: "a whole number",
  count: "a whole number from 0 to 4294967295",
  "string or list": "a string or a list",
  "string or object": "a string or an object",
  "object or list": "an object or a list",
};

function nameOf(value: JsonValue): string {
  if (Array.isArray(value)) return "a list";
  if (value === null) return "null";
  if (typeof value === "object") return "an object";
  if (typeof value === "number") return Number.isFinite(value) ? `${value}` : "a number beyond all bounds";
  return typeof value === "boolean" ? `${value}` : "a string";
}

export function invalid(param: string, message: string): GatewayError {
  return new GatewayError(Reason.INVALID_ARGUMENT, message, { param });
}

/** A field that must be there. */
export function required(value: JsonValue | undefined, path: string): void {
  if (value === undefined || value === null) throw invalid(path, `\`${path}\` is missing.`);
}

export function requiredString(wire: JsonObject, field: string, path: string): string {
  const value = wire[field];
  required(value, `${path}.${field}`);
  checkType(value, "string", `${path}.${field}`);
  return value as string;
}

export function requiredObject(value: JsonValue | undefined, path: string): JsonObject {
  required(value, path);
  checkType(value, "object", path);
  return value as JsonObject;
}

/** The objects of a list, each checked. Absent means none. */
export function objectsIn(value: JsonValue | undefined, path: string): JsonObject[] {
  checkType(value, "list", path);
  if (!Array.isArray(value)) return [];
  for (const [index, item] of value.entries()) requiredObject(item, `${path}[${index}]`);
  return value as JsonObject[];
}

export function stringIn(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function objectIn(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

export function listIn(value: unknown): JsonValue[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** A count of something: a whole number that fits the canonical model's 32 bits. */
export function countIn(value: unknown): number | undefined {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff
    ? (value as number)
    : undefined;
}

/** What a table says of a foreign word. Objects know words of their own, `constructor` for one, which are in no table. */
export function lookUp<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

export function numberIn(value: unknown): number | undefined {
  return Number.isFinite(value) ? (value as number) : undefined;
}

export function booleanIn(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

/** The fields that `words` does not know, for `extra`. Null fields say nothing; undefined when none is left. */
export function fieldsBeside(wire: JsonObject, words: ReadonlySet<string>): JsonObject | undefined {
  let extra: JsonObject | undefined;
  for (const field in wire) {
    const value = wire[field];
    if (words.has(field) || value === undefined || value === null) continue;
    extra ??= {};
    setField(extra, field, value);
  }
  return extra;
}

/** The JSON object in a text, undefined when there is none. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    return objectIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}
