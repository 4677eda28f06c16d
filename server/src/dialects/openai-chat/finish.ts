import { FinishReason, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";

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

/** The `finish_reason` of an answer from another dialect, and the origin's word where none of chat's means it. */
export function encodeFinish(
  ending: Ending,
  kinds: ReadonlySet<Part["kind"]["case"]>,
): { word: string; native?: string } {
  const { finishReason, nativeFinishReason } = ending;
  // Some providers say a plain stop although the model waits for its calls.
  const waits = finishReason === FinishReason.STOP && kinds.has("toolCall");
  const word = waits ? "tool_calls" : (words[finishReason] ?? "stop");
  const vague = finishReason === FinishReason.UNSPECIFIED || finishReason === FinishReason.PAUSED;
  return vague && nativeFinishReason !== "" ? { word, native: nativeFinishReason } : { word };
}
