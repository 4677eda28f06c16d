import { serverSentEvents } from "../../framing/server-sent-events.ts";
import type { Dialect } from "../dialect.ts";
import { isSealed } from "../seal.ts";
import { countIn, listIn, objectIn } from "../wire.ts";
import { decodeError, encodeError, errorFrame } from "./error.ts";
import { edits, readHead } from "./head.ts";
import { decodeReply, encodeReply } from "./reply.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { createDecoder } from "./stream-decode.ts";
import { createEncoder } from "./stream-encode.ts";
import { createTally, markers } from "./tally.ts";
import { decodeUsage } from "./usage.ts";

/** OpenAI Responses and the many that speak it. https://platform.openai.com/docs/api-reference/responses */
export const openaiResponses: Dialect = {
  id: "openai-responses",
  routes: [
    { method: "POST", path: "/v1/responses", operation: "generate" },
    { method: "POST", path: "/responses", operation: "generate" },
    { method: "POST", path: "/v1/responses/input_tokens", operation: "count-tokens" },
    { method: "POST", path: "/responses/input_tokens", operation: "count-tokens" },
  ],
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits },
  unary: { decode: decodeReply, encode: encodeReply },
  stream: { framing: serverSentEvents, decoder: createDecoder, encoder: createEncoder, tally: createTally, markers },
  usageField: "usage",
  usage: (wire) => decodeUsage(wire.usage),
  count: {
    request: (wire) => Object.fromEntries(counted.flatMap((field) => (field in wire ? [[field, wire[field]!]] : []))),
    encode: (inputTokens) => ({ object: "response.input_tokens", input_tokens: inputTokens }),
    decode: (wire) => countIn(wire.input_tokens),
  },
  thoughts: {
    refusal: /encrypted.content|without its required (?:'reasoning' item|following item)/i,
    areSealedIn: (wire) => (listIn(wire.input) ?? []).some((item) => isSealed(objectIn(item)?.encrypted_content)),
  },
  error: { decode: decodeError, encode: encodeError, frame: errorFrame },
};

/** What the counting operation takes. https://platform.openai.com/docs/api-reference/responses/input-tokens */
const counted = [
  "model",
  "input",
  "instructions",
  "conversation",
  "previous_response_id",
  "parallel_tool_calls",
  "personality",
  "reasoning",
  "text",
  "tool_choice",
  "tools",
  "truncation",
];
