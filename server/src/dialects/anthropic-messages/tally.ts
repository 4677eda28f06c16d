import type { JsonObject } from "@bufbuild/protobuf";
import type { GatewayError } from "../../canonical/error.ts";
import type { Tally, TallyContext } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { objectIn, parseObject } from "../wire.ts";
import { decodeUsage, mergeUsage } from "./usage.ts";

/** `message_` begins the name of each event that counts. */
export const markers = ["message_", "error"];

/** Usage is part of every stream here, so nothing is ever hidden. */
export function createTally(_: TallyContext): Tally {
  let usage: JsonObject | undefined;
  let ended = false;
  let failure: GatewayError | undefined;
  return {
    read(frame) {
      const wire = ended ? undefined : parseObject(frame.data);
      if (wire === undefined) return "show";
      if (wire.type === "message_start") usage = mergeUsage(usage, objectIn(wire.message)?.usage);
      else if (wire.type === "message_delta") usage = mergeUsage(usage, wire.usage);
      else if (wire.type === "message_stop") ended = failure === undefined;
      else if (wire.type === "error" || frame.event === "error") failure ??= errorInAnswer(wire);
      return "show";
    },
    get usage() {
      return decodeUsage(usage);
    },
    get ended() {
      return ended;
    },
    get failure() {
      return failure;
    },
  };
}
