import { totalOutputTokens, type Usage, usageOf } from "../canonical/usage.ts";

/** Bytes of text in one token. Rounding towards more tokens keeps an estimate on the safe side. */
const bytesPerToken = 3.5;

/** Input tokens of a request nobody has counted: from the bytes of its JSON, which is more than its text. */
export function estimateInputTokens(requestBytes: number): number {
  return Math.ceil(requestBytes / bytesPerToken);
}

/**
 * The usage of an answer that ended before its provider said. Providers send about one token in a frame, so frames are
 * counted; never more than the bytes received or the cap the client set. What the provider has reported by then is the
 * least: frames it has counted already, as thoughts for example, are not counted again.
 */
export function estimateUsage(facts: {
  readonly reported: Usage | undefined;
  readonly requestBytes: number;
  readonly frames: number;
  readonly bytes: number;
  readonly maxOutputTokens: number | undefined;
}): Usage {
  const { reported, requestBytes, frames, bytes, maxOutputTokens = Number.POSITIVE_INFINITY } = facts;
  const output = Math.min(frames, bytes, maxOutputTokens);
  return reported
    ? usageOf({ ...reported, outputTokens: reported.outputTokens + Math.max(0, output - totalOutputTokens(reported)) })
    : usageOf({ inputTokens: estimateInputTokens(requestBytes), outputTokens: output });
}
