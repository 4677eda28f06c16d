import { serverSentEvents } from "../../framing/server-sent-events.ts";
import type { Dialect } from "../dialect.ts";
import { embeddings } from "./embeddings.ts";
import { decodeError, encodeError, errorFrame } from "./error.ts";
import { edits, readHead } from "./head.ts";
import { decodeReply, encodeReply } from "./reply.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { createDecoder } from "./stream-decode.ts";
import { createEncoder } from "./stream-encode.ts";
import { createTally, markers } from "./tally.ts";
import { decodeUsage } from "./usage.ts";

/** Cohere's second version of chat. https://docs.cohere.com/reference/chat */
export const cohereChat: Dialect = {
  id: "cohere-chat",
  routes: [
    { method: "POST", path: "/v2/chat", operation: "generate" },
    { method: "POST", path: "/v2/embed", operation: "embed" },
  ],
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits },
  unary: { decode: decodeReply, encode: encodeReply },
  stream: { framing: serverSentEvents, decoder: createDecoder, encoder: createEncoder, tally: createTally, markers },
  usage: (wire) => decodeUsage(wire.usage),
  usageField: "usage",
  embeddings: { embed: embeddings },
  // The vendor counts tokens of plain texts only.
  count: { request: (wire) => wire, encode: (inputTokens) => ({ input_tokens: inputTokens }), decode: () => undefined },
  error: { decode: decodeError, encode: encodeError, frame: errorFrame },
};
