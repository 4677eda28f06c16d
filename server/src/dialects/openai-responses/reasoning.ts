import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { reasoning } from "../../canonical/events.ts";
import type { Crossing } from "../crossing.ts";
import { seal, sealedSecret, unseal } from "../seal.ts";
import { fieldsBeside, listIn, objectIn, stringIn } from "../wire.ts";
import { type ItemMark, itemFacts, joinedMark, marked, markOf, unmarked } from "./mark.ts";

const dialect = "openai-responses";

/** Between the pieces of a summary, which are paragraphs with headings of their own. */
export const betweenPieces = "\n\n";

/**
 * The parts of a reasoning item: its summary, the thoughts themselves where a model shows them, and what is encrypted, in
 * that order. Undefined when there is none, or when something in it is not understood.
 */
export function decodeReasoning(wire: JsonObject, at: number): Part[] | undefined {
  const summary = piecesIn(wire.summary, "summary_text");
  const content = piecesIn(wire.content, "reasoning_text");
  if (summary === undefined || content === undefined) return undefined;
  const parts: { part: Part; mark: Partial<ItemMark> }[] = [];
  if (summary.length > 0) parts.push(thought(summary, {}));
  if (content.length > 0) parts.push(thought(content, { content: true }));
  const encrypted = stringIn(wire.encrypted_content);
  if (encrypted) {
    const foreign = unseal(encrypted);
    const [first] = parts;
    if (foreign === undefined) parts.push({ part: encryptedPart(encrypted), mark: {} });
    else if (first) first.part = withSignature(first.part, foreign);
    else parts.push({ part: withSignature(reasoning({}), foreign), mark: {} });
  }
  if (parts.length === 0) return undefined;
  const { id, status } = itemFacts(wire);
  const beside = fieldsBeside(wire, content.length > 0 ? wordsWithContent : words);
  return parts.map(({ part, mark }, index) => ({
    ...part,
    extra: marked(
      {
        at,
        ...(index === 0 && id !== undefined ? { id } : {}),
        ...(index === parts.length - 1 && status !== undefined ? { status } : {}),
        ...mark,
      },
      index === 0 ? beside : undefined,
    ),
  }));
}

/** The texts of a list; undefined when one of them is something else. */
function piecesIn(list: JsonValue | undefined, type: string): string[] | undefined {
  const pieces = (listIn(list) ?? []).map((item) => {
    const piece = objectIn(item);
    const isPlain = piece?.type === type && Object.keys(piece).length === 2;
    return isPlain ? stringIn(piece.text) : undefined;
  });
  return pieces.every((piece) => piece !== undefined) ? pieces : undefined;
}

function thought(pieces: readonly string[], mark: Partial<ItemMark>): { part: Part; mark: Partial<ItemMark> } {
  return { part: reasoning({ text: pieces.join(betweenPieces) }), mark: { ...mark, ...lengthsOf(pieces) } };
}

/** How to take the text apart again. Nothing, for the usual case of one piece. */
export function lengthsOf(pieces: readonly string[]): Partial<ItemMark> {
  return pieces.length === 1 && pieces[0] !== "" ? {} : { lengths: pieces.map(({ length }) => length) };
}

export function encryptedPart(encrypted: string): Part {
  return { ...reasoning({ redacted: encrypted }), origin: dialect };
}

function withSignature(
  part: Part,
  { origin, signature, redacted }: { origin: string; signature: string; redacted: string },
): Part {
  const text = part.kind.case === "reasoning" ? part.kind.value.text : "";
  return { ...reasoning({ text, signature, redacted }), origin };
}

/** The fields of a reasoning item that say these parts, which all came from one. */
export function encodeReasoning(parts: readonly Part[], path: string, crossing: Crossing): JsonObject {
  const wire: JsonObject = { type: "reasoning", summary: [] };
  let extra: JsonObject = {};
  for (const part of parts) {
    if (part.kind.case !== "reasoning") continue;
    const { text, signature, redacted } = part.kind.value;
    const mark = crossing.same ? markOf(part.extra) : undefined;
    if (mark?.content) wire.content = piecesOf(text, mark, "reasoning_text");
    else if (text !== "" || mark?.lengths) wire.summary = piecesOf(text, mark, "summary_text");
    extra = { ...extra, ...unmarked(crossing.extra(part.extra, path)) };
    const isSealed = crossing.same && crossing.isForeign(part);
    const secret = isSealed
      ? seal({ origin: part.origin!, signature, redacted })
      : sealedSecret(part.origin, { signature, redacted }, crossing);
    if (secret !== "") wire.encrypted_content = secret;
  }
  const { status } = crossing.same ? joinedMark(parts) : {};
  return { ...wire, ...(status === undefined ? {} : { status }), ...extra };
}

function piecesOf(text: string, mark: ItemMark | undefined, type: string): JsonObject[] {
  const lengths = mark?.lengths ?? [text.length];
  let from = 0;
  return lengths.map((length) => {
    const piece = text.slice(from, from + length);
    from += length + betweenPieces.length;
    return { type, text: piece };
  });
}

const words = new Set(["type", "id", "summary", "encrypted_content", "status"]);
const wordsWithContent = new Set([...words, "content"]);
