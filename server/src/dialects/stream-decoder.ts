import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { GatewayError, Reason } from "../canonical/error.ts";
import { failed } from "../canonical/events.ts";
import type { Frame } from "../framing/frame.ts";
import type { StreamDecoder } from "./dialect.ts";

/** Appends to `events`. A `GatewayError` that it throws is the end of the answer. */
type Step = (events: GenerateEvent[]) => void;

/**
 * What all decoders have in common: the first `finished` or `failed` is the last event, and bytes that end before it are a
 * truncation. `atEnd` is for dialects in which the end of the bytes may be the end of the answer.
 */
export function decoderOf(read: (frame: Frame, events: GenerateEvent[]) => void, atEnd?: Step): StreamDecoder {
  let isOver = false;

  function run(step: Step): readonly GenerateEvent[] {
    if (isOver) return [];
    const events: GenerateEvent[] = [];
    try {
      step(events);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      events.push(failed(error));
    }
    const last = events.at(-1)?.event.case;
    isOver = last === "finished" || last === "failed";
    return events;
  }

  return {
    push: (frame) => run((events) => read(frame, events)),
    end() {
      const events = run(
        atEnd ??
          (() => {
            throw truncated();
          }),
      );
      isOver = true;
      return events;
    },
  };
}

export function truncated(): GatewayError {
  return new GatewayError(Reason.UPSTREAM_TRUNCATED, "The stream ended before the answer was complete.");
}

/** `what` goes on from "The provider's stream". */
export function garbage(what: string): GatewayError {
  return new GatewayError(Reason.UPSTREAM_GARBAGE, `The provider's stream ${what}.`);
}
