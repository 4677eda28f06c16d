import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { GenerateEventSchema } from "../gen/pontage/v1/generate_pb.ts";
import { Fold } from "./fold.ts";
import { decodePart } from "./part.ts";

test("citations of a streamed text are those of the text, and enclose its words", () => {
  const fold = new Fold();
  const citation = { start: 3, end: 6, url: "https://example.com", sourceIndex: 0 };
  for (const event of [
    { case: "partOpened", value: { part: { kind: { case: "text", value: { text: "👋 " } } } } },
    { case: "partGrown", value: { delta: { case: "text", value: "Zoë." } } },
    { case: "partGrown", value: { delta: { case: "citation", value: citation } } },
  ] as const) {
    fold.add(create(GenerateEventSchema, { event }));
  }
  const part = decodePart(fold.part(0, 0));
  expect(part).toEqual({ type: "text", text: "👋 Zoë.", citations: [citation] });
  expect("👋 Zoë.".slice(3, 6)).toBe("Zoë");
});
