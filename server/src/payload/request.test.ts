import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Reason } from "../canonical/error.ts";
import { LossReport } from "../canonical/loss.ts";
import { hosted } from "../dialects/hosted.ts";
import { openaiChat } from "../dialects/openai-chat/index.ts";
import { wireRequest } from "./request.ts";

/** The bytes that go to an upstream of the same dialect. */
function sent(body: string, model: string): string {
  const request = wireRequest(openaiChat, "generate", Buffer.from(body));
  const target = { dialect: openaiChat, operation: "generate" as const, model, askUsage: true, outputLimit: 1 };
  return request.bytes({ ...target, quirks: undefined, losses: new LossReport() }).toString("utf8");
}

for (const [what, before, words] of [
  ["ASCII", "", "Hello"],
  ["letters of two and three bytes before the model", '"é–": "Grüße – 私は川",', "Hello"],
  ["letters of four bytes before and after", '"x": "🌉",', "🌉 über 🌉"],
] as const) {
  test(`only the model's name changes, and no other byte: ${what}`, () => {
    const body = `{ ${before} "model" : "chat/a" ,\n"messages":[{"role":"user","content":"${words}"}] }`;
    expect(sent(body, "a-longer-name")).toBe(body.replace('"chat/a"', '"a-longer-name"'));
  });

  test(`a field is added before the closing brace: ${what}`, () => {
    const body = `{${before}"stream":true,"model":"m","messages":[{"role":"user","content":"${words}"}]\t}\n`;
    expect(sent(body, "m")).toBe(body.replace(/\t}\n$/, '\t,"stream_options":{"include_usage":true}}\n'));
  });
}

describe("a host that wants other fields", () => {
  const layouts = [
    (fields: readonly string[]) => `{${fields.join(",")}}`,
    (fields: readonly string[]) => `{ ${fields.join(" , ")} }`,
    (fields: readonly string[]) => `\n{\n  ${fields.join(",\n  ")}\n}\n`,
  ];
  const fields = [
    '"model":"m"',
    '"é–" : "Grüße, 🌉"',
    '"messages":[{"role":"user","content":"a, } \\" b"}]',
    '"stream":false',
    '"x":{}',
  ];
  const names = fields.map((field) => Object.keys(JSON.parse(`{${field}}`) as object)[0]!);
  const subsets = Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((_, at) => bits & (1 << at)));

  test.each(subsets.map((left) => [left.join(", ") || "nothing", left] as const))("%s is left out", (_, left) => {
    for (const body of layouts.map((layout) => layout(fields))) {
      for (const added of [{}, { version: "1" }, { version: "1", x: [1] }]) {
        const said = { ...Object.fromEntries(left.map((name) => [name, undefined])), ...added };
        const dialect = hosted(openaiChat, { fields: () => said });
        const target = {
          dialect,
          operation: "generate" as const,
          model: "m",
          askUsage: false,
          outputLimit: 1,
          quirks: undefined,
        };
        const request = wireRequest(openaiChat, "generate", Buffer.from(body));
        const sent = request.bytes({ ...target, losses: new LossReport() }).toString("utf8");
        const expected = Object.entries({ ...(JSON.parse(body) as JsonObject), ...said });
        expect(JSON.parse(sent)).toEqual(Object.fromEntries(expected.filter(([, value]) => value !== undefined)));
        // What stays is the client's, byte for byte.
        for (const [at, name] of names.entries()) if (!(name in said)) expect(sent).toContain(fields[at]);
      }
    }
  });
});

// A client that splits texts into tokens itself sends as many as OpenAI takes in one call, each a value of its own.
test("as many tokens as OpenAI embeds in one call are let through, and other requests are not that large", () => {
  const tokens = Array.from({ length: 300 }, () => Array.from({ length: 1000 }, (_, at) => at));
  const body = Buffer.from(JSON.stringify({ model: "m", input: tokens }));
  expect(wireRequest(openaiChat, "embed", body).head.model).toBe("m");
  const messages = [{ role: "user", content: "Hello" }];
  const chat = Buffer.from(JSON.stringify({ model: "m", messages, input: tokens }));
  expect(() => wireRequest(openaiChat, "generate", chat)).toThrow(
    expect.objectContaining({ reason: Reason.BODY_TOO_COMPLEX }),
  );
});

// Mistral answered 422 to every client of OpenAI's that asks for usage in the stream.
test.each([
  [
    '{"model":"a","messages":MESSAGES,"stream_options":{"include_usage":true},"stream":true}',
    ',"stream_options":{"include_usage":true}',
  ],
  [
    '{"stream_options" : {"include_usage":true} , "model":"a","messages":MESSAGES}',
    '"stream_options" : {"include_usage":true} , ',
  ],
  ['{"model":"a","messages":MESSAGES\n, "stream_options": null }', '\n, "stream_options": null'],
  ['{"model":"a","ü":"🌉","messages":MESSAGES,"stream_options":{}}', ',"stream_options":{}'],
])("a provider that tells usage unasked is not asked: %s", (shape, gone) => {
  const body = shape.replace("MESSAGES", '[{"role":"user","content":"Hello"}]');
  const request = wireRequest(openaiChat, "generate", Buffer.from(body));
  const target = {
    dialect: openaiChat,
    operation: "generate" as const,
    model: "a",
    askUsage: false,
    usageUnasked: true,
    outputLimit: 1,
  };
  const bytes = request.bytes({ ...target, quirks: undefined, losses: new LossReport() });
  expect(bytes.toString("utf8")).toBe(body.replace(gone, ""));
  expect(JSON.parse(bytes.toString("utf8"))).not.toHaveProperty("stream_options");
});
