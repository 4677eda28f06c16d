import type { GatewayError } from "../../canonical/error.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Tally, TallyContext } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { listIn, objectIn, parseObject } from "../wire.ts";
import { isError } from "./stream-decode.ts";
import { decodeUsage } from "./usage.ts";

/** `"usage"` alone would not do: vendors write `"usage":null` on every chunk. */
export const markers = ['_tokens"', "[DONE]", "error"];

export function createTally({ hideUsage }: TallyContext): Tally {
  let usage: Usage | undefined;
  let ended = false;
  let failure: GatewayError | undefined;
  return {
    read(frame) {
      if (ended) return "show";
      if (frame.data === "[DONE]") {
        ended = failure === undefined;
        return "show";
      }
      const chunk = parseObject(frame.data);
      if (chunk === undefined) return "show";
      const said = decodeUsage(chunk.usage);
      usage = said ?? usage;
      if (isError(frame, chunk)) failure ??= errorInAnswer(chunk);
      else if (chunk.object === "chat.completion.done") ended = failure === undefined;
      // The extra chunk that `include_usage` asks for. Usage that rides on a chunk with words is left there.
      const isUsageOnly =
        said !== undefined && objectIn(chunk.usage) !== undefined && listIn(chunk.choices)?.length === 0;
      return hideUsage && isUsageOnly ? "hide" : "show";
    },
    get usage() {
      return usage;
    },
    get ended() {
      return ended;
    },
    get failure() {
      return failure;
    },
  };
}
