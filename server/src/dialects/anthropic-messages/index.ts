import { serverSentEvents } from "../../framing/server-sent-events.ts";
import type { Dialect } from "../dialect.ts";
import { countIn } from "../wire.ts";
import { decodeError, encodeError, errorFrame } from "./error.ts";
import { edits, readHead } from "./head.ts";
import { decodeReply, encodeReply } from "./reply.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { createDecoder } from "./stream-decode.ts";
import { createEncoder } from "./stream-encode.ts";
import { createTally, markers } from "./tally.ts";
import { thoughts } from "./thoughts.ts";
import { decodeUsage } from "./usage.ts";

/** Anthropic Messages, versions 2023-06-01 and 2026-10-21: one wire format. https://docs.anthropic.com/en/api/messages */
export const anthropicMessages: Dialect = {
  id: "anthropic-messages",
  routes: [
    { method: "POST", path: "/v1/messages", operation: "generate" },
    { method: "POST", path: "/v1/messages/count_tokens", operation: "count-tokens" },
  ],
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits },
  unary: { decode: decodeReply, encode: encodeReply },
  stream: { framing: serverSentEvents, decoder: createDecoder, encoder: createEncoder, tally: createTally, markers },
  usageField: "usage",
  usage: (wire) => decodeUsage(wire.usage),
  count: {
    request: (wire) => Object.fromEntries(counted.flatMap((field) => (field in wire ? [[field, wire[field]!]] : []))),
    encode: (inputTokens) => ({ input_tokens: inputTokens }),
    decode: (wire) => countIn(wire.input_tokens),
  },
  thoughts,
  error: { decode: decodeError, encode: encodeError, frame: errorFrame },
};

/** What the counting operation takes; it refuses the rest. https://docs.anthropic.com/en/api/messages-count-tokens */
const counted = ["model", "messages", "system", "tools", "tool_choice", "thinking"];
