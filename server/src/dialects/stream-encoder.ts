import type { JsonObject } from "@bufbuild/protobuf";
import type { ChoiceFinished, GenerateEvent, Opened, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { errorFrom, type GatewayError } from "../canonical/error.ts";
import type { Losses } from "../canonical/loss.ts";
import type { Usage } from "../canonical/usage.ts";
import type { Frame } from "../framing/frame.ts";
import type { StreamEncoder } from "./dialect.ts";

/** What a dialect's encoder does with each kind of event. Parts are numbered within their choice. */
export interface EventEncoder {
  open(event: Opened): void;
  openPart(number: number, part: Part, choice: number): void;
  growPart(number: number, delta: PartGrown["delta"], choice: number): void;
  closePart?(number: number, choice: number): void;
  finishChoice(event: ChoiceFinished): void;
  finish(usage: Usage | undefined, extra: JsonObject | undefined): void;
  fail(error: GatewayError): void;
  /** The frames written since it was last asked. */
  take(): readonly Frame[];
}

export function encoderOf(encoder: EventEncoder): StreamEncoder {
  return {
    push({ event }) {
      encode(event, encoder);
      return encoder.take();
    },
  };
}

/** For dialects whose streams hold one answer: that there were others is reported. */
export function oneAnswerEncoderOf(encoder: EventEncoder, losses: Losses): StreamEncoder {
  return {
    push({ event }) {
      const choice = event.value && "choice" in event.value ? event.value.choice : 0;
      if (choice > 0) losses.lose(`choices[${choice}]`);
      else encode(event, encoder);
      return encoder.take();
    },
  };
}

function encode({ case: kind, value }: GenerateEvent["event"], encoder: EventEncoder): void {
  if (kind === "opened") encoder.open(value);
  else if (kind === "partOpened") {
    if (value.part) encoder.openPart(value.index, value.part, value.choice);
  } else if (kind === "partGrown") encoder.growPart(value.index, value.delta, value.choice);
  else if (kind === "partClosed") encoder.closePart?.(value.index, value.choice);
  else if (kind === "choiceFinished") encoder.finishChoice(value);
  else if (kind === "finished") encoder.finish(value.usage, value.extra);
  else if (kind === "failed") encoder.fail(errorFrom(value.error));
}
