import { expect, test } from "vitest";
import { sample } from "../testing/sample.ts";
import { sum } from "./figures.ts";
import { isFiltering, matches, parseSearch, type RequestsSearch } from "./filter.ts";
import { resultOf } from "./result.ts";

const request = sample({ id: "req_Ab1", status: 502, reason: "UPSTREAM_FAILED", askedModel: "fast", keyName: "ci" });

const cases: [RequestsSearch, boolean][] = [
  [{}, true],
  [{ q: "REQ_ab" }, true],
  [{ q: "sim/echo" }, true],
  [{ q: "fast" }, true],
  [{ q: "ci" }, true],
  [{ q: "upstream_" }, true],
  [{ q: "502" }, true],
  [{ q: "nothing" }, false],
  [{ result: "failed" }, true],
  [{ result: "ok" }, false],
  [{ provider: "sim" }, true],
  [{ provider: "openai" }, false],
  [{ simulated: "hide" }, false],
  [{ q: "ci", result: "failed", provider: "sim" }, true],
  [{ q: "ci", result: "ok", provider: "sim" }, false],
  [{ open: "req_other" }, true],
];
for (const [search, passes] of cases) {
  test(`${JSON.stringify(search)} ${passes ? "shows" : "hides"} it`, () => {
    expect(matches(request, search)).toBe(passes);
  });
}

test("a mistyped address is read as far as it makes sense", () => {
  const odd = { q: 502, result: "fine", provider: ["x"], simulated: true, open: "", other: "x" };
  expect(parseSearch(odd)).toEqual({ q: "502" });
  expect(isFiltering(parseSearch(odd))).toBe(true);
  expect(isFiltering({ open: "req_1" })).toBe(false);
});

for (const [status, abandoned, result] of [
  [200, false, "ok"],
  [429, false, "limited"],
  [401, false, "blocked"],
  [403, false, "blocked"],
  [404, false, "failed"],
  [500, false, "failed"],
  [0, false, "failed"],
  [200, true, "cancelled"],
  [0, true, "cancelled"],
  [499, true, "cancelled"],
  [502, true, "failed"],
] as const) {
  test(`status ${status}${abandoned ? ", client gone" : ""} is ${result}`, () => {
    expect(resultOf({ status, abandoned })).toBe(result);
  });
}

test("the figures add up, and cents stay exact", () => {
  const requests = [sample({ id: "a" }), request, sample({ id: "c", abandoned: true, status: 200 })];
  expect(sum(requests)).toMatchObject({
    requests: 3,
    failed: 1,
    inputTokens: 27,
    outputTokens: 72,
    costNanoUsd: 360_000n,
  });
  expect(sum([])).toMatchObject({ requests: 0, failed: 0, costNanoUsd: 0n, estimated: false });
});
