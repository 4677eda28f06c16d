import type { JsonObject } from "@bufbuild/protobuf";
import type { GatewayError } from "../../canonical/error.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import type { Tally, TallyContext } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { objectIn, parseObject, stringIn } from "../wire.ts";
import { failureFrames } from "./error.ts";
import { decodeUsage } from "./usage.ts";

/** The last event says all. `error` is found in the openings too, which costs a parse of each. */
export const markers = ["response.completed", "response.incomplete", "response.failed", "error"];

/** Usage is part of every stream here, so nothing is ever hidden. */
export function createTally(_: TallyContext): Tally {
  return new ResponsesTally();
}

/** What an event is: some servers say it beside the data only. */
export function typeOf(frame: Frame, wire: JsonObject): string {
  return stringIn(wire.type) ?? frame.event;
}

class ResponsesTally implements Tally {
  usage: Usage | undefined = undefined;
  ended = false;
  failure: GatewayError | undefined = undefined;
  openings = 0;
  /** The response as the first event had it. */
  #response: JsonObject | undefined;

  read(frame: Frame): "show" {
    const wire = this.ended ? undefined : parseObject(frame.data);
    if (wire === undefined) return "show";
    switch (typeOf(frame, wire)) {
      case "response.created":
      case "response.queued":
      case "response.in_progress":
        this.#response ??= objectIn(wire.response);
        this.openings += 1;
        break;
      case "response.completed":
      case "response.incomplete":
        this.usage = decodeUsage(objectIn(wire.response)?.usage) ?? this.usage;
        this.ended = this.failure === undefined;
        break;
      case "response.failed":
        this.usage = decodeUsage(objectIn(wire.response)?.usage) ?? this.usage;
        this.failure ??= failureIn(wire);
        break;
      case "error":
        this.failure ??= errorInAnswer(wire);
        break;
    }
    return "show";
  }

  failing(error: GatewayError, framesBefore: number): readonly Frame[] {
    return failureFrames(error, framesBefore, this.#response);
  }
}

export function failureIn(wire: JsonObject): GatewayError {
  return errorInAnswer(objectIn(wire.response) ?? wire);
}
