import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Media, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part, reasoning, refusal, text } from "../../canonical/events.ts";
import { mergeExtra } from "../../canonical/extra.ts";
import { decodeCacheMark, encodeCacheMark } from "../cache-mark.ts";
import { type Crossing, spelling, takeSpelling } from "../crossing.ts";
import { base64In, base64Of, dataUrl, media, sourceOf } from "../media.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { fieldsBeside, listIn, objectIn, requiredObject, requiredString, stringIn } from "../wire.ts";

const dialect = "openai-chat";

/** One entry of a `content` list. Types that are not known stay whole. */
export function decodePart(wire: JsonObject, path: string): Part {
  const decoded = decodeKnownPart(wire, path);
  if (decoded === undefined) return part({ case: "opaque", value: opaqueOf(dialect, wire) });
  const mark = decodeCacheMark(wire.cache_control);
  if (mark) decoded.cache = mark;
  else if (wire.cache_control) decoded.extra = mergeExtra(decoded.extra, { cache_control: wire.cache_control });
  return decoded;
}

function decodeKnownPart(wire: JsonObject, path: string): Part | undefined {
  switch (wire.type) {
    case "text":
      return text(requiredString(wire, "text", path), fieldsBeside(wire, words.text));
    case "refusal":
      return refusal(requiredString(wire, "refusal", path), fieldsBeside(wire, words.refusal));
    case "thinking":
      return decodeThinking(wire);
    case "image_url": {
      const image = requiredObject(wire.image_url, `${path}.image_url`);
      const { mimeType, source } = sourceOf(requiredString(image, "url", `${path}.image_url`), `${path}.image_url.url`);
      return mediaPart("image", media({ mimeType, source }), wire, image, words.image);
    }
    case "input_audio": {
      const audio = requiredObject(wire.input_audio, `${path}.input_audio`);
      const data = base64In(requiredString(audio, "data", `${path}.input_audio`), `${path}.input_audio.data`);
      const mimeType = `audio/${requiredString(audio, "format", `${path}.input_audio`)}`;
      return mediaPart("audio", media({ mimeType, source: { case: "data", value: data } }), wire, audio, words.audio);
    }
    case "file": {
      const file = requiredObject(wire.file, `${path}.file`);
      const filename = stringIn(file.filename) ?? "";
      const content = stringIn(file.file_data);
      const { mimeType, source }: { mimeType: string; source: Media["source"] } =
        content === undefined
          ? { mimeType: "", source: { case: "fileId", value: requiredString(file, "file_id", `${path}.file`) } }
          : sourceOf(content, `${path}.file.file_data`);
      return mediaPart("file", media({ mimeType, source, filename }), wire, file, words.file);
    }
    default:
      return undefined;
  }
}

/** Own fields stand on the part and on the object inside it; the latter keep the name of that object. */
function mediaPart(
  kind: "image" | "audio" | "file",
  value: Media,
  wire: JsonObject,
  inner: JsonObject,
  words: MediaWords,
): Part {
  const outer = fieldsBeside(wire, words.outer);
  const nested = fieldsBeside(inner, words.inner);
  return part({ case: kind, value }, nested ? mergeExtra(outer, { [words.name]: nested }) : outer);
}

/** Mistral writes thoughts as a part of the content. */
function decodeThinking(wire: JsonObject): Part | undefined {
  const pieces = listIn(wire.thinking);
  const known = pieces?.every(
    (piece) => objectIn(piece)?.type === "text" && stringIn(objectIn(piece)?.text) !== undefined,
  );
  if (!pieces || !known) return undefined;
  const words = pieces.map((piece) => objectIn(piece)?.text).join("");
  return reasoning({ text: words }, { [spelling]: "thinking", ...fieldsBeside(wire, thinkingWords) });
}

/** One part for a request's or an answer's `content` list; undefined for what is lost. */
export function encodePart(
  said: Part,
  path: string,
  crossing: Crossing,
  keepCacheMarks: boolean,
): JsonObject | undefined {
  const part = crossing.withoutForeignSignature(said, path);
  if (part === undefined) return undefined;
  const { kind } = part;
  const { spelt, rest } = takeSpelling(part.extra);
  const extra = crossing.extra(rest, path);
  const cache: JsonObject = {};
  if (part.cache) {
    if (crossing.same || keepCacheMarks) cache.cache_control = encodeCacheMark(part.cache);
    else crossing.lose(`${path}.cache_control`);
  }
  switch (kind.case) {
    case "text":
      return { type: "text", text: kind.value.text, ...extra, ...cache };
    case "refusal":
      return { type: "refusal", refusal: kind.value.text, ...extra, ...cache };
    case "reasoning":
      if (spelt !== "thinking") return undefined;
      return { type: "thinking", thinking: [{ type: "text", text: kind.value.text }], ...extra };
    case "image":
      return encodeMedia("image_url", { url: urlOf(kind.value, path, crossing) }, extra, cache);
    case "audio": {
      const { source, mimeType } = kind.value;
      if (source.case !== "data") throw crossing.cannot(path, "Sound that is not sent along");
      const format = mimeType.replace(/^audio\//, "");
      return encodeMedia("input_audio", { data: base64Of(source.value), format }, extra, cache);
    }
    case "file":
      // Chat takes no text as a file, and needs none: text is text.
      if (!crossing.same && kind.value.mimeType === "text/plain" && kind.value.source.case === "data") {
        return { type: "text", text: new TextDecoder().decode(kind.value.source.value) };
      }
      return encodeMedia("file", fileOf(kind.value, path, crossing), extra, cache);
    case "opaque": {
      const own = opaqueIn(kind.value, dialect);
      if (own) return own;
      throw crossing.cannotCarry(path, kind.value);
    }
    default:
      // It has no place in this turn.
      crossing.lose(path);
      return undefined;
  }
}

function encodeMedia(type: string, content: JsonObject, extra: JsonObject | undefined, cache: JsonObject): JsonObject {
  const { [type]: nested, ...outer } = extra ?? {};
  return { type, [type]: { ...content, ...objectIn(nested as JsonValue) }, ...outer, ...cache };
}

function urlOf(value: Media, path: string, crossing: Crossing): string {
  const { source, mimeType } = value;
  if (source.case === "data") return dataUrl(mimeType, source.value);
  if (source.case === "url") return source.value;
  throw crossing.cannot(path, "A picture by the id of an uploaded file");
}

function fileOf({ source, mimeType, filename }: Media, path: string, crossing: Crossing): JsonObject {
  const name: JsonObject = filename === "" ? {} : { filename };
  if (source.case === "data") {
    const known = crossing.same || mimeType === "application/pdf";
    if (!known) throw crossing.cannot(path, `A file of type \`${mimeType}\``);
    // The provider refuses a file without a name.
    const named = filename === "" && !crossing.same ? { filename: "document.pdf" } : name;
    return { file_data: dataUrl(mimeType, source.value), ...named };
  }
  if (source.case === "fileId" && crossing.same) return { file_id: source.value, ...name };
  if (source.case === "url" && crossing.same) return { file_data: source.value, ...name };
  throw crossing.cannot(path, source.case === "fileId" ? "The id of an uploaded file" : "A file by its URL");
}

interface MediaWords {
  readonly name: string;
  readonly outer: ReadonlySet<string>;
  readonly inner: ReadonlySet<string>;
}

const words = {
  text: new Set(["type", "text", "cache_control"]),
  refusal: new Set(["type", "refusal", "cache_control"]),
  image: mediaWords("image_url", ["url"]),
  audio: mediaWords("input_audio", ["data", "format"]),
  file: mediaWords("file", ["file_data", "file_id", "filename"]),
};

const thinkingWords = new Set(["type", "thinking", "cache_control"]);

function mediaWords(name: string, inner: readonly string[]): MediaWords {
  return { name, outer: new Set(["type", name, "cache_control"]), inner: new Set(inner) };
}
