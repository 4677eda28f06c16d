import { Buffer } from "node:buffer";
import type { Media } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { invalid } from "./wire.ts";

export function media(facts: { mimeType?: string; source: Media["source"]; filename?: string }): Media {
  const { mimeType = "", source, filename = "" } = facts;
  return { $typeName: "pontage.v1.Media", mimeType, source, filename };
}

export function base64In(value: string, path: string): Uint8Array {
  // `Buffer` skips over what is not base64; a picture with holes in it must not reach a model unnoticed.
  const data = Buffer.from(value, "base64");
  if (data.length === 0 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) {
    throw invalid(path, `\`${path}\` is not base64.`);
  }
  return data;
}

export function base64Of(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

/** The source a URL stands for: the content itself where it is a `data:` URL. */
export function sourceOf(url: string, path: string): { mimeType: string; source: Media["source"] } {
  if (!url.startsWith("data:")) return { mimeType: "", source: { case: "url", value: url } };
  const comma = url.indexOf(",");
  const [mimeType = "", ...parameters] = url.slice("data:".length, comma === -1 ? 0 : comma).split(";");
  if (comma === -1 || parameters.at(-1) !== "base64") {
    throw invalid(path, `\`${path}\` is a data URL that is not base64.`);
  }
  return { mimeType, source: { case: "data", value: base64In(url.slice(comma + 1), path) } };
}

export function dataUrl(mimeType: string, data: Uint8Array): string {
  return `data:${mimeType};base64,${base64Of(data)}`;
}
