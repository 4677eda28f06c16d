import { FinishReason, type Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";

const meanings: Readonly<Record<string, FinishReason>> = {
  stop: FinishReason.STOP,
  length: FinishReason.LENGTH,
  content_filter: FinishReason.FILTERED,
};

export function decodeFinish(native: string): FinishReason {
  return Object.hasOwn(meanings, native) ? meanings[native]! : FinishReason.UNSPECIFIED;
}

/** Ollama itself never filters. A stop would tell the client that the answer is whole, so chat's word says it is not. */
const words: Record<FinishReason, string> = {
  [FinishReason.UNSPECIFIED]: "stop",
  [FinishReason.STOP]: "stop",
  [FinishReason.STOP_SEQUENCE]: "stop",
  [FinishReason.LENGTH]: "length",
  [FinishReason.CONTEXT_FULL]: "length",
  [FinishReason.TOOL_CALLS]: "stop",
  [FinishReason.FILTERED]: "content_filter",
  [FinishReason.PAUSED]: "stop",
};

export interface Ending {
  readonly finishReason: FinishReason;
  readonly nativeFinishReason: string;
}

/** The word for how an answer ended; undefined where the same dialect said none. */
export function encodeFinish(
  ending: Ending,
  kinds: ReadonlySet<Part["kind"]["case"]>,
  crossing: Crossing,
): string | undefined {
  const { finishReason, nativeFinishReason } = ending;
  if (crossing.same) return nativeFinishReason || undefined;
  // Chat says a refusal with a plain stop; here its words are text, so the ending must say it.
  if (finishReason === FinishReason.STOP && kinds.has("refusal")) return "content_filter";
  if (finishReason === FinishReason.STOP_SEQUENCE) crossing.lose("stop_sequence");
  const isVague = finishReason === FinishReason.UNSPECIFIED && nativeFinishReason !== "";
  const isWeakened = finishReason === FinishReason.CONTEXT_FULL || finishReason === FinishReason.PAUSED;
  const waitsForNothing = finishReason === FinishReason.TOOL_CALLS && !kinds.has("toolCall");
  if (isVague || isWeakened || waitsForNothing) crossing.lose("finish_reason");
  return words[finishReason] ?? "stop";
}
