import type { JsonObject } from "@bufbuild/protobuf";
import type { ChoiceFinished, Opened, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import { Crossing, spelling } from "../crossing.ts";
import type { StreamContext, StreamEncoder } from "../dialect.ts";
import { replyPath } from "../reply-path.ts";
import { encoderOf } from "../stream-encoder.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { objectIn } from "../wire.ts";
import { encodeSources, type SourcedText, sourcesTogether } from "./citations.ts";
import { errorFrame } from "./error.ts";
import { encodeFinish } from "./finish.ts";
import { ownSignature } from "./parts.ts";
import { answerContext, encodeAnswerPart, isBlocked, timeOf } from "./reply.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";

/** What is remembered of a part while it is open. */
interface OpenPart {
  readonly path: string;
  /** Around the text of a delta, ready to be joined: this runs once per token. */
  readonly before: string;
  readonly after: string;
  /** A call, gathered: calls are told whole here. */
  readonly call: Part | undefined;
  /** Words, for a signature that comes after them. */
  readonly words: Part | undefined;
}

interface OpenChoice {
  readonly index: number;
  readonly parts: Map<number, OpenPart>;
  readonly kinds: Set<Part["kind"]["case"]>;
  ending: ChoiceFinished | undefined;
  readonly sourced: SourcedText[];
}

/** Events to chunks, each an answer as far as it goes. The last one has the finish reasons and the usage. */
export function createEncoder(context: StreamContext): StreamEncoder {
  let crossing = new Crossing("", "gemini", context.losses);
  let parts = answerContext(crossing);
  /** The end of every chunk: the model and the answer's id. */
  let tail = "";
  const choices = new Map<number, OpenChoice>();
  let extra: JsonObject = {};
  let frames: Frame[] = [];

  function emit(data: string): void {
    frames.push({ event: "", data });
  }

  function open(event: Opened): void {
    crossing = new Crossing(event.dialect, "gemini", context.losses);
    parts = answerContext(crossing);
    const { [spelling]: createTime, ...more } = event.extra ?? {};
    extra = more;
    const shared: JsonObject = { modelVersion: event.model || context.model, responseId: event.id || context.id };
    if (crossing.same && createTime !== undefined) shared.createTime = createTime;
    else if (event.createTimeSeconds > 0n) shared.createTime = timeOf(event.createTimeSeconds);
    tail = JSON.stringify(shared).slice(1);
  }

  function choiceAt(index: number): OpenChoice {
    let choice = choices.get(index);
    if (choice === undefined) {
      choice = { index, parts: new Map(), kinds: new Set(), ending: undefined, sourced: [] };
      choices.set(index, choice);
    }
    return choice;
  }

  function emitPart(choice: OpenChoice, part: JsonObject): void {
    emit(`${partHead}${JSON.stringify(part)}${partTail(choice)}`);
  }

  function partTail(choice: OpenChoice): string {
    return `],"role":"model"},"index":${choice.index}}],${tail}`;
  }

  function openPart(choice: OpenChoice, index: number, part: Part): void {
    const { kind } = part;
    const path = replyPath(crossing.from, choice.index, index);
    choice.kinds.add(kind.case);
    if (kind.case === "toolCall") {
      // A copy of its own, so that growing it changes nobody's event.
      const call: Part = { ...part, kind: { case: "toolCall", value: { ...kind.value } } };
      choice.parts.set(index, { path, before: "", after: "", call, words: undefined });
      return;
    }
    const wire = encodeAnswerPart(part, path, parts);
    if (wire === undefined) return;
    if (kind.case !== "text" && kind.case !== "refusal" && kind.case !== "reasoning") {
      emitPart(choice, wire);
      return;
    }
    const after = `${kind.case === "reasoning" ? ',"thought":true' : ""}}${partTail(choice)}`;
    const before = `${partHead}{"text":`;
    choice.parts.set(index, { path, before, after, call: undefined, words: unsigned(part) });
    if (kind.value.text !== "" || wire.thoughtSignature !== undefined) emitPart(choice, wire);
  }

  function growPart(choice: OpenChoice, index: number, delta: PartGrown["delta"]): void {
    const open = choice.parts.get(index);
    if (open === undefined) return;
    const { call, words } = open;
    switch (delta.case) {
      case "text":
        emit(open.before + JSON.stringify(delta.value) + open.after);
        return;
      case "arguments":
        if (call?.kind.case === "toolCall") call.kind.value.arguments += delta.value;
        return;
      case "signature":
        if (words?.kind.case === "reasoning") words.kind.value.signature += delta.value;
        else if (words) words.signature = (words.signature ?? "") + delta.value;
        else if (call) call.signature = (call.signature ?? "") + delta.value;
        return;
      case "extra": {
        const own = crossing.extra(delta.value, open.path);
        if (own && words) emitPart(choice, { text: "", ...own });
      }
    }
  }

  function closePart(choice: OpenChoice, index: number): void {
    const open = choice.parts.get(index);
    choice.parts.delete(index);
    if (open?.call) {
      const wire = encodeAnswerPart(open.call, open.path, parts);
      if (wire) emitPart(choice, wire);
    }
    if (open?.words) {
      const thoughtSignature = ownSignature(open.words, open.path, crossing);
      const thought: JsonObject = open.words.kind.case === "reasoning" ? { thought: true } : {};
      if (thoughtSignature !== undefined) emitPart(choice, { text: "", ...thought, thoughtSignature });
    }
  }

  function finish(usage: Usage | undefined, more: JsonObject | undefined): void {
    const { usage: said, ...rest } = { ...extra, ...more };
    if (choices.size === 0) choiceAt(0);
    const ends = [...choices.values()].filter(({ ending }) => !(crossing.same && isBlocked(ending?.extra)));
    const wire: JsonObject = {};
    if (ends.length > 0) wire.candidates = ends.sort((a, b) => a.index - b.index).map(endOf);
    const raw = crossing.same
      ? (usageAsSaid(said, usage, decodeUsage) ?? (usage ? undefined : objectIn(said)))
      : undefined;
    if (raw) wire.usageMetadata = raw;
    else if (usage) wire.usageMetadata = encodeUsage(usage, crossing);
    const { [spelling]: _, ...own } = crossing.extra(rest, "") ?? {};
    const fields = JSON.stringify({ ...wire, ...own }).slice(1, -1);
    emit(`{${fields === "" ? "" : `${fields},`}${tail}`);
  }

  /** The vendor says something even when there is nothing to say, and clients look into it. */
  function endOf({ index, ending, kinds, parts, sourced }: OpenChoice): JsonObject {
    // What its origin left open is as much as there is.
    for (const part of [...parts.keys()]) closePart(choiceAt(index), part);
    const reason = ending ? encodeFinish(ending, kinds, crossing) : { finishReason: "STOP" };
    const content = { parts: [{ text: "" }], role: "model" };
    const own = sourcesTogether(crossing.extra(ending?.extra, ""));
    return { content, ...reason, index, ...encodeSources(sourced, crossing), ...own };
  }

  return encoderOf(
    {
      open,
      openPart: (number, part, choice) => openPart(choiceAt(choice), number, part),
      growPart: (number, delta, choice) => growPart(choiceAt(choice), number, delta),
      cite(number, cited, choice) {
        if (crossing.same) return;
        const path = replyPath(crossing.from, choice, number);
        choiceAt(choice).sourced.push({ ...cited, path, place: undefined });
      },
      closePart: (number, choice) => closePart(choiceAt(choice), number),
      finishChoice(event) {
        choiceAt(event.choice).ending = event;
      },
      finish,
      fail: (error) => frames.push(errorFrame(error, context.id)),
      take() {
        const taken = frames;
        frames = [];
        return taken;
      },
    },
    context.losses,
  );
}

const partHead = '{"candidates":[{"content":{"parts":[';

/** The part as far as a signature for it is still to come. */
function unsigned(part: Part): Part {
  const { kind } = part;
  if (kind.case === "reasoning")
    return { ...part, kind: { ...kind, value: { ...kind.value, text: "", signature: "" } } };
  const { signature: _, ...rest } = part;
  return rest;
}
