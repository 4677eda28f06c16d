import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import {
  type Choice,
  FinishReason,
  type GenerateReply,
  type GenerateRequest,
  type Part,
  Role,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../server/src/canonical/error.ts";
import { fold, unfold } from "../../server/src/canonical/fold.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import { totalInputTokens, totalOutputTokens } from "../../server/src/canonical/usage.ts";
import type { Dialect } from "../../server/src/dialects/dialect.ts";
import { eventsOf, framesOf, othersOf, requested, streamed, unary } from "./recordings.ts";

/*
 * Law 7, crossing: what goes from one dialect to another and is read there says the same, but for what the loss report
 * lists. The comparison is made on what a caller can tell: words, thoughts, calls, endings, counts.
 */

/** What a part says, whichever dialect it came through. Null for what is not a matter of words. */
function said({ kind }: Part): JsonValue {
  switch (kind.case) {
    case "text":
    case "refusal":
      return { text: kind.value.text };
    case "toolCall":
      return {
        call: kind.value.id,
        name: kind.value.name,
        input: JSON.parse(kind.value.arguments || "{}") as JsonValue,
      };
    case "toolResult": {
      const mark = kind.value.isError ? "Error: " : "";
      return { result: kind.value.toolCallId, text: mark + kind.value.parts.map(textOf).join("") };
    }
    case "reasoning":
      return { thought: kind.value.text, signature: kind.value.signature, redacted: kind.value.redacted };
    default:
      return { kind: kind.case ?? "none" };
  }
}

function textOf({ kind }: Part): string {
  // A picture in a result is said by the user on chat, under a label of the gateway's own.
  if (kind.case === "text" && kind.value.text.startsWith("Part of the result of tool call")) return "";
  if (kind.case === "text" || kind.case === "refusal") return kind.value.text;
  // A document of plain text is plain text where there are no such documents.
  const isPlain = kind.case === "file" && kind.value.mimeType === "text/plain" && kind.value.source.case === "data";
  return isPlain ? new TextDecoder().decode(kind.value.source.value as Uint8Array) : "";
}

/** Chat says the thoughts first, then the words as one, then the calls; so the order compared is that one. */
function ordered(parts: readonly Part[]): JsonValue[] {
  const of = (...cases: string[]) => parts.filter(({ kind }) => cases.includes(kind.case ?? "")).map(said);
  const text = parts.map(textOf).join("");
  return [...of("reasoning"), { text }, ...of("toolCall"), ...of("toolResult")];
}

/** Some dialects name neither an answer nor its model in its body; headers do. */
function namesAnswers({ unary }: Dialect): boolean {
  const reply: GenerateReply = {
    $typeName: "pontage.v1.GenerateReply",
    id: "an-id",
    model: "a-model",
    createTimeSeconds: 0n,
    choices: [],
    dialect: "",
  };
  return unary.decode(unary.encode(reply, new LossReport())).id !== "";
}

function whatIsSaid(reply: GenerateReply, losses: readonly string[]): JsonValue {
  const [choice] = reply.choices;
  const { usage } = reply;
  return {
    parts: ordered(choice?.parts ?? []),
    stopped: losses.some((path) => path.startsWith("stop_")) ? "lost" : ending(choice),
    usage: usage
      ? {
          input: totalInputTokens(usage),
          cacheRead: usage.cacheReadTokens,
          cacheWrite: usage.cacheWriteTokens + usage.cacheWrite1hTokens,
          output: totalOutputTokens(usage),
          // Not every dialect can tell thoughts from the rest of the output.
          reasoning: losses.includes("usage.reasoning_tokens") ? "lost" : usage.reasoningTokens,
        }
      : null,
  };
}

/**
 * An ending without a reason is a plain stop; a stop with calls waits for them, and one with a refusal refuses: some
 * dialects say only the one or the other.
 */
function ending(choice: Choice | undefined): FinishReason {
  const kinds = new Set(choice?.parts.map(({ kind }) => kind.case));
  const reason = choice?.finishReason || FinishReason.STOP;
  if (reason === FinishReason.STOP && kinds.has("toolCall")) return FinishReason.TOOL_CALLS;
  return reason === FinishReason.STOP && kinds.has("refusal") ? FinishReason.FILTERED : reason;
}

/** The fields only the origin knows must all be in the report, unless they are said with other words. */
function expectReported(extra: JsonObject | undefined, losses: readonly string[]): void {
  const saidOtherwise = new Set(["usage", "message", "pontage_spelling", "max_tokens", "safety_identifier", "store"]);
  for (const [field, value] of Object.entries(extra ?? {})) {
    if (saidOtherwise.has(field) || saysNothing(value)) continue;
    const isReported = losses.some(
      (path) => path === field || path.startsWith(`${field}.`) || path.endsWith(`.${field}`),
    );
    expect(isReported, `${field} is reported lost`).toBe(true);
  }
}

/** What is empty says nothing, and neither does what only remembers how the origin spelt a thing. */
function saysNothing(value: JsonValue): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.keys(value).every((field) => field.startsWith("pontage_"));
}

for (const { dialect, name, reply } of [
  ...unary.map(({ dialect, name, unary }) => ({ dialect, name, reply: () => dialect.unary.decode(unary) })),
  ...streamed
    .filter(({ name }) => !name.includes("error"))
    .map(({ dialect, name, stream }) => ({
      dialect,
      name,
      reply: () => fold(eventsOf(dialect, framesOf(dialect, [stream]))),
    })),
]) {
  for (const other of othersOf(dialect)) {
    describe(`${dialect.id} ${name} as ${other.id}`, () => {
      test("whole, it says the same but for what is reported", () => {
        const losses = new LossReport();
        const crossed = other.unary.decode(other.unary.encode(reply(), losses));
        compare(reply(), crossed, losses);
        if (reply().id !== "" && namesAnswers(other)) {
          expect({ id: crossed.id, model: crossed.model }).toEqual({ id: reply().id, model: reply().model });
        }
      });

      test("streamed, it says the same but for what is reported", () => {
        const losses = new LossReport();
        const context = { showUsage: true, model: "m", id: "id", createTimeSeconds: 1, losses };
        const encoder = other.stream.encoder(context);
        const events = dialect.stream.encoder({ ...context, losses: new LossReport() });
        const frames = unfold(reply()).flatMap((event) => [...events.push(event)]);
        const crossed = fold(
          eventsOf(
            other,
            eventsOf(dialect, frames).flatMap((event) => encoder.push(event)),
          ),
        );
        compare(reply(), crossed, losses);
        if (reply().model !== "" && namesAnswers(other)) expect(crossed.model).toBe(reply().model);
      });
    });
  }
}

function compare(before: GenerateReply, after: GenerateReply, losses: LossReport): void {
  if (before.choices.length > 1) expect(losses.paths).toContain("choices[1]");
  // Messages cannot leave usage out, so unknown becomes zero there. The ledger counts at the upstream.
  const known = before.usage === undefined ? { ...after, usage: undefined } : after;
  expect(whatIsSaid(known, losses.paths)).toEqual(whatIsSaid(before, losses.paths));
  expectReported(before.extra, losses.paths);
  for (const choice of before.choices.slice(0, 1)) {
    expectReported(choice.extra, losses.paths);
    for (const part of choice.parts) expectReported(part.extra, losses.paths);
  }
}

for (const { dialect, name, request: wire, address } of requested.filter(
  (one) => one.name !== "openai/error-400-max-tokens-param",
)) {
  for (const other of othersOf(dialect)) {
    test(`request ${dialect.id} ${name} as ${other.id} says the same but for what is reported, or is refused by name`, () => {
      const losses = new LossReport();
      const before = dialect.request.decode(wire, address);
      const context = { model: before.model, stream: false, askUsage: false, outputLimit: 4096, losses };
      let after: GenerateRequest;
      try {
        after = other.request.decode(other.request.encode(before, context), { model: before.model });
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
        const { reason, param } = error as GatewayError;
        expect([Reason.CANNOT_TRANSLATE, Reason.INVALID_ARGUMENT]).toContain(reason);
        expect(param).toBeTruthy();
        return;
      }
      const told = (request: GenerateRequest) => turns(request, losses.paths);
      expect(told(after)).toEqual(told(before));
      expect(after.temperature).toBe(before.temperature);
      expect(after.maxOutputTokens).toBe(
        before.maxOutputTokens ?? (other.id === "anthropic-messages" ? 4096 : undefined),
      );
      expect(after.stop).toEqual(before.stop);
      expect(after.tools.map(({ name, description, parameters }) => ({ name, description, parameters }))).toEqual(
        before.tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
      );
      expectReported(before.extra, losses.paths);
    });
  }
}

/** What is said in a conversation, turn by turn, without thoughts that the report says are lost. */
function turns(request: GenerateRequest, losses: readonly string[]): JsonValue[] {
  const merged: { role: Role; parts: Part[] }[] = [];
  for (const { role, parts } of request.messages) {
    const kept = parts.filter(({ kind }) => kind.case !== "reasoning" || losses.length === 0);
    const plainRole = role === Role.DEVELOPER ? Role.SYSTEM : role;
    const before = merged.at(-1);
    if (before?.role === plainRole) before.parts.push(...kept);
    else if (kept.length > 0) merged.push({ role: plainRole, parts: [...kept] });
  }
  return merged.map(({ role, parts }) => ({ role, parts: ordered(parts) }));
}
