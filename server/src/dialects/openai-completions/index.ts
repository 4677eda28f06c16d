import { serverSentEvents } from "../../framing/server-sent-events.ts";
import type { Dialect } from "../dialect.ts";
import { decodeError, encodeError, errorFrame } from "../openai-chat/error.ts";
import { edits } from "../openai-chat/head.ts";
import { createTally, markers } from "../openai-chat/tally.ts";
import { decodeUsage } from "../openai-chat/usage.ts";
import { readHead } from "./head.ts";
import { decodeReply, encodeReply } from "./reply.ts";
import { decodeRequest, encodeRequest } from "./request.ts";
import { createDecoder } from "./stream-decode.ts";
import { createEncoder } from "./stream-encode.ts";

/**
 * OpenAI's older completions, which continue a text. Errors, usage and the form of a stream are those of chat.
 * https://platform.openai.com/docs/api-reference/completions
 */
export const openaiCompletions: Dialect = {
  id: "openai-completions",
  routes: [{ method: "POST", path: "/v1/completions", operation: "generate" }],
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits },
  unary: { decode: decodeReply, encode: encodeReply },
  stream: { framing: serverSentEvents, decoder: createDecoder, encoder: createEncoder, tally: createTally, markers },
  usageField: "usage",
  usage: (wire) => decodeUsage(wire.usage),
  count: { request: (wire) => wire, encode: (inputTokens) => ({ input_tokens: inputTokens }), decode: () => undefined },
  error: { decode: decodeError, encode: encodeError, frame: errorFrame },
};
