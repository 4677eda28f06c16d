import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type GenerateRequest, type Message, type Part, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { type Crossing, takeSpelling } from "../crossing.ts";
import { opaqueIn } from "../opaque.ts";
import { messagePath, partPath } from "../paths.ts";
import { encodePart, type TextType } from "./content.ts";
import { type Item, itemsOf, markOfItem } from "./items.ts";
import { type ItemMark, markOf, unmarked, withoutItemFields } from "./mark.ts";
import { encodeReasoning } from "./reasoning.ts";

export interface Input {
  readonly instructions: string | undefined;
  readonly input: JsonValue;
}

type PathOf = (at: number) => string;

/** Writes the turns as items. */
export function encodeInput(request: GenerateRequest, crossing: Crossing): Input {
  refusePrefill(request, crossing);
  const [first] = request.messages;
  const instructions = first && instructionsIn(first, request, crossing);
  const rest = request.messages.map((message, index) => ({ message, index })).slice(instructions === undefined ? 0 : 1);
  const [only] = rest;
  const isString = crossing.same && rest.length === 1 && only && takeSpelling(only.message.extra).spelt === "input";
  const [words] = isString ? only.message.parts : [];
  if (words?.kind.case === "text") return { instructions, input: words.kind.value.text };
  const items = rest.flatMap(({ message, index }) => {
    const path = messagePath(request, index);
    if (message.name !== "") crossing.lose(`${path}.name`);
    return encodeTurn(message, path, (at) => partPath(request, index, at), crossing);
  });
  return { instructions, input: items };
}

/** Instructions that lead the conversation and are one text have a field of their own. Others stay where they were said. */
function instructionsIn(message: Message, request: GenerateRequest, crossing: Crossing): string | undefined {
  const [only] = message.parts;
  if (only?.kind.case !== "text" || message.parts.length > 1) return undefined;
  if (crossing.same) {
    return takeSpelling(message.extra).spelt === "instructions" ? only.kind.value.text : undefined;
  }
  if (message.role !== Role.SYSTEM || request.messages.length === 1) return undefined;
  if (message.name !== "") crossing.lose(`${messagePath(request, 0)}.name`);
  crossing.extra(message.extra, messagePath(request, 0));
  encodePart(only, partPath(request, 0, 0), crossing, "input_text");
  return only.kind.value.text;
}

function encodeTurn(message: Message, path: string, pathOf: PathOf, crossing: Crossing): JsonObject[] {
  if (message.role === Role.ASSISTANT) {
    crossing.extra(message.extra, path);
    return itemsOf(message.parts, crossing.same).flatMap<JsonObject>(
      (item) => encodeAnswer(item, message, pathOf, crossing) ?? [],
    );
  }
  const results: JsonObject[] = [];
  const said: { part: Part; at: number }[] = [];
  for (const [at, part] of message.parts.entries()) {
    const own = wholeItem(part, crossing);
    if (own) results.push(own);
    else if (part.kind.case === "toolResult") results.push(encodeResult(part, pathOf(at), crossing));
    else said.push({ part, at });
  }
  if (said.length === 0 && results.length > 0) return results;
  const mark = crossing.same ? markOf(message.extra) : undefined;
  const extra = unmarked(takeSpelling(crossing.extra(message.extra, path)).rest);
  const content = contentOf(said, message.bare, pathOf, "input_text", crossing);
  return [...results, { role: roles[message.role] ?? "user", content, ...factsOf(mark, crossing), ...extra }];
}

/** What a message says of itself. In other people's turns it is always said that they are messages: some servers want it. */
function factsOf(mark: Partial<ItemMark> | undefined, crossing: Crossing): JsonObject {
  const facts: JsonObject = mark?.typed || !crossing.same ? { type: "message" } : {};
  if (mark?.id !== undefined) facts.id = mark.id;
  if (mark?.status !== undefined) facts.status = mark.status;
  return facts;
}

/** A string where the origin had one, or where one text is all there is. */
function contentOf(
  parts: readonly { part: Part; at: number }[],
  bare: boolean,
  pathOf: PathOf,
  textType: TextType,
  crossing: Crossing,
): JsonValue {
  if (bare && parts.length === 0) return "";
  const list = parts.flatMap<JsonObject>(({ part, at }) => encodePart(part, pathOf(at), crossing, textType) ?? []);
  const single = list.length === 1 ? list[0] : undefined;
  const isPlain = single?.type === textType && Object.keys(single).length === 2;
  return isPlain && (bare || !crossing.same) ? (single.text as string) : list;
}

/** One item of an earlier answer; undefined for what is lost. */
function encodeAnswer(item: Item, message: Message, pathOf: PathOf, crossing: Crossing): JsonObject | undefined {
  const { part, at } = item.parts[0]!;
  const mark = markOfItem(item, crossing.same);
  switch (item.kind) {
    case "whole":
      return wholeItem(part, crossing);
    case "call": {
      const call = part.kind.case === "toolCall" ? part.kind.value : { id: "", name: "", arguments: "" };
      if (part.cache && !crossing.same) crossing.lose(`${pathOf(at)}.cache_control`);
      if (part.signature !== undefined) crossing.lose(`${pathOf(at)}.signature`);
      const { type: _, ...facts } = factsOf(mark, crossing);
      const { id, name, arguments: input } = call;
      const extra = unmarked(crossing.extra(part.extra, pathOf(at)));
      return { type: "function_call", call_id: id, name, arguments: input, ...facts, ...extra };
    }
    case "reasoning":
      return encodeThoughts(item, mark, message, pathOf, crossing);
    case "result":
      return encodeResult(part, pathOf(at), crossing);
    case "message": {
      const { fields, part: first } = crossing.same ? withoutItemFields(part) : { fields: {}, part };
      const said = item.parts.map((entry, index) => (index === 0 ? { ...entry, part: first } : entry));
      const isEmpty = mark.empty ?? false;
      const content = isEmpty ? [] : contentOf(said, mark.bare ?? false, pathOf, "output_text", crossing);
      return { role: "assistant", content, ...factsOf(mark, crossing), ...fields };
    }
  }
}

/**
 * Thoughts go back to their maker only, who wants what is encrypted: others' are no use to it, and words without it are no
 * proof. A thought that leads to nothing is refused.
 */
function encodeThoughts(
  item: Item,
  mark: Partial<ItemMark>,
  message: Message,
  pathOf: PathOf,
  crossing: Crossing,
): JsonObject | undefined {
  const parts: Part[] = [];
  const isLast = message.parts.slice(item.parts[0]!.at).every(({ kind }) => kind.case === "reasoning");
  const isWhole = item.parts.some(({ part: { kind } }) => kind.case === "reasoning" && kind.value.redacted !== "");
  for (const { part, at } of item.parts) {
    const isOwn = crossing.same ? !crossing.isForeign(part) : part.origin === crossing.to && isWhole && !isLast;
    if (isOwn) parts.push(part);
    else crossing.lose(pathOf(at));
  }
  if (parts.length === 0) return undefined;
  const id: JsonObject = mark.id === undefined ? {} : { id: mark.id };
  return { ...id, ...encodeReasoning(parts, pathOf(item.parts[0]!.at), crossing) };
}

function encodeResult(part: Part, path: string, crossing: Crossing): JsonObject {
  if (part.kind.case !== "toolResult") return {};
  const { toolCallId, parts, isError, bare } = part.kind.value;
  if (part.cache && !crossing.same) crossing.lose(`${path}.cache_control`);
  const entries = parts.map((part, at) => ({ part, at }));
  const inner = crossing.same ? "output" : "content";
  let output = contentOf(entries, bare, (at) => `${path}.${inner}[${at}]`, "input_text", crossing);
  // There is no flag for a failed call, so the words must say it.
  if (isError) {
    if (typeof output === "string") output = `Error: ${output}`;
    else output = [{ type: "input_text", text: "Error: " }, ...(output as JsonObject[])];
  }
  if (Array.isArray(output) && output.length === 0 && !crossing.same) output = "";
  const { type: _, ...facts } = factsOf(crossing.same ? markOf(part.extra) : undefined, crossing);
  const extra = unmarked(crossing.extra(part.extra, path));
  return { type: "function_call_output", call_id: toolCallId, output, ...facts, ...extra };
}

function wholeItem(part: Part, crossing: Crossing): JsonObject | undefined {
  if (part.kind.case !== "opaque" || !crossing.same || !markOf(part.extra)?.whole) return undefined;
  return opaqueIn(part.kind.value, crossing.to);
}

/** On Messages a last assistant turn is to be continued; here it is history, as it is on chat, unless that says otherwise. */
function refusePrefill(request: GenerateRequest, crossing: Crossing): void {
  const last = request.messages.at(-1);
  if (crossing.same || last?.role !== Role.ASSISTANT) return;
  if (request.dialect === "openai-chat" && last.extra?.prefix !== true) return;
  throw crossing.cannot(
    messagePath(request, request.messages.length - 1),
    "A last assistant message that is to be continued",
    "End the conversation with a user message.",
  );
}

const roles: Partial<Record<Role, string>> = {
  [Role.SYSTEM]: "system",
  [Role.DEVELOPER]: "developer",
  [Role.USER]: "user",
};
