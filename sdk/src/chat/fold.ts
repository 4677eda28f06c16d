import { clone, create, type JsonObject } from "@bufbuild/protobuf";
import {
  type Choice,
  ChoiceSchema,
  type GenerateEvent,
  type GenerateReply,
  GenerateReplySchema,
  type Part,
  type PartGrown,
  PartSchema,
} from "../gen/pontage/v1/generate_pb.ts";

/** Puts a streamed answer back together. After the last event, `reply` is what a unary call would have answered. */
export class Fold {
  readonly reply: GenerateReply = create(GenerateReplySchema);

  /** Takes in one event. `failed` is not for the fold: the stream throws it. */
  add({ event }: GenerateEvent): void {
    const reply = this.reply;
    switch (event.case) {
      case "opened": {
        const { id, model, createTimeSeconds, dialect, extra, usage } = event.value;
        Object.assign(reply, { id, model, createTimeSeconds, dialect });
        if (extra) reply.extra = { ...extra };
        if (usage) reply.usage = usage;
        break;
      }
      case "partOpened": {
        const { choice, index, part } = event.value;
        this.#choice(choice).parts[index] = part ? clone(PartSchema, part) : create(PartSchema);
        break;
      }
      case "partGrown":
        grow(this.part(event.value.choice, event.value.index), event.value.delta);
        break;
      case "choiceFinished": {
        const { finishReason, nativeFinishReason, stopSequence, extra } = event.value;
        const choice = this.#choice(event.value.choice);
        Object.assign(choice, { finishReason, nativeFinishReason, stopSequence });
        if (extra) choice.extra = merged(choice.extra, extra);
        break;
      }
      case "finished":
        if (event.value.usage) reply.usage = event.value.usage;
        if (event.value.extra) reply.extra = merged(reply.extra, event.value.extra);
        break;
    }
  }

  /** The part as far as it has grown. */
  part(choice: number, index: number): Part {
    const part = this.#choice(choice).parts[index];
    if (!part) throw new Error(`protocol error: part ${index} of answer ${choice} grew before it was opened`);
    return part;
  }

  #choice(index: number): Choice {
    const { choices } = this.reply;
    // Answers open in any order, so the ones before this one may still be missing.
    while (choices.length <= index) choices.push(create(ChoiceSchema, { index: choices.length }));
    return choices[index]!;
  }
}

function grow(part: Part, delta: PartGrown["delta"]): void {
  const { kind } = part;
  switch (delta.case) {
    case "text":
      if (kind.case === "text" || kind.case === "refusal" || kind.case === "reasoning") kind.value.text += delta.value;
      break;
    case "arguments":
      if (kind.case === "toolCall") kind.value.arguments += delta.value;
      break;
    case "signature":
      if (kind.case === "reasoning") kind.value.signature += delta.value;
      break;
    case "extra":
      part.extra = merged(part.extra, delta.value);
      break;
    case "citation":
      part.citations.push(delta.value);
      break;
  }
}

/** Lists are appended, other values replaced. */
function merged(before: JsonObject | undefined, added: JsonObject): JsonObject {
  const result: JsonObject = { ...before };
  for (const [name, value] of Object.entries(added)) {
    const old = result[name];
    result[name] = Array.isArray(old) && Array.isArray(value) ? [...old, ...value] : value;
  }
  return result;
}
