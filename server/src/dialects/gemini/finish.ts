import { FinishReason, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";

/** https://ai.google.dev/api/generate-content#FinishReason, and Vertex's of that name. */
const meanings: Readonly<Record<string, FinishReason>> = {
  STOP: FinishReason.STOP,
  MAX_TOKENS: FinishReason.LENGTH,
  SAFETY: FinishReason.FILTERED,
  RECITATION: FinishReason.FILTERED,
  LANGUAGE: FinishReason.FILTERED,
  BLOCKLIST: FinishReason.FILTERED,
  PROHIBITED_CONTENT: FinishReason.FILTERED,
  SPII: FinishReason.FILTERED,
  MODEL_ARMOR: FinishReason.FILTERED,
  IMAGE_SAFETY: FinishReason.FILTERED,
  IMAGE_PROHIBITED_CONTENT: FinishReason.FILTERED,
  IMAGE_RECITATION: FinishReason.FILTERED,
};

/** Calls that went wrong (`MALFORMED_FUNCTION_CALL` and its like) and `OTHER` are no matter of safety: nobody's word fits. */
export function decodeFinish(native: string): FinishReason {
  return Object.hasOwn(meanings, native) ? meanings[native]! : FinishReason.UNSPECIFIED;
}

/** Whether `finishMessage` says why there is no answer. After a plain stop it only says that there are calls. */
export function explains(native: string): boolean {
  return decodeFinish(native) === FinishReason.FILTERED || /^(MALFORMED|UNEXPECTED|TOO_MANY)_/.test(native);
}

/** The reason as the wire says it; "" where it says none. Some servers write enums as numbers. */
export function nativeFinish(value: unknown): string {
  const native = typeof value === "number" ? String(value) : value;
  return typeof native !== "string" || native === "FINISH_REASON_UNSPECIFIED" ? "" : native;
}

const words: Record<FinishReason, string> = {
  [FinishReason.UNSPECIFIED]: "OTHER",
  [FinishReason.STOP]: "STOP",
  [FinishReason.STOP_SEQUENCE]: "STOP",
  [FinishReason.LENGTH]: "MAX_TOKENS",
  [FinishReason.CONTEXT_FULL]: "MAX_TOKENS",
  [FinishReason.TOOL_CALLS]: "STOP",
  [FinishReason.FILTERED]: "SAFETY",
  [FinishReason.PAUSED]: "OTHER",
};

export interface Ending {
  readonly finishReason: FinishReason;
  readonly nativeFinishReason: string;
}

/**
 * The fields that say how an answer ended: as it was said where it is the dialect's own, otherwise in the nearest word,
 * with the origin's in `finishMessage` where no word means it.
 */
export function encodeFinish(ending: Ending, kinds: ReadonlySet<Part["kind"]["case"]>, crossing: Crossing) {
  const { finishReason, nativeFinishReason } = ending;
  if (crossing.same) return nativeFinishReason === "" ? {} : { finishReason: nativeFinishReason };
  if (finishReason === FinishReason.STOP_SEQUENCE) crossing.lose("stop_sequence");
  if (finishReason === FinishReason.CONTEXT_FULL) crossing.lose("stop_reason");
  // A plain stop says so by the calls it comes with.
  if (finishReason === FinishReason.TOOL_CALLS && !kinds.has("toolCall")) crossing.lose("stop_reason");
  // An ending nobody gave a reason for is taken for a plain one.
  const isUnsaid = finishReason === FinishReason.UNSPECIFIED && nativeFinishReason === "";
  let reason = isUnsaid ? FinishReason.STOP : finishReason;
  if (reason === FinishReason.STOP && kinds.has("refusal")) reason = FinishReason.FILTERED;
  const vague = reason === FinishReason.UNSPECIFIED || reason === FinishReason.PAUSED;
  return { finishReason: words[reason] ?? "OTHER", ...(vague ? { finishMessage: nativeFinishReason } : {}) };
}
