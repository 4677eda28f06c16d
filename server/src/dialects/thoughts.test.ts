import { create } from "@bufbuild/protobuf";
import {
  type GenerateRequest,
  GenerateRequestSchema,
  type Message,
  type Part,
  Role,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { part, reasoning, text, toolCall } from "../canonical/events.ts";
import { LossReport } from "../canonical/loss.ts";
import type { DialectId } from "./dialect.ts";
import { dialectOf } from "./index.ts";
import { callsOfTurn, thoughtsIn, withoutThoughts, withThoughts } from "./thoughts.ts";

const call = (id: string, name = "look") => toolCall({ id, name, arguments: "{}" });
const thought = (words: string) => reasoning({ text: words, signature: `signed ${words}` });
const message = (role: Role, ...parts: Part[]): Message => ({
  ...{ $typeName: "pontage.v1.Message", role, parts, name: "", bare: false },
});
const result = (toolCallId: string) =>
  message(
    Role.USER,
    part({
      case: "toolResult",
      value: { $typeName: "pontage.v1.ToolResult", toolCallId, parts: [text("x")], isError: false, bare: true },
    }),
  );
const hello = message(Role.USER, text("Hello"));
const request = (...messages: Message[]): GenerateRequest =>
  create(GenerateRequestSchema, { model: "m", dialect: "openai-chat", messages });

/** A turn in short: `a` is text, `?a` a thought, `(a)` a call. */
const brief = (parts: readonly Part[]) =>
  parts
    .map(({ kind }) => {
      if (kind.case === "text") return kind.value.text;
      if (kind.case === "reasoning") return `?${kind.value.text}${kind.value.signature === "" ? " unsigned" : ""}`;
      return kind.case === "toolCall" ? `(${kind.value.id})` : "";
    })
    .join(" ");

/** What becomes of a turn that comes back as `sent` when the model had said `said`. */
function restored(said: readonly Part[], sent: readonly Part[], to: DialectId = "anthropic-messages") {
  const found = thoughtsIn(said, "anthropic-messages");
  const losses = new LossReport();
  const known = (id: string) => found.get(id) ?? undefined;
  const whole = withThoughts(request(hello, message(Role.ASSISTANT, ...sent), result("1")), known, to, losses);
  return { turn: brief(whole.messages[1]!.parts), lost: losses.paths };
}

describe("thoughts come back to where they stood", () => {
  const cases: readonly (readonly [string, Part[], Part[], string])[] = [
    ["before the call", [thought("a"), call("1")], [call("1")], "?a (1)"],
    ["before the words before the call", [thought("a"), text("b"), call("1")], [text("b"), call("1")], "?a b (1)"],
    ["between them", [text("a"), thought("b"), call("1")], [text("a"), call("1")], "a ?b (1)"],
    [
      "each before its own call",
      [thought("a"), call("1"), thought("b"), call("2")],
      [call("1"), call("2")],
      "?a (1) ?b (2)",
    ],
    [
      "in the place of the same words unsigned",
      [thought("a"), call("1")],
      [reasoning({ text: "a" }), call("1")],
      "?a (1)",
    ],
    ["where the words are gone", [thought("a"), text("b"), thought("c"), call("1")], [call("1")], "?a ?c (1)"],
    ["not where the client has them", [thought("a"), call("1")], [thought("a"), call("1")], "?a (1)"],
    ["not before another function's call", [thought("a"), call("1", "other")], [call("1")], "(1)"],
    ["not where there were none", [text("a"), call("1")], [text("a"), call("1")], "a (1)"],
    ["not those that nobody signed", [reasoning({ text: "a" }), call("1")], [call("1")], "(1)"],
  ];
  for (const [where, said, sent, turn] of cases) {
    test(where, () => expect(restored(said, sent)).toEqual({ turn, lost: [] }));
  }

  test("not to another maker, which is reported", () => {
    const lost = ["messages[1].tool_calls[0].signature"];
    expect(restored([thought("a"), call("1")], [call("1")], "gemini")).toEqual({ turn: "(1)", lost });
  });

  test("Claude's at Anthropic are Claude's at Bedrock", () => {
    expect(restored([thought("a"), call("1")], [call("1")], "bedrock-converse").turn).toBe("?a (1)");
  });

  test("a call's own signature comes back on it", () => {
    const signed: Part = { ...call("1"), signature: "c2ln", origin: "gemini" };
    const found = thoughtsIn([signed, call("2")], "gemini");
    expect(found.get("2")).toBeNull();
    const turn = request(hello, message(Role.ASSISTANT, call("1"), call("2")), result("1"));
    const whole = withThoughts(turn, (id) => found.get(id) ?? undefined, "gemini", new LossReport());
    expect(whole.messages[1]!.parts).toMatchObject([{ signature: "c2ln", origin: "gemini" }, call("2")]);
    expect(turn.messages[1]!.parts[0]!.signature).toBeUndefined();
  });
});

test("only the calls of the turn that goes on are looked for, and none that has its signature or whose id was made up", () => {
  const signed: Part = { ...call("4"), signature: "c2ln" };
  const turn = message(Role.ASSISTANT, call("3"), signed, call("ollama_call_m3_0"));
  const earlier = [hello, message(Role.ASSISTANT, call("1")), result("1"), message(Role.ASSISTANT, text("So."))];
  const going = [message(Role.ASSISTANT, call("2")), result("2"), turn, result("3")];
  expect(callsOfTurn(request(...earlier, hello, ...going))).toEqual(["2", "3"]);
  expect(callsOfTurn(request(...earlier, hello))).toEqual([]);
});

test("an id that two answers may share is not remembered", () => {
  const found = thoughtsIn([thought("a"), call("gemini__0"), thought("b"), call("")], "gemini");
  expect([...found]).toEqual([]);
});

test("without thoughts nothing of them is left, and all of it is reported", () => {
  const signed: Part = { ...call("1"), signature: "c2ln", origin: "gemini" };
  const onlyThought = message(Role.ASSISTANT, thought("b"));
  const losses = new LossReport();
  const before = request(hello, message(Role.ASSISTANT, thought("a"), text("c"), signed), result("1"), onlyThought);
  const after = withoutThoughts(before, losses);
  expect(after.messages.map(({ parts }) => brief(parts))).toEqual(["Hello", "c (1)", ""]);
  expect(JSON.stringify(after.messages)).not.toMatch(/sign/);
  expect(losses.paths).toHaveLength(3);
});

describe("a refusal that is about thoughts is told from others", () => {
  const refusals: Partial<Record<DialectId, readonly string[]>> = {
    "anthropic-messages": [
      "messages.1.content.0: Invalid `signature` in `thinking` block",
      "messages.3.content.0: Invalid signature in thinking block",
      "messages.1.content.1: Invalid `data` in `redacted_thinking` block",
      "messages.5.content.17: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.",
      "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.",
      "messages.1.content.0.thinking.signature: Field required",
    ],
    "bedrock-converse": [
      "The model returned the following errors: messages.1.content.0: Invalid `signature` in `thinking` block",
    ],
    gemini: [
      "Unable to submit request because Thought signature is not valid.",
      "Corrupted thought signature.",
      "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly.",
    ],
    "openai-responses": [
      "invalid_encrypted_content The encrypted content gAAA...DQ== could not be verified.",
      "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
      "Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' item: 'rs_1'.",
    ],
    "openai-chat": ["Corrupted thought signature.", "messages.1.content.0: Invalid `signature` in `thinking` block"],
  };
  const others = [
    "prompt is too long: 3333404 tokens > 200000 maximum",
    "max_tokens must be greater than thinking.budget_tokens",
    "temperature may only be set to 1 when thinking is enabled",
    "This model does not support thinking.",
    "Invalid value for reasoning effort.",
    "Request signature expired",
  ];
  for (const [id, said] of Object.entries(refusals)) {
    const { refusal } = dialectOf(id as DialectId).thoughts!;
    for (const words of said) test(`${id}: ${words}`, () => expect(words).toMatch(refusal));
    for (const words of others) test(`${id}, not: ${words}`, () => expect(words).not.toMatch(refusal));
  }
});
