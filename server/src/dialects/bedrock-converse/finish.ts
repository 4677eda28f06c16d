import type { JsonObject } from "@bufbuild/protobuf";
import { FinishReason, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";
import { objectIn, stringIn } from "../wire.ts";

const meanings: Readonly<Record<string, FinishReason>> = {
  end_turn: FinishReason.STOP,
  stop_sequence: FinishReason.STOP_SEQUENCE,
  max_tokens: FinishReason.LENGTH,
  model_context_window_exceeded: FinishReason.CONTEXT_FULL,
  tool_use: FinishReason.TOOL_CALLS,
  guardrail_intervened: FinishReason.FILTERED,
  content_filtered: FinishReason.FILTERED,
};

/** `malformed_model_output` and `malformed_tool_use` are no ending that others have a word for; the service's is kept. */
export function decodeFinish(native: string): FinishReason {
  return Object.hasOwn(meanings, native) ? meanings[native]! : FinishReason.UNSPECIFIED;
}

const words: Record<FinishReason, string> = {
  [FinishReason.UNSPECIFIED]: "end_turn",
  [FinishReason.STOP]: "end_turn",
  [FinishReason.STOP_SEQUENCE]: "stop_sequence",
  [FinishReason.LENGTH]: "max_tokens",
  [FinishReason.CONTEXT_FULL]: "model_context_window_exceeded",
  [FinishReason.TOOL_CALLS]: "tool_use",
  [FinishReason.FILTERED]: "content_filtered",
  [FinishReason.PAUSED]: "end_turn",
};

export interface Ending {
  readonly finishReason: FinishReason;
  readonly nativeFinishReason: string;
  readonly stopSequence: string;
  readonly extra?: JsonObject | undefined;
}

/** Which stop string came up is told only to those who ask for that field of the model's own answer. */
export function stopSequenceIn(modelFields: unknown): string {
  return stringIn(objectIn(modelFields)?.stop_sequence) ?? "";
}

/** How an answer ended: `stopReason`, and what has no word here among the model's own fields. */
export function encodeFinish(ending: Ending, kinds: ReadonlySet<Part["kind"]["case"]>, crossing: Crossing): JsonObject {
  if (crossing.same) return { stopReason: ending.nativeFinishReason, ...ending.extra };
  crossing.extra(ending.extra, "");
  // An ending nobody gave a reason for is taken for a plain one.
  const isUnsaid = ending.finishReason === FinishReason.UNSPECIFIED && ending.nativeFinishReason === "";
  let reason = isUnsaid ? FinishReason.STOP : ending.finishReason;
  if (reason === FinishReason.STOP && kinds.has("refusal")) reason = FinishReason.FILTERED;
  // Some providers say a plain stop although the model waits for its calls.
  else if (reason === FinishReason.STOP && kinds.has("toolCall")) reason = FinishReason.TOOL_CALLS;
  const fields: JsonObject = {};
  if (ending.stopSequence !== "") fields.stop_sequence = ending.stopSequence;
  if (reason === FinishReason.UNSPECIFIED) fields.native_finish_reason = ending.nativeFinishReason;
  if (reason === FinishReason.PAUSED) crossing.lose("stop_reason");
  return {
    stopReason: words[reason] ?? "end_turn",
    ...(Object.keys(fields).length > 0 ? { additionalModelResponseFields: fields } : {}),
  };
}
