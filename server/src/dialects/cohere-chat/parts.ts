import type { JsonObject } from "@bufbuild/protobuf";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part, reasoning, text, toolCall } from "../../canonical/events.ts";
import { type Crossing, spelling, takeSpelling } from "../crossing.ts";
import { dataUrl, media, sourceOf } from "../media.ts";
import { opaqueIn, opaqueOf } from "../opaque.ts";
import { checkFields, fieldsBeside, objectIn, requiredObject, requiredString, stringIn } from "../wire.ts";

const dialect = "cohere-chat";

/** One entry of a `content` list. Types that are not known stay whole. */
export function decodePart(wire: JsonObject, path: string): Part {
  switch (wire.type) {
    case "text":
      return text(requiredString(wire, "text", path), fieldsBeside(wire, words.text));
    case "thinking":
      return reasoning({ text: requiredString(wire, "thinking", path) }, fieldsBeside(wire, words.thinking));
    case "image_url": {
      const image = requiredObject(wire.image_url, `${path}.image_url`);
      const { mimeType, source } = sourceOf(requiredString(image, "url", `${path}.image_url`), `${path}.image_url.url`);
      const inner = fieldsBeside(image, words.url);
      const outer = fieldsBeside(wire, words.image);
      return part(
        { case: "image", value: media({ mimeType, source }) },
        inner ? { ...outer, image_url: inner } : outer,
      );
    }
    default:
      return part({ case: "opaque", value: opaqueOf(dialect, wire) });
  }
}

/** One part for a request's or an answer's `content` list. */
export function encodePart(said: Part, path: string, crossing: Crossing): JsonObject {
  const { kind } = said;
  const extra = crossing.extra(takeSpelling(said.extra).rest, path);
  if (said.cache) crossing.lose(`${path}.cache_control`);
  switch (kind.case) {
    case "text":
    case "refusal":
      if (said.signature !== undefined) crossing.lose(`${path}.signature`);
      return { type: "text", text: kind.value.text, ...extra };
    case "reasoning":
      return { type: "thinking", thinking: kind.value.text, ...extra };
    case "image": {
      const { source, mimeType } = kind.value;
      if (source.case !== "data" && source.case !== "url") {
        throw crossing.cannot(path, "A picture by the id of an uploaded file");
      }
      const url = source.case === "data" ? dataUrl(mimeType, source.value) : source.value;
      const { image_url: inner, ...outer } = extra ?? {};
      return { type: "image_url", image_url: { url, ...objectIn(inner) }, ...outer };
    }
    case "file":
      if (kind.value.mimeType === "text/plain" && kind.value.source.case === "data") {
        return { type: "text", text: new TextDecoder().decode(kind.value.source.value) };
      }
      throw crossing.cannot(path, "A file", "Send its text.");
    case "opaque": {
      const own = opaqueIn(kind.value, dialect);
      if (own) return own;
      throw crossing.cannotCarry(path, kind.value);
    }
    default:
      throw crossing.cannot(path, kind.case === "audio" ? "Sound" : "This content");
  }
}

/** The words of a thought. There is no place for what its maker wants back. */
export function loseSecrets(part: Part, path: string, crossing: Crossing): void {
  if (part.kind.case !== "reasoning") return;
  if (part.kind.value.signature !== "") crossing.lose(`${path}.signature`);
  if (part.kind.value.redacted !== "") crossing.lose(`${path}.encrypted_content`);
}

/** What the model means to do with its tools is a thought, said in a place of its own. */
export function decodePlan(plan: string): Part {
  return reasoning({ text: plan }, { [spelling]: planField });
}

export function isPlan(part: Part): boolean {
  return part.kind.case === "reasoning" && takeSpelling(part.extra).spelt === planField;
}

const planField = "tool_plan";

export function decodeCall(wire: JsonObject, path: string): Part {
  const called = requiredObject(wire.function, `${path}.function`);
  checkFields(called, { arguments: "string" }, `${path}.function`);
  return toolCall(
    {
      id: requiredString(wire, "id", path),
      name: requiredString(called, "name", `${path}.function`),
      arguments: stringIn(called.arguments) ?? "",
    },
    fieldsBeside(wire, callWords),
  );
}

export function encodeCall(part: Part, path: string, crossing: Crossing): JsonObject {
  const call = part.kind.case === "toolCall" ? part.kind.value : { id: "", name: "", arguments: "" };
  if (part.cache) crossing.lose(`${path}.cache_control`);
  if (part.signature !== undefined) crossing.lose(`${path}.signature`);
  return {
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
    ...crossing.extra(part.extra, path),
  };
}

export const callWords = new Set(["id", "type", "function"]);
const words = {
  text: new Set(["type", "text"]),
  thinking: new Set(["type", "thinking"]),
  image: new Set(["type", "image_url"]),
  url: new Set(["url"]),
};
