import type { JsonObject } from "@bufbuild/protobuf";
import {
  type EmbeddingInput,
  EmbeddingPurpose,
  type EmbeddingReply,
  type EmbeddingRequest,
  EmbeddingTruncation,
} from "@pontage/gen/pontage/v1/embedding_pb.ts";
import { GatewayError, Reason } from "../../canonical/error.ts";
import type { Losses } from "../../canonical/loss.ts";
import { totalInputTokens } from "../../canonical/usage.ts";
import { Crossing, spelling, takeSpelling } from "../crossing.ts";
import type { Address, EmbeddingCodec, RequestChange, RequestContext, RequestHead } from "../dialect.ts";
import {
  embeddingHead,
  embeddingReply,
  embeddingRequest,
  inputOf,
  inputPath,
  losePurpose,
  loseTruncation,
  partsOf,
  vector,
} from "../embedding.ts";
import { usageAsSaid } from "../usage-as-said.ts";
import { numbersIn, unreadable } from "../vectors.ts";
import {
  booleanIn,
  checkFields,
  countIn,
  type FieldTypes,
  fieldsBeside,
  invalid,
  listIn,
  objectIn,
  objectsIn,
  required,
  requiredObject,
  stringIn,
} from "../wire.ts";
import { asList, inCamelCase } from "./field-names.ts";
import { bareModel, edits, modelOf } from "./head.ts";
import { type CallIds, decodePart, encodePart } from "./parts.ts";
import { decodeUsage } from "./usage.ts";

const dialect = "gemini";

/** Several at once. https://ai.google.dev/api/embeddings#method:-models.batchembedcontents */
export const embeddings: EmbeddingCodec = {
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits: batchEdits },
  unary: { decode: decodeReply, encode: encodeReply },
  usageField: "usageMetadata",
  usage: (wire) => decodeUsage(wire.usageMetadata),
};

/** One. https://ai.google.dev/api/embeddings#method:-models.embedcontent */
export const oneEmbedding: EmbeddingCodec = {
  request: { head: readOneHead, decode: decodeOneRequest, encode: encodeOneRequest, edits },
  unary: { decode: decodeOneReply, encode: encodeOneReply },
  usageField: "usageMetadata",
  usage: (wire) => decodeUsage(wire.usageMetadata),
};

const requestFields: FieldTypes = {
  model: "string",
  content: "object",
  taskType: "string",
  title: "string",
  outputDimensionality: "count",
  embedContentConfig: "object",
};
const configFields: FieldTypes = {
  taskType: "string",
  title: "string",
  outputDimensionality: "count",
  autoTruncate: "boolean",
};

/** One request, with its names in camelCase, checked. */
function requestIn(said: JsonObject, path: string): JsonObject {
  const request = inCamelCase(said, path);
  checkFields(request, requestFields, path);
  const at = (field: string) => (path === "" ? field : `${path}.${field}`);
  required(request.content, at("content"));
  const content = requiredObject(request.content, at("content"));
  checkFields(content, { role: "string", parts: "object or list" }, at("content"));
  objectsIn(asList(content.parts), at("content.parts"));
  const config = objectIn(request.embedContentConfig);
  if (config) checkFields(inCamelCase(config, at("embedContentConfig")), configFields, at("embedContentConfig"));
  return request;
}

function requestsIn(wire: JsonObject): JsonObject[] {
  required(wire.requests, "requests");
  const requests = objectsIn(wire.requests, "requests");
  if (requests.length === 0) throw invalid("requests", "`requests` is empty. It needs at least one request.");
  return requests.map((request, at) => requestIn(request, `requests[${at}]`));
}

function readHead(wire: JsonObject, address: Address = {}): RequestHead {
  const [model = ""] = requestsIn(wire).map((request, at) => modelOf(request, address, `requests[${at}].model`));
  return embeddingHead(model);
}

function readOneHead(wire: JsonObject, address: Address = {}): RequestHead {
  return embeddingHead(modelOf(requestIn(wire, ""), address));
}

/** Each request of a batch repeats the model. */
function batchEdits(wire: JsonObject, change: RequestChange): ReadonlyMap<string, string> {
  const requests = listIn(wire.requests) ?? [];
  const model = `models/${bareModel(change.model)}`;
  const changed = requests.map((request) => {
    const said = objectIn(request);
    return typeof said?.model === "string" && said.model !== model ? { ...said, model } : request;
  });
  const isSame = changed.every((request, at) => request === requests[at]);
  return new Map(isSame ? [] : [["requests", JSON.stringify(changed)]]);
}

/** What a request says beside its content. */
interface Wishes {
  readonly purpose: EmbeddingPurpose;
  readonly truncation: EmbeddingTruncation;
  readonly dimensions: number | undefined;
  readonly extra: JsonObject | undefined;
}

function decodeOne(request: JsonObject, path: string): { input: EmbeddingInput; wishes: Wishes } {
  const content = objectIn(request.content) ?? {};
  const nested = objectIn(request.embedContentConfig);
  const config = nested ? inCamelCase(nested, path) : request;
  const taskType = stringIn(config.taskType);
  const purpose = taskType !== undefined && Object.hasOwn(purposes, taskType) ? purposes[taskType] : undefined;
  const truncate = booleanIn(config.autoTruncate);
  const words = new Set(wishWords);
  // A word without a meaning elsewhere stays as it is.
  if (purpose === undefined) words.delete("taskType");
  const inner = nested ? (fieldsBeside(config, words) ?? {}) : undefined;
  const beside = fieldsBeside(request, words);
  const extra = inner ? { ...beside, embedContentConfig: inner, [spelling]: "embedContentConfig" } : beside;
  const { role, ...more } = fieldsBeside(content, new Set(["parts"])) ?? {};
  // Everything that is embedded is somebody's words, so the role says nothing.
  const own = {
    ...more,
    ...(config.title ? { title: config.title } : {}),
    ...(role === undefined ? {} : { [spelling]: role }),
  };
  const parts = objectsIn(asList(content.parts), `${path}.content.parts`);
  return {
    input: inputOf(
      parts.map((one, at) => decodePart(one, `${path}.content.parts[${at}]`, noCalls)),
      Object.keys(own).length > 0 ? own : undefined,
    ),
    wishes: {
      purpose: purpose ?? EmbeddingPurpose.UNSPECIFIED,
      truncation:
        truncate === undefined
          ? EmbeddingTruncation.UNSPECIFIED
          : truncate
            ? EmbeddingTruncation.END
            : EmbeddingTruncation.NONE,
      dimensions: countIn(config.outputDimensionality),
      extra,
    },
  };
}

function decodeRequest(wire: JsonObject, address: Address = {}): EmbeddingRequest {
  const { model } = readHead(wire, address);
  const requests = requestsIn(wire).map((request, at) => decodeOne(request, `requests[${at}]`));
  const [first] = requests;
  const other = requests.findIndex(({ wishes }) => JSON.stringify(wishes) !== JSON.stringify(first?.wishes));
  if (other !== -1) {
    const message = `\`requests[${other}]\` wants other vectors than \`requests[0]\`, which only a Gemini model can do. Send them apart.`;
    throw new GatewayError(Reason.CANNOT_TRANSLATE, message, { param: `requests[${other}]` });
  }
  return embeddingRequest({ model, inputs: requests.map(({ input }) => input), dialect, ...first?.wishes });
}

function decodeOneRequest(wire: JsonObject, address: Address = {}): EmbeddingRequest {
  const { model } = readOneHead(wire, address);
  const { input, wishes } = decodeOne(requestIn(wire, ""), "");
  // The path says which model it is; who repeats it in the body gets it back there.
  const repeats = typeof wire.model === "string" ? { ...wishes.extra, model: wire.model } : wishes.extra;
  return embeddingRequest({ model, inputs: [input], dialect, ...wishes, extra: repeats });
}

function encodeRequest(request: EmbeddingRequest, context: RequestContext): JsonObject {
  const name = `models/${bareModel(context.model)}`;
  return { requests: encodeAll(request, context).map((one) => ({ model: name, ...one })) };
}

function encodeOneRequest(request: EmbeddingRequest, context: RequestContext): JsonObject {
  const [first = {}] = encodeAll(request, context);
  return first;
}

function encodeAll(request: EmbeddingRequest, { losses }: RequestContext): JsonObject[] {
  const crossing = new Crossing(request.dialect, dialect, losses);
  const { spelt, rest } = takeSpelling(request.extra);
  const { model: repeated, embedContentConfig: inner, ...extra } = crossing.requestExtra(rest) ?? {};
  if (request.user !== "") crossing.lose("user");
  const taskType = Object.keys(purposes).find((one) => purposes[one] === request.purpose);
  if (taskType === undefined) losePurpose(request, crossing);
  // Only Vertex lets the caller choose.
  if (!crossing.same) loseTruncation(request, crossing);
  const isTruncated = crossing.same && request.truncation !== EmbeddingTruncation.UNSPECIFIED;
  return request.inputs.map((input, at) => {
    const { title, [spelling]: role, ...own } = crossing.extra(input.extra, inputPath(request, at)) ?? {};
    const wishes: JsonObject = {
      ...(taskType === undefined ? {} : { taskType }),
      ...(title === undefined ? {} : { title }),
      ...(request.dimensions === undefined ? {} : { outputDimensionality: request.dimensions }),
      ...(isTruncated ? { autoTruncate: request.truncation === EmbeddingTruncation.END } : {}),
    };
    return {
      ...(repeated === undefined ? {} : { model: repeated }),
      content: {
        ...(role === undefined ? {} : { role }),
        parts: encodeParts(input, inputPath(request, at), crossing),
        ...own,
      },
      ...(crossing.same && spelt === "embedContentConfig"
        ? { embedContentConfig: { ...wishes, ...objectIn(inner) } }
        : wishes),
      ...extra,
    };
  });
}

function encodeParts(input: EmbeddingInput, path: string, crossing: Crossing): JsonObject[] {
  const context = { crossing, readArguments: () => ({}), functionOf: () => "" };
  return partsOf(input, path, crossing).flatMap<JsonObject>((said, at) => {
    if (said.kind.case === "opaque" && said.kind.value.dialect !== dialect) {
      throw crossing.cannotCarry(path, said.kind.value);
    }
    return encodePart(said, `${path}.parts[${at}]`, context) ?? [];
  });
}

function decodeReply(wire: JsonObject): EmbeddingReply {
  const list = listIn(wire.embeddings);
  if (list === undefined) throw unreadable("has no `embeddings`");
  return replyOf(wire, list, new Set(["embeddings", "usageMetadata"]));
}

function decodeOneReply(wire: JsonObject): EmbeddingReply {
  if (wire.embedding === undefined) throw unreadable("has no `embedding`");
  return replyOf(wire, [wire.embedding], new Set(["embedding", "usageMetadata"]));
}

function replyOf(wire: JsonObject, list: readonly unknown[], words: ReadonlySet<string>): EmbeddingReply {
  const said = objectIn(wire.usageMetadata);
  const beside = fieldsBeside(wire, words);
  return embeddingReply({
    id: "",
    model: "",
    embeddings: list.map((item) => {
      const one = objectIn(item) ?? {};
      // Protobuf leaves out a list that is empty.
      return vector(numbersIn(one.values ?? []), fieldsBeside(one, new Set(["values"])));
    }),
    usage: decodeUsage(said),
    dialect,
    extra: said ? { ...beside, usage: said } : beside,
  });
}

function encodeReply(reply: EmbeddingReply, losses: Losses): JsonObject {
  const { vectors, beside } = encodeVectors(reply, losses);
  return { embeddings: vectors, ...beside };
}

function encodeOneReply(reply: EmbeddingReply, losses: Losses): JsonObject {
  const { vectors, beside } = encodeVectors(reply, losses);
  return { embedding: vectors[0] ?? {}, ...beside };
}

function encodeVectors(reply: EmbeddingReply, losses: Losses): { vectors: JsonObject[]; beside: JsonObject } {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  const { usage: said, ...extra } = reply.extra ?? {};
  const usage = crossing.same ? usageAsSaid(said, reply.usage, decodeUsage) : undefined;
  const vectors = reply.embeddings.map(({ values, extra: own }, at) => ({
    values,
    ...crossing.extra(own, `embeddings[${at}]`),
  }));
  const count = reply.usage && { promptTokenCount: totalInputTokens(reply.usage) };
  return { vectors, beside: { ...(count ? { usageMetadata: usage ?? count } : {}), ...crossing.extra(extra, "") } };
}

/** Nothing is called in what is embedded. */
const noCalls: CallIds = { ofCall: () => "", ofResult: () => "" };

const purposes: Readonly<Record<string, EmbeddingPurpose>> = {
  RETRIEVAL_QUERY: EmbeddingPurpose.QUERY,
  RETRIEVAL_DOCUMENT: EmbeddingPurpose.DOCUMENT,
  SEMANTIC_SIMILARITY: EmbeddingPurpose.SIMILARITY,
  CLASSIFICATION: EmbeddingPurpose.CLASSIFICATION,
  CLUSTERING: EmbeddingPurpose.CLUSTERING,
  QUESTION_ANSWERING: EmbeddingPurpose.QUESTION_ANSWERING,
  FACT_VERIFICATION: EmbeddingPurpose.FACT_VERIFICATION,
  CODE_RETRIEVAL_QUERY: EmbeddingPurpose.CODE_QUERY,
};

const wishWords = [
  ...["model", "content", "embedContentConfig"],
  ...["taskType", "title", "outputDimensionality", "autoTruncate"],
];
