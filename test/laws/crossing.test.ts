import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import {
  type Choice,
  FinishReason,
  type GenerateReply,
  type GenerateRequest,
  type Part,
  type Reasoning,
  Role,
} from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { GatewayError, Reason } from "../../server/src/canonical/error.ts";
import { text } from "../../server/src/canonical/events.ts";
import { fold, unfold } from "../../server/src/canonical/fold.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import { totalInputTokens, totalOutputTokens } from "../../server/src/canonical/usage.ts";
import type { Dialect } from "../../server/src/dialects/dialect.ts";
import { fatesOf } from "../../server/src/dialects/fates.ts";
import { unsealed } from "../../server/src/dialects/seal.ts";
import { eventsOf, framesOf, othersOf, streamed, unary, understood } from "./recordings.ts";

/*
 * Law 7, crossing: what goes from one dialect to another and is read there says the same, but for what the loss report
 * lists. The comparison is made on what a caller can tell: words, thoughts, calls, endings, counts.
 */

/** What a part says, whichever dialect it came through. Null for what is not a matter of words. */
function said({ kind }: Part, losses: readonly string[]): JsonValue {
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
      return { thought: kind.value.text, signature: signatureIn(kind.value, losses), redacted: kind.value.redacted };
    default:
      return { kind: kind.case ?? "none" };
  }
}

/** Only who made a signature has a use for it, so others leave it out and say so. */
function signatureIn({ signature }: Reasoning, losses: readonly string[]): string {
  return losses.some((path) => path.endsWith(".signature")) ? "lost" : signature;
}

/** Encrypted thoughts, likewise: who has no place for them reports the whole part. */
function isLost({ kind }: Part, losses: readonly string[]): boolean {
  return kind.case === "reasoning" && kind.value.redacted !== "" && losses.some((path) => path.endsWith("]"));
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
function ordered(all: readonly Part[], losses: readonly string[]): JsonValue[] {
  const parts = all.filter((part) => !isLost(part, losses));
  const of = (...cases: string[]) =>
    parts.filter(({ kind }) => cases.includes(kind.case ?? "")).map((part) => said(part, losses));
  const words = parts.map(textOf).join("");
  return [...of("reasoning"), { text: words }, ...of("toolCall"), ...of("toolResult")];
}

/** Some dialects name neither an answer nor its model in its body; headers do. */
function namesAnswers({ unary }: Dialect): boolean {
  const reply: GenerateReply = {
    $typeName: "pontage.v1.GenerateReply",
    id: "an-id",
    model: "a-model",
    createTimeSeconds: 0n,
    choices: [
      {
        $typeName: "pontage.v1.Choice",
        index: 0,
        parts: [text("Hi")],
        finishReason: FinishReason.STOP,
        nativeFinishReason: "",
        stopSequence: "",
      },
    ],
    dialect: "",
  };
  return unary.decode(unary.encode(reply, new LossReport())).id !== "";
}

/** What crossed, with the names of the origin where the target has no place for any. */
function named(crossed: GenerateReply, { id, model }: GenerateReply, target: Dialect): GenerateReply {
  return namesAnswers(target) ? crossed : { ...crossed, id, model };
}

function whatIsSaid(reply: GenerateReply, losses: readonly string[]): JsonValue {
  const [choice] = reply.choices;
  const { usage } = reply;
  const isLost = (path: string) => losses.includes(path);
  return {
    id: isLost("id") ? "lost" : reply.id,
    model: isLost("model") ? "lost" : reply.model,
    parts: ordered(choice?.parts ?? [], losses),
    stopped: losses.some((path) => /^(stop|finish)_/.test(path)) ? "lost" : ending(choice),
    usage: usage
      ? {
          input: totalInputTokens(usage),
          cacheRead: isLost("usage.cache_read_tokens") ? "lost" : usage.cacheReadTokens,
          cacheWrite: isLost("usage.cache_write_tokens") ? "lost" : usage.cacheWriteTokens + usage.cacheWrite1hTokens,
          output: totalOutputTokens(usage),
          // Not every dialect can tell thoughts from the rest of the output.
          reasoning: isLost("usage.reasoning_tokens") ? "lost" : usage.reasoningTokens,
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
  const saidOtherwise = new Set(["usage", "message"]);
  // Fields of the gateway's own say how the origin said a thing, and what is empty says nothing.
  const isLoss = ([field, value]: [string, JsonValue]) =>
    !saidOtherwise.has(field) && !field.startsWith("pontage_") && !isEmpty(value);
  for (const [field] of Object.entries(extra ?? {}).filter(isLoss)) {
    const isReported = losses.some(
      (path) => path === field || path.startsWith(`${field}.`) || path.endsWith(`.${field}`),
    );
    expect(isReported, `${field} is reported lost`).toBe(true);
  }
}

/** The fields of a request that have no place elsewhere, but for those that say nothing of their own. */
function fieldsToLose({ dialect, extra }: GenerateRequest): JsonObject {
  const saysNothing = (path: string, value: JsonValue): boolean => {
    if (path.includes(".pontage_")) return true;
    const entry = fatesOf[dialect]?.[path];
    const fate = typeof entry === "function" ? entry(value) : entry;
    if (fate !== "lose inside") return fate === "pass over";
    return Object.entries(value as JsonObject).every(([field, inner]) => saysNothing(`${path}.${field}`, inner));
  };
  return Object.fromEntries(Object.entries(extra ?? {}).filter(([field, value]) => !saysNothing(field, value)));
}

function isEmpty(value: JsonValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
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
        compare(reply(), named(crossed, reply(), other), losses, other);
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
        // The gateway has an id and a name of the model for upstreams that say none.
        const known = { ...crossed, id: reply().id, model: reply().model && crossed.model };
        compare(reply(), named(known, reply(), other), losses, other);
      });
    });
  }
}

/** Where thoughts of any maker travel under the gateway's seal, and are read so when they come back. */
const seals = new Set(["openai-responses", "anthropic-messages", "bedrock-converse"]);

/** The answer as the gateway reads it when the client sends it back. */
function sentBack(reply: GenerateReply): GenerateReply {
  return { ...reply, choices: reply.choices.map((choice) => ({ ...choice, parts: choice.parts.map(unsealed) })) };
}

/**
 * Thoughts that one dialect signed or encrypted are no use to another: the words stay, and the rest is reported lost.
 */
function withoutSecrets(reply: GenerateReply, target: Dialect, losses: readonly string[]): GenerateReply {
  if (seals.has(target.id)) return reply;
  // A dialect without a place for secrets loses its own clients' too, and says so.
  const areLost = losses.some((path) => /\.(signature|encrypted_content)$/.test(path));
  const isForeign = ({ origin }: Part) => (origin === undefined ? areLost : origin !== target.id);
  const choices = reply.choices.map((choice) => {
    const isSecret = (part: Part) => part.kind.case === "reasoning" && isForeign(part);
    if (choice.parts.some(isSecret)) expect(losses).not.toEqual([]);
    const parts = choice.parts.map((part) => {
      if (part.kind.case !== "reasoning" || !isForeign(part)) return part;
      const value = { ...part.kind.value, signature: "", redacted: "" };
      return { ...part, kind: { ...part.kind, value } };
    });
    return { ...choice, parts: parts.filter(({ kind }) => kind.case !== "reasoning" || saysSomething(kind.value)) };
  });
  return { ...reply, choices };
}

/** Completions have no place for anything but words, and say so of what else there is. */
function inItsParts(reply: GenerateReply, target: Dialect, losses: readonly string[]): GenerateReply {
  if (target.id !== "openai-completions") return reply;
  const isWords = ({ kind }: Part) => kind.case === "text" || kind.case === "refusal";
  const choices = reply.choices.map((choice) => {
    if (!choice.parts.every(isWords)) expect(losses).toContainEqual(expect.stringMatching(/[[\].]|^message$|^output/));
    return { ...choice, parts: choice.parts.filter(isWords) };
  });
  return { ...reply, choices };
}

function saysSomething({ text, signature, redacted }: Reasoning): boolean {
  return text !== "" || signature !== "" || redacted !== "";
}

function compare(origin: GenerateReply, after: GenerateReply, losses: LossReport, target: Dialect): void {
  const before = inItsParts(withoutSecrets(origin, target, losses.paths), target, losses.paths);
  if (after.choices.length < before.choices.length) expect(losses.paths).toContain("choices[1]");
  // Messages cannot leave usage out, so unknown becomes zero there. The ledger counts at the upstream.
  const read = sentBack(after);
  const known = before.usage === undefined ? { ...read, usage: undefined } : read;
  expect(whatIsSaid(known, losses.paths)).toEqual(whatIsSaid(before, losses.paths));
  expectReported(before.extra, losses.paths);
  for (const choice of before.choices.slice(0, 1)) {
    expectReported(choice.extra, losses.paths);
    for (const part of choice.parts) expectReported(part.extra, losses.paths);
  }
}

for (const { dialect, name, request: wire, address } of understood) {
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
      const tools = (request: GenerateRequest) =>
        request.tools.map(({ name, description, parameters }) => ({ name, description, parameters }));
      const kept = { ...before, tools: before.tools.filter((_, index) => !losses.paths.includes(`tools[${index}]`)) };
      if (!losses.paths.includes("tools")) expect(tools(after)).toEqual(tools(kept));
      expectReported(fieldsToLose(before), losses.paths);
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
  return merged.map(({ role, parts }) => ({ role, parts: ordered(parts, losses) }));
}
