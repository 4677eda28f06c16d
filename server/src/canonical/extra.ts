import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/**
 * Merges fields that arrive piece by piece: lists are appended, other values replaced. Undefined stands for no fields, so
 * that an empty object never appears.
 */
export function mergeExtra(into: JsonObject | undefined, more: JsonObject | undefined): JsonObject | undefined {
  if (more === undefined) return into;
  if (into === undefined) return more;
  const merged: JsonObject = { ...into };
  for (const [field, value] of Object.entries(more)) {
    const before = Object.hasOwn(merged, field) ? merged[field] : undefined;
    setField(merged, field, Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value);
  }
  return merged;
}

/** Sets a field whose name came from outside: `__proto__` becomes a field like any other and not the prototype. */
export function setField(object: JsonObject, field: string, value: JsonValue): void {
  if (field === "__proto__") {
    Object.defineProperty(object, field, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[field] = value;
  }
}
