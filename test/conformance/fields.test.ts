import { describe, expect, test } from "vitest";
import { fatesOf } from "../../server/src/dialects/fates.ts";
import { dialects } from "../../server/src/dialects/index.ts";
import { saysNothing, shapes } from "./fields/index.ts";
import { type Outcome, outcomeOf } from "./fields/outcome.ts";
import type { Shape } from "./fields/shape.ts";
import { expectSection, tableOf } from "./page.ts";

/*
 * Every field that the vendors publish for their requests, sent once over every pair of dialects: it stands at the upstream,
 * or is reported as lost, or is refused by its name. A field that a vendor adds fails here until somebody has decided what
 * becomes of it; what becomes of each is docs/fields.md.
 */

const nameOf = ({ dialect, name }: Shape) => `${dialect} ${name}`;
const reasonForSilence = (shape: Shape, field: string) =>
  saysNothing.find((known) => known.field.test(`${nameOf(shape)} ${field}`))?.why;

/** Names are compared without what differs between the ways to write them. */
const plain = (name: string) => name.replace(/[_-]/g, "").toLowerCase();

/** Whether a report or a refusal names the field, or the object it is in. */
function names(outcome: Outcome, shape: Shape, field: string): boolean {
  const said = "losses" in outcome ? outcome.losses : "param" in outcome ? [outcome.param] : [];
  const known = [field, ...(reportedAs[field] ?? []), ...shape.at.filter((step) => typeof step === "string")];
  return said.some((path) => path.split(/[.[\]]+/).some((step) => known.some((name) => plain(name) === plain(step))));
}

/** Fields that are reported under another one's name, of which they are a spelling or a part. */
const reportedAs: Readonly<Record<string, readonly string[]>> = {
  safety_identifier: ["user"],
  output_config: ["thinking"],
  effort: ["thinking"],
  top_logprobs: ["include", "logprobs"],
  extra: ["logit_bias"],
  outputConfig: ["additionalModelRequestFields"],
};

describe.each(shapes)("$dialect, $name", (shape) => {
  test("every published field has a sample, and no other has", () => {
    const published = new Set(shape.published());
    expect([...published].filter((field) => !shape.given.includes(field) && !(field in shape.samples))).toEqual([]);
    expect(Object.keys(shape.samples).filter((field) => !published.has(field))).toEqual([]);
    expect(shape.given.filter((field) => !published.has(field))).toEqual([]);
  });

  for (const field of Object.keys(shape.samples)) {
    test.each(dialects)(`\`${field}\` reaches $id, or somebody says that it does not`, (target) => {
      const outcome = outcomeOf(shape, field, target);
      if (target.id === shape.dialect) return expect(outcome.is).toBe("carried");
      if (reasonForSilence(shape, field)) {
        return expect(["carried", "silent", "lost", "lost with the whole", "refused with the whole"]).toContain(
          outcome.is,
        );
      }
      // Nothing is found out about a field of what is refused anyway.
      if (outcome.is === "refused with the whole") return;
      if (outcome.is !== "carried" && (outcome.is !== "converted" || outcome.losses.length > 0)) {
        expect(names(outcome, shape, field), JSON.stringify(outcome)).toBe(true);
      }
    });
  }

  // What only one dialect knows comes to our own RPC under that dialect's name.
  if (shape.dialect !== "pontage" && shape.at.every((step) => typeof step === "string")) {
    test("what no other dialect has a word for has a fate", () => {
      const others = dialects.filter(({ id }) => id !== shape.dialect);
      const undecided = Object.keys(shape.samples).filter((field) => {
        if (Object.hasOwn(fatesOf[shape.dialect]!, [...shape.at, field].join("."))) return false;
        return others.every((target) => outcomeOf(shape, field, target).is === "lost");
      });
      expect(undecided).toEqual([]);
    });
  }
});

test("nothing is excused that needs no excuse", () => {
  const silent = shapes.flatMap((shape) =>
    Object.keys(shape.samples)
      .filter((field) => dialects.some((target) => outcomeOf(shape, field, target).is === "silent"))
      .map((field) => `${nameOf(shape)} ${field}`),
  );
  expect(saysNothing.filter(({ field }) => !silent.some((name) => field.test(name)))).toEqual([]);
});

test("docs/fields.md says what becomes of each", () => {
  /** The object that holds all that is there because of a field. */
  const placeOf = (places: readonly string[]): string => {
    const [first = [], ...others] = places.map((place) => place.split("."));
    const differs = first.findIndex((step, at) => others.some((other) => other[at] !== step));
    return `\`${first.slice(0, differs === -1 ? undefined : Math.max(differs, 1)).join(".")}\``;
  };
  const cell = (outcome: Outcome): string => {
    switch (outcome.is) {
      case "carried":
        return placeOf(outcome.places);
      case "converted":
        return `≈ ${placeOf(outcome.places)}`;
      case "silent":
        return "–";
      case "lost":
      case "lost with the whole":
        return "lost";
      default:
        return "refused";
    }
  };
  const sections = shapes.map((shape) => {
    const targets = dialects.filter(({ id }) => id !== shape.dialect);
    const rows = Object.keys(shape.samples).map((field) => [
      `\`${field}\``,
      ...targets.map((target) => cell(outcomeOf(shape, field, target))),
    ]);
    return rows.length === 0
      ? ""
      : `\n### ${shape.dialect}: ${shape.name}\n\n${tableOf(["field", ...targets.map(({ id }) => id)], rows)}\n`;
  });
  expectSection("fields.md", "test/conformance/fields", sections.join(""));
});
