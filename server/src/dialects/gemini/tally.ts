import type { GatewayError } from "../../canonical/error.ts";
import type { Usage } from "../../canonical/usage.ts";
import type { Frame } from "../../framing/frame.ts";
import type { Tally, TallyContext } from "../dialect.ts";
import { listIn, objectIn, parseObject } from "../wire.ts";
import { errorInAnswer } from "./error.ts";
import { nativeFinish } from "./finish.ts";
import { blockReason } from "./reply.ts";
import { isError } from "./stream-decode.ts";
import { decodeUsage } from "./usage.ts";

/** Usage is on every chunk, and the last one counts: a chunk is kept for when somebody asks, and only others are parsed. */
export const markers = ["TokenCount", "inishReason", "lockReason", "error"];

/** Usage is part of every stream here, so nothing is ever hidden. */
export function createTally(_: TallyContext): Tally {
  return new GeminiTally();
}

class GeminiTally implements Tally {
  ended = false;
  failure: GatewayError | undefined = undefined;
  #usage: Usage | undefined;
  /** The last chunk that says usage, not parsed yet. */
  #unread: string | undefined;
  #hasCandidates = false;

  get usage() {
    if (this.#unread !== undefined) {
      this.#usage = decodeUsage(parseObject(this.#unread)?.usageMetadata) ?? this.#usage;
      this.#unread = undefined;
    }
    return this.#usage;
  }

  read(frame: Frame): "show" {
    const { data } = frame;
    if (this.failure) return "show";
    if (isCounted.test(data)) this.#unread = data;
    if (data.includes('"candidates"')) this.#hasCandidates = true;
    if (isTelling.test(data) || frame.event === "error") this.#readEnding(frame);
    return "show";
  }

  #readEnding(frame: Frame): void {
    const chunk = parseObject(frame.data);
    if (chunk === undefined) return;
    if (isError(frame, chunk)) {
      this.failure = errorInAnswer(chunk);
      this.ended = false;
      return;
    }
    const finished = listIn(chunk.candidates)?.some((item) => nativeFinish(objectIn(item)?.finishReason) !== "");
    if (finished || (!this.#hasCandidates && blockReason(chunk) !== undefined)) this.ended = true;
  }
}

/** Inside a text these names would have backslashes before their last quotation marks. */
const isCounted = /"(?:prompt|candidates|thoughts)TokenCount":\s*\d/;
const isTelling = /"(?:finishReason|blockReason|blockReasonMessage|error)":/;
