import type { JsonObject } from "@bufbuild/protobuf";
import { FinishReason, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";

const meanings: Readonly<Record<string, FinishReason>> = {
  stop: FinishReason.STOP,
  length: FinishReason.LENGTH,
  tool_calls: FinishReason.TOOL_CALLS,
  function_call: FinishReason.TOOL_CALLS,
  content_filter: FinishReason.FILTERED,
  // Compatible servers: Together, Mistral.
  eos: FinishReason.STOP,
  model_length: FinishReason.CONTEXT_FULL,
};

export function decodeFinish(native: string): FinishReason {
  return Object.hasOwn(meanings, native) ? meanings[native]! : FinishReason.UNSPECIFIED;
}

const words: Record<FinishReason, string> = {
  [FinishReason.UNSPECIFIED]: "stop",
  [FinishReason.STOP]: "stop",
  [FinishReason.STOP_SEQUENCE]: "stop",
  [FinishReason.LENGTH]: "length",
  [FinishReason.CONTEXT_FULL]: "length",
  [FinishReason.TOOL_CALLS]: "tool_calls",
  [FinishReason.FILTERED]: "content_filter",
  [FinishReason.PAUSED]: "stop",
};

export interface Ending {
  readonly finishReason: FinishReason;
  readonly nativeFinishReason: string;
}

/**
 * The fields that say how an answer ended: as it was said where it is the dialect's own answer, and otherwise in chat's
 * nearest word, with the origin's beside it where no word of chat means it.
 */
export function encodeFinish(ending: Ending, kinds: ReadonlySet<Part["kind"]["case"]>, crossing: Crossing): JsonObject {
  const { finishReason, nativeFinishReason } = ending;
  if (crossing.same) return { finish_reason: nativeFinishReason || null };
  if (finishReason === FinishReason.STOP_SEQUENCE) crossing.lose("stop_sequence");
  if (finishReason === FinishReason.CONTEXT_FULL) crossing.lose("stop_reason");
  // Some providers say a plain stop although the model waits for its calls.
  const isUnsaid = finishReason === FinishReason.UNSPECIFIED && nativeFinishReason === "";
  const waits = (finishReason === FinishReason.STOP || isUnsaid) && kinds.has("toolCall");
  const word = waits ? "tool_calls" : (words[finishReason] ?? "stop");
  const vague = finishReason === FinishReason.UNSPECIFIED || finishReason === FinishReason.PAUSED;
  const native: JsonObject = vague && nativeFinishReason !== "" ? { native_finish_reason: nativeFinishReason } : {};
  return { finish_reason: word, ...native };
}
