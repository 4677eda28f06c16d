import { expect, test } from "vitest";
import { ConnectionFailed, type ErrorFacts, PontageError, Timeout } from "./error.ts";
import { mayRetry, retryWaitMs } from "./retry.ts";

const failed = (facts: Partial<ErrorFacts>) => new PontageError("no", { code: "X", ...facts });
const word = (value: string) => ({ headers: new Headers({ "x-should-retry": value }) });

// [what, error, a call that may be repeated, a call that may not]
const cases: [string, PontageError, boolean, boolean][] = [
  ["400", failed({ status: 400 }), false, false],
  ["401", failed({ status: 401 }), false, false],
  ["404", failed({ status: 404 }), false, false],
  ["408", failed({ status: 408 }), true, false],
  ["409", failed({ status: 409 }), false, false],
  ["429", failed({ status: 429 }), true, true],
  ["500", failed({ status: 500 }), true, false],
  ["503", failed({ status: 503 }), true, false],
  ["529", failed({ status: 529 }), true, false],
  ["no connection", new ConnectionFailed("no", { code: "X" }), true, false],
  ["a timeout", new Timeout("no", { code: "X" }), false, false],
  ["503, x-should-retry: false", failed({ status: 503, ...word("false") }), false, false],
  ["429, x-should-retry: false", failed({ status: 429, ...word("false") }), false, false],
  ["400, x-should-retry: true", failed({ status: 400, ...word("true") }), true, true],
];
for (const [what, error, repeatable, unrepeatable] of cases) {
  test(`${what}: ${repeatable ? "again" : "never again"}`, () => {
    expect(mayRetry(error, true)).toBe(repeatable);
    expect(mayRetry(error, false)).toBe(unrepeatable);
  });
}

test("the wait doubles up to a limit, and jitter takes away at most a quarter", () => {
  const error = failed({ status: 503 });
  expect([0, 1, 2, 3, 4, 5, 60].map((tries) => retryWaitMs(error, tries, 0))).toEqual([
    500, 1000, 2000, 4000, 8000, 8000, 8000,
  ]);
  expect(retryWaitMs(error, 0, 1)).toBe(375);
});

test("the wait asked for is kept, unless it is longer than a minute", () => {
  const asking = (seconds: number) => failed({ headers: new Headers({ "retry-after": String(seconds) }) });
  expect(retryWaitMs(asking(60), 0, 0)).toBe(60_000);
  expect(retryWaitMs(asking(61), 0, 0)).toBe(500);
});
