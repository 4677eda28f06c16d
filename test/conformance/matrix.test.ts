import { UsageSource } from "@pontage/gen/pontage/v1/usage_pb.ts";
import { describe, expect, test } from "vitest";
import { answerFeatures } from "./matrix/answers.ts";
import { type Ending, faults } from "./matrix/faults.ts";
import {
  arrived,
  declared,
  expected,
  type Feature,
  type Hearer,
  type Outcome,
  type Speaker,
} from "./matrix/feature.ts";
import { callThrough, doors, type Result, type Upstream, upstreams } from "./matrix/gate.ts";
import { interleaved } from "./matrix/interleaved.ts";
import { requestFeatures } from "./matrix/requests.ts";
import { answers, requests, scriptOf } from "./matrix/smallest.ts";
import { expectSection, tableOf } from "./page.ts";

/*
 * The conformance matrix: every front door before every family of upstreams, with every feature and every fault, whole and
 * streamed, through the pipeline. What each cell has to be is declared in the data beside this file; docs/conformance.md is
 * the same as a page.
 */

const features = [...requestFeatures, ...answerFeatures];
const modes = [false, true];

test("the matrix is as large as it should be, and no dialect is forgotten", () => {
  expect(features.length).toBeGreaterThanOrEqual(36);
  expect(faults.length).toBeGreaterThanOrEqual(10);
  expect(doors.length).toBeGreaterThanOrEqual(5);
  expect(upstreams.length).toBeGreaterThanOrEqual(8);
  expect(doors.filter((door) => !requests[door])).toEqual([]);
  expect(upstreams.filter(({ dialect }) => !answers[dialect.id])).toEqual([]);
  // A dialect that can say hardly anything has been added to the list and not to the data.
  for (const door of doors) expect(features.filter(({ says }) => says[door]).length, door).toBeGreaterThan(10);
});

const hearer = ({ name, dialect }: Upstream): Hearer => ({ name, dialect: dialect.id });

/** What has become of it. `wanted` is how it has to be said on the other side, if it can be. */
function outcomeOf(feature: Feature, from: Speaker, to: Hearer, result: Result, without: Result): Outcome | "silent" {
  if (result.error) return result.error.status === 400 && result.error.param ? "refused" : "silent";
  const side = feature.of === "request" ? result.sent : result.answer;
  const wanted = expected(feature, from, to);
  const isThere = wanted !== undefined && arrived(side, wanted);
  const isReported = result.losses.some((path) => !without.losses.includes(path));
  if (isThere) return isReported || declared(feature, from, to) === "converted" ? "converted" : "exact";
  return isReported ? "dropped" : "silent";
}

describe.each(requestFeatures)("asking for: $name", (feature) => {
  for (const door of doors.filter((one) => feature.says[one])) {
    test(`from ${door}, at every upstream`, async () => {
      const plain = requests[door]!;
      for (const upstream of upstreams) {
        for (const stream of modes) {
          const script = scriptOf(upstream.dialect, answers[upstream.dialect.id]!, stream);
          const asked = { door, upstream, stream, script };
          const result = await callThrough({ ...asked, request: { ...plain, ...feature.says[door] } });
          const without = await callThrough({ ...asked, request: plain });
          const to = hearer(upstream);
          const where = `${upstream.name}, ${stream ? "streamed" : "whole"}: ${JSON.stringify(result.sent)}`;
          expect(outcomeOf(feature, door, to, result, without), where).toBe(declared(feature, door, to));
          // What is refused costs nothing, and what is not is answered.
          expect(result.answer === undefined, where).toBe(result.error !== undefined);
          if (result.error) expect(result.sent, where).toBeUndefined();
        }
      }
    });
  }
});

describe.each(answerFeatures)("answering with: $name", (feature) => {
  for (const upstream of upstreams.filter(({ dialect }) => feature.says[dialect.id])) {
    test(`from ${upstream.name}, at every door`, async () => {
      const from = upstream.dialect.id;
      const plain = answers[from]!;
      for (const door of doors) {
        for (const stream of modes) {
          const asked = { door, upstream, stream, request: requests[door]! };
          const script = (answer: typeof plain) => scriptOf(upstream.dialect, answer, stream);
          const result = await callThrough({ ...asked, script: script({ ...plain, ...feature.says[from] }) });
          const without = await callThrough({ ...asked, script: script(plain) });
          const to = { dialect: door, name: door };
          const where = `${door}, ${stream ? "streamed" : "whole"}: ${JSON.stringify(result.answer)}`;
          expect(outcomeOf(feature, from, to, result, without), where).toBe(declared(feature, from, to));
        }
      }
    });
  }
});

describe("answering with calls whose arguments come in turns", () => {
  const feature = answerFeatures.find(({ name }) => name === "parallel tool calls")!;
  for (const upstream of upstreams.filter(({ dialect }) => interleaved[dialect.id])) {
    test.each(doors)(`from ${upstream.name}, to %s`, async (door) => {
      const { id: from } = upstream.dialect;
      const to = { dialect: door, name: door };
      const asked = { door, upstream, stream: true, request: requests[door]! };
      const result = await callThrough({ ...asked, script: interleaved[from]! });
      const without = await callThrough({ ...asked, script: scriptOf(upstream.dialect, answers[from]!, true) });
      expect(outcomeOf(feature, from, to, result, without), JSON.stringify(result.answer)).toBe(
        declared(feature, from, to),
      );
    });
  }
});

describe.each(faults)("an upstream that $name", (fault) => {
  test.each(upstreams)("$name, at every door", async (upstream) => {
    const ends = await Promise.all(
      doors.flatMap((door) =>
        modes.map(async (stream) => {
          const script = fault.script(upstream.dialect, stream);
          const result = await callThrough({ door, upstream, stream, script, request: requests[door]!, totalMs: 150 });
          return { door, stream, result };
        }),
      ),
    );
    for (const { door, stream, result } of ends) {
      const where = `${door}, ${stream ? "streamed" : "whole"}: ${result.error?.message}`;
      const usual = stream ? fault.streamed : fault.whole;
      const wanted = (stream && fault.except?.[`${upstream.dialect.id} > ${door}`]) || usual;
      expect(endingOf(result, wanted), where).toBe(wanted);
      const last = result.attempts.at(-1)!;
      expect(last.outcome, where).toBeDefined();
      if (wanted !== "complete") continue;
      // Messages that stream always have usage, be it none.
      const counts = fault.estimated && !(upstream.dialect.id === "anthropic-messages" && last.usage.inputTokens === 0);
      expect(last.usageSource, where).toBe(counts ? UsageSource.ESTIMATED : UsageSource.PROVIDER);
    }
  });
});

function endingOf({ error, inStream }: Result, wanted: Ending): Ending {
  if (!error) return "complete";
  if (inStream) return "broken off";
  return wanted === "failure" && error.status >= 500 ? "failure" : error.status;
}

test("docs/conformance.md is the matrix", () => {
  const signs: Readonly<Record<Outcome, string>> = {
    ...{ exact: "yes", converted: "≈", dropped: "lost", refused: "400", none: "" },
  };
  /** One sign where it is the same from everywhere, else each with those it holds for. */
  const cell = (feature: Feature, from: readonly Speaker[], to: Hearer) => {
    const others = from.filter((one) => one !== to.dialect && feature.says[one]);
    const kinds = Map.groupBy(others, (one) => declared(feature, one, to));
    if (kinds.size <= 1) return signs[[...kinds.keys()][0] ?? "none"];
    return [...kinds].map(([kind, ones]) => `${signs[kind]} (${ones.join(", ")})`).join("; ");
  };
  const rows = (list: readonly Feature[], from: readonly Speaker[], to: readonly Hearer[]) =>
    list.map((feature) => [feature.name, ...to.map((one) => cell(feature, from, one))]);
  const at = upstreams.map(hearer);
  const doorsAs = doors.map((door) => ({ dialect: door, name: door }));
  const families = [...new Set(upstreams.map(({ dialect }) => dialect.id))];
  const ending = (end: Ending) => (typeof end === "number" ? `error ${end}` : end === "failure" ? "error 5xx" : end);
  const sections = [
    "\n### What is asked for, by upstream\n",
    tableOf(["asked for", ...at.map(({ name }) => name)], rows(requestFeatures, doors, at)),
    "\n### What is answered, by front door\n",
    tableOf(["answered", ...doors], rows(answerFeatures, families, doorsAs)),
    "\n### What goes wrong\n",
    tableOf(
      ["the upstream", "whole answer", "stream"],
      faults.map(({ name, whole, streamed, except = {} }) => [
        name,
        ending(whole),
        [ending(streamed), ...Object.entries(except).map(([pair, end]) => `${ending(end)} (${pair})`)].join("; "),
      ]),
    ),
    "",
  ];
  expectSection("conformance.md", "test/conformance/matrix", sections.join("\n"));
});
