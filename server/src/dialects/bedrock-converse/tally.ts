import type { GatewayError } from "../../canonical/error.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import type { Tally, TallyContext } from "../dialect.ts";
import { parseObject } from "../wire.ts";
import { frameError, isFailure } from "./error.ts";
import { decodeUsage } from "./usage.ts";

/**
 * The names of the events that count, with their length before them as the framing writes it: no text holds such bytes.
 * What fails has a header of its own.
 */
export const markers = [
  "\u0000\u000cmessageStart",
  "\u0000\u000bmessageStop",
  "\u0000\u0008metadata",
  ":exception-type",
  ":error-code",
];

/** Usage is part of every stream here, so nothing is ever hidden. */
export function createTally(_: TallyContext): Tally {
  return new ConverseTally();
}

class ConverseTally implements Tally {
  usage: Usage | undefined = undefined;
  ended = false;
  failure: GatewayError | undefined = undefined;
  openings = 0;
  #stopped = false;
  #told = false;

  read(frame: Frame): "show" {
    if (this.ended) return "show";
    if (isFailure(frame)) {
      this.failure ??= frameError(frame);
    } else if (frame.event === "messageStart") {
      this.openings += 1;
    } else if (frame.event === "messageStop" || frame.event === "metadata") {
      const wire = parseObject(frame.data);
      if (wire === undefined) return "show";
      this.#stopped ||= frame.event === "messageStop";
      this.#told ||= frame.event === "metadata";
      if (frame.event === "metadata") this.usage = decodeUsage(wire.usage);
      this.ended = this.#stopped && this.#told && this.failure === undefined;
    }
    return "show";
  }
}
