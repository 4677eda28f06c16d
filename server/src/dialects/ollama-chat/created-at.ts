import type { JsonObject } from "@bufbuild/protobuf";
import { spelling } from "../crossing.ts";
import { stringIn } from "../wire.ts";

/** The time of an answer in whole seconds; zero where it does not say. */
export function secondsOf(createdAt: string): number {
  const seconds = Math.floor(Date.parse(createdAt) / 1000);
  return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : 0;
}

/** The time as it was said, which is finer than seconds, or as seconds say it. */
export function createdAtOf(extra: JsonObject | undefined, seconds: number): string {
  return stringIn(extra?.[spelling]) ?? asText(seconds);
}

const latestSeconds = 253_402_300_799; // the year 9999

function asText(seconds: number): string {
  return new Date(Math.min(Math.max(seconds, 0), latestSeconds) * 1000).toISOString().replace(".000Z", "Z");
}
