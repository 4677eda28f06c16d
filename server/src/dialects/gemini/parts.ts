import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Media, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part, reasoning, text, toolCall } from "../../canonical/events.ts";
import { mergeExtra } from "../../canonical/extra.ts";
import { type Crossing, spelling, takeSpelling } from "../crossing.ts";
import { base64In, base64Of, media } from "../media.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { checkFields, fieldsBeside, objectIn, objectsIn, requiredObject, requiredString, stringIn } from "../wire.ts";
import { callIdOnWire } from "./call-id.ts";
import { inCamelCase } from "./field-names.ts";
import { narrowName, widenName } from "./function-name.ts";

const dialect = "gemini";

/** How a part without an id of its own gets one. */
export interface CallIds {
  /** The id of a call that has none. */
  ofCall(name: string): string;
  /** The id of the call that a result without one answers. */
  ofResult(name: string): string;
}

/** One part, of a request or an answer. Kinds that are not known stay whole. */
export function decodePart(said: JsonObject, path: string, ids: CallIds): Part {
  const wire = inCamelCase(said, path);
  checkFields(wire, { text: "string", thought: "boolean", thoughtSignature: "string" }, path);
  const decoded = decodeKnownPart(wire, path, ids);
  if (decoded === undefined) return part({ case: "opaque", value: opaqueOf(dialect, said) });
  const signature = stringIn(wire.thoughtSignature);
  if (signature !== undefined) {
    if (decoded.kind.case === "reasoning") decoded.kind.value.signature = signature;
    else decoded.signature = signature;
    decoded.origin = dialect;
  }
  return decoded;
}

function decodeKnownPart(wire: JsonObject, path: string, ids: CallIds): Part | undefined {
  // A part is one of these; where it is two it is kept whole.
  const kinds = Object.keys(wire).filter((field) => kindWords.has(field) && wire[field] !== null);
  if (kinds.length !== 1) return undefined;
  const beside = fieldsBeside(wire, partWords);
  switch (kinds[0]) {
    case "text": {
      const words = wire.text as string;
      return wire.thought === true ? reasoning({ text: words }, beside) : text(words, beside);
    }
    case "inlineData":
    case "fileData":
      return wire.thought === true ? undefined : decodeMedia(wire, kinds[0], path, beside);
    case "functionCall":
      return decodeCall(wire, path, beside, ids);
    case "functionResponse":
      return decodeResult(wire, path, beside, ids);
    default:
      return undefined;
  }
}

function decodeMedia(wire: JsonObject, kind: string, path: string, beside: JsonObject | undefined): Part {
  const inner = inCamelCase(requiredObject(wire[kind], `${path}.${kind}`), `${path}.${kind}`);
  checkFields(inner, { mimeType: "string", displayName: "string" }, `${path}.${kind}`);
  const mimeType = stringIn(inner.mimeType) ?? "";
  let source: Media["source"];
  if (kind === "inlineData") {
    const data = requiredString(inner, "data", `${path}.${kind}`);
    source = { case: "data", value: base64In(data, `${path}.${kind}.data`) };
  } else {
    const uri = requiredString(inner, "fileUri", `${path}.${kind}`);
    source = isUploaded(uri) ? { case: "fileId", value: uri } : { case: "url", value: uri };
  }
  const nested = fieldsBeside(inner, mediaWords);
  const extra = nested ? mergeExtra(beside, { [kind]: nested }) : beside;
  return part({ case: mediaKind(mimeType), value: mediaOf(mimeType, source, stringIn(inner.displayName)) }, extra);
}

function mediaOf(mimeType: string, source: Media["source"], filename: string | undefined): Media {
  return media({ mimeType, source, ...(filename === undefined ? {} : { filename }) });
}

function mediaKind(mimeType: string): "image" | "audio" | "file" {
  if (mimeType.startsWith("image/")) return "image";
  return mimeType.startsWith("audio/") ? "audio" : "file";
}

/** A file that was uploaded to the provider has a URL too, but only the provider can read it. */
function isUploaded(uri: string): boolean {
  return !/^https?:/.test(uri) || /^https:\/\/[a-z0-9.-]*googleapis\.com\/[a-z0-9]+\/files\//.test(uri);
}

function decodeCall(wire: JsonObject, path: string, beside: JsonObject | undefined, ids: CallIds): Part {
  const callPath = `${path}.functionCall`;
  const call = inCamelCase(requiredObject(wire.functionCall, callPath), callPath);
  checkFields(call, { id: "string", args: "object" }, callPath);
  const name = widenName(requiredString(call, "name", callPath));
  const nested = fieldsBeside(call, callWords);
  const extra = nested ? mergeExtra(beside, { functionCall: nested }) : beside;
  const id = stringIn(call.id) || ids.ofCall(name);
  return toolCall({ id, name, arguments: argumentsText(objectIn(call.args) ?? {}) }, extra);
}

function decodeResult(wire: JsonObject, path: string, beside: JsonObject | undefined, ids: CallIds): Part {
  const resultPath = `${path}.functionResponse`;
  const result = inCamelCase(requiredObject(wire.functionResponse, resultPath), resultPath);
  checkFields(result, { id: "string", response: "object", parts: "list" }, resultPath);
  const name = requiredString(result, "name", resultPath);
  const response = objectIn(result.response) ?? {};
  const { words, isError } = wordsOf(response);
  const media = objectsIn(result.parts, `${resultPath}.parts`).map((one, at) =>
    decodePart(one, `${resultPath}.parts[${at}]`, ids),
  );
  const nested = fieldsBeside(result, resultWords);
  const extra = nested ? mergeExtra(beside, { functionResponse: nested }) : beside;
  const value = {
    $typeName: "pontage.v1.ToolResult" as const,
    toolCallId: stringIn(result.id) || ids.ofResult(widenName(name)),
    parts: words === "" && media.length > 0 ? media : [text(words), ...media],
    isError,
    bare: media.length === 0,
  };
  // A result is an object here and words elsewhere; the object is kept so that it is written back as it was.
  return part({ case: "toolResult", value }, { ...extra, [spelling]: { name, response } });
}

/** What a result says in words: the one value that the documented keys hold, or all of it. */
function wordsOf(response: JsonObject): { words: string; isError: boolean } {
  const fields = Object.keys(response);
  const [only] = fields;
  if (fields.length === 0) return { words: "", isError: false };
  if (fields.length > 1 || (only !== "output" && only !== "result" && only !== "error")) {
    return { words: JSON.stringify(response), isError: false };
  }
  const value = response[only];
  return { words: typeof value === "string" ? value : JSON.stringify(value), isError: only === "error" };
}

/** The signature of a part where it was made here. Another's is no use, and is refused: it is lost and reported. */
export function ownSignature({ kind, signature, origin }: Part, path: string, crossing: Crossing): string | undefined {
  const said = kind.case === "reasoning" ? kind.value.signature || undefined : signature;
  if (said === undefined || (origin ?? crossing.from) === dialect) return said;
  crossing.lose(`${path}.signature`);
  return undefined;
}

/** The provider refuses texts without a word, except where they carry a signature of its own. */
export function saysNothing(part: Part, path: string, crossing: Crossing): boolean {
  const { kind } = part;
  if (crossing.same || (kind.case !== "text" && kind.case !== "refusal" && kind.case !== "reasoning")) return false;
  const isEncrypted = kind.case === "reasoning" && kind.value.redacted !== "";
  return kind.value.text === "" && !isEncrypted && ownSignature(part, path, crossing) === undefined;
}

/** What encoding a part needs to know of the rest. */
export interface PartContext {
  readonly crossing: Crossing;
  /** Reads the arguments of a call. Requests and answers differ in what they do with broken ones. */
  readArguments(text: string, path: string): JsonObject;
  /** The function that the call with this id called. */
  functionOf(id: string, path: string): string;
}

/** One part; undefined for what is lost. */
export function encodePart(part: Part, path: string, context: PartContext): JsonObject | undefined {
  const { crossing } = context;
  const wire = encodeKnownPart(part, path, context);
  if (wire === undefined || part.kind.case === "opaque") return wire;
  if (part.cache) crossing.lose(`${path}.cache_control`);
  const { rest } = takeSpelling(part.extra);
  const { [spelling]: _, ...extra } = crossing.extra(rest, path) ?? {};
  const merged: JsonObject = { ...wire };
  for (const [field, value] of Object.entries(extra)) {
    const [inner, more] = [objectIn(merged[field]), objectIn(value)];
    merged[field] = inner && more ? { ...inner, ...more } : value;
  }
  const signature = ownSignature(part, path, crossing);
  if (signature !== undefined) merged.thoughtSignature = signature;
  return merged;
}

function encodeKnownPart(part: Part, path: string, context: PartContext): JsonObject | undefined {
  const { kind } = part;
  const { crossing } = context;
  const nameOf = crossing.same ? (name: string) => name : narrowName;
  switch (kind.case) {
    case "text":
    case "refusal":
      return { text: kind.value.text };
    case "reasoning":
      // Encrypted thoughts are another vendor's: this one has only signatures.
      if (kind.value.redacted !== "") {
        crossing.lose(path);
        return undefined;
      }
      return { text: kind.value.text, thought: true };
    case "image":
    case "audio":
    case "file":
      return encodeMedia(kind.value, path, crossing);
    case "toolCall": {
      const { id, name, arguments: words } = kind.value;
      return { functionCall: { ...callIdOnWire(id), name: nameOf(name), args: context.readArguments(words, path) } };
    }
    case "toolResult":
      return { functionResponse: encodeResult(part, path, context, nameOf) };
    case "opaque": {
      const own = opaqueIn(kind.value, dialect);
      if (own) return own;
      throw crossing.cannot(path, "This content");
    }
    default:
      return undefined;
  }
}

function encodeMedia({ source, mimeType, filename }: Media, path: string, crossing: Crossing): JsonObject {
  const name: JsonObject = {};
  if (filename !== "") {
    if (crossing.same) name.displayName = filename;
    // The field is there, and models refuse it.
    else crossing.lose(`${path}.filename`);
  }
  const type: JsonObject = mimeType === "" ? {} : { mimeType };
  switch (source.case) {
    case "data":
      return { inlineData: { ...type, data: base64Of(source.value), ...name } };
    case "url":
      return { fileData: { ...type, fileUri: source.value, ...name } };
    case "fileId":
      if (crossing.same) return { fileData: { ...type, fileUri: source.value, ...name } };
      throw crossing.cannot(path, "The id of an uploaded file");
    default:
      throw crossing.cannot(path, "Content without a source");
  }
}

function encodeResult(part: Part, path: string, context: PartContext, nameOf: (name: string) => string): JsonObject {
  const { kind } = part;
  if (kind.case !== "toolResult") return {};
  const { crossing } = context;
  const { toolCallId, parts, isError } = kind.value;
  const said = crossing.same ? objectIn(part.extra?.[spelling]) : undefined;
  const name = stringIn(said?.name) ?? nameOf(context.functionOf(toolCallId, path));
  const words = parts.flatMap(({ kind }) => (kind.case === "text" || kind.case === "refusal" ? kind.value.text : []));
  const media = parts.flatMap((one, at) => {
    if (one.kind.case === "text" || one.kind.case === "refusal") {
      crossing.extra(takeSpelling(one.extra).rest, `${path}.content[${at}]`);
      return [];
    }
    const encoded = encodePart(one, `${path}.content[${at}]`, context);
    if (encoded?.fileData !== undefined && !crossing.same) {
      throw crossing.cannot(`${path}.content[${at}]`, "Content by its URL in the result of a tool");
    }
    return encoded ?? [];
  });
  // The documented keys, so that a failure is seen as one.
  const response = objectIn(said?.response) ?? { [isError ? "error" : "output"]: words.join("") };
  const wire: JsonObject = { ...callIdOnWire(toolCallId), name, response };
  if (media.length > 0) wire.parts = media;
  return wire;
}

/** The arguments of a call as an object; undefined where they are none. No words at all mean no arguments. */
export function argumentsObject(words: string): JsonObject | undefined {
  if (words.trim() === "") return {};
  try {
    return objectIn(JSON.parse(words) as JsonValue);
  } catch {
    return undefined;
  }
}

/** Arguments are an object here. Those that are none stand under this name, so that nobody takes them for whole ones. */
const brokenArguments = "pontage_broken_arguments";

/** A model's words are not repaired: what is no object is handed on as the text it is. */
export function answerArguments(words: string): JsonObject {
  return argumentsObject(words) ?? { [brokenArguments]: words };
}

export function argumentsText(args: JsonObject): string {
  const broken = args[brokenArguments];
  return typeof broken === "string" && Object.keys(args).length === 1 ? broken : JSON.stringify(args);
}

/** The fields of which a part has one. */
const kindWords = new Set([
  "text",
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
  "executableCode",
  "codeExecutionResult",
  "toolCall",
  "toolResponse",
  "audioTranscription",
]);
const partWords = new Set([
  "text",
  "thought",
  "thoughtSignature",
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
]);
const mediaWords = new Set(["mimeType", "data", "fileUri", "displayName"]);
const callWords = new Set(["id", "name", "args"]);
const resultWords = new Set(["id", "name", "response", "parts"]);
