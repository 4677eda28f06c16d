import type { JsonObject } from "@bufbuild/protobuf";
import { FinishReason } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Crossing } from "../crossing.ts";
import { objectIn, stringIn } from "../wire.ts";

/** How a response ended: the reason it is incomplete for, or else its status. */
export function nativeEnding(response: JsonObject): string {
  const status = stringIn(response.status) ?? "";
  if (status !== "incomplete") return status;
  return stringIn(objectIn(response.incomplete_details)?.reason) ?? status;
}

const meanings: Readonly<Record<string, FinishReason>> = {
  completed: FinishReason.STOP,
  max_output_tokens: FinishReason.LENGTH,
  content_filter: FinishReason.FILTERED,
};

/** A completed answer with calls waits for their results: here that goes without saying. */
export function decodeFinish(native: string, hasCalls: boolean): FinishReason {
  if (native === "completed" && hasCalls) return FinishReason.TOOL_CALLS;
  return Object.hasOwn(meanings, native) ? meanings[native]! : FinishReason.UNSPECIFIED;
}

const reasons: Partial<Record<FinishReason, string>> = {
  [FinishReason.LENGTH]: "max_output_tokens",
  [FinishReason.CONTEXT_FULL]: "max_output_tokens",
  [FinishReason.FILTERED]: "content_filter",
};

const statuses = new Set(["completed", "incomplete", "failed", "cancelled", "queued", "in_progress"]);

export interface Ending {
  readonly finishReason: FinishReason;
  readonly nativeFinishReason: string;
}

/** The fields that say how an answer ended. An ending nobody gave a reason for is taken for a plain one. */
export function encodeFinish(ending: Ending | undefined, hasCalls: boolean, crossing: Crossing): JsonObject {
  const { finishReason, nativeFinishReason: native } = ending ?? {
    finishReason: FinishReason.STOP,
    nativeFinishReason: "",
  };
  if (crossing.same) {
    if (native === "" || statuses.has(native)) return { status: native || "completed", incomplete_details: null };
    return { status: "incomplete", incomplete_details: { reason: native } };
  }
  if (finishReason === FinishReason.STOP_SEQUENCE) crossing.lose("stop_sequence");
  if (finishReason === FinishReason.CONTEXT_FULL || finishReason === FinishReason.PAUSED) crossing.lose("stop_reason");
  // That the model waits is said by its calls only.
  if (finishReason === FinishReason.TOOL_CALLS && !hasCalls) crossing.lose("finish_reason");
  const reason = reasons[finishReason];
  const vague = finishReason === FinishReason.UNSPECIFIED || finishReason === FinishReason.PAUSED;
  const beside: JsonObject = vague && native !== "" ? { native_finish_reason: native } : {};
  if (reason === undefined) return { status: "completed", incomplete_details: null, ...beside };
  return { status: "incomplete", incomplete_details: { reason }, ...beside };
}
