import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GenerateEvent, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { choiceFinished, partClosed, partGrown, partOpened } from "../../canonical/events.ts";
import { mergeExtra } from "../../canonical/extra.ts";
import { cite, kept } from "../citations.ts";
import { listIn, objectIn, stringIn } from "../wire.ts";
import { decodeSources, sourcesApart } from "./citations.ts";
import { decodeFinish, nativeFinish } from "./finish.ts";
import { createPartialArguments, type PartialArguments } from "./partial-arguments.ts";
import { answerIds, candidateExtra, decodeAnswerPart, explanation } from "./reply.ts";

/** Decodes what the chunks of one stream say of one candidate. */
export interface CandidateDecoder {
  push(wire: JsonObject, events: GenerateEvent[]): void;
  /** Closes what is open and says why the candidate ended. */
  finish(events: GenerateEvent[]): void;
}

export function createCandidateDecoder(choice: number, replyId: string): CandidateDecoder {
  const ids = answerIds(replyId);
  let nextPart = 0;
  /** The words that grow now: each chunk goes on where the one before has stopped. */
  let prose: { readonly kind: "text" | "reasoning"; readonly index: number; words: string } | undefined;
  /** A call whose arguments come in pieces. */
  let call: { readonly wire: JsonObject; readonly args: PartialArguments } | undefined;
  let native = "";
  let finishMessage: JsonValue | undefined;
  let extra: JsonObject | undefined;

  function open(part: Part, events: GenerateEvent[]): number {
    const index = nextPart;
    nextPart += 1;
    events.push(partOpened(choice, index, part));
    return index;
  }

  function closeProse(events: GenerateEvent[]): void {
    if (prose) events.push(partClosed(choice, prose.index));
    prose = undefined;
  }

  function readPart(wire: JsonObject, events: GenerateEvent[]): void {
    const called = objectIn(wire.functionCall);
    if (called && isPiece(called)) {
      readPiece(wire, called, events);
      return;
    }
    finishCall(events);
    for (const part of decodeAnswerPart(wire, ids)) read(part, events);
  }

  function read(part: Part, events: GenerateEvent[]): void {
    const { kind, extra, origin } = part;
    // What is signed is a part of its own, and stays one: a signature is for the words that it came with, if any.
    const isWhole = (kind.case !== "text" && kind.case !== "reasoning") || extra !== undefined || origin !== undefined;
    if (isWhole) {
      closeProse(events);
      events.push(partClosed(choice, open(part, events)));
    } else if (prose?.kind === kind.case) {
      prose.words = kept(prose.words, kind.value.text);
      events.push(partGrown(choice, prose.index, { case: "text", value: kind.value.text }));
    } else {
      closeProse(events);
      prose = { kind: kind.case, index: open(part, events), words: kind.value.text };
    }
  }

  function isPiece(called: JsonObject): boolean {
    const continues = called.willContinue !== undefined || called.partialArgs !== undefined;
    return continues || (call !== undefined && called.name === undefined);
  }

  function readPiece(wire: JsonObject, called: JsonObject, events: GenerateEvent[]): void {
    if (call === undefined || typeof called.name === "string") {
      finishCall(events);
      call = { wire, args: createPartialArguments(objectIn(called.args) ?? {}) };
    }
    call.args.add(called.partialArgs);
    if (called.willContinue !== true) finishCall(events);
  }

  /** Other dialects' arguments only grow at their end, and these may grow anywhere: they are told when they are whole. */
  function finishCall(events: GenerateEvent[]): void {
    if (call === undefined) return;
    const { wire, args } = call;
    call = undefined;
    const { partialArgs: _, willContinue: __, ...called } = objectIn(wire.functionCall) ?? {};
    const whole = { ...wire, functionCall: { ...called, args: args.value } };
    for (const part of decodeAnswerPart(whole, ids)) read(part, events);
  }

  return {
    push(wire, events) {
      for (const part of listIn(objectIn(wire.content)?.parts) ?? []) readPart(objectIn(part) ?? {}, events);
      native = nativeFinish(wire.finishReason) || native;
      finishMessage = stringIn(wire.finishMessage) ?? finishMessage;
      extra = mergeCandidateExtra(extra, candidateExtra(wire));
    },
    finish(events) {
      finishCall(events);
      if (prose?.kind === "text" && extra) {
        cite(choice, prose.index, decodeSources(extra, prose.words, undefined), events);
        extra = sourcesApart(extra);
      }
      closeProse(events);
      const why = explanation(native, finishMessage);
      if (why) events.push(partClosed(choice, open(why, events)));
      events.push(choiceFinished({ choice, finishReason: decodeFinish(native), nativeFinishReason: native, extra }));
    },
  };
}

/** Citations and log probabilities continue from chunk to chunk; other fields are said anew. */
function mergeCandidateExtra(before: JsonObject | undefined, more: JsonObject | undefined): JsonObject | undefined {
  if (before === undefined || more === undefined) return before ?? more;
  const merged: JsonObject = { ...before };
  for (const [field, value] of Object.entries(more)) {
    const continues = field === "citationMetadata" || field === "logprobsResult";
    merged[field] = continues ? (mergeExtra(objectIn(before[field]), objectIn(value)) ?? value) : value;
  }
  return merged;
}
