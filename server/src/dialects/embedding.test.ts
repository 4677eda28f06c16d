import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create, type JsonObject } from "@bufbuild/protobuf";
import { EmbeddingPurpose, EmbeddingRequestSchema } from "@pontage/gen/pontage/v1/embedding_pb.ts";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { Reason } from "../canonical/error.ts";
import { text, toolCall } from "../canonical/events.ts";
import { LossReport } from "../canonical/loss.ts";
import { embedding } from "./codec.ts";
import type { Quirks } from "./dialect.ts";
import { dialects } from "./index.ts";

/* What is peculiar about embeddings, one by one; what they have in common is in `test/laws`. */

const able = dialects.filter(({ embeddings }) => embeddings);
const codecOf = (id: string) => embedding(able.find((dialect) => dialect.id === id)!, "embed");

function encode(id: string, parts: readonly Part[], more: object = {}, quirks?: Quirks) {
  const losses = new LossReport();
  const request = create(EmbeddingRequestSchema, { model: "m", inputs: [{ parts: [...parts] }], ...more });
  const context = { model: "m", stream: false, askUsage: false, outputLimit: 0, losses };
  const wire = codecOf(id).request.encode(request, quirks ? { ...context, quirks } : context);
  return { wire, lost: losses.paths };
}

describe.each(able)("$id", ({ id }) => {
  test.each([
    ["a call", toolCall({ id: "c", name: "f", arguments: "{}" })],
    ["nothing", create(EmbeddingRequestSchema, { inputs: [{ parts: [{}] }] }).inputs[0]!.parts[0]!],
  ])("refuses %s to be embedded", (_, part) => {
    expect(() => encode(id, [part])).toThrow(expect.objectContaining({ reason: Reason.CANNOT_TRANSLATE }));
  });

  test("writes a text, and loses a user it has no word for with a report", () => {
    const { wire, lost } = encode(id, [text("Hello")], { user: "u-1" });
    expect(JSON.stringify(wire)).toContain("Hello");
    if (wire.user !== "u-1") expect(lost).toContain("user");
  });
});

test.each([
  ["unsaid", EmbeddingPurpose.UNSPECIFIED, "search_document", []],
  ["a query", EmbeddingPurpose.QUERY, "search_query", []],
  ["clusters", EmbeddingPurpose.CLUSTERING, "clustering", []],
  ["likeness", EmbeddingPurpose.SIMILARITY, "search_document", ["purpose"]],
  ["a question about code", EmbeddingPurpose.CODE_QUERY, "search_query", ["purpose"]],
])("Cohere must be told what vectors are for: %s", (_, purpose, type, reported) => {
  const { wire, lost } = encode("cohere-chat", [text("a")], { purpose });
  expect(wire.input_type).toBe(type);
  expect(lost).toEqual(reported);
});

test("Mistral has its own word for dimensions", () => {
  expect(encode("openai-chat", [text("a")], { dimensions: 3 }).wire).toMatchObject({ dimensions: 3 });
  const { wire } = encode("openai-chat", [text("a")], { dimensions: 3 }, { outputDimension: true });
  expect(wire).toMatchObject({ output_dimension: 3 });
  expect(wire).not.toHaveProperty("dimensions");
});

test("vectors that come in another order are put into that of the inputs", () => {
  const data = [1, 0].map((index) => ({ object: "embedding", index, embedding: [index] }));
  const { embeddings } = codecOf("openai-chat").unary.decode({ object: "list", data, model: "m" });
  expect(embeddings.map(({ values }) => values)).toEqual([[0], [1]]);
});

test("requests of one batch that want different vectors are not made one", () => {
  const one = { content: { parts: [{ text: "a" }] }, taskType: "RETRIEVAL_QUERY" };
  const other = { content: { parts: [{ text: "b" }] }, taskType: "RETRIEVAL_DOCUMENT" };
  const wire = { requests: [one, one, other] };
  expect(() => codecOf("gemini").request.decode(wire, { model: "m" })).toThrow(
    expect.objectContaining({ reason: Reason.CANNOT_TRANSLATE, param: "requests[2]" }),
  );
});

test("names in snake case are read as Google reads them", () => {
  const request = { content: { parts: [{ text: "a" }] }, task_type: "RETRIEVAL_QUERY", output_dimensionality: 3 };
  expect(codecOf("gemini").request.decode({ requests: [request] }, { model: "m" })).toMatchObject({
    purpose: EmbeddingPurpose.QUERY,
    dimensions: 3,
  });
});

test("tokens of pictures are counted with those of texts", () => {
  const meta = { billed_units: { input_tokens: 4, image_tokens: 500, images: 1 } };
  expect(codecOf("cohere-chat").usage({ meta })).toMatchObject({ inputTokens: 504, outputTokens: 0 });
});

test("what OpenAI is recorded to refuse is refused before it costs anything", () => {
  const path = join(import.meta.dirname, "../../../test/fixtures/openai/embeddings/error-400.request.json");
  const wire = JSON.parse(readFileSync(path, "utf8")) as JsonObject;
  expect(() => codecOf("openai-chat").request.head(wire)).toThrow(
    expect.objectContaining({ reason: Reason.INVALID_ARGUMENT, param: "dimensions" }),
  );
});
