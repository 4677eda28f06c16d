import type { JsonObject } from "@bufbuild/protobuf";
import {
  type EmbeddingReply,
  type EmbeddingRequest,
  EmbeddingTruncation,
} from "@pontage/gen/pontage/v1/embedding_pb.ts";
import type { Losses } from "../../canonical/loss.ts";
import { totalInputTokens } from "../../canonical/usage.ts";
import { Crossing, spelling, takeSpelling } from "../crossing.ts";
import type { EmbeddingCodec, RequestContext, RequestHead } from "../dialect.ts";
import {
  checkTexts,
  embeddingField,
  embeddingHead,
  embeddingReply,
  embeddingRequest,
  inputPath,
  losePurpose,
  textInput,
  vector,
  wordsOf,
} from "../embedding.ts";
import { numbersIn, unreadable } from "../vectors.ts";
import {
  booleanIn,
  checkFields,
  countIn,
  type FieldTypes,
  fieldsBeside,
  invalid,
  listIn,
  required,
  stringIn,
} from "../wire.ts";
import { edits } from "./head.ts";
import { decodeUsage } from "./usage.ts";

const dialect = "ollama-chat";

/** https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings */
export const embeddings: EmbeddingCodec = {
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits },
  unary: { decode: decodeReply, encode: encodeReply },
  usageField: "prompt_eval_count",
  usage: decodeUsage,
};

/** Its older form: one text, and no word of what it took. */
export const oneEmbedding: EmbeddingCodec = {
  request: { head: readOlderHead, decode: decodeOlderRequest, encode: encodeOlderRequest, edits },
  unary: { decode: decodeOlderReply, encode: encodeOlderReply },
  usage: () => undefined,
};

const requestFields: FieldTypes = {
  model: "string",
  input: "string or list",
  prompt: "string",
  truncate: "boolean",
  dimensions: "count",
  options: "object",
};

function modelOf(wire: JsonObject): string {
  checkFields(wire, requestFields);
  required(wire.model, "model");
  if (wire.model === "") throw invalid("model", "`model` is empty.");
  return wire.model as string;
}

function readHead(wire: JsonObject): RequestHead {
  const model = modelOf(wire);
  required(wire.input, "input");
  if (Array.isArray(wire.input)) checkTexts(wire.input, "input");
  return embeddingHead(model);
}

function readOlderHead(wire: JsonObject): RequestHead {
  const model = modelOf(wire);
  required(wire.prompt, "prompt");
  return embeddingHead(model);
}

function decodeRequest(wire: JsonObject): EmbeddingRequest {
  const { model } = readHead(wire);
  const { input } = wire;
  const truncate = booleanIn(wire.truncate);
  const extra = fieldsBeside(wire, requestWords);
  return embeddingRequest({
    model,
    inputs: typeof input === "string" ? [textInput(input)] : (input as string[]).map(textInput),
    dimensions: countIn(wire.dimensions),
    truncation:
      truncate === undefined
        ? EmbeddingTruncation.UNSPECIFIED
        : truncate
          ? EmbeddingTruncation.END
          : EmbeddingTruncation.NONE,
    dialect,
    extra: typeof input === "string" ? { ...extra, [spelling]: "one" } : extra,
  });
}

function encodeRequest(request: EmbeddingRequest, { model, losses }: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, dialect, losses);
  const { spelt, rest } = takeSpelling(request.extra);
  losePurpose(request, crossing);
  if (request.user !== "") crossing.lose("user");
  const texts = request.inputs.map((input, at) => wordsOf(input, inputPath(request, at), crossing));
  const truncate = encodeTruncation(request, crossing);
  return {
    model,
    input: crossing.same && spelt === "one" ? texts[0]! : texts,
    ...(truncate === undefined ? {} : { truncate }),
    ...(request.dimensions === undefined ? {} : { dimensions: request.dimensions }),
    ...crossing.requestExtra(rest),
  };
}

function encodeTruncation(request: EmbeddingRequest, crossing: Crossing): boolean | undefined {
  const { truncation } = request;
  if (truncation === EmbeddingTruncation.UNSPECIFIED) return undefined;
  // Only the end is ever cut off here.
  if (truncation === EmbeddingTruncation.START) crossing.lose(embeddingField(request, "truncation"));
  return truncation !== EmbeddingTruncation.NONE;
}

function decodeOlderRequest(wire: JsonObject): EmbeddingRequest {
  const { model } = readOlderHead(wire);
  const prompt = textInput(stringIn(wire.prompt) ?? "");
  return embeddingRequest({ model, inputs: [prompt], dialect, extra: fieldsBeside(wire, olderWords) });
}

/** Nobody else's requests are written so. */
function encodeOlderRequest(request: EmbeddingRequest, context: RequestContext): JsonObject {
  const { input, ...wire } = encodeRequest(request, context);
  return { ...wire, prompt: Array.isArray(input) ? (input[0] ?? "") : (input ?? "") };
}

function decodeReply(wire: JsonObject): EmbeddingReply {
  const lists = listIn(wire.embeddings);
  if (lists === undefined) throw unreadable("has no `embeddings`");
  return embeddingReply({
    id: "",
    model: stringIn(wire.model) ?? "",
    embeddings: lists.map((numbers) => vector(numbersIn(numbers))),
    usage: decodeUsage(wire),
    dialect,
    extra: fieldsBeside(wire, replyWords),
  });
}

function encodeReply(reply: EmbeddingReply, losses: Losses): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  return {
    model: reply.model,
    embeddings: reply.embeddings.map(({ values, extra }, at) => {
      crossing.extra(extra, `embeddings[${at}]`);
      return values;
    }),
    ...(reply.usage ? { prompt_eval_count: totalInputTokens(reply.usage) } : {}),
    ...crossing.extra(withoutUsage(reply), ""),
  };
}

function decodeOlderReply(wire: JsonObject): EmbeddingReply {
  const embeddings = [vector(numbersIn(wire.embedding))];
  const extra = fieldsBeside(wire, olderReplyWords);
  return embeddingReply({ id: "", model: "", embeddings, usage: undefined, dialect, extra });
}

function encodeOlderReply(reply: EmbeddingReply, losses: Losses): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  return { embedding: reply.embeddings[0]?.values ?? [], ...crossing.extra(withoutUsage(reply), "") };
}

/** Its usage is said in the canonical model already. */
function withoutUsage({ extra = {} }: EmbeddingReply): JsonObject {
  const { usage: _, ...rest } = extra;
  return rest;
}

const requestWords = new Set(["model", "input", "truncate", "dimensions"]);
const olderWords = new Set(["model", "prompt"]);
const replyWords = new Set(["model", "embeddings", "prompt_eval_count"]);
const olderReplyWords = new Set(["embedding"]);
