import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { GatewayError } from "../../server/src/canonical/error.ts";

/* Spoiling what is well formed, at random: `PONTAGE_SEED` repeats a run and `PONTAGE_NIGHTLY` makes it longer. */

export const seed = Number(process.env.PONTAGE_SEED ?? Math.floor(Math.random() * 2 ** 31));
export const rounds = process.env.PONTAGE_NIGHTLY === "1" ? 2000 : 30;

/** Runs `attempt`, which may fail only in the one allowed way. */
export function attempt<T>(what: string, attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof GatewayError)) {
      throw new Error(`${what}: ${String(error)} (repeat with PONTAGE_SEED=${seed})`, { cause: error });
    }
    expect(error.message).not.toBe("");
    expect(error.status).toBeGreaterThanOrEqual(400);
    return undefined;
  }
}

const oddValues: readonly JsonValue[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  "",
  "x",
  "\u0000\ud800",
  [],
  [null],
  [[]],
  {},
  { type: "text" },
  { type: "error" },
  { "": "" },
  "data:image/png;base64,!!",
  JSON.parse('{"__proto__":{"polluted":1}}') as JsonValue,
];

/** A copy of the value with one place in it replaced, removed or doubled. */
export function spoil(value: JsonValue, random: () => number): JsonValue {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  if (random() < 0.15 || typeof value !== "object" || value === null) return pick(oddValues);
  if (Array.isArray(value)) {
    if (value.length === 0) return [pick(oddValues)];
    const at = Math.floor(random() * value.length);
    if (random() < 0.1) return [...value, value[at]!];
    return value.map((item, index) => (index === at ? spoil(item, random) : item));
  }
  const fields = Object.keys(value);
  if (fields.length === 0) return { type: pick(oddValues) };
  const field = pick(fields);
  const copy: JsonObject = { ...value };
  if (random() < 0.1) delete copy[field];
  else copy[field] = spoil(copy[field]!, random);
  return copy;
}

export function asObject(value: JsonValue): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
