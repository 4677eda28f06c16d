import { serverSentEvents } from "../../framing/server-sent-events.ts";
import type { Dialect } from "../dialect.ts";
import { isResponsesShaped } from "../openai-responses/shape.ts";
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

/** OpenAI Chat Completions and the many that speak it. https://platform.openai.com/docs/api-reference/chat */
export const openaiChat: Dialect = {
  id: "openai-chat",
  routes: [
    {
      method: "POST",
      path: "/v1/chat/completions",
      operation: "generate",
      // Clients that are told a base URL and change the body, but not the path.
      alternative: { dialect: "openai-responses", is: isResponsesShaped },
    },
    { method: "POST", path: "/v1/embeddings", operation: "embed" },
  ],
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits },
  unary: { decode: decodeReply, encode: encodeReply },
  stream: { framing: serverSentEvents, decoder: createDecoder, encoder: createEncoder, tally: createTally, markers },
  usageField: "usage",
  usage: (wire) => decodeUsage(wire.usage),
  embeddings: { embed: embeddings },
  // The vendor counts tokens only in its newer API.
  count: { request: (wire) => wire, encode: (inputTokens) => ({ input_tokens: inputTokens }), decode: () => undefined },
  // Chat itself has none. These are the words of those behind it.
  thoughts: {
    refusal: /thought.?signature is not valid|corrupted thought.?signature|signature.{1,9}in.{1,4}thinking/i,
  },
  error: { decode: decodeError, encode: encodeError, frame: errorFrame },
};
