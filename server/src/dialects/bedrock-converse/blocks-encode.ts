import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Media, Part, Reasoning, ToolResult } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { type Crossing, takeSpelling } from "../crossing.ts";
import { base64Of } from "../media.ts";
import { opaqueIn } from "../opaque.ts";
import { narrowToolId } from "../tool-id.ts";
import { objectIn, stringIn } from "../wire.ts";
import { plainCall } from "./blocks.ts";
import { type DocumentNames, formatOf, type MediaKind } from "./formats.ts";
import { longestName, narrowCallId, nineLetters } from "./ids.ts";
import { redactedBytes } from "./redacted.ts";

const dialect = "bedrock-converse";

/** Reads the arguments of a call as the value of `input`. Requests and answers differ in what they do with broken ones. */
export type ReadInput = (text: string, path: string) => JsonValue;

/** What every block of one request or answer needs to know. */
export interface BlockContext {
  readonly crossing: Crossing;
  /** Who made the model that is asked. Undefined in answers, and where its name does not say. */
  readonly vendor: string | undefined;
  /** What is written is an answer: nothing of it may be refused any more. */
  readonly isAnswer: boolean;
  readonly readInput: ReadInput;
  readonly documents: DocumentNames;
}

/** What the part says beside its content: the dialect's own fields, and how it was spelt. */
interface Beside {
  readonly spelt: string;
  readonly extra: JsonObject | undefined;
}

/** One block; undefined for what is lost. */
export function encodeBlock(part: Part, path: string, context: BlockContext): JsonObject | undefined {
  const { kind } = part;
  const { crossing } = context;
  const { spelt, rest } = takeSpelling(part.extra);
  switch (kind.case) {
    case "text":
      return encodeText(kind.value.text, crossing.extra(rest, path));
    case "refusal":
      crossing.extra(rest, path);
      return { text: kind.value.text };
    case "reasoning":
      return encodeReasoning(kind.value, { spelt, extra: crossing.extra(rest, path) });
    case "toolCall": {
      const { id, name, arguments: input } = kind.value;
      const wire = { toolUseId: callId(id, context), name: toolName(name, path, context) };
      const type: JsonObject = spelt === plainCall && crossing.same ? { type: plainCall } : {};
      return { toolUse: { ...wire, input: context.readInput(input, path), ...type, ...crossing.extra(rest, path) } };
    }
    case "toolResult": {
      const result = encodeResult(kind.value, path, context);
      if (spelt !== "" && crossing.same) result.status = spelt;
      return { toolResult: { ...result, ...crossing.extra(rest, path) } };
    }
    case "image":
    case "audio":
    case "file":
      return encodeMedia(kind.case, kind.value, { spelt, extra: rest }, path, context);
    case "opaque": {
      const own = opaqueIn(kind.value, dialect);
      if (own) return own;
      throw crossing.cannotCarry(path, kind.value);
    }
    default:
      return undefined;
  }
}

function encodeText(text: string, extra: JsonObject | undefined): JsonObject {
  const guarded = objectIn(extra?.guardContent);
  if (guarded) return { guardContent: { text: { text, ...guarded } } };
  if (extra === undefined) return { text };
  const { content, ...cited } = extra;
  return { citationsContent: { content: Array.isArray(content) ? content : [{ text }], ...cited } };
}

function encodeReasoning({ text, signature, redacted }: Reasoning, { spelt, extra }: Beside): JsonObject {
  if (redacted !== "") {
    return { reasoningContent: { redactedContent: spelt === "bytes" ? redacted : redactedBytes(redacted) } };
  }
  return { reasoningContent: { reasoningText: { text, ...(signature === "" ? {} : { signature }), ...extra } } };
}

function callId(id: string, { crossing, vendor }: BlockContext): string {
  return vendor === "mistral" && !crossing.same ? nineLetters(id) : narrowCallId(id);
}

/** A name that the service does not take travels in a form that can be undone. */
export function toolName(
  name: string,
  path: string,
  { crossing, isAnswer }: Pick<BlockContext, "crossing" | "isAnswer">,
): string {
  const narrowed = narrowToolId(name);
  if (narrowed.length <= longestName) return narrowed;
  if (crossing.same || isAnswer) return name;
  throw crossing.cannot(
    path,
    `The tool name \`${name.slice(0, 200)}\``,
    `It is too long: at most ${longestName} letters.`,
  );
}

function encodeResult(result: ToolResult, path: string, context: BlockContext): JsonObject {
  const { crossing, vendor } = context;
  // Only these models know the flag, so for the others the words must say it.
  const hasFlag = vendor === undefined || vendor === "anthropic" || vendor === "amazon" || crossing.same;
  const content = result.parts.flatMap<JsonObject>(
    (part, at) => encodeResultBlock(part, `${path}.content[${at}]`, context) ?? [],
  );
  if (result.isError && !hasFlag) {
    const [first] = content;
    if (typeof first?.text === "string") first.text = `Error: ${first.text}`;
    else content.unshift({ text: "Error: " });
  }
  const status: JsonObject = result.isError && hasFlag ? { status: "error" } : {};
  return { toolUseId: callId(result.toolCallId, context), content, ...status };
}

function encodeResultBlock(part: Part, path: string, context: BlockContext): JsonObject | undefined {
  const { crossing } = context;
  // Cache points stand between blocks of a message only.
  if (part.cache) crossing.lose(`${path}.cache_control`);
  const { kind } = part;
  if (kind.case !== "text") return encodeBlock(part, path, context);
  const { spelt } = takeSpelling(part.extra);
  if (spelt === "json" && crossing.same) return { json: JSON.parse(kind.value.text) as JsonValue };
  return kind.value.text.trim() === "" && !crossing.same ? undefined : encodeBlock(part, path, context);
}

function encodeMedia(
  kind: MediaKind,
  value: Media,
  { spelt, extra }: Beside,
  path: string,
  { crossing, documents }: BlockContext,
): JsonObject {
  const source = encodeSource(value, spelt, path, crossing);
  const format = formatOf(kind, value.mimeType);
  if (format === undefined) throw crossing.cannot(path, `Content of type \`${value.mimeType}\``);
  if (kind !== "file") return { [kind]: { format, source, ...crossing.extra(extra, path) } };
  // Messages says with its documents what is said with them here, but for the name.
  const { title, context, citations, ...others } = extra ?? {};
  const shared: JsonObject = {};
  if (context !== undefined) shared.context = context;
  if (citations !== undefined) shared.citations = citations;
  const isShared = crossing.same || crossing.from === "anthropic-messages";
  const own = crossing.extra(isShared ? others : extra, path);
  const name = crossing.same ? value.filename : documents.take(value, isShared ? (stringIn(title) ?? "") : "");
  return { document: { format, name, source, ...(isShared ? shared : {}), ...own } };
}

function encodeSource({ source }: Media, spelt: string, path: string, crossing: Crossing): JsonObject {
  switch (source.case) {
    case "data":
      return spelt === "text" && crossing.same
        ? { text: new TextDecoder().decode(source.value) }
        : { bytes: base64Of(source.value) };
    case "url":
      throw crossing.cannot(path, "Content by its URL", "Send the content itself, as base64.");
    case "fileId":
      throw crossing.cannot(path, "The id of an uploaded file");
    default:
      throw crossing.cannot(path, "Content without a source");
  }
}
