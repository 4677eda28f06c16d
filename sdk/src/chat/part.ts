import { create, fromJson, type JsonObject, type JsonValue, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { InvalidRequest } from "../error.ts";
import type { Citation as ProtoCitation } from "../gen/pontage/v1/citation_pb.ts";
import { type Media, PartSchema, type Part as ProtoPart } from "../gen/pontage/v1/generate_pb.ts";

/** What every part may carry beside its content. */
export interface PartExtras {
  /** The provider should cache the prompt up to and including this part. `true` takes the provider's lifetime. */
  cache?: true | { ttlSeconds: number };
  /** Fields of the provider's own dialect that Pontage has no word for. They go back as they came. */
  extra?: JsonObject;
}

/** Plain text. */
export interface TextPart extends PartExtras {
  type: "text";
  text: string;
  /** Where the words come from. Only in answers. */
  citations?: Citation[];
}

/** A source of the words of an answer. */
export interface Citation {
  /** Where the cited words begin and end in the text, as `text.slice(start, end)`. Without them it is one of the whole text. */
  start?: number;
  end?: number;
  url?: string;
  title?: string;
  /** The id of the document or file, as the provider names it. */
  sourceId?: string;
  /** The document's number among those of the request, from 0. */
  sourceIndex?: number;
  /** The words of the source. */
  quote?: string;
  /** The citation as the provider wrote it. */
  extra?: JsonObject;
}

/** The model's words for declining to answer. */
export interface RefusalPart extends PartExtras {
  type: "refusal";
  text: string;
}

/** What the model thought. Send it back unchanged, and only to the model it came from. */
export interface ReasoningPart extends PartExtras {
  type: "reasoning";
  text: string;
  signature?: string;
  redacted?: string;
}

/** An image, sound or document: its bytes, its address, or its id at the provider. */
export interface MediaPart extends PartExtras {
  type: "image" | "audio" | "file";
  /** The bytes, or the bytes as base64 text. */
  data?: Uint8Array | string;
  url?: string;
  fileId?: string;
  mimeType?: string;
  filename?: string;
}

/** The model's call of a function. */
export interface ToolCallPart extends PartExtras {
  type: "tool-call";
  id: string;
  name: string;
  /** The arguments as JSON text, exactly as the model wrote it. */
  arguments: string;
  /** The arguments as a value. `undefined` when the model wrote broken JSON. */
  input?: unknown;
}

/** A tool call as it may be given: with the text of the arguments, or with their value. */
export type ToolCallInput = Omit<ToolCallPart, "arguments"> & { arguments?: string };

/** The answer to a tool call. */
export interface ToolResultPart extends PartExtras {
  type: "tool-result";
  toolCallId: string;
  content: string | PartInput[];
  isError?: boolean;
}

/** A piece that only one provider's dialect understands. Send it back unchanged. */
export interface OpaquePart extends PartExtras {
  type: "opaque";
  dialect: string;
  value: JsonValue;
}

/** A piece of content, as answers hold it. */
export type Part = TextPart | RefusalPart | ReasoningPart | MediaPart | ToolCallPart | ToolResultPart | OpaquePart;

/** A piece of content, as requests may give it. */
export type PartInput = Exclude<Part, ToolCallPart> | ToolCallInput;

/** The canonical form of a part. */
export function encodePart(part: PartInput, where: string): ProtoPart {
  const cache = part.cache === true ? { ttlSeconds: 0 } : part.cache;
  return create(PartSchema, {
    kind: encodeKind(part, where),
    ...(cache ? { cache } : {}),
    ...(part.extra ? { extra: part.extra } : {}),
  });
}

/** The parts of a content that may be one bare string. */
export function encodeContent(content: string | PartInput | readonly PartInput[] | undefined | null, where: string) {
  if (typeof content === "string") return [encodePart({ type: "text", text: content }, where)];
  if (content === undefined || content === null) return [];
  const parts = Array.isArray(content) ? content : [content];
  return parts.map((part: PartInput, index) => encodePart(part, `${where}[${index}]`));
}

function encodeKind(part: PartInput, where: string): MessageInitShape<typeof PartSchema>["kind"] {
  switch (part.type) {
    case "text":
    case "refusal":
      return { case: part.type, value: { text: part.text } };
    case "reasoning": {
      const { text, signature = "", redacted = "" } = part;
      return { case: "reasoning", value: { text, signature, redacted } };
    }
    case "image":
    case "audio":
    case "file":
      return { case: part.type, value: encodeMedia(part, where) };
    case "tool-call":
      return {
        case: "toolCall",
        value: { id: part.id, name: part.name, arguments: part.arguments ?? JSON.stringify(part.input ?? {}) },
      };
    case "tool-result":
      return {
        case: "toolResult",
        value: {
          toolCallId: part.toolCallId,
          parts: encodeContent(part.content, `${where}.content`),
          bare: typeof part.content === "string",
          isError: part.isError ?? false,
        },
      };
    case "opaque":
      return { case: "opaque", value: { dialect: part.dialect, value: fromJson(ValueSchema, part.value) } };
    default:
      throw invalid(where, `has an unknown type: ${JSON.stringify((part as { type?: unknown }).type)}`);
  }
}

function encodeMedia(part: MediaPart, where: string) {
  const given = [part.data, part.url, part.fileId].filter((source) => source !== undefined);
  if (given.length !== 1) throw invalid(where, "needs exactly one of `data`, `url` and `fileId`");
  const about = { mimeType: part.mimeType ?? "", filename: part.filename ?? "" };
  if (part.url !== undefined) return { ...about, source: { case: "url" as const, value: part.url } };
  if (part.fileId !== undefined) return { ...about, source: { case: "fileId" as const, value: part.fileId } };
  const bytes = typeof part.data === "string" ? base64Decode(part.data) : part.data!;
  return { ...about, source: { case: "data" as const, value: bytes } };
}

/** The friendly form of a part. A part of a kind that a newer gateway knows and this library does not becomes nothing. */
export function decodePart(part: ProtoPart): Part | undefined {
  const kind = decodeKind(part);
  if (!kind) return undefined;
  if (part.cache) kind.cache = part.cache.ttlSeconds === 0 ? true : { ttlSeconds: part.cache.ttlSeconds };
  if (part.extra) kind.extra = part.extra;
  return kind;
}

export function decodeParts(parts: readonly ProtoPart[]): Part[] {
  return parts.map(decodePart).filter((part) => part !== undefined);
}

function decodeCitation(citation: ProtoCitation): Citation {
  const { start, end, url, title, sourceId, sourceIndex, quote, extra } = citation;
  return {
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(url ? { url } : {}),
    ...(title ? { title } : {}),
    ...(sourceId ? { sourceId } : {}),
    ...(sourceIndex === undefined ? {} : { sourceIndex }),
    ...(quote ? { quote } : {}),
    ...(extra ? { extra } : {}),
  };
}

function decodeKind({ kind, citations }: ProtoPart): Part | undefined {
  switch (kind.case) {
    case "text": {
      const cited = citations.length > 0 ? { citations: citations.map(decodeCitation) } : {};
      return { type: "text", text: kind.value.text, ...cited };
    }
    case "refusal":
      return { type: kind.case, text: kind.value.text };
    case "reasoning": {
      const { text, signature, redacted } = kind.value;
      return { type: "reasoning", text, ...(signature ? { signature } : {}), ...(redacted ? { redacted } : {}) };
    }
    case "image":
    case "audio":
    case "file":
      return { type: kind.case, ...decodeMedia(kind.value) };
    case "toolCall": {
      const { id, name, arguments: text } = kind.value;
      return { type: "tool-call", id, name, arguments: text, input: parsed(text) };
    }
    case "toolResult": {
      const { toolCallId, parts, bare, isError } = kind.value;
      const first = parts[0]?.kind;
      const content = bare && first?.case === "text" ? first.value.text : decodeParts(parts);
      return { type: "tool-result", toolCallId, content, ...(isError ? { isError } : {}) };
    }
    case "opaque": {
      const { dialect, value } = kind.value;
      return { type: "opaque", dialect, value: value ? toJson(ValueSchema, value) : null };
    }
    default:
      return undefined;
  }
}

function decodeMedia(media: Media): Omit<MediaPart, "type"> {
  const about = {
    ...(media.mimeType ? { mimeType: media.mimeType } : {}),
    ...(media.filename ? { filename: media.filename } : {}),
  };
  switch (media.source.case) {
    case "data":
      return { data: media.source.value, ...about };
    case "url":
      return { url: media.source.value, ...about };
    case "fileId":
      return { fileId: media.source.value, ...about };
    default:
      return about;
  }
}

/** A model may be cut short in the middle of its arguments; that is for the caller to see, not for us to throw. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    return undefined;
  }
}

export function invalid(param: string, problem: string): InvalidRequest {
  return new InvalidRequest(`\`${param}\` ${problem}.`, { code: "INVALID_ARGUMENT", param });
}
