import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, describe, expect, test } from "vitest";
import { GatewayError, reasonName } from "../../server/src/canonical/error.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import { answered, type EmbeddingCase, embeddingCases, forms } from "../laws/embedding-cases.ts";
import { expectGolden, updates } from "./golden.ts";

/* Every request for vectors as every other dialect says it, and every answer. */

const written = new Set<string>();

function golden({ name }: EmbeddingCase, other: string, kind: string, value: JsonObject): void {
  const path = `${name}.as.${other}.${kind}.json`;
  written.add(path);
  expectGolden(`embeddings/${path}`, `${JSON.stringify(value, null, 2)}\n`);
}

const othersOf = ({ codec }: EmbeddingCase) =>
  forms.filter((form) => form.codec !== codec && form.operation !== "embed-one");

describe.each(embeddingCases)("request $name", (one) => {
  test.each(othersOf(one))("as $name", (other) => {
    const losses = new LossReport();
    let outcome: JsonObject;
    try {
      const options = { model: "the-model", stream: false, askUsage: false, outputLimit: 0, losses };
      const request = other.codec.request.encode(one.codec.request.decode(one.request, one.address), options);
      outcome = { lost: [...losses.paths], request };
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      outcome = { refused: reasonName(error.reason), param: error.param ?? null, message: error.message };
    }
    golden(one, other.name, "request", outcome);
  });
});

/** A vector of full length would fill pages. */
const short = answered.filter(({ reply }) => JSON.stringify(reply).length < 4000);

describe.each(short)("answer $name", (one) => {
  const others = forms.filter(({ codec }) => codec !== one.codec);
  test.each(others)("as $name", (other) => {
    const losses = new LossReport();
    const reply = other.codec.unary.encode(one.codec.unary.decode(one.reply), losses);
    golden(one, other.name, "reply", { lost: [...losses.paths], reply });
  });
});

afterAll(() => {
  if (updates) return;
  const root = join(import.meta.dirname, "../golden/embeddings");
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  expect(paths.filter((path) => !written.has(path))).toEqual([]);
});
