import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import {
  type EmbeddingInput,
  EmbeddingPurpose,
  type EmbeddingReply,
  type EmbeddingRequest,
  EmbeddingTruncation,
} from "@pontage/gen/pontage/v1/embedding_pb.ts";
import { part } from "../../canonical/events.ts";
import type { Losses } from "../../canonical/loss.ts";
import { totalInputTokens, type Usage, usageOf } from "../../canonical/usage.ts";
import { Crossing, spelling, takeSpelling } from "../crossing.ts";
import type { EmbeddingCodec, RequestContext, RequestHead } from "../dialect.ts";
import {
  checkTexts,
  embeddingField,
  embeddingHead,
  embeddingReply,
  embeddingRequest,
  inputOf,
  inputPath,
  partsOf,
  textInput,
  vector,
} from "../embedding.ts";
import { media, sourceOf } from "../media.ts";
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
  objectsIn,
  required,
  requiredString,
  stringIn,
} from "../wire.ts";
import { edits } from "./head.ts";
import { decodePart, encodePart } from "./parts.ts";

const dialect = "cohere-chat";

/** https://docs.cohere.com/reference/embed */
export const embeddings: EmbeddingCodec = {
  request: { head: readHead, decode: decodeRequest, encode: encodeRequest, edits },
  unary: { decode: decodeReply, encode: encodeReply },
  usageField: "meta",
  usage: (wire) => decodeUsage(wire.meta),
};

const requestFields: FieldTypes = {
  model: "string",
  texts: "list",
  images: "list",
  inputs: "list",
  input_type: "string",
  max_tokens: "count",
  output_dimension: "count",
  embedding_types: "list",
  truncate: "string",
};

/** What is embedded stands in one of these. */
const inputFields = ["texts", "images", "inputs"] as const;

function readHead(wire: JsonObject): RequestHead {
  checkFields(wire, requestFields);
  required(wire.model, "model");
  if (wire.model === "") throw invalid("model", "`model` is empty.");
  const [field, second] = inputFields.filter((one) => wire[one] !== undefined && wire[one] !== null);
  if (field === undefined) throw invalid("texts", "`texts` is missing. Send `texts`, `images` or `inputs`.");
  if (second !== undefined) throw invalid(second, `\`${second}\` and \`${field}\` cannot be sent together.`);
  if (field !== "inputs") checkTexts(wire[field] as unknown[], field);
  else checkInputs(wire);
  const forms = listIn(wire.embedding_types);
  if (forms) checkTexts(forms, "embedding_types");
  return embeddingHead(wire.model as string, forms as string[] | undefined);
}

function checkInputs(wire: JsonObject): void {
  const inputs = objectsIn(wire.inputs, "inputs");
  if (inputs.length === 0) throw invalid("inputs", "`inputs` is empty. It needs at least one input.");
  for (const [at, { content }] of inputs.entries()) {
    required(content, `inputs[${at}].content`);
    for (const [index, item] of objectsIn(content, `inputs[${at}].content`).entries()) {
      requiredString(item, "type", `inputs[${at}].content[${index}]`);
    }
  }
}

const purposes: Readonly<Record<string, EmbeddingPurpose>> = {
  search_query: EmbeddingPurpose.QUERY,
  search_document: EmbeddingPurpose.DOCUMENT,
  classification: EmbeddingPurpose.CLASSIFICATION,
  clustering: EmbeddingPurpose.CLUSTERING,
};

const truncations: Readonly<Record<string, EmbeddingTruncation>> = {
  NONE: EmbeddingTruncation.NONE,
  START: EmbeddingTruncation.START,
  END: EmbeddingTruncation.END,
};

function meaning<T>(words: Readonly<Record<string, T>>, word: JsonValue | undefined): T | undefined {
  return typeof word === "string" && Object.hasOwn(words, word) ? words[word] : undefined;
}

function decodeRequest(wire: JsonObject): EmbeddingRequest {
  const { model } = readHead(wire);
  const purpose = meaning(purposes, wire.input_type);
  const truncation = meaning(truncations, wire.truncate);
  const { input_type: type, truncate, ...extra } = fieldsBeside(wire, requestWords) ?? {};
  const beside = {
    ...extra,
    // Words that have no meaning elsewhere stay as they are.
    ...(type !== undefined && purpose === undefined ? { input_type: type } : {}),
    ...(truncate !== undefined && truncation === undefined ? { truncate } : {}),
    ...(wire.images ? { [spelling]: "images" } : wire.inputs ? { [spelling]: "inputs" } : {}),
  };
  return embeddingRequest({
    model,
    inputs: decodeInputs(wire),
    dimensions: countIn(wire.output_dimension),
    purpose: purpose ?? EmbeddingPurpose.UNSPECIFIED,
    truncation: truncation ?? EmbeddingTruncation.UNSPECIFIED,
    dialect,
    extra: Object.keys(beside).length > 0 ? beside : undefined,
  });
}

function decodeInputs(wire: JsonObject): EmbeddingInput[] {
  if (wire.texts) return (wire.texts as string[]).map(textInput);
  if (wire.images) return (wire.images as string[]).map((url, at) => pictureInput(url, `images[${at}]`));
  return objectsIn(wire.inputs, "inputs").map((input, at) => {
    const path = `inputs[${at}].content`;
    const parts = objectsIn(input.content, path).map((item, index) => decodePart(item, `${path}[${index}]`));
    return inputOf(parts, fieldsBeside(input, new Set(["content"])));
  });
}

function pictureInput(url: string, path: string): EmbeddingInput {
  return inputOf([part({ case: "image", value: media(sourceOf(url, path)) })]);
}

function encodeRequest(request: EmbeddingRequest, { model, losses }: RequestContext): JsonObject {
  const crossing = new Crossing(request.dialect, dialect, losses);
  const { spelt, rest } = takeSpelling(request.extra);
  const extra = crossing.requestExtra(rest);
  if (request.user !== "") crossing.lose("user");
  const truncate = word(truncations, request.truncation);
  return {
    model,
    ...encodeInputs(request, spelt, crossing),
    ...encodePurpose(request, crossing),
    ...(crossing.same ? {} : { embedding_types: ["float"] }),
    ...(request.dimensions === undefined ? {} : { output_dimension: request.dimensions }),
    ...(truncate === undefined ? {} : { truncate }),
    ...extra,
  };
}

function word<T>(words: Readonly<Record<string, T>>, meant: T): string | undefined {
  return Object.keys(words).find((one) => words[one] === meant);
}

function encodeInputs(request: EmbeddingRequest, spelt: string, crossing: Crossing): JsonObject {
  const contents = request.inputs.map((input, at) => encodeInput(input, inputPath(request, at), crossing));
  const plain = contents.map((content) => {
    const [only, ...others] = content;
    return others.length === 0 && only?.type === "text" ? stringIn(only.text) : undefined;
  });
  if (spelt !== "inputs" && plain.every((text) => text !== undefined)) return { texts: plain };
  if (spelt === "images") return { images: contents.map(([only]) => objectIn(only?.image_url)?.url ?? "") };
  return {
    inputs: contents.map((content, at) => ({
      content,
      ...(crossing.same ? request.inputs[at]?.extra : undefined),
    })),
  };
}

function encodeInput(input: EmbeddingInput, path: string, crossing: Crossing): JsonObject[] {
  crossing.extra(input.extra, path);
  return partsOf(input, path, crossing).map((said, at) => encodePart(said, `${path}.parts[${at}]`, crossing));
}

/** The model must know what the vectors are for. Where nobody said, they are for being looked up. */
function encodePurpose(request: EmbeddingRequest, crossing: Crossing): JsonObject {
  const said = word(purposes, request.purpose);
  if (said !== undefined) return { input_type: said };
  if (crossing.same) return {};
  if (request.purpose === EmbeddingPurpose.UNSPECIFIED) return { input_type: "search_document" };
  crossing.lose(embeddingField(request, "purpose"));
  return { input_type: asksSomething.has(request.purpose) ? "search_query" : "search_document" };
}

const asksSomething: ReadonlySet<EmbeddingPurpose> = new Set([
  EmbeddingPurpose.QUESTION_ANSWERING,
  EmbeddingPurpose.FACT_VERIFICATION,
  EmbeddingPurpose.CODE_QUERY,
]);

/** What is billed: pictures have tokens of their own, beside those of the texts. */
function decodeUsage(value: unknown): Usage | undefined {
  const meta = objectIn(value);
  const billed = objectIn(meta?.billed_units);
  const texts = countIn(billed?.input_tokens);
  const pictures = countIn(billed?.image_tokens);
  if (texts === undefined && pictures === undefined) {
    const inputTokens = countIn(objectIn(meta?.tokens)?.input_tokens);
    return inputTokens === undefined ? undefined : usageOf({ inputTokens });
  }
  return usageOf({ inputTokens: Math.min((texts ?? 0) + (pictures ?? 0), 0xffffffff) });
}

function decodeReply(wire: JsonObject): EmbeddingReply {
  const said = objectIn(wire.embeddings) ?? { float: wire.embeddings ?? null };
  const { float, base64, ...others } = said;
  const lists = listIn(float) ?? listIn(base64);
  const { meta, embeddings: _, ...beside } = fieldsBeside(wire, replyWords) ?? {};
  const extra: JsonObject = { ...beside, ...(meta === undefined ? {} : { usage: meta }) };
  if (Object.keys(others).length > 0) extra.embeddings = others;
  const known = {
    id: stringIn(wire.id) ?? "",
    model: "",
    usage: decodeUsage(wire.meta),
    dialect,
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
  // Only numbers that have been made smaller were asked for, and these are in `extra`.
  if (lists === undefined && Object.values(others).some(Array.isArray)) {
    return { $typeName: "pontage.v1.EmbeddingReply", ...known, embeddings: [] };
  }
  if (lists === undefined) throw unreadable("has no `embeddings`");
  return embeddingReply({ ...known, embeddings: lists.map((numbers) => vector(numbersIn(numbers))) });
}

function encodeReply(reply: EmbeddingReply, losses: Losses, asked?: RequestHead): JsonObject {
  const crossing = new Crossing(reply.dialect, dialect, losses);
  const { usage: said, ...beside } = reply.extra ?? {};
  const { embeddings: others, ...extra } = crossing.extra(beside, "") ?? {};
  const forms = asked?.vectorForms ?? (reply.embeddings.length > 0 ? ["float"] : []);
  for (const [at, { extra: own }] of reply.embeddings.entries()) crossing.extra(own, `embeddings[${at}]`);
  const meta = crossing.same ? usageAsSaid(said, reply.usage, decodeUsage) : undefined;
  return {
    id: reply.id,
    embeddings: {
      ...(forms.includes("float") ? { float: reply.embeddings.map(({ values }) => values) } : {}),
      ...(forms.includes("base64") ? { base64: reply.embeddings.map(({ values }) => base64OfNumbers(values)) } : {}),
      ...objectIn(others),
    },
    response_type: "embeddings_by_type",
    ...(reply.usage ? { meta: meta ?? encodeMeta(reply.usage) } : {}),
    ...extra,
  };
}

function encodeMeta(usage: Usage): JsonObject {
  return { api_version: { version: "2" }, billed_units: { input_tokens: totalInputTokens(usage) } };
}

const requestWords = new Set(["model", "texts", "images", "inputs", "output_dimension"]);
const replyWords = new Set(["id", "response_type"]);
