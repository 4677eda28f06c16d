import type { JsonObject } from "@bufbuild/protobuf";
import { FinishReason, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";

const meanings: Readonly<Record<string, FinishReason>> = {
  end_turn: FinishReason.STOP,
  stop_sequence: FinishReason.STOP_SEQUENCE,
  max_tokens: FinishReason.LENGTH,
  model_context_window_exceeded: FinishReason.CONTEXT_FULL,
  tool_use: FinishReason.TOOL_CALLS,
  refusal: FinishReason.FILTERED,
  pause_turn: FinishReason.PAUSED,
};

export function decodeFinish(native: string): FinishReason {
  return Object.hasOwn(meanings, native) ? meanings[native]! : FinishReason.UNSPECIFIED;
}

const words: Record<FinishReason, string> = {
  [FinishReason.UNSPECIFIED]: "end_turn",
  [FinishReason.STOP]: "end_turn",
  // Without the string that came up the client could not tell which one it was.
  [FinishReason.STOP_SEQUENCE]: "stop_sequence",
  [FinishReason.LENGTH]: "max_tokens",
  [FinishReason.CONTEXT_FULL]: "model_context_window_exceeded",
  [FinishReason.TOOL_CALLS]: "tool_use",
  [FinishReason.FILTERED]: "refusal",
  [FinishReason.PAUSED]: "pause_turn",
};

export interface Ending {
  readonly finishReason: FinishReason;
  readonly nativeFinishReason: string;
  readonly stopSequence: string;
}

/**
 * The fields that say how an answer ended: as it was said where it is the dialect's own answer, and otherwise in the
 * nearest word, with the origin's beside it where no word means it.
 */
export function encodeFinish(ending: Ending, kinds: ReadonlySet<Part["kind"]["case"]>, crossing: Crossing): JsonObject {
  const stop_sequence = ending.stopSequence === "" ? null : ending.stopSequence;
  if (crossing.same) return { stop_reason: ending.nativeFinishReason || null, stop_sequence };
  // An ending nobody gave a reason for is taken for a plain one.
  const isUnsaid = ending.finishReason === FinishReason.UNSPECIFIED && ending.nativeFinishReason === "";
  let reason = isUnsaid ? FinishReason.STOP : ending.finishReason;
  if (reason === FinishReason.STOP && kinds.has("refusal")) reason = FinishReason.FILTERED;
  // Some providers say a plain stop although the model waits for its calls.
  else if (reason === FinishReason.STOP && kinds.has("toolCall")) reason = FinishReason.TOOL_CALLS;
  const vague = reason === FinishReason.UNSPECIFIED;
  const native: JsonObject = vague ? { native_finish_reason: ending.nativeFinishReason } : {};
  return { stop_reason: words[reason] ?? "end_turn", stop_sequence, ...native };
}
