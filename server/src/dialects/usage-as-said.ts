import type { JsonObject } from "@bufbuild/protobuf";
import { type Usage, usageBuckets } from "../canonical/usage.ts";
import { objectIn } from "./wire.ts";

/*
 * A vendor says more in its `usage` than tokens (tiers, regions, its own price). The object is kept whole in the reply's
 * `extra`, and written back to the same dialect as long as the tokens are still the ones it says.
 */
export function usageAsSaid(
  said: unknown,
  usage: Usage | undefined,
  decode: (wire: unknown) => Usage | undefined,
): JsonObject | undefined {
  const wire = objectIn(said);
  const decoded = decode(wire);
  const same = decoded && usage && usageBuckets.every((bucket) => decoded[bucket] === usage[bucket]);
  return same ? wire : undefined;
}
