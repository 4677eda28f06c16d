import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { setField } from "../../canonical/extra.ts";
import { objectIn } from "../wire.ts";
import { inCamelCase } from "./field-names.ts";

/** Deeper schemas are left as they are: their depth is the caller's business, and the stack has an end. */
const maxDepth = 100;

/**
 * The API's own form of a schema, a subset of OpenAPI 3.0, as JSON Schema: types in small letters, `nullable` as a type,
 * counts as numbers. https://ai.google.dev/api/caching#Schema
 */
export function jsonSchemaOf(schema: JsonObject, depth = 0): JsonObject {
  if (depth > maxDepth) return schema;
  const { nullable, ...wire } = inCamelCase(schema);
  const converted: JsonObject = {};
  for (const [field, value] of Object.entries(wire)) setField(converted, field, convert(field, value, depth + 1));
  if (nullable === true) makeNullable(converted);
  return converted;
}

function convert(field: string, value: JsonValue, depth: number): JsonValue {
  if (field === "type") return typeof value === "string" ? value.toLowerCase() : value;
  if (counts.has(field)) return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  const object = objectIn(value);
  if (field === "properties" || field === "defs" || field === "$defs") {
    if (object === undefined) return value;
    const properties: JsonObject = {};
    for (const [name, property] of Object.entries(object)) setField(properties, name, schemaOrValue(property, depth));
    return properties;
  }
  if (field === "items" || field === "additionalProperties") return schemaOrValue(value, depth);
  if (field === "anyOf" || field === "prefixItems") {
    return Array.isArray(value) ? value.map((item) => schemaOrValue(item, depth)) : value;
  }
  return value;
}

function schemaOrValue(value: JsonValue, depth: number): JsonValue {
  const schema = objectIn(value);
  return schema ? jsonSchemaOf(schema, depth) : value;
}

function makeNullable(schema: JsonObject): void {
  if (typeof schema.type === "string") schema.type = [schema.type, "null"];
  else if (Array.isArray(schema.anyOf)) schema.anyOf = [...schema.anyOf, { type: "null" }];
  if (Array.isArray(schema.enum) && !schema.enum.includes(null)) schema.enum = [...schema.enum, null];
}

/** 64-bit counts, which protobuf writes as strings. */
const counts = new Set(["maxItems", "minItems", "maxProperties", "minProperties", "maxLength", "minLength"]);
