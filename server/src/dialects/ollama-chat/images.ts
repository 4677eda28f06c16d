import type { Media, Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { part } from "../../canonical/events.ts";
import type { Crossing } from "../crossing.ts";
import { base64In, base64Of, media } from "../media.ts";

/** Images are bare base64: what kind they are, only their first bytes say. */
export function decodeImage(base64: string, path: string): Part {
  const value = base64In(base64, path);
  return part({ case: "image", value: media({ mimeType: mimeTypeOf(base64), source: { case: "data", value } }) });
}

export function encodeImage({ source }: Media, path: string, crossing: Crossing): string {
  if (source.case === "data") return base64Of(source.value);
  const what = source.case === "url" ? "A picture by its URL" : "A picture by the id of an uploaded file";
  throw crossing.cannot(path, what, "Send the picture itself as a data URL.");
}

const beginnings: readonly (readonly [base64: string, mimeType: string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
];

function mimeTypeOf(base64: string): string {
  return beginnings.find(([beginning]) => base64.startsWith(beginning))?.[1] ?? "";
}
