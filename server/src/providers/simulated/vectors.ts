import { createHash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import {
  type EmbeddingInput,
  EmbeddingInputSchema,
  type EmbeddingReply,
  type EmbeddingRequest,
} from "@pontage/gen/pontage/v1/embedding_pb.ts";
import { usageOf } from "../../canonical/usage.ts";
import { lettersIn } from "./models.ts";

const usualDimensions = 256;
const mostDimensions = 4096;

/** Unit vectors that follow from what is embedded alone: the same for the same, and otherwise without a meaning. */
export function embed(request: EmbeddingRequest): EmbeddingReply {
  const dimensions = Math.min(request.dimensions ?? usualDimensions, mostDimensions);
  const embeddings = request.inputs.map((input) => ({
    $typeName: "pontage.v1.Embedding" as const,
    values: unitVector(input, dimensions),
  }));
  const inputTokens = request.inputs.reduce((sum, input) => sum + tokensOf(input), 0);
  const usage = usageOf({ inputTokens });
  return { $typeName: "pontage.v1.EmbeddingReply", id: "", model: request.model, embeddings, usage, dialect: "" };
}

function unitVector(input: EmbeddingInput, dimensions: number): number[] {
  // What a field of its origin's own is called must not matter.
  const { extra: _, ...said } = input;
  const bytes = createHash("shake256", { outputLength: dimensions * 2 })
    .update(toBinary(EmbeddingInputSchema, { ...said, parts: said.parts.map(({ extra: __, ...part }) => part) }))
    .digest();
  const raw = Array.from({ length: dimensions }, (_, at) => bytes.readInt16LE(at * 2) || 1);
  const length = Math.hypot(...raw);
  return raw.map((number) => Math.fround(number / length));
}

/** A token is taken to be four letters. */
function tokensOf({ parts, tokens }: EmbeddingInput): number {
  const letters = parts.map(lettersIn).reduce((sum, more) => sum + more, 0);
  return tokens.length || Math.max(1, Math.ceil(letters / 4));
}
