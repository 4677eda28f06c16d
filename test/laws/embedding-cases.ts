import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { embedding } from "../../server/src/dialects/codec.ts";
import type { Address, Dialect, EmbeddingCodec, EmbedOperation } from "../../server/src/dialects/dialect.ts";
import { dialectOf, dialects } from "../../server/src/dialects/index.ts";

/** A request for vectors and, where one is known, the answer to it. */
export interface EmbeddingCase {
  readonly name: string;
  readonly dialect: Dialect;
  readonly operation: EmbedOperation;
  readonly codec: EmbeddingCodec;
  readonly address: Address;
  readonly request: JsonObject;
  readonly reply: JsonObject | undefined;
}

/** A dialect's way of asking for vectors. */
export interface Form {
  readonly name: string;
  readonly dialect: Dialect;
  readonly operation: EmbedOperation;
  readonly codec: EmbeddingCodec;
}

const operations = ["embed", "embed-one"] as const;

export const forms: readonly Form[] = dialects.flatMap((dialect) =>
  operations
    .filter((operation) => dialect.embeddings?.[operation])
    .map((operation) => ({
      name: `${dialect.id}${operation === "embed" ? "" : "-one"}`,
      dialect,
      operation,
      codec: embedding(dialect, operation),
    })),
);

/** The model where the body must say it, and where the path does. */
export function addressOf({ dialect }: Form | EmbeddingCase, model: string): Address {
  return dialect.id === "gemini" ? { model } : {};
}

const root = join(import.meta.dirname, "../fixtures");

export const recordedVectors: readonly EmbeddingCase[] = [
  recordedIn("openai/embeddings", "openai-chat"),
  recordedIn("cohere/embed-v2", "cohere-chat"),
  recordedIn("gemini/batch-embed-contents", "gemini"),
].flat();

function recordedIn(folder: string, id: "openai-chat" | "cohere-chat" | "gemini"): EmbeddingCase[] {
  const dialect = dialectOf(id);
  const read = (file: string) => JSON.parse(readFileSync(join(root, folder, file), "utf8")) as JsonObject;
  return (
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith(".meta.json"))
      .map((file) => file.replace(".meta.json", ""))
      // The gateway refuses it itself, as the provider does.
      .filter((name) => name !== "error-400")
      .map((name) => ({
        name: `${folder}/${name}`,
        dialect,
        operation: "embed",
        codec: embedding(dialect, "embed"),
        address: id === "gemini" ? { model: "gemini-embedding-001" } : {},
        request: read(`${name}.request.json`),
        reply: read(`${name}.response.json`),
      }))
  );
}

interface Handmade {
  readonly dialect: Dialect["id"];
  readonly operation?: EmbedOperation;
  readonly name: string;
  readonly request: JsonObject;
  readonly reply?: JsonObject;
}

const png = "iVBORw0KGgo=";
const numbers = [0.25, -0.5, 0.125];

/** Written by hand from the vendors' documentation, for what no recording shows. */
const handmade: readonly Handmade[] = [
  {
    dialect: "openai-chat",
    name: "everything at once",
    request: {
      model: "m",
      input: ["Hello", "Grüße 🌉"],
      dimensions: 3,
      encoding_format: "float",
      user: "u-1",
      something_new: { deep: [1] },
    },
    reply: {
      object: "list",
      data: [
        { object: "embedding", index: 0, embedding: numbers },
        { object: "embedding", index: 1, embedding: [0, 1, -1] },
      ],
      model: "m-2",
      usage: { prompt_tokens: 7, total_tokens: 7, prompt_tokens_details: { audio_tokens: 0 } },
      id: "embd-1",
    },
  },
  { dialect: "openai-chat", name: "one text", request: { model: "m", input: "Hello" } },
  { dialect: "openai-chat", name: "tokens", request: { model: "m", input: [1, 2, 3] } },
  { dialect: "openai-chat", name: "lists of tokens", request: { model: "m", input: [[1, 2], [3]] } },
  {
    dialect: "openai-chat",
    name: "OpenRouter's pictures",
    request: {
      model: "m",
      input: [{ content: [{ type: "image_url", image_url: { url: "https://a.example/b.png" } }] }],
    },
  },
  {
    dialect: "openai-chat",
    name: "Mistral's words",
    request: { model: "m", input: ["Hello"], output_dimension: 3, output_dtype: "int8" },
  },
  {
    dialect: "cohere-chat",
    name: "everything at once",
    request: {
      model: "m",
      texts: ["Hello", "World"],
      input_type: "search_query",
      embedding_types: ["float", "base64"],
      output_dimension: 3,
      truncate: "START",
      max_tokens: 100,
      priority: 1,
    },
    reply: {
      id: "e-1",
      texts: ["Hello", "World"],
      embeddings: { float: [numbers, [1, 0, 0]], base64: ["AACAPgAAAL8AAAA+", "AACAPwAAAAAAAAAA"] },
      meta: { api_version: { version: "2" }, billed_units: { input_tokens: 4 } },
      response_type: "embeddings_by_type",
    },
  },
  {
    dialect: "cohere-chat",
    name: "smaller numbers",
    request: { model: "m", texts: ["Hello"], input_type: "clustering", embedding_types: ["int8"] },
    reply: {
      id: "e-2",
      embeddings: { int8: [[1, -2, 3]] },
      meta: { billed_units: { input_tokens: 1 } },
      response_type: "embeddings_by_type",
    },
  },
  {
    dialect: "cohere-chat",
    name: "pictures",
    request: { model: "m", images: [`data:image/png;base64,${png}`], input_type: "image" },
    reply: {
      id: "e-3",
      embeddings: { float: [numbers] },
      meta: { billed_units: { images: 1, image_tokens: 500 } },
      response_type: "embeddings_by_type",
    },
  },
  {
    dialect: "cohere-chat",
    name: "texts and pictures",
    request: {
      model: "m",
      inputs: [
        {
          content: [
            { type: "text", text: "A bridge" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
          ],
        },
      ],
      input_type: "search_document",
    },
  },
  {
    dialect: "gemini",
    name: "everything at once",
    request: {
      requests: ["Hello", "World"].map((text) => ({
        model: "models/m",
        content: { parts: [{ text }] },
        taskType: "RETRIEVAL_DOCUMENT",
        title: "Greetings",
        outputDimensionality: 3,
      })),
    },
    reply: {
      embeddings: [{ values: numbers }, { values: [0, 1, 0] }],
      usageMetadata: { promptTokenCount: 4, promptTokenDetails: [{ modality: "TEXT", tokenCount: 4 }] },
    },
  },
  {
    dialect: "gemini",
    name: "a picture and its name",
    request: {
      requests: [
        {
          model: "models/m",
          content: { parts: [{ text: "A bridge" }, { inlineData: { mimeType: "image/png", data: png } }] },
        },
      ],
    },
  },
  {
    dialect: "gemini",
    name: "a nested config",
    request: {
      requests: [
        {
          model: "models/m",
          content: { parts: [{ text: "Hello" }] },
          embedContentConfig: { taskType: "SEMANTIC_SIMILARITY", autoTruncate: true, documentOcr: true },
        },
      ],
    },
  },
  {
    dialect: "gemini",
    operation: "embed-one",
    name: "one",
    request: {
      model: "models/m",
      content: { parts: [{ text: "Hello" }], role: "user" },
      taskType: "CODE_RETRIEVAL_QUERY",
    },
    reply: { embedding: { values: numbers }, usageMetadata: { promptTokenCount: 2 } },
  },
  {
    dialect: "ollama-chat",
    name: "everything at once",
    request: {
      model: "m",
      input: ["Hello", "World"],
      truncate: true,
      dimensions: 3,
      keep_alive: "5m",
      options: { num_ctx: 2048 },
    },
    reply: {
      model: "m",
      embeddings: [numbers, [1, 0, 0]],
      total_duration: 14143917,
      load_duration: 1019500,
      prompt_eval_count: 8,
    },
  },
  { dialect: "ollama-chat", name: "one text", request: { model: "m", input: "Hello", truncate: false } },
  {
    dialect: "ollama-chat",
    operation: "embed-one",
    name: "one",
    request: { model: "m", prompt: "Hello", keep_alive: 0 },
    reply: { embedding: numbers },
  },
];

export const embeddingCases: readonly EmbeddingCase[] = [
  ...recordedVectors,
  ...handmade.map(({ dialect: id, operation = "embed", name, request, reply }) => {
    const dialect = dialectOf(id);
    return {
      name: `${id}/${name.replaceAll(/[ ']+/g, "-")}`,
      dialect,
      operation,
      codec: embedding(dialect, operation),
      address: id === "gemini" ? { model: "m" } : {},
      request,
      reply,
    };
  }),
];

export const answered = embeddingCases.filter(
  (one): one is EmbeddingCase & { readonly reply: JsonObject } => one.reply !== undefined,
);
