import type { JsonObject } from "@bufbuild/protobuf";
import { FinishReason, type GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { choiceFinished, finished, opened } from "../../canonical/events.ts";
import { setField } from "../../canonical/extra.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import type { StreamDecoder } from "../dialect.ts";
import { decoderOf, garbage, truncated } from "../stream-decoder.ts";
import { countIn, listIn, objectIn, parseObject, stringIn } from "../wire.ts";
import { type CandidateDecoder, createCandidateDecoder } from "./candidate-decode.ts";
import { errorInAnswer } from "./error.ts";
import { nativeFinish } from "./finish.ts";
import { blockedExtra, blockReason, replyExtra, secondsIn } from "./reply.ts";
import { decodeUsage } from "./usage.ts";

const dialect = "gemini";

/**
 * Chunks, each of them an answer as far as it goes, to events. No chunk says that it is the last: a candidate may go on
 * after its finish reason, and older models put one on every chunk. An answer is complete when a finish reason has been
 * seen, or that the prompt was blocked, and the bytes end.
 */
export function createDecoder(): StreamDecoder {
  const candidates = new Map<number, CandidateDecoder>();
  let replyId = "";
  let isOpen = false;
  let isEnded = false;
  let blocked: string | undefined;
  let usage: Usage | undefined;
  let saidUsage: JsonObject | undefined;
  let openedExtra: JsonObject = {};
  let laterExtra: JsonObject | undefined;

  function open(chunk: JsonObject, extra: JsonObject | undefined, events: GenerateEvent[]): void {
    isOpen = true;
    replyId = stringIn(chunk.responseId) ?? "";
    openedExtra = extra ?? {};
    events.push(
      opened({
        id: replyId,
        model: stringIn(chunk.modelVersion) ?? "",
        createTimeSeconds: secondsIn(chunk.createTime),
        dialect,
        extra,
        usage,
      }),
    );
  }

  /** Most chunks repeat the same fields; only what is new since the opening is kept for the end. */
  function keepExtra(extra: JsonObject | undefined): void {
    for (const field in extra) {
      const value = extra[field]!;
      // What blocked the prompt is not taken back.
      if (value === openedExtra[field] || (field === "promptFeedback" && blocked !== undefined)) continue;
      laterExtra ??= {};
      setField(laterExtra, field, value);
    }
  }

  function readChunk(chunk: JsonObject, events: GenerateEvent[]): void {
    const counted = decodeUsage(chunk.usageMetadata);
    usage = counted ?? usage;
    // Some chunks say only how they are served.
    if (counted || saidUsage === undefined) saidUsage = objectIn(chunk.usageMetadata) ?? saidUsage;
    const { usage: _, ...extra } = replyExtra(chunk) ?? {};
    if (isOpen) keepExtra(extra);
    else open(chunk, Object.keys(extra).length > 0 ? extra : undefined, events);
    for (const item of listIn(chunk.candidates) ?? []) {
      const candidate = objectIn(item);
      if (candidate) candidateAt(countIn(candidate.index) ?? 0).push(candidate, events);
      if (nativeFinish(candidate?.finishReason) !== "") isEnded = true;
    }
    if (candidates.size === 0) blocked = blockReason(chunk) ?? blocked;
    if (blocked !== undefined) isEnded = true;
  }

  function candidateAt(index: number): CandidateDecoder {
    let candidate = candidates.get(index);
    if (candidate === undefined) {
      candidate = createCandidateDecoder(index, replyId);
      candidates.set(index, candidate);
    }
    return candidate;
  }

  function finish(events: GenerateEvent[]): void {
    for (const [, candidate] of [...candidates].sort(([a], [b]) => a - b)) candidate.finish(events);
    if (candidates.size === 0) {
      const nativeFinishReason = blocked ?? "";
      events.push(
        choiceFinished({ choice: 0, finishReason: FinishReason.FILTERED, nativeFinishReason, extra: blockedExtra }),
      );
    }
    const extra = saidUsage ? { ...laterExtra, usage: saidUsage } : laterExtra;
    events.push(finished(usage, extra));
  }

  return decoderOf(
    (frame, events) => readChunk(chunkIn(frame), events),
    (events) => {
      if (!isEnded) throw truncated();
      finish(events);
    },
  );
}

function chunkIn(frame: Frame): JsonObject {
  const chunk = parseObject(frame.data);
  if (chunk === undefined) {
    throw garbage("holds an event that is not a JSON object");
  }
  if (isError(frame, chunk)) throw errorInAnswer(chunk);
  return chunk;
}

export function isError(frame: Frame, chunk: JsonObject): boolean {
  return Boolean(chunk.error) || frame.event === "error";
}
