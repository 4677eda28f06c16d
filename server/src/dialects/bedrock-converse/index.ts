import { awsEventStream } from "../../framing/aws-event-stream.ts";
import type { Dialect } from "../dialect.ts";
import { countIn } from "../wire.ts";
import { decodeError, encodeError, errorFrame } from "./error.ts";
import { readHead } from "./head.ts";
import { decodeReply, encodeReply } from "./reply.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { createDecoder } from "./stream-decode.ts";
import { createEncoder } from "./stream-encode.ts";
import { createTally, markers } from "./tally.ts";
import { thoughts } from "./thoughts.ts";
import { decodeUsage } from "./usage.ts";

/** AWS Bedrock Runtime: Converse and ConverseStream. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
export const bedrockConverse: Dialect = {
  id: "bedrock-converse",
  requestIdHeader: "x-amzn-requestid",
  routes: [
    { method: "POST", path: "/model/{model}/converse", operation: "generate" },
    { method: "POST", path: "/model/{model}/converse-stream", operation: "generate", stream: true },
    { method: "POST", path: "/model/{model}/count-tokens", operation: "count-tokens" },
  ],
  // Model and stream are said by the path, so the body passes as it is.
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits: () => new Map() },
  unary: { decode: decodeReply, encode: encodeReply },
  stream: { framing: awsEventStream, decoder: createDecoder, encoder: createEncoder, tally: createTally, markers },
  usageField: "usage",
  usage: (wire) => decodeUsage(wire.usage),
  count: {
    request: (wire) => ({
      input: {
        converse: Object.fromEntries(counted.flatMap((field) => (field in wire ? [[field, wire[field]!]] : []))),
      },
    }),
    encode: (inputTokens) => ({ inputTokens }),
    decode: (wire) => countIn(wire.inputTokens),
  },
  thoughts,
  error: { decode: decodeError, encode: encodeError, frame: errorFrame },
};

/** What the counting operation takes. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseTokensRequest.html */
const counted = ["messages", "system", "toolConfig", "additionalModelRequestFields"];
