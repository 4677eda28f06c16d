import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { CacheMark } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { lookUp, objectIn } from "./wire.ts";

const secondsOf: Readonly<Record<string, number>> = { "5m": 300, "1h": 3600 };

/** `cache_control` as Anthropic writes it, which several chat dialects accept too. Undefined for forms not known. */
export function decodeCacheMark(value: JsonValue | undefined): CacheMark | undefined {
  const wire = objectIn(value);
  if (wire?.type !== "ephemeral") return undefined;
  const ttl = wire.ttl ?? undefined;
  const ttlSeconds = ttl === undefined ? 0 : typeof ttl === "string" ? lookUp(secondsOf, ttl) : undefined;
  const known = Object.keys(wire).every((field) => field === "type" || field === "ttl");
  return ttlSeconds === undefined || !known ? undefined : { $typeName: "pontage.v1.CacheMark", ttlSeconds };
}

export function encodeCacheMark(mark: CacheMark): JsonObject {
  if (mark.ttlSeconds === 0) return { type: "ephemeral" };
  return { type: "ephemeral", ttl: mark.ttlSeconds <= 300 ? "5m" : "1h" };
}
