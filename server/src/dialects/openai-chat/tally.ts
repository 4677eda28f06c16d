import type { GatewayError } from "../../canonical/error.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import type { Tally, TallyContext } from "../dialect.ts";
import { errorInAnswer } from "../error-body.ts";
import { listIn, objectIn, parseObject } from "../wire.ts";
import { isError } from "./stream-decode.ts";
import { decodeUsage } from "./usage.ts";

/**
 * `"usage"` alone would not do: vendors write `"usage":null` on every chunk. Perplexity ends with a `chat.completion.done`,
 * which need not hold usage.
 */
export const markers = ['_tokens"', "[DONE]", '.done"', "error"];

export function createTally({ hideUsage }: TallyContext): Tally {
  return new ChatTally(hideUsage);
}

class ChatTally implements Tally {
  usage: Usage | undefined = undefined;
  ended = false;
  failure: GatewayError | undefined = undefined;
  readonly #hideUsage: boolean;

  constructor(hideUsage: boolean) {
    this.#hideUsage = hideUsage;
  }

  read(frame: Frame): "show" | "hide" | Frame {
    if (this.ended) return "show";
    if (frame.data === "[DONE]") {
      this.ended = this.failure === undefined;
      return "show";
    }
    const chunk = parseObject(frame.data);
    if (chunk === undefined) return "show";
    const said = decodeUsage(chunk.usage);
    this.usage = said ?? this.usage;
    if (isError(frame, chunk)) {
      this.failure ??= errorInAnswer(chunk);
      // Clients look for errors in a field of that name, and read anything else as a chunk.
      if (!chunk.error && frame.event === "") return { event: "", data: JSON.stringify({ error: chunk }) };
    } else if (chunk.object === "chat.completion.done") this.ended = this.failure === undefined;
    // The extra chunk that `include_usage` asks for. Usage that rides on a chunk with words is left there.
    const isUsageOnly =
      said !== undefined && objectIn(chunk.usage) !== undefined && listIn(chunk.choices)?.length === 0;
    return this.#hideUsage && isUsageOnly ? "hide" : "show";
  }
}
