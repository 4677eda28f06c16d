import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** Deep enough for real schemas, and an end for recursive ones. */
const maxDepth = 12;

/** A value that fits a JSON Schema: the smallest one that is not silly. */
export function sampleOf(schema: JsonObject): JsonValue {
  return sample(schema, schema, 0);
}

function sample(schema: JsonValue | undefined, root: JsonObject, depth: number): JsonValue {
  if (!isObject(schema) || depth > maxDepth) return {};
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0] ?? null;
  if (schema.default !== undefined) return schema.default;
  if (typeof schema.$ref === "string") return sample(resolve(schema.$ref, root), root, depth + 1);
  for (const several of [schema.anyOf, schema.oneOf]) {
    if (Array.isArray(several)) return sample(several[0], root, depth + 1);
  }
  if (Array.isArray(schema.allOf)) {
    return Object.assign({}, ...schema.allOf.map((one) => sample(one, root, depth + 1))) as JsonObject;
  }
  switch (typeOf(schema)) {
    case "object":
      return object(schema, root, depth);
    case "array": {
      const count = Math.min(Math.max(1, numberOr(schema.minItems, 1)), 10);
      return Array.from({ length: count }, () => sample(schema.items, root, depth + 1));
    }
    case "string":
      return string(schema);
    case "integer":
      return Math.ceil(within(schema, 1));
    case "number":
      return within(schema, 1.5);
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return {};
  }
}

function object(schema: JsonObject, root: JsonObject, depth: number): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : Object.keys(properties);
  return Object.fromEntries(required.map((name) => [String(name), sample(properties[String(name)], root, depth + 1)]));
}

const formats: Readonly<Record<string, string>> = {
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z",
  time: "12:00:00Z",
  email: "someone@example.com",
  uri: "https://example.com/",
  uuid: "00000000-0000-4000-8000-000000000000",
  ipv4: "192.0.2.1",
};

function string(schema: JsonObject): string {
  const known = typeof schema.format === "string" ? formats[schema.format] : undefined;
  const text = (known ?? "example").padEnd(numberOr(schema.minLength, 0), "x");
  return text.slice(0, numberOr(schema.maxLength, text.length));
}

function within(schema: JsonObject, wish: number): number {
  const least = numberOr(schema.minimum, numberOr(schema.exclusiveMinimum, Number.NEGATIVE_INFINITY - 1) + 1);
  const most = numberOr(schema.maximum, numberOr(schema.exclusiveMaximum, Number.POSITIVE_INFINITY) - 1);
  return Math.min(Math.max(wish, least), most);
}

function typeOf(schema: JsonObject): JsonValue | undefined {
  if (schema.type === undefined && isObject(schema.properties)) return "object";
  return Array.isArray(schema.type) ? schema.type.find((type) => type !== "null") : schema.type;
}

function resolve(ref: string, root: JsonObject): JsonValue | undefined {
  let at: JsonValue | undefined = root;
  for (const step of ref.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    at = isObject(at) ? at[step.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  return at;
}

function numberOr(value: JsonValue | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
