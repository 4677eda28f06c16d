import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Media, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part, refusal, text } from "../../canonical/events.ts";
import { type Crossing, spelling, takeSpelling } from "../crossing.ts";
import { base64In, base64Of, dataUrl, media, sourceOf } from "../media.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { fieldsBeside, objectsIn, required, requiredString, stringIn } from "../wire.ts";
import { unmarked } from "./mark.ts";

const dialect = "openai-responses";

/** What a text is called: `input_text` where people and functions speak, `output_text` where the model does. */
export type TextType = "input_text" | "output_text";

/** One entry of a `content` or `output` list, of a request or an answer. Types that are not known stay whole. */
export function decodePart(wire: JsonObject, path: string, textType: TextType): Part {
  switch (wire.type) {
    case "input_text":
    case "output_text":
    case "text": {
      const decoded = text(requiredString(wire, "text", path), fieldsBeside(wire, words.text));
      if (wire.type !== textType) decoded.extra = { ...decoded.extra, [spelling]: wire.type };
      return decoded;
    }
    case "refusal":
      return refusal(requiredString(wire, "refusal", path), fieldsBeside(wire, words.refusal));
    case "input_image":
      return part({ case: "image", value: decodeImage(wire, path) }, fieldsBeside(wire, words.image));
    case "input_file":
      return part({ case: "file", value: decodeFile(wire, path) }, fieldsBeside(wire, words.file));
    default:
      return part({ case: "opaque", value: opaqueOf(dialect, wire) });
  }
}

/** A string or a list. */
export function decodeContent(wire: JsonValue | undefined, path: string, textType: TextType): Part[] {
  if (typeof wire === "string") return wire === "" ? [] : [text(wire)];
  return objectsIn(wire, path).map((part, at) => decodePart(part, `${path}[${at}]`, textType));
}

function decodeImage(wire: JsonObject, path: string): Media {
  const url = stringIn(wire.image_url);
  if (url !== undefined) return media(sourceOf(url, `${path}.image_url`));
  return media({ source: { case: "fileId", value: uploadedFile(wire, path, "image_url") } });
}

function decodeFile(wire: JsonObject, path: string): Media {
  const filename = stringIn(wire.filename) ?? "";
  const data = stringIn(wire.file_data);
  if (data !== undefined) return media({ ...contentOf(data, `${path}.file_data`), filename });
  const url = stringIn(wire.file_url);
  if (url !== undefined) return media({ source: { case: "url", value: url }, filename });
  return media({ source: { case: "fileId", value: uploadedFile(wire, path, "file_data") }, filename });
}

function uploadedFile(wire: JsonObject, path: string, instead: string): string {
  if (stringIn(wire.file_id) === undefined) required(wire[instead], `${path}.${instead}`);
  return requiredString(wire, "file_id", path);
}

/** A data URL, or the same without saying what it is. */
function contentOf(data: string, path: string): { mimeType: string; source: Media["source"] } {
  if (data.startsWith("data:")) return sourceOf(data, path);
  return { mimeType: "", source: { case: "data", value: base64In(data, path) } };
}

/** One entry of a list; undefined for what is lost. `textType` is what a text is called there. */
export function encodePart(part: Part, path: string, crossing: Crossing, textType: TextType): JsonObject | undefined {
  const { kind } = part;
  const { spelt, rest } = takeSpelling(part.extra);
  if (part.cache && !crossing.same) crossing.lose(`${path}.cache_control`);
  if (part.signature !== undefined) crossing.lose(`${path}.signature`);
  const extra = unmarked(crossing.extra(rest, path));
  switch (kind.case) {
    case "text":
      return { type: crossing.same && spelt !== "" ? spelt : textType, text: kind.value.text, ...extra };
    case "refusal":
      return { type: "refusal", refusal: kind.value.text, ...extra };
    case "image":
      return { type: "input_image", ...imageOf(kind.value, path, crossing), ...extra };
    case "file":
      return { type: "input_file", ...fileOf(kind.value, path, crossing), ...extra };
    case "audio":
      throw crossing.cannot(path, "Sound");
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

function imageOf({ source, mimeType }: Media, path: string, crossing: Crossing): JsonObject {
  if (source.case === "data") return { image_url: dataUrl(mimeType, source.value) };
  if (source.case === "url") return { image_url: source.value };
  if (source.case === "fileId" && crossing.same) return { file_id: source.value };
  throw crossing.cannot(path, "A picture by the id of an uploaded file");
}

function fileOf({ source, mimeType, filename }: Media, path: string, crossing: Crossing): JsonObject {
  const name: JsonObject = filename === "" ? {} : { filename };
  switch (source.case) {
    case "data": {
      const data = mimeType === "" ? base64Of(source.value) : dataUrl(mimeType, source.value);
      // The provider refuses content without a name.
      const isNameless = filename === "" && !crossing.same;
      return { file_data: data, ...(isNameless ? { filename: nameless(mimeType) } : name) };
    }
    case "url":
      return { file_url: source.value, ...name };
    default:
      if (source.case === "fileId" && crossing.same) return { file_id: source.value, ...name };
      throw crossing.cannot(path, "The id of an uploaded file");
  }
}

function nameless(mimeType: string): string {
  return mimeType === "text/plain" ? "document.txt" : "document.pdf";
}

const words = {
  text: new Set(["type", "text"]),
  refusal: new Set(["type", "refusal"]),
  image: new Set(["type", "image_url", "file_id"]),
  file: new Set(["type", "file_data", "file_url", "file_id", "filename"]),
};
