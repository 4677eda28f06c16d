import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { FinishReason, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { reasoning, text } from "../../canonical/events.ts";
import { fold } from "../../canonical/fold.ts";
import { LossReport } from "../../canonical/loss.ts";
import { wireRequest } from "../../payload/request.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { openaiResponses } from "./index.ts";
import { begin, call, cross, encode, end, fromChat, hello, toChat, toMessages, whole } from "./responses.fixture.ts";

describe("hazards 23, 24 and 27: thoughts", () => {
  const thinking = { type: "thinking", thinking: "Hm.", signature: "c2ln" };
  const events = [begin, ...whole(0, reasoning({ text: "Hm.", signature: "c2ln" })), ...whole(1, call("t", "{}"))];

  /** What a client sends back of an answer: its items, and the results of its calls. */
  const backOf = (output: JsonValue | undefined): JsonObject[] => [
    { role: "user", content: "Hello" },
    ...(output as JsonObject[]),
    { type: "function_call_output", call_id: "t", output: "A cat." },
  ];

  test("a signature of another vendor's travels with the item, whole and streamed, and goes back to its maker", () => {
    const done = [...events, ...end(FinishReason.TOOL_CALLS)];
    const streamed = encode(done).at(-1)!.response as JsonObject;
    const unary = openaiResponses.unary.encode(fold(done), new LossReport());
    expect(streamed.output).toEqual(unary.output);
    const { wire } = toMessages({ input: backOf(unary.output) });
    expect((wire.messages as JsonObject[])[1]!.content).toMatchObject([thinking, { type: "tool_use" }]);
  });

  test("encrypted thoughts of another vendor's do too", () => {
    const done = [begin, ...whole(0, reasoning({ redacted: "eA==" })), ...whole(1, call("t", "{}")), ...end()];
    const { output } = encode(done).at(-1)!.response as JsonObject;
    const { wire } = toMessages({ input: backOf(output) });
    expect((wire.messages as JsonObject[])[1]!.content).toMatchObject([
      { type: "redacted_thinking", data: "eA==" },
      { type: "tool_use" },
    ]);
  });

  test("nobody else gets them: not another dialect, and not another provider of this one", () => {
    const { output } = encode([...events, ...end()]).at(-1)!.response as JsonObject;
    const wire = { ...hello, input: backOf(output) };
    expect(JSON.stringify(toChat(wire).wire)).not.toContain("pontage");
    const request = wireRequest(openaiResponses, "generate", Buffer.from(JSON.stringify(wire)));
    const losses = new LossReport();
    const facts = { operation: "generate", model: "m", askUsage: false, outputLimit: 99, quirks: undefined } as const;
    const again = JSON.parse(String(request.bytes({ dialect: openaiResponses, losses, ...facts })));
    const lost = losses.paths;
    expect(again.input.map(({ type }: JsonObject) => type)).toEqual([
      undefined,
      "function_call",
      "function_call_output",
    ]);
    expect(JSON.stringify(again)).not.toContain("pontage");
    expect(lost).toContain("input[1]");
  });

  test("what the vendor encrypted goes to nobody else, and the loss is reported", () => {
    const input = backOf([
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm." }], encrypted_content: "gAAA" },
      { type: "function_call", call_id: "t", name: "look", arguments: "{}" },
    ]);
    const { wire, lost } = toMessages({ input });
    expect(JSON.stringify(wire)).not.toContain("gAAA");
    expect(lost).toContain("input[1].encrypted_content");
    // An answer's words stay where there is a place for unsigned ones.
    const losses = new LossReport();
    const reply = openaiResponses.unary.decode({ id: "r", status: "completed", output: input.slice(1, 2) });
    expect(openaiChat.unary.encode(reply, losses).choices).toMatchObject([{ message: { reasoning_content: "Hm." } }]);
    expect(losses.paths).toEqual(["output[0].encrypted_content"]);
  });

  test("thoughts of others are never sent as items, for they prove nothing and lead to nothing", () => {
    const { wire, lost } = cross(anthropicMessages, openaiResponses, {
      model: "m",
      max_tokens: 10,
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", content: [thinking, { type: "text", text: "Hi" }] },
        { role: "user", content: "Again" },
      ],
    });
    expect((wire.input as JsonObject[]).map(({ type }) => type)).toEqual(["message", "message", "message"]);
    expect(lost).toEqual(["messages[1].content[0]"]);
  });

  test("the vendor's own are asked for where a model thinks, and never alone", () => {
    expect(fromChat({ reasoning_effort: "high" }).wire).toMatchObject({
      store: false,
      include: ["reasoning.encrypted_content"],
      reasoning: { effort: "high" },
    });
    expect(fromChat({}).wire.include).toBeUndefined();
    const own = openaiResponses.request.decode({
      ...hello,
      input: [
        { role: "user", content: "Hello" },
        { type: "reasoning", summary: [], encrypted_content: "gAAA" },
      ],
    });
    // The same conversation in the canonical vocabulary, as a caller of the RPC has it.
    const losses = new LossReport();
    const options = { model: "m", stream: false, askUsage: false, outputLimit: 1, losses };
    const said = { ...own.messages[1]!, parts: [...own.messages[1]!.parts, text("Hi")] };
    const later = { ...own.messages[0]!, role: Role.USER };
    const request = { ...own, dialect: "", messages: [own.messages[0]!, said, later] };
    expect(openaiResponses.request.encode(request, options).input).toMatchObject([
      { role: "user" },
      { type: "reasoning", encrypted_content: "gAAA" },
      { role: "assistant" },
      { role: "user" },
    ]);
    const alone = { ...request, messages: [own.messages[0]!, own.messages[1]!, later] };
    expect(openaiResponses.request.encode(alone, options).input).toMatchObject([{ role: "user" }, { role: "user" }]);
    expect(losses.paths).not.toEqual([]);
  });

  test("hazards 22: the pieces of a summary are read as one and written as they were", () => {
    const item = {
      type: "reasoning",
      id: "rs_1",
      summary: [
        { type: "summary_text", text: "**One**" },
        { type: "summary_text", text: "**Two**" },
      ],
    };
    const reply = openaiResponses.unary.decode({ id: "r", status: "completed", output: [item] });
    expect(reply.choices[0]!.parts[0]!.kind.value).toMatchObject({ text: "**One**\n\n**Two**" });
    expect(openaiResponses.unary.encode(reply, new LossReport()).output).toEqual([item]);
  });
});
