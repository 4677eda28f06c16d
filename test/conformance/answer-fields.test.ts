import { describe, expect, test } from "vitest";
import { dialects } from "../../server/src/dialects/index.ts";
import { answerShapes, saysNothing } from "./answers/index.ts";
import { names, type Outcome, outcomeOf } from "./answers/outcome.ts";
import type { AnswerShape } from "./answers/shape.ts";
import { expectSection, tableOf } from "./page.ts";

/*
 * Every field that the vendors publish for their answers, whole and in streams, once at every front door: the client reads
 * it, or is told that it is lost. A field that a vendor adds fails here until somebody has decided what becomes of it;
 * what becomes of each is docs/answer-fields.md.
 */

/** Those of the dialects, and our own RPC. */
const doors = [...dialects, undefined];
const doorName = (door: (typeof doors)[number]) => door?.id ?? "pontage";

const nameOf = ({ dialect, name }: AnswerShape) => `${dialect} ${name}`;
const reasonForSilence = (shape: AnswerShape, field: string) =>
  saysNothing.find((known) => known.field.test(`${nameOf(shape)} ${field}`))?.why;

describe.each(answerShapes)("$dialect, $name", (shape) => {
  test("every published field has a sample, and no other has", () => {
    const published = new Set(shape.published());
    expect([...published].filter((field) => !shape.given.includes(field) && !(field in shape.samples))).toEqual([]);
    expect([...Object.keys(shape.samples), ...shape.given].filter((field) => !published.has(field))).toEqual([]);
  });

  test.each(Object.keys(shape.samples))("`%s` is read at every door, or its loss is told", (field) => {
    for (const door of doors) {
      const outcome = outcomeOf(shape, field, door);
      const where = `${doorName(door)}: ${JSON.stringify(outcome)}`;
      expect(outcome.is, where).not.toBe("failed");
      if (outcome.is === "silent") expect(reasonForSilence(shape, field), where).toBeDefined();
      if (outcome.is === "lost" || (outcome.is === "converted" && outcome.losses.length > 0)) {
        expect(names(outcome.losses, shape, field), where).toBe(true);
      }
    }
  });
});

test("nothing is excused that needs no excuse", () => {
  const silent = answerShapes.flatMap((shape) =>
    Object.keys(shape.samples)
      .filter((field) => doors.some((door) => outcomeOf(shape, field, door).is === "silent"))
      .map((field) => `${nameOf(shape)} ${field}`),
  );
  expect(saysNothing.filter(({ field }) => !silent.some((name) => field.test(name)))).toEqual([]);
});

test("docs/fields.md says what becomes of each", () => {
  const signs = {
    carried: "yes",
    converted: "≈",
    lost: "lost",
    "lost with the whole": "lost",
    silent: "–",
    failed: "",
  };
  const cell = (outcome: Outcome) => signs[outcome.is];
  const sections = answerShapes.map((shape) => {
    const others = doors.filter((door) => door?.id !== shape.dialect);
    const rows = Object.keys(shape.samples).map((field) => [
      `\`${field}\``,
      ...others.map((door) => cell(outcomeOf(shape, field, door))),
    ]);
    return `\n### ${shape.dialect}, answers: ${shape.name}\n\n${tableOf(["field", ...others.map(doorName)], rows)}\n`;
  });
  expectSection("fields.md", "test/conformance/answers", sections.join(""));
});
