import type { JsonObject } from "@bufbuild/protobuf";
import type { Choice, GenerateEvent, GenerateReply, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { errorFrom, GatewayError, Reason } from "./error.ts";
import { choiceFinished, finished, opened, part, partClosed, partOpened } from "./events.ts";
import { mergeExtra } from "./extra.ts";

/** A whole answer is the fold of its events. Throws the error of `failed`, and for events that do not end. */
export function fold(events: Iterable<GenerateEvent>): GenerateReply {
  const folder = createFolder();
  for (const event of events) {
    const reply = folder.push(event);
    if (reply !== undefined) return reply;
  }
  throw new GatewayError(Reason.UPSTREAM_TRUNCATED, "The stream ended before the answer was complete.");
}

export interface Folder {
  /** The reply, with the last event; undefined before it. Throws the error of `failed`. */
  push(event: GenerateEvent): GenerateReply | undefined;
}

/** The same for events that come one by one. */
export function createFolder(): Folder {
  const reply: GenerateReply = {
    $typeName: "pontage.v1.GenerateReply",
    id: "",
    model: "",
    createTimeSeconds: 0n,
    choices: [],
    dialect: "",
  };
  const choices = new Map<number, Choice>();

  function choiceAt(index: number): Choice {
    let choice = choices.get(index);
    if (choice === undefined) {
      choice = {
        $typeName: "pontage.v1.Choice",
        index,
        parts: [],
        finishReason: 0,
        nativeFinishReason: "",
        stopSequence: "",
      };
      choices.set(index, choice);
    }
    return choice;
  }

  return {
    push({ event }) {
      switch (event.case) {
        case "opened": {
          const { id, model, createTimeSeconds, dialect, extra, usage } = event.value;
          Object.assign(reply, { id, model, createTimeSeconds, dialect, extra, usage });
          return undefined;
        }
        case "partOpened":
          if (event.value.part) choiceAt(event.value.choice).parts[event.value.index] = copyOf(event.value.part);
          return undefined;
        case "partGrown": {
          const grown = choiceAt(event.value.choice).parts[event.value.index];
          if (grown) grow(grown, event.value.delta);
          return undefined;
        }
        case "choiceFinished": {
          const { finishReason, nativeFinishReason, stopSequence, extra } = event.value;
          Object.assign(choiceAt(event.value.choice), { finishReason, nativeFinishReason, stopSequence, extra });
          return undefined;
        }
        case "finished":
          reply.usage = event.value.usage ?? reply.usage;
          // Fields of the whole answer are repeated and not continued: the last word counts.
          if (event.value.extra) reply.extra = { ...reply.extra, ...event.value.extra };
          reply.choices = [...choices.values()].sort((a, b) => a.index - b.index);
          return reply;
        case "failed":
          throw errorFrom(event.value.error);
        default:
          return undefined;
      }
    },
  };
}

/** The events of an answer that is already whole: each part opens with all its content. */
export function unfold(reply: GenerateReply): GenerateEvent[] {
  const { id, model, createTimeSeconds, dialect, extra } = reply;
  const events = [opened({ id, model, createTimeSeconds: Number(createTimeSeconds), dialect, extra })];
  for (const choice of reply.choices) {
    for (const [index, part] of choice.parts.entries()) {
      events.push(partOpened(choice.index, index, part), partClosed(choice.index, index));
    }
    const { finishReason, nativeFinishReason, stopSequence } = choice;
    events.push(
      choiceFinished({ choice: choice.index, finishReason, nativeFinishReason, stopSequence, extra: choice.extra }),
    );
  }
  events.push(finished(reply.usage));
  return events;
}

/** A part of its own, so that growing it changes nobody's event. */
export function copyOf(origin: Part): Part {
  const kind = origin.kind.case === undefined ? origin.kind : { ...origin.kind, value: { ...origin.kind.value } };
  const copy = part(kind as Part["kind"], origin.extra);
  if (origin.cache) copy.cache = origin.cache;
  if (origin.signature !== undefined) copy.signature = origin.signature;
  if (origin.origin !== undefined) copy.origin = origin.origin;
  if (origin.citations.length > 0) copy.citations = [...origin.citations];
  return copy;
}

/** Adds to a part that nobody else holds. */
export function grow(part: Part, delta: PartGrown["delta"]): void {
  const { kind } = part;
  switch (delta.case) {
    case "text":
      if (kind.case === "text" || kind.case === "refusal" || kind.case === "reasoning") kind.value.text += delta.value;
      return;
    case "arguments":
      if (kind.case === "toolCall") kind.value.arguments += delta.value;
      return;
    case "signature":
      if (kind.case === "reasoning") kind.value.signature += delta.value;
      else part.signature = (part.signature ?? "") + delta.value;
      return;
    case "extra":
      part.extra = mergeExtra(part.extra, delta.value as JsonObject);
      return;
    case "citation":
      part.citations.push(delta.value);
      return;
  }
}
