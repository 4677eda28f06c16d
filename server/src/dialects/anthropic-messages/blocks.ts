import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Media, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part, reasoning, text, toolCall } from "../../canonical/events.ts";
import { mergeExtra } from "../../canonical/extra.ts";
import { decodeCacheMark, encodeCacheMark } from "../cache-mark.ts";
import { type Crossing, takeSpelling } from "../crossing.ts";
import { base64In, base64Of, media } from "../media.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { narrowToolId, widenToolId } from "../tool-id.ts";
import {
  checkFields,
  fieldsBeside,
  objectIn,
  objectsIn,
  required,
  requiredObject,
  requiredString,
  stringIn,
} from "../wire.ts";

const dialect = "anthropic-messages";

/** One content block, of a request or an answer, whole or at the start of its stream. Unknown types stay whole. */
export function decodeBlock(wire: JsonObject, path: string): Part {
  const decoded = decodeKnownBlock(wire, path);
  if (decoded === undefined) return part({ case: "opaque", value: opaqueOf(dialect, wire) });
  const mark = decodeCacheMark(wire.cache_control);
  if (mark) decoded.cache = mark;
  else if (wire.cache_control) decoded.extra = mergeExtra(decoded.extra, { cache_control: wire.cache_control });
  return decoded;
}

function decodeKnownBlock(wire: JsonObject, path: string): Part | undefined {
  switch (wire.type) {
    case "text":
      return text(requiredString(wire, "text", path), fieldsBeside(wire, words.text));
    case "thinking": {
      const signature = stringIn(wire.signature) ?? "";
      const thought = { text: requiredString(wire, "thinking", path), signature };
      return reasoning(thought, fieldsBeside(wire, words.thinking));
    }
    case "redacted_thinking":
      return reasoning({ redacted: requiredString(wire, "data", path) }, fieldsBeside(wire, words.redacted));
    case "tool_use": {
      required(wire.input, `${path}.input`);
      const id = widenToolId(requiredString(wire, "id", path));
      const name = requiredString(wire, "name", path);
      return toolCall({ id, name, arguments: argumentsOf(wire.input) }, fieldsBeside(wire, words.toolUse));
    }
    case "tool_result": {
      const { content } = wire;
      const toolCallId = widenToolId(requiredString(wire, "tool_use_id", path));
      checkFields(wire, { content: "string or list", is_error: "boolean" }, path);
      const bare = typeof content === "string";
      const parts = bare ? [text(content)] : decodeBlocks(content, `${path}.content`);
      const value = {
        $typeName: "pontage.v1.ToolResult" as const,
        toolCallId,
        parts,
        isError: wire.is_error === true,
        bare,
      };
      return part({ case: "toolResult", value }, fieldsBeside(wire, words.toolResult));
    }
    case "image":
    case "document": {
      const value = decodeSource(requiredObject(wire.source, `${path}.source`), `${path}.source`);
      const kind = wire.type === "image" ? "image" : "file";
      return value && part({ case: kind, value }, fieldsBeside(wire, words.media));
    }
    default:
      return undefined;
  }
}

export function decodeBlocks(wire: JsonValue | undefined, path: string): Part[] {
  return objectsIn(wire, path).map((block, at) => decodeBlock(block, `${path}[${at}]`));
}

/** An answer of ours may carry broken arguments as text, because a model's broken words are not repaired. */
function argumentsOf(input: JsonValue | undefined): string {
  return typeof input === "string" ? input : JSON.stringify(input);
}

function decodeSource(source: JsonObject, path: string): Media | undefined {
  const mimeType = stringIn(source.media_type) ?? "";
  const only = (...fields: string[]) =>
    Object.keys(source).every((field) => field === "type" || fields.includes(field));
  switch (source.type) {
    case "base64": {
      const value = base64In(requiredString(source, "data", path), `${path}.data`);
      return only("media_type", "data") ? media({ mimeType, source: { case: "data", value } }) : undefined;
    }
    case "text": {
      const value = new TextEncoder().encode(requiredString(source, "data", path));
      return only("media_type", "data")
        ? media({ mimeType: "text/plain", source: { case: "data", value } })
        : undefined;
    }
    case "url":
      return only("url") ? media({ source: { case: "url", value: requiredString(source, "url", path) } }) : undefined;
    case "file":
      return only("file_id")
        ? media({ source: { case: "fileId", value: requiredString(source, "file_id", path) } })
        : undefined;
    default:
      return undefined;
  }
}

/** Reads the arguments of a call as the value of `input`. Requests and answers differ in what they do with broken ones. */
export type ReadInput = (text: string, path: string) => JsonValue;

/** One block; undefined for what is lost. */
export function encodeBlock(
  part: Part,
  path: string,
  crossing: Crossing,
  readInput: ReadInput,
): JsonObject | undefined {
  const { kind } = part;
  const { rest } = takeSpelling(part.extra);
  const wire = encodeKnownBlock(part, path, crossing, readInput);
  if (wire === undefined || kind.case === "opaque") return wire;
  const cache = part.cache ? { cache_control: encodeCacheMark(part.cache) } : undefined;
  return { ...wire, ...crossing.extra(rest, path), ...cache };
}

function encodeKnownBlock(
  { kind }: Part,
  path: string,
  crossing: Crossing,
  readInput: ReadInput,
): JsonObject | undefined {
  switch (kind.case) {
    case "text":
    case "refusal":
      return { type: "text", text: kind.value.text };
    case "reasoning": {
      const { text, signature, redacted } = kind.value;
      return redacted === ""
        ? { type: "thinking", thinking: text, signature }
        : { type: "redacted_thinking", data: redacted };
    }
    case "toolCall": {
      const { id, name, arguments: input } = kind.value;
      return { type: "tool_use", id: narrowToolId(id), name, input: readInput(input, path) };
    }
    case "toolResult": {
      const { toolCallId, parts, isError, bare } = kind.value;
      const wire: JsonObject = { type: "tool_result", tool_use_id: narrowToolId(toolCallId) };
      const blocks = parts.flatMap(
        (part, at) => encodeBlock(part, `${path}.content[${at}]`, crossing, readInput) ?? [],
      );
      const [first] = parts;
      if (bare && parts.length <= 1) wire.content = first?.kind.case === "text" ? first.kind.value.text : "";
      else if (blocks.length > 0) wire.content = blocks;
      if (isError) wire.is_error = true;
      return wire;
    }
    case "image":
      return { type: "image", source: encodeSource(kind.value, path, crossing) };
    case "file": {
      const title: JsonObject = kind.value.filename === "" ? {} : { title: kind.value.filename };
      return { type: "document", source: encodeSource(kind.value, path, crossing), ...title };
    }
    case "opaque": {
      const own = opaqueIn(kind.value, dialect);
      if (own) return own;
      throw crossing.cannotCarry(path, kind.value);
    }
    case "audio":
      throw crossing.cannot(path, "Sound");
    default:
      return undefined;
  }
}

function encodeSource({ source, mimeType }: Media, path: string, crossing: Crossing): JsonObject {
  switch (source.case) {
    case "data": {
      if (mimeType === "text/plain") {
        return { type: "text", media_type: mimeType, data: new TextDecoder().decode(source.value) };
      }
      const known = crossing.same || mimeType.startsWith("image/") || mimeType === "application/pdf";
      if (!known) throw crossing.cannot(path, `Content of type \`${mimeType}\``);
      return { type: "base64", media_type: mimeType, data: base64Of(source.value) };
    }
    case "url":
      return { type: "url", url: source.value };
    case "fileId":
      if (crossing.same) return { type: "file", file_id: source.value };
      throw crossing.cannot(path, "The id of an uploaded file");
    default:
      throw crossing.cannot(path, "Content without a source");
  }
}

const words = {
  text: new Set(["type", "text", "cache_control"]),
  thinking: new Set(["type", "thinking", "signature", "cache_control"]),
  redacted: new Set(["type", "data", "cache_control"]),
  toolUse: new Set(["type", "id", "name", "input", "cache_control"]),
  toolResult: new Set(["type", "tool_use_id", "content", "is_error", "cache_control"]),
  media: new Set(["type", "source", "cache_control"]),
};

/** The arguments of a call as an object; undefined where they are none. No words at all mean no arguments. */
export function inputObject(text: string): JsonObject | undefined {
  if (text.trim() === "") return {};
  try {
    return objectIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}
