import type { JsonObject } from "@bufbuild/protobuf";
import type { GatewayError } from "../../canonical/error.ts";
import type { Frame } from "../../framing/frame.ts";
import type { Tally, TallyContext } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { objectIn, parseObject } from "../wire.ts";
import { decodeUsage, mergeUsage } from "./usage.ts";

/** `message_` begins the name of each event that counts. */
export const markers = ["message_", "error"];

/** Usage is part of every stream here, so nothing is ever hidden. */
export function createTally(_: TallyContext): Tally {
  return new MessagesTally();
}

class MessagesTally implements Tally {
  ended = false;
  failure: GatewayError | undefined = undefined;
  openings = 0;
  #usage: JsonObject | undefined;

  get usage() {
    return decodeUsage(this.#usage);
  }

  read(frame: Frame): "show" {
    const wire = this.ended ? undefined : parseObject(frame.data);
    if (wire === undefined) return "show";
    if (wire.type === "message_start") {
      this.#usage = mergeUsage(this.#usage, objectIn(wire.message)?.usage);
      this.openings += 1;
    } else if (wire.type === "message_delta") this.#usage = mergeUsage(this.#usage, wire.usage);
    else if (wire.type === "message_stop") this.ended = this.failure === undefined;
    else if (wire.type === "error" || frame.event === "error") this.failure ??= errorInAnswer(wire);
    return "show";
  }
}
