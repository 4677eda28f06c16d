import { FinishReason, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";

const meanings: Readonly<Record<string, FinishReason>> = {
  COMPLETE: FinishReason.STOP,
  STOP_SEQUENCE: FinishReason.STOP_SEQUENCE,
  MAX_TOKENS: FinishReason.LENGTH,
  TOOL_CALL: FinishReason.TOOL_CALLS,
};

export function decodeFinish(native: string): FinishReason {
  return Object.hasOwn(meanings, native) ? meanings[native]! : FinishReason.UNSPECIFIED;
}

const words: Record<FinishReason, string> = {
  [FinishReason.UNSPECIFIED]: "COMPLETE",
  [FinishReason.STOP]: "COMPLETE",
  [FinishReason.STOP_SEQUENCE]: "STOP_SEQUENCE",
  [FinishReason.LENGTH]: "MAX_TOKENS",
  [FinishReason.CONTEXT_FULL]: "MAX_TOKENS",
  [FinishReason.TOOL_CALLS]: "TOOL_CALL",
  [FinishReason.FILTERED]: "COMPLETE",
  [FinishReason.PAUSED]: "COMPLETE",
};

export interface Ending {
  readonly finishReason: FinishReason;
  readonly nativeFinishReason: string;
  readonly stopSequence: string;
}

/** The word for how an answer ended; undefined where the same dialect said none. */
export function encodeFinish(
  { finishReason, nativeFinishReason, stopSequence }: Ending,
  kinds: ReadonlySet<Part["kind"]["case"]>,
  crossing: Crossing,
): string | undefined {
  if (crossing.same) return nativeFinishReason || undefined;
  const isVague = finishReason === FinishReason.UNSPECIFIED && nativeFinishReason !== "";
  if (isVague || kinds.has("refusal") || weakened.has(finishReason)) crossing.lose("finish_reason");
  // That one has stopped it can be said, and not which.
  if (stopSequence !== "") crossing.lose("stop_sequence");
  const isUnsaid = finishReason === FinishReason.UNSPECIFIED && nativeFinishReason === "";
  // Some providers say a plain stop although the model waits for its calls.
  const waits = (finishReason === FinishReason.STOP || isUnsaid) && kinds.has("toolCall");
  return waits ? "TOOL_CALL" : (words[finishReason] ?? "COMPLETE");
}

const weakened: ReadonlySet<FinishReason> = new Set([
  FinishReason.CONTEXT_FULL,
  FinishReason.FILTERED,
  FinishReason.PAUSED,
]);
