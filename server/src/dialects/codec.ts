import type { EmbeddingReply, EmbeddingRequest } from "@pontage/gen/pontage/v1/embedding_pb.ts";
import type { GenerateReply, GenerateRequest } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Codec, Dialect, EmbedOperation, Operation } from "./dialect.ts";

/** Operations whose messages mean the same in the canonical model: where each dialect keeps the codec for them. */
export type Family<Request, Reply> = (dialect: Dialect, operation: Operation) => Codec<Request, Reply>;

/** Counting takes what generating takes. */
export const generation: Family<GenerateRequest, GenerateReply> = (dialect) => dialect;

export const embedding: Family<EmbeddingRequest, EmbeddingReply> = (dialect, operation) => {
  const codec = isEmbedding(operation) ? dialect.embeddings?.[operation] : undefined;
  // Routes and catalogue name an operation only where there is one.
  if (codec === undefined) throw new Error(`There is no ${operation} in ${dialect.id}.`);
  return codec;
};

export function isEmbedding(operation: Operation): operation is EmbedOperation {
  return operation === "embed" || operation === "embed-one";
}

/** The codec for an operation, for those who do not look inside. */
export const codecOf: Family<unknown, unknown> = (dialect, operation) =>
  isEmbedding(operation) ? embedding(dialect, operation) : generation(dialect, operation);
