import { expect, test } from "vitest";
import { LossReport } from "../canonical/loss.ts";
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
