import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { Cost, decodeUsage, type TokenUsage } from "./chat/usage.ts";
import type { Connection } from "./connection.ts";
import { GatewayUnavailable } from "./error.ts";
import { type Receipt, ReceiptSchema } from "./gen/pontage/v1/chat_pb.ts";
import {
  EmbeddingPurpose,
  type EmbeddingReply,
  type EmbeddingRequestSchema,
  type EmbeddingService,
} from "./gen/pontage/v1/embedding_pb.ts";
import type { CallOptions } from "./options.ts";

const purposes = {
  query: EmbeddingPurpose.QUERY,
  document: EmbeddingPurpose.DOCUMENT,
  similarity: EmbeddingPurpose.SIMILARITY,
  classification: EmbeddingPurpose.CLASSIFICATION,
  clustering: EmbeddingPurpose.CLUSTERING,
} as const;

/** What is to be embedded. */
export interface EmbeddingParams {
  /** `provider/model`, or a bare name that exactly one provider lists. */
  model: string;
  /** One text or several. One vector is made of each. */
  input: string | readonly string[];
  /** How many numbers a vector shall have. Unset means the model's own number. */
  dimensions?: number;
  /** What the vectors are for: some models make other vectors of questions than of documents. */
  purpose?: keyof typeof purposes;
  /** An opaque id of the end user. */
  user?: string;
}

/** Vectors, in the order of the inputs. */
export interface EmbeddingResult {
  readonly vectors: readonly (readonly number[])[];
  /** The id of the call, as in the `x-request-id` header and the ledger. */
  readonly requestId: string;
  /** The provider that answered. */
  readonly provider: string;
  /** The model that answered, as the provider names it. */
  readonly model: string;
  /** What was consumed. */
  readonly usage: TokenUsage;
  /** What it cost. */
  readonly cost: Cost;
  /** What could not be said in the provider's dialect and was left out, by its path. */
  readonly losses: readonly string[];
  /** The answer and its receipt as the gateway sent them. */
  readonly raw: { readonly reply: EmbeddingReply; readonly receipt: Receipt };
}

/** Makes vectors. */
export class Embeddings {
  readonly #connection: Connection;
  readonly #client: Client<typeof EmbeddingService>;

  constructor(connection: Connection, client: Client<typeof EmbeddingService>) {
    this.#connection = connection;
    this.#client = client;
  }

  /** Makes one vector of each input. */
  async create(params: EmbeddingParams, options: CallOptions = {}): Promise<EmbeddingResult> {
    const request = encodeRequest(params);
    const answer = await this.#connection.unary((own) => this.#client.embed({ request }, own), options);
    const { reply, receipt = create(ReceiptSchema) } = answer.message;
    if (!reply) throw new GatewayUnavailable("The gateway answered without an answer.", { code: "EMPTY_ANSWER" });
    return {
      vectors: reply.embeddings.map(({ values }) => values),
      requestId: receipt.requestId || (answer.headers.get("x-request-id") ?? ""),
      provider: receipt.provider,
      model: receipt.model || reply.model,
      usage: decodeUsage(receipt.usage, receipt.usageSource),
      cost: new Cost(receipt),
      losses: receipt.losses,
      raw: { reply, receipt },
    };
  }
}

function encodeRequest(params: EmbeddingParams): MessageInitShape<typeof EmbeddingRequestSchema> {
  const { model, input, dimensions, purpose, user } = params;
  const texts = typeof input === "string" ? [input] : input;
  return {
    model,
    inputs: texts.map((text) => ({ parts: [{ kind: { case: "text" as const, value: { text } } }] })),
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(purpose === undefined ? {} : { purpose: purposes[purpose] }),
    ...(user === undefined ? {} : { user }),
  };
}
