import type { JsonObject } from "@bufbuild/protobuf";
import {
  type Embedding,
  type EmbeddingInput,
  EmbeddingPurpose,
  type EmbeddingReply,
  type EmbeddingRequest,
  EmbeddingTruncation,
} from "@pontage/gen/pontage/v1/embedding_pb.ts";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { text } from "../canonical/events.ts";
import type { Crossing } from "./crossing.ts";
import type { RequestHead } from "./dialect.ts";
import { unreadable } from "./vectors.ts";
import { invalid } from "./wire.ts";

/* What the embeddings of all dialects have in common: the messages as literals, and the names of fields in reports. */

/** Every request for vectors. There is no output to count, so none is ever estimated. */
export function embeddingHead(model: string, vectorForms?: readonly string[]): RequestHead {
  return { model, stream: false, showUsage: true, maxOutputTokens: 0, ...(vectorForms && { vectorForms }) };
}

type RequestFields = Omit<EmbeddingRequest, "$typeName" | "$unknown">;

export function embeddingRequest(
  fields: Partial<RequestFields> & Pick<RequestFields, "model" | "inputs" | "dialect">,
): EmbeddingRequest {
  const unsaid = {
    purpose: EmbeddingPurpose.UNSPECIFIED,
    truncation: EmbeddingTruncation.UNSPECIFIED,
    user: "",
    dimensions: undefined,
    extra: undefined,
  };
  return { $typeName: "pontage.v1.EmbeddingRequest", ...unsaid, ...fields };
}

export function inputOf(parts: Part[], extra?: JsonObject): EmbeddingInput {
  return { $typeName: "pontage.v1.EmbeddingInput", parts, tokens: [], extra };
}

export function textInput(words: string): EmbeddingInput {
  return inputOf([text(words)]);
}

export function tokenInput(tokens: number[]): EmbeddingInput {
  return { $typeName: "pontage.v1.EmbeddingInput", parts: [], tokens };
}

/** The answer to at least one input, so no vector at all is none. */
export function embeddingReply(fields: Omit<EmbeddingReply, "$typeName" | "$unknown">): EmbeddingReply {
  if (fields.embeddings.length === 0) throw unreadable("has no vectors");
  return { $typeName: "pontage.v1.EmbeddingReply", ...fields };
}

export function vector(values: number[], extra?: JsonObject): Embedding {
  return { $typeName: "pontage.v1.Embedding", values, extra };
}

/** A list that must not be empty, of texts. */
export function checkTexts(list: readonly unknown[], path: string): void {
  if (list.length === 0) throw invalid(path, `\`${path}\` is empty. It needs at least one text.`);
  const wrong = list.findIndex((item) => typeof item !== "string");
  if (wrong !== -1) throw invalid(`${path}[${wrong}]`, `\`${path}[${wrong}]\` must be a string.`);
}

/** The parts of an input, for dialects that know more than text. Nobody calls anything in what is embedded. */
export function partsOf(input: EmbeddingInput, path: string, crossing: Crossing): readonly Part[] {
  if (input.tokens.length > 0) throw crossing.cannot(path, "An input of tokens", "Send the text.");
  for (const [at, { kind }] of input.parts.entries()) {
    if (kind.case === "opaque" || kind.case === "text" || mediaKinds.has(kind.case ?? "")) continue;
    throw crossing.cannot(`${path}.parts[${at}]`, "An input that is neither a text nor a picture");
  }
  return input.parts;
}

const mediaKinds: ReadonlySet<string> = new Set(["image", "audio", "file"]);

/** The words of an input, for dialects that know nothing else. */
export function wordsOf(input: EmbeddingInput, path: string, crossing: Crossing): string {
  crossing.extra(input.extra, path);
  if (input.tokens.length > 0) throw crossing.cannot(path, "An input of tokens", "Send the text.");
  const [only, ...others] = input.parts;
  if (only?.kind.case === "text" && others.length === 0) {
    if (only.cache) crossing.lose(`${path}.cache_control`);
    crossing.extra(only.extra, path);
    return only.kind.value.text;
  }
  if (only?.kind.case === "opaque") throw crossing.cannotCarry(path, only.kind.value);
  const what = others.length > 0 ? "One vector of several parts" : "An input that is no text";
  throw crossing.cannot(path, what);
}

/** Names input `at` as the origin wrote it. */
export function inputPath({ dialect, inputs }: EmbeddingRequest, at: number): string {
  switch (dialect) {
    case "openai-chat":
    case "ollama-chat":
      return `input[${at}]`;
    case "cohere-chat":
      return inputs[at]?.parts[0]?.kind.case === "text" ? `texts[${at}]` : `inputs[${at}]`;
    case "gemini":
      return `requests[${at}].content`;
    default:
      return `inputs[${at}]`;
  }
}

type Field = "purpose" | "truncation";

/** What each dialect calls it. */
const names: Readonly<Record<string, Readonly<Partial<Record<Field, string>>>>> = {
  "cohere-chat": { purpose: "input_type", truncation: "truncate" },
  gemini: { purpose: "taskType", truncation: "autoTruncate" },
  "ollama-chat": { truncation: "truncate" },
};

/** Names a field as the origin wrote it. */
export function embeddingField({ dialect }: EmbeddingRequest, field: Field): string {
  return names[dialect]?.[field] ?? field;
}

/** What vectors are for, where the target has no word for it: a model may then make others. */
export function losePurpose(request: EmbeddingRequest, crossing: Crossing): void {
  if (request.purpose !== EmbeddingPurpose.UNSPECIFIED) crossing.lose(embeddingField(request, "purpose"));
}

/** Likewise what becomes of inputs that are too long. That they fail is what everybody does who is asked nothing else. */
export function loseTruncation(request: EmbeddingRequest, crossing: Crossing): void {
  const isUsual =
    request.truncation === EmbeddingTruncation.UNSPECIFIED || request.truncation === EmbeddingTruncation.NONE;
  if (!isUsual) crossing.lose(embeddingField(request, "truncation"));
}
