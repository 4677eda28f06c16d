import type { JsonObject } from "@bufbuild/protobuf";
import { setField } from "../../canonical/extra.ts";
import { invalid } from "../wire.ts";

/*
 * The API reads JSON as protobuf does: a field may be named `generationConfig` or `generation_config`. This dialect reads
 * both and writes the first. Only names of the API's own fields are read so, never the keys of arguments and schemas.
 * https://protobuf.dev/programming-guides/json/
 */

/** The same object with its own names in camelCase; itself where they are already. `path` names it for errors. */
export function inCamelCase(wire: JsonObject, path = ""): JsonObject {
  let hasSnake = false;
  for (const field in wire) hasSnake ||= field.includes("_");
  if (!hasSnake) return wire;
  const renamed: JsonObject = {};
  for (const field in wire) {
    const name = camelCase(field);
    // Two readers could see two values.
    if (name !== field && Object.hasOwn(wire, name)) {
      const param = path === "" ? name : `${path}.${name}`;
      throw invalid(param, `\`${param}\` is there twice: as \`${name}\` and as \`${field}\`.`);
    }
    setField(renamed, name, wire[field]!);
  }
  return renamed;
}

function camelCase(field: string): string {
  return field.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A list, or the one object that the API takes in place of a list of one. */
export function asList(value: JsonObject[string] | undefined): JsonObject[string] | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? [value] : value;
}
