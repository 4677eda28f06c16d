import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, describe, expect, test } from "vitest";
import { GatewayError, reasonName } from "../../server/src/canonical/error.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import { writeSse } from "../../server/src/framing/sse.ts";
import {
  errors,
  eventsOf,
  framesOf,
  othersOf,
  type Recording,
  requested,
  streamed,
  unary,
} from "../laws/recordings.ts";
import { expectGolden, updates } from "./golden.ts";

/*
 * Every recording as every other dialect says it, kept in files a person can read. The laws say that nothing is lost; these
 * show what it looks like, so that a change of wording is seen and not only tested.
 */

const written = new Set<string>();

function golden({ dialect, name }: Recording, other: string, ending: string, actual: string): void {
  const path = `${dialect.id}/${name}.as.${other}.${ending}`;
  written.add(path);
  expectGolden(path, actual);
}

function readable(value: JsonObject): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const id = "req_0123456789";

describe.each(requested)("request $dialect.id $name", (recording) => {
  const { dialect, request: wire, address } = recording;
  test.each(othersOf(dialect))("as $id", (other) => {
    const losses = new LossReport();
    let outcome: JsonObject;
    try {
      const options = {
        model: "the-model",
        stream: address.stream ?? wire.stream === true,
        askUsage: true,
        outputLimit: 32000,
        losses,
      };
      outcome = {
        lost: [...losses.paths],
        request: other.request.encode(dialect.request.decode(wire, address), options),
      };
      outcome.lost = [...losses.paths];
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      outcome = { refused: reasonName(error.reason), param: error.param ?? null, message: error.message };
    }
    golden(recording, other.id, "request.json", readable(outcome));
  });
});

describe.each(unary)("whole $dialect.id $name", (recording) => {
  const { dialect, unary: wire } = recording;
  test.each(othersOf(dialect))("as $id", (other) => {
    const losses = new LossReport();
    const reply = other.unary.encode(dialect.unary.decode(wire), losses);
    golden(recording, other.id, "json", readable({ lost: [...losses.paths], reply }));
  });
});

describe.each(streamed)("stream $dialect.id $name", (recording) => {
  const { dialect, stream } = recording;
  test.each(othersOf(dialect))("as $id", (other) => {
    const losses = new LossReport();
    const encoder = other.stream.encoder({
      showUsage: true,
      model: "the-model",
      id,
      createTimeSeconds: 1795000000,
      losses,
    });
    const frames = eventsOf(dialect, framesOf(dialect, [stream])).flatMap((event) => encoder.push(event));
    const lost = losses.paths.map((path) => `: lost ${path}\n`).join("");
    // In lines that can be read, whatever the framing.
    golden(recording, other.id, "sse", lost + frames.map(writeSse).join(""));
  });
});

describe.each(errors)("error $dialect.id $name", (recording) => {
  const { dialect, error, status } = recording;
  test.each(othersOf(dialect))("as $id", (other) => {
    const encoded = other.error.encode(dialect.error.decode(status, {}, error!), id);
    golden(recording, other.id, "error.json", readable({ status: encoded.status, body: encoded.body }));
  });
});

afterAll(() => {
  if (updates) return;
  const root = join(import.meta.dirname, "../golden");
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const all = files.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  const paths = all.filter((path) => !path.startsWith("embeddings/"));
  // A golden file without a case would be kept for ever and prove nothing.
  expect(paths.filter((path) => !written.has(path))).toEqual([]);
});
