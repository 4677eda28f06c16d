import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** What does not count as a difference between a recorded body and the one written back from the canonical model. */
export interface Exception {
  readonly why: string;
  readonly applies: (path: readonly string[], value: JsonValue) => boolean;
  /** The value both sides are compared by. Undefined takes the field away. */
  readonly as: (value: JsonValue) => JsonValue | undefined;
}

/**
 * Null and absent are the same. Beyond that, the canonical model holds one form of what these dialects say in two, and
 * writes that one. This list is all there is.
 */
export const exceptions: readonly Exception[] = [
  {
    why: "an empty text says nothing: `content` may be empty, null or absent",
    applies: (path, value) => path.at(-1) === "content" && path.includes("message") && value === "",
    as: () => undefined,
  },
  {
    why: "`stream: false` is the default",
    applies: (path, value) => path.length === 1 && path[0] === "stream" && value === false,
    as: () => undefined,
  },
  {
    why: "an empty description says nothing",
    applies: (path, value) => path.at(-1) === "description" && value === "",
    as: () => undefined,
  },
  {
    why: "some servers repeat a call's place in its list",
    applies: (path) => path.includes("tool_calls") && path.at(-1) === "index",
    as: () => undefined,
  },
  {
    why: "no calls are no calls",
    applies: (path, value) => path.at(-1) === "tool_calls" && Array.isArray(value) && value.length === 0,
    as: () => undefined,
  },
  {
    why: "an answer always says whose it is",
    applies: (path) => path.at(-1) === "role" && path.includes("choices"),
    as: () => undefined,
  },
  {
    why: "Perplexity repeats the beginning of its stream in a whole answer",
    applies: (path) => path.at(-1) === "delta" && path.includes("choices"),
    as: () => undefined,
  },
  {
    why: "no candidates are no candidates",
    applies: (path, value) => path.at(-1) === "candidates" && Array.isArray(value) && value.length === 0,
    as: () => undefined,
  },
  {
    why: "a candidate's content may be empty or absent",
    applies: (path, value) => path.at(-1) === "content" && path[0] === "candidates" && isEmpty(value),
    as: () => undefined,
  },
  {
    why: "protobuf leaves out a place that is 0",
    applies: (path, value) => path.at(-1) === "index" && path[0] === "candidates" && value === 0,
    as: () => undefined,
  },
  {
    why: "Azure leaves out the message of an answer that was filtered",
    applies: (path, value) => path.at(-1) === "message" && Object.keys(value as JsonObject).length === 0,
    as: () => undefined,
  },
];

function isEmpty(value: JsonValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The value without what does not count. */
export function comparable(value: JsonValue | undefined, path: readonly string[] = []): JsonValue | undefined {
  if (value === undefined || value === null) return undefined;
  let result: JsonValue | undefined = value;
  if (Array.isArray(value)) {
    result = value.map((item, index) => comparable(item, [...path, `${index}`]) ?? null);
  } else if (typeof value === "object") {
    const fields = Object.entries(value).map(([field, item]) => [field, comparable(item, [...path, field])] as const);
    result = Object.fromEntries(fields.filter(([, item]) => item !== undefined)) as JsonObject;
  }
  for (const { applies, as } of exceptions) {
    if (result !== undefined && applies(path, result)) result = as(result);
  }
  return result;
}
