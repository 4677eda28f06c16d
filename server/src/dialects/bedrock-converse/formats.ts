import type { Media } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { lookUp } from "../wire.ts";

/** Formats by their word here, with the media type others know them by. */
const documents: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  csv: "text/csv",
  doc: "application/msword",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  html: "text/html",
  txt: "text/plain",
  md: "text/markdown",
};

const images: Readonly<Record<string, string>> = {
  png: "image/png",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
};

export type MediaKind = "image" | "audio" | "file";

export function mimeTypeOf(kind: MediaKind, format: string): string | undefined {
  if (kind === "audio") return `audio/${format}`;
  const known = kind === "image" ? images : documents;
  return Object.hasOwn(known, format) ? known[format] : undefined;
}

export function formatOf(kind: MediaKind, mimeType: string): string | undefined {
  const plain = (mimeType.split(";")[0] ?? "").trim().toLowerCase();
  if (kind === "audio")
    return plain.startsWith("audio/") ? (lookUp(otherWords, plain) ?? plain.slice("audio/".length)) : undefined;
  const known = Object.entries(kind === "image" ? images : documents);
  return lookUp(otherWords, plain) ?? known.find(([, type]) => type === plain)?.[0];
}

const otherWords: Readonly<Record<string, string>> = {
  "image/jpg": "jpeg",
  "audio/mpeg": "mp3",
  "audio/x-wav": "wav",
  "audio/wave": "wav",
};

/**
 * Names for documents, which must have one: letters, digits, hyphens, parentheses, brackets and single blanks, and no name
 * twice in a request. What else is in a file's name becomes a hyphen.
 */
export class DocumentNames {
  readonly #taken = new Set<string>();

  /** The name as the origin gave it is kept where it is legal. */
  take({ filename }: Media, title: string): string {
    const legal = (filename || title)
      .replace(/\.[A-Za-z0-9]{1,5}$/, "")
      .replace(/[^\p{L}\p{N}\s()[\]-]+/gu, "-")
      .replace(/\s+/g, " ")
      .trim()
      .slice(0, 190);
    const base = /[\p{L}\p{N}]/u.test(legal) ? legal : "document";
    let name = base;
    for (let count = 2; this.#taken.has(name); count += 1) name = `${base} (${count})`;
    this.#taken.add(name);
    return name;
  }
}
