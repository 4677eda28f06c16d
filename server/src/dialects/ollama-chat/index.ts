import { jsonLines } from "../../framing/json-lines.ts";
import type { Dialect } from "../dialect.ts";
import { embeddings, oneEmbedding } from "./embeddings.ts";
import { decodeError, encodeError, errorFrame } from "./error.ts";
import { edits, readHead } from "./head.ts";
import { decodeReply, encodeReply } from "./reply.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { createDecoder } from "./stream-decode.ts";
import { createEncoder } from "./stream-encode.ts";
import { createTally, markers } from "./tally.ts";
import { decodeUsage } from "./usage.ts";

/** Ollama's own API. https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion */
export const ollamaChat: Dialect = {
  id: "ollama-chat",
  routes: [
    { method: "POST", path: "/api/chat", operation: "generate" },
    { method: "POST", path: "/api/embed", operation: "embed" },
    { method: "POST", path: "/api/embeddings", operation: "embed-one" },
  ],
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits },
  unary: { decode: decodeReply, encode: encodeReply },
  stream: { framing: jsonLines, decoder: createDecoder, encoder: createEncoder, tally: createTally, markers },
  usage: decodeUsage,
  embeddings: { embed: embeddings, "embed-one": oneEmbedding },
  // Ollama counts tokens only by generating.
  count: {
    request: (wire) => wire,
    encode: (inputTokens) => ({ prompt_eval_count: inputTokens }),
    decode: () => undefined,
  },
  error: { decode: decodeError, encode: encodeError, frame: errorFrame },
};
