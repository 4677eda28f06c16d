import type { JsonObject } from "@bufbuild/protobuf";
import type { CacheMark } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { lookUp, objectIn } from "../wire.ts";

const secondsOf: Readonly<Record<string, number>> = { "5m": 300, "1h": 3600 };

/** A block that says "cache up to here". Undefined for other blocks and for forms not known. */
export function decodeCachePoint(block: JsonObject): CacheMark | undefined {
  const wire = objectIn(block.cachePoint);
  if (wire?.type !== "default" || Object.keys(block).length > 1) return undefined;
  const known = Object.keys(wire).every((field) => field === "type" || field === "ttl");
  const ttl = wire.ttl ?? undefined;
  const ttlSeconds = ttl === undefined ? 0 : typeof ttl === "string" ? lookUp(secondsOf, ttl) : undefined;
  return ttlSeconds === undefined || !known ? undefined : { $typeName: "pontage.v1.CacheMark", ttlSeconds };
}

/** `sayDefault`: five minutes are said although they are what happens unsaid. */
export function encodeCachePoint({ ttlSeconds }: CacheMark, sayDefault: boolean): JsonObject {
  const point: JsonObject = { type: "default" };
  if (ttlSeconds > 300) point.ttl = "1h";
  else if (ttlSeconds > 0 && sayDefault) point.ttl = "5m";
  return { cachePoint: point };
}
