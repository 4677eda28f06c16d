import { expect, test } from "vitest";
import { expectUnlessGap } from "./gaps.ts";

/* A list of gaps that nobody has to shorten would only ever grow. */

const gaps = { flight: /no wings/ };
const works = async () => "done";
const fails = (why: string) => async () => {
  throw new Error(why);
};

test("a gap fails in the words that are listed, and nothing else does", async () => {
  await expectUnlessGap(gaps, "walking", works);
  await expectUnlessGap(gaps, "flight", fails("It has no wings."));
  await expect(expectUnlessGap(gaps, "walking", fails("It has no wings."))).rejects.toThrow("no wings");
  await expect(expectUnlessGap(gaps, "flight", fails("It is tired."))).rejects.toThrow();
});

test("a gap that has closed fails the run", async () => {
  await expect(expectUnlessGap(gaps, "flight", works)).rejects.toThrow("take it off the list");
});
