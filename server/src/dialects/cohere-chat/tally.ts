import type { GatewayError } from "../../canonical/error.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import type { Tally, TallyContext } from "../dialect.ts";
import { objectIn, parseObject } from "../wire.ts";
import { failureTold } from "./error.ts";
import { typeOf } from "./stream-decode.ts";
import { decodeUsage } from "./usage.ts";

/** The last event says all, and the first one that there will be an answer. */
export const markers = ["message-start", "message-end", "event: error", '"type":"error"'];

/** Usage is part of every stream here, so nothing is ever hidden. */
export function createTally(_: TallyContext): Tally {
  return new CohereTally();
}

class CohereTally implements Tally {
  usage: Usage | undefined = undefined;
  ended = false;
  failure: GatewayError | undefined = undefined;
  openings = 0;

  read(frame: Frame): "show" {
    const wire = this.ended ? undefined : parseObject(frame.data);
    const type = wire && typeOf(frame, wire);
    if (type === "message-start") this.openings += 1;
    if (wire === undefined || (type !== "message-end" && type !== "error")) return "show";
    this.failure ??= failureTold(type, wire);
    this.usage = decodeUsage(objectIn(wire.delta)?.usage) ?? this.usage;
    this.ended = this.failure === undefined;
    return "show";
  }
}
