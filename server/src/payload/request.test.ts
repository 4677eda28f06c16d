import { expect, test } from "vitest";
import { LossReport } from "../canonical/loss.ts";
import { openaiChat } from "../dialects/openai-chat/index.ts";
import { WireRequest } from "./request.ts";

/** The bytes that go to an upstream of the same dialect. */
function sent(body: string, model: string): string {
  const request = new WireRequest(openaiChat, Buffer.from(body));
  const target = { dialect: openaiChat, model, askUsage: true, outputLimit: 1, quirks: undefined };
  return request.bytes({ ...target, losses: new LossReport() }).toString("utf8");
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

// Mistral answered 422 to every client of OpenAI's that asks for usage in the stream.
test.each([
  [
    '{"model":"a","messages":MESSAGES,"stream_options":{"include_usage":true},"stream":true}',
    ',"stream_options":{"include_usage":true}',
  ],
  [
    '{"stream_options" : {"include_usage":true} , "model":"a","messages":MESSAGES}',
    '"stream_options" : {"include_usage":true} ,',
  ],
  ['{"model":"a","messages":MESSAGES\n, "stream_options": null }', ', "stream_options": null'],
  ['{"model":"a","ü":"🌉","messages":MESSAGES,"stream_options":{}}', ',"stream_options":{}'],
])("a provider that tells usage unasked is not asked: %s", (shape, gone) => {
  const body = shape.replace("MESSAGES", '[{"role":"user","content":"Hello"}]');
  const request = new WireRequest(openaiChat, Buffer.from(body));
  const target = { dialect: openaiChat, model: "a", askUsage: false, usageUnasked: true, outputLimit: 1 };
  const bytes = request.bytes({ ...target, quirks: undefined, losses: new LossReport() });
  expect(bytes.toString("utf8")).toBe(body.replace(gone, ""));
  expect(JSON.parse(bytes.toString("utf8"))).not.toHaveProperty("stream_options");
});
