import { expect, test } from "vitest";
import { GatewayError, Reason, reasonName } from "../canonical/error.ts";
import { gateJson } from "./json-gate.ts";

const textOf = (text: string, field: string) => {
  const span = gateJson(text).fields.get(field);
  return span && text.slice(span.start, span.end);
};

for (const [body, field, value] of [
  ['{"model":"a"}', "model", '"a"'],
  ['{ "model" : "a" , "x":1}', "model", '"a"'],
  ['{"a":{"model":"inner"},"model":"outer"}', "model", '"outer"'],
  ['{"a":"\\"model\\":","model":"x\\\\"}', "model", '"x\\\\"'],
  ['{"a":[1,{"b":2}],"model":null }', "model", "null"],
  ['{"\\u006dodel":"a"}', "model", '"a"'],
  ['{"é":"ü","n":-1.5e3}', "n", "-1.5e3"],
  ['{"long":"' + "x".repeat(1000) + '\\n","m":true}', "m", "true"],
  ["{}", "model", undefined],
] as const) {
  test(`finds ${field} in ${body.slice(0, 48)}`, () => expect(textOf(body, field)).toBe(value));
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof GatewayError) return reasonName(error.reason);
    throw error;
  }
  return "accepted";
}

for (const [what, body, reason] of [
  ["the same key twice", '{"model":"a","model":"b"}', Reason.DUPLICATE_FIELD],
  ["the same key twice, one of them escaped", '{"model":"a","\\u006dodel":"b"}', Reason.DUPLICATE_FIELD],
  ["the same key twice, far inside", '{"a":[{"b":{"c":1,"d":2,"c":3}}]}', Reason.DUPLICATE_FIELD],
  [
    "the same key among many",
    `{${Array.from({ length: 40 }, (_, i) => `"k${i}":0`).join()},"k3":1}`,
    Reason.DUPLICATE_FIELD,
  ],
  ["100,000 levels", "[".repeat(100_000), Reason.BODY_TOO_COMPLEX],
  ["a million values", `{"a":[${"0,".repeat(1_000_000)}0]}`, Reason.BODY_TOO_COMPLEX],
] as const) {
  test(`refuses ${what}`, () => expect(refusal(() => gateJson(body))).toBe(reasonName(reason)));
}

test("the same key in different objects is fine", () => {
  expect(refusal(() => gateJson('{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":2}]}'))).toBe("accepted");
});

test("agrees with JSON.parse on where the top-level values stand, whatever they are", () => {
  const samples = [
    '"s"',
    '"\\"{[,:"',
    "1",
    "-0.1",
    "true",
    "null",
    "[]",
    "{}",
    '[1,"]",{"}":"{"}]',
    '{"a":{"b":[{}]}}',
  ];
  for (const first of samples) {
    for (const second of samples) {
      const body = `{ "first" :${first},\n"second": ${second}\t}`;
      expect(JSON.parse(textOf(body, "first") ?? "")).toEqual(JSON.parse(first));
      expect(JSON.parse(textOf(body, "second") ?? "")).toEqual(JSON.parse(second));
    }
  }
});

test("a long string full of escapes is read once, not once more for each escape", () => {
  // The search for the closing quote once began again after every backslash: 8 MB of them took minutes.
  const body = `{"a":"${"\\n".repeat(4_000_000)}","m":1}`;
  expect(textOf(body, "m")).toBe("1");
});

test("ends on any bytes, even those that are not JSON", () => {
  for (const body of ['{"a', '{"a\\', '"', "}}}}", ",,::", '{"a":}', "\0\0", '{"a":"\\"}']) {
    expect(["accepted", "DUPLICATE_FIELD"]).toContain(refusal(() => gateJson(body)));
  }
});
