import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type {
  Embedding,
  EmbeddingInput,
  EmbeddingReply,
  EmbeddingRequest,
} from "@pontage/gen/pontage/v1/embedding_pb.ts";
import { part } from "../../canonical/events.ts";
import type { Losses } from "../../canonical/loss.ts";
import { totalInputTokens } from "../../canonical/usage.ts";
import { Crossing, spelling, takeSpelling } from "../crossing.ts";
import type { EmbeddingCodec, RequestContext, RequestHead } from "../dialect.ts";
import {
  embeddingHead,
  embeddingReply,
  embeddingRequest,
  inputOf,
  inputPath,
  losePurpose,
  loseTruncation,
  textInput,
  tokenInput,
  vector,
  wordsOf,
} from "../embedding.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { base64OfNumbers, numbersIn, unreadable } from "../vectors.ts";
import {
  checkFields,
  countIn,
  type FieldTypes,
  fieldsBeside,
  invalid,
  listIn,
  objectIn,
  required,
  stringIn,
} from "../wire.ts";
import { edits } from "./head.ts";
import { checkTexts, isTokens } from "./texts.ts";
import { decodeUsage } from "./usage.ts";

const dialect = "openai-chat";

/** https://platform.openai.com/docs/api-reference/embeddings */
export const embeddings: EmbeddingCodec = {
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits },
  unary: { decode: decodeReply, encode: encodeReply },
  usageField: "usage",
  usage: (wire) => decodeUsage(wire.usage),
};

const requestFields: FieldTypes = {
  model: "string",
  dimensions: "count",
  output_dimension: "count",
  encoding_format: "string",
  user: "string",
};

function readHead(wire: JsonObject): RequestHead {
  checkFields(wire, requestFields);
  required(wire.model, "model");
  if (wire.model === "") throw invalid("model", "`model` is empty.");
  required(wire.input, "input");
  checkTexts(wire.input!, "input");
  return embeddingHead(wire.model as string, [stringIn(wire.encoding_format) ?? "float"]);
}

function decodeRequest(wire: JsonObject): EmbeddingRequest {
  const { model } = readHead(wire);
  const format = stringIn(wire.encoding_format);
  if (format !== undefined && format !== "float" && format !== "base64") {
    throw invalid("encoding_format", "`encoding_format` must be `float` or `base64`.");
  }
  const input = wire.input!;
  const isOne = typeof input === "string" || isTokens(input);
  const extra = fieldsBeside(wire, requestWords);
  return embeddingRequest({
    model,
    inputs: isOne ? [decodeInput(input)] : (input as JsonValue[]).map(decodeInput),
    // Mistral's word for it.
    dimensions: countIn(wire.dimensions) ?? countIn(wire.output_dimension),
    user: stringIn(wire.user) ?? "",
    dialect,
    extra: isOne ? { ...extra, [spelling]: "one" } : extra,
  });
}

function decodeInput(input: JsonValue): EmbeddingInput {
  if (typeof input === "string") return textInput(input);
  if (isTokens(input)) return tokenInput(input);
  return inputOf([part({ case: "opaque", value: opaqueOf(dialect, input) })]);
}

function encodeRequest(request: EmbeddingRequest, { model, losses, quirks }: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, dialect, losses);
  losePurpose(request, crossing);
  loseTruncation(request, crossing);
  const { spelt, rest } = takeSpelling(request.extra);
  const extra = crossing.requestExtra(rest) ?? {};
  const inputs = request.inputs.map((input, at) => encodeInput(input, inputPath(request, at), crossing));
  const [only] = inputs;
  // `dimensions` is in `extra` already where it was said with Mistral's word.
  const isSaid = request.dimensions === undefined || extra.output_dimension === request.dimensions;
  return {
    model,
    input: crossing.same && spelt === "one" && only !== undefined ? only : inputs,
    ...(isSaid ? {} : { [quirks?.outputDimension ? "output_dimension" : "dimensions"]: request.dimensions! }),
    ...(request.user === "" ? {} : { user: request.user }),
    ...extra,
  };
}

function encodeInput(input: EmbeddingInput, path: string, crossing: Crossing): JsonValue {
  if (input.tokens.length > 0) {
    crossing.extra(input.extra, path);
    return input.tokens;
  }
  const [only] = input.parts;
  const own = only?.kind.case === "opaque" ? opaqueIn(only.kind.value, dialect) : undefined;
  return own ?? wordsOf(input, path, crossing);
}

function decodeReply(wire: JsonObject): EmbeddingReply {
  const data = listIn(wire.data);
  if (data === undefined) throw unreadable("has no `data`");
  const numbered = data.map((item, at) => decodeVector(objectIn(item) ?? {}, at));
  return embeddingReply({
    id: stringIn(wire.id) ?? "",
    model: stringIn(wire.model) ?? "",
    embeddings: numbered.toSorted((one, other) => one.index - other.index).map(({ made }) => made),
    usage: decodeUsage(wire.usage),
    dialect,
    extra: fieldsBeside(wire, replyWords),
  });
}

function decodeVector(wire: JsonObject, at: number): { index: number; made: Embedding } {
  return { index: countIn(wire.index) ?? at, made: vector(numbersIn(wire.embedding), fieldsBeside(wire, vectorWords)) };
}

function encodeReply(reply: EmbeddingReply, losses: Losses, asked?: RequestHead): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  const { usage: said, ...extra } = reply.extra ?? {};
  const isBase64 = asked?.vectorForms?.includes("base64") ?? false;
  const input = reply.usage && totalInputTokens(reply.usage);
  const usage = crossing.same ? usageAsSaid(said, reply.usage, decodeUsage) : undefined;
  return {
    object: "list",
    data: reply.embeddings.map(({ values, extra: own }, index) => ({
      object: "embedding",
      index,
      embedding: isBase64 ? base64OfNumbers(values) : values,
      ...crossing.extra(own, `data[${index}]`),
    })),
    model: reply.model,
    ...(input === undefined ? {} : { usage: usage ?? { prompt_tokens: input, total_tokens: input } }),
    ...(crossing.same && reply.id !== "" ? { id: reply.id } : {}),
    ...crossing.extra(extra, ""),
  };
}

const requestWords = new Set(["model", "input", "dimensions", "user"]);
const replyWords = new Set(["id", "object", "data", "model"]);
const vectorWords = new Set(["object", "index", "embedding"]);
