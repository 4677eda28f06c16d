import { googleEvents } from "../../framing/google-events.ts";
import { jsonArray } from "../../framing/json-array.ts";
import type { Dialect, DialectRoute } from "../dialect.ts";
import { countIn } from "../wire.ts";
import { embeddings, oneEmbedding } from "./embeddings.ts";
import { decodeError, encodeError, errorFrame } from "./error.ts";
import { bareModel, edits, readHead } from "./head.ts";
import { decodeReply, encodeReply } from "./reply.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { createDecoder } from "./stream-decode.ts";
import { createEncoder } from "./stream-encode.ts";
import { createTally, markers } from "./tally.ts";
import { decodeUsage } from "./usage.ts";

/** Google Gemini's generateContent, in all versions: one wire format. https://ai.google.dev/api/generate-content */
const versions = ["/v1beta", "/v1", "/v1alpha"];

export const gemini: Dialect = {
  id: "gemini",
  routes: versions.flatMap((version) => [`${version}/models/{model}`, `${version}/{model}`]).flatMap(routesOf),
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits },
  unary: { decode: decodeReply, encode: encodeReply },
  stream: {
    framing: googleEvents,
    endsWithBytes: true,
    decoder: createDecoder,
    encoder: createEncoder,
    tally: createTally,
    markers,
  },
  usageField: "usageMetadata",
  usage: (wire) => decodeUsage(wire.usageMetadata),
  embeddings: { embed: embeddings, "embed-one": oneEmbedding },
  count: {
    // Only so wrapped are instructions and tools counted too; then the model must be said once more.
    request: (wire, model) => ({ generateContentRequest: { model: `models/${bareModel(model)}`, ...wire } }),
    encode: (inputTokens) => ({ totalTokens: inputTokens }),
    decode: (wire) => countIn(wire.totalTokens),
  },
  thoughts: { refusal: /thought.?signature/i },
  error: { decode: decodeError, encode: encodeError, frame: errorFrame },
};

/** `model` is the path up to the colon. Some clients leave `models/` out of it for a name that has a slash of its own. */
function routesOf(model: string): DialectRoute[] {
  return [
    { method: "POST", path: `${model}:generateContent`, operation: "generate" },
    {
      method: "POST",
      path: `${model}:streamGenerateContent`,
      operation: "generate",
      stream: true,
      framing: (query) => (query.get("alt") === "sse" ? googleEvents : jsonArray),
    },
    { method: "POST", path: `${model}:countTokens`, operation: "count-tokens" },
    { method: "POST", path: `${model}:batchEmbedContents`, operation: "embed" },
    { method: "POST", path: `${model}:embedContent`, operation: "embed-one" },
  ];
}
