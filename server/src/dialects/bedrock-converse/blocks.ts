import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Media, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part, reasoning, text, toolCall } from "../../canonical/events.ts";
import { spelling } from "../crossing.ts";
import { base64In, media } from "../media.ts";
import { opaqueOf } from "../opaque.ts";
import { widenToolId } from "../tool-id.ts";
import {
  checkFields,
  checkType,
  fieldsBeside,
  listIn,
  objectIn,
  objectsIn,
  required,
  requiredObject,
  requiredString,
  stringIn,
} from "../wire.ts";
import { decodeCachePoint } from "./cache-point.ts";
import { type MediaKind, mimeTypeOf } from "./formats.ts";
import { redactedText } from "./redacted.ts";

const dialect = "bedrock-converse";

/** The blocks of a message. A cache point is no block of its own but a mark on the one before it. */
export function decodeBlocks(wire: JsonValue | undefined, path: string): Part[] {
  const parts: Part[] = [];
  for (const [at, block] of objectsIn(wire, path).entries()) {
    const mark = decodeCachePoint(block);
    const before = parts.at(-1);
    if (mark && before && !before.cache) before.cache = mark;
    else parts.push(decodeBlock(block, `${path}[${at}]`));
  }
  return parts;
}

/** One block, of a request or an answer. A block has one field, which is its kind; other kinds stay whole. */
export function decodeBlock(wire: JsonObject, path: string): Part {
  const [kind, ...others] = Object.keys(wire).filter((field) => wire[field] !== null);
  const known = kind !== undefined && others.length === 0 ? decodeKnownBlock(kind, wire, path) : undefined;
  return known ?? part({ case: "opaque", value: opaqueOf(dialect, wire) });
}

function decodeKnownBlock(kind: string, wire: JsonObject, path: string): Part | undefined {
  if (kind === "text") return text(requiredString(wire, "text", path));
  const at = `${path}.${kind}`;
  const inner = () => requiredObject(wire[kind], at);
  switch (kind) {
    case "image":
      return decodeMedia("image", inner(), at);
    case "audio":
      return decodeMedia("audio", inner(), at);
    case "document":
      return decodeMedia("file", inner(), at);
    case "toolUse":
      return decodeCall(inner(), at);
    case "toolResult":
      return decodeResult(inner(), at);
    case "reasoningContent":
      return decodeReasoning(inner(), at);
    case "citationsContent":
      return decodeCited(inner(), at);
    case "guardContent":
      return decodeGuarded(inner(), at);
    default:
      return undefined;
  }
}

function decodeMedia(kind: MediaKind, wire: JsonObject, path: string): Part | undefined {
  const source = requiredObject(wire.source, `${path}.source`);
  checkFields(wire, { format: "string", name: "string" }, path);
  const mimeType = mimeTypeOf(kind, stringIn(wire.format) ?? "");
  const form = Object.keys(source).length === 1 ? Object.keys(source)[0] : undefined;
  if (mimeType === undefined || (form !== "bytes" && (form !== "text" || kind !== "file"))) return undefined;
  const words = requiredString(source, form, `${path}.source`);
  const data = form === "text" ? new TextEncoder().encode(words) : base64In(words, `${path}.source.bytes`);
  const filename = kind === "file" ? requiredString(wire, "name", path) : "";
  const value: Media = media({ mimeType, source: { case: "data", value: data }, filename });
  const extra = fieldsBeside(wire, kind === "file" ? fileWords : mediaWords);
  return part({ case: kind, value }, form === "text" ? { ...extra, [spelling]: "text" } : extra);
}

function decodeCall(wire: JsonObject, path: string): Part | undefined {
  // A tool that the service runs itself.
  if (wire.type && wire.type !== plainCall) return undefined;
  required(wire.input, `${path}.input`);
  const id = widenToolId(requiredString(wire, "toolUseId", path));
  const name = widenToolId(requiredString(wire, "name", path));
  const extra = fieldsBeside(wire, callWords);
  const spelt = wire.type ? { ...extra, [spelling]: plainCall } : extra;
  return toolCall({ id, name, arguments: argumentsOf(wire.input) }, spelt);
}

/** An answer of ours may carry broken arguments as text, because a model's broken words are not repaired. */
function argumentsOf(input: JsonValue | undefined): string {
  return typeof input === "string" ? input : JSON.stringify(input);
}

function decodeResult(wire: JsonObject, path: string): Part | undefined {
  if (wire.type) return undefined;
  checkFields(wire, { status: "string" }, path);
  const toolCallId = widenToolId(requiredString(wire, "toolUseId", path));
  const parts = objectsIn(wire.content, `${path}.content`).map((block, at) =>
    decodeResultBlock(block, `${path}.content[${at}]`),
  );
  const isError = wire.status === "error";
  const value = { $typeName: "pontage.v1.ToolResult" as const, toolCallId, parts, isError, bare: false };
  const extra = fieldsBeside(wire, resultWords);
  const spelt = wire.status && !isError ? { ...extra, [spelling]: stringIn(wire.status)! } : extra;
  return part({ case: "toolResult", value }, spelt);
}

/** A result may be JSON, which is text everywhere else. */
function decodeResultBlock(wire: JsonObject, path: string): Part {
  const isJson = wire.json !== undefined && Object.keys(wire).length === 1;
  return isJson ? text(JSON.stringify(wire.json), { [spelling]: "json" }) : decodeBlock(wire, path);
}

function decodeReasoning(wire: JsonObject, path: string): Part | undefined {
  if (Object.keys(wire).length !== 1) return undefined;
  if (wire.redactedContent !== undefined) return decodeRedacted(requiredString(wire, "redactedContent", path));
  if (wire.reasoningText === undefined) return undefined;
  const inner = requiredObject(wire.reasoningText, `${path}.reasoningText`);
  checkFields(inner, { text: "string", signature: "string" }, `${path}.reasoningText`);
  const thought = { text: stringIn(inner.text) ?? "", signature: stringIn(inner.signature) ?? "" };
  return reasoning(thought, fieldsBeside(inner, reasoningWords));
}

/** What is not a text in base64 was not encrypted by a model that others know, and stays as it came. */
export function decodeRedacted(wire: string): Part {
  const words = redactedText(wire);
  if (words !== undefined) return reasoning({ redacted: words });
  return { ...reasoning({ redacted: wire }, { [spelling]: "bytes" }), origin: dialect };
}

/** Words with their sources. Several pieces are one text, and the pieces are kept for this dialect. */
function decodeCited(wire: JsonObject, path: string): Part | undefined {
  checkType(wire.content, "list", `${path}.content`);
  const pieces = objectsIn(wire.content, `${path}.content`);
  if (pieces.some((piece) => typeof piece.text !== "string" || Object.keys(piece).length !== 1)) return undefined;
  const words = pieces.map((piece) => piece.text as string).join("");
  const extra: JsonObject = fieldsBeside(wire, citedWords) ?? {};
  if (pieces.length !== 1 || !listIn(wire.citations)) extra.content = pieces;
  return text(words, extra);
}

/** Words for a guardrail to look at are words. */
function decodeGuarded(wire: JsonObject, path: string): Part | undefined {
  const inner = objectIn(wire.text);
  if (inner === undefined || Object.keys(wire).length !== 1) return undefined;
  const beside = fieldsBeside(inner, new Set(["text"])) ?? {};
  return text(requiredString(inner, "text", `${path}.text`), { guardContent: beside });
}

/** Said by some models of calls that are no other than those of others. */
export const plainCall = "tool_use";

const mediaWords = new Set(["format", "source"]);
const fileWords = new Set(["format", "source", "name"]);
const callWords = new Set(["toolUseId", "name", "input", "type"]);
const resultWords = new Set(["toolUseId", "content", "status"]);
const reasoningWords = new Set(["text", "signature"]);
const citedWords = new Set(["content"]);
