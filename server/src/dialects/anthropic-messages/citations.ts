import type { JsonObject } from "@bufbuild/protobuf";
import { type Citation, type SourceRange, SourceRange_Unit as Unit } from "@pontage/gen/pontage/v1/citation_pb.ts";
import { citation } from "../../canonical/events.ts";
import type { Citing } from "../citations.ts";
import { countIn, stringIn } from "../wire.ts";

/** A citation of a text block. It is of the whole block: texts are cut into blocks by their sources here. */
export function decodeCitation(wire: JsonObject): Citation {
  const source = stringIn(wire.source) ?? "";
  const isAddress = /^https?:/.test(source);
  const range = rangeIn(wire);
  return citation({
    url: stringIn(wire.url) ?? (isAddress ? source : ""),
    title: stringIn(wire.document_title) ?? stringIn(wire.title) ?? "",
    sourceId: stringIn(wire.file_id) ?? (isAddress ? "" : source),
    quote: stringIn(wire.cited_text) ?? "",
    ...(countIn(wire.document_index) === undefined ? {} : { sourceIndex: countIn(wire.document_index)! }),
    ...(range ? { range } : {}),
    extra: wire,
  });
}

/** The kinds of places in a document, and their fields. https://docs.anthropic.com/en/docs/build-with-claude/citations */
const locations = [
  { type: "char_location", unit: Unit.CHARACTER, start: "start_char_index", end: "end_char_index" },
  { type: "page_location", unit: Unit.PAGE, start: "start_page_number", end: "end_page_number" },
  { type: "content_block_location", unit: Unit.BLOCK, start: "start_block_index", end: "end_block_index" },
] as const;

function rangeIn(wire: JsonObject): SourceRange | undefined {
  for (const { unit, start, end } of locations) {
    const [from, to] = [countIn(wire[start]), countIn(wire[end])];
    if (from !== undefined && to !== undefined)
      return { $typeName: "pontage.v1.SourceRange", unit, start: from, end: to };
  }
  return undefined;
}

/** An address is what a web search finds; a place in a document of the request is another kind. Others have no form here. */
export function citingFor({ url }: Citation): Citing {
  return url === "" ? document : website;
}

const website: Citing = {
  says: new Set(["url", "title", "quote"]),
  write: ({ url, title, quote }) => ({
    type: "web_search_result_location",
    cited_text: quote,
    // Only its maker can make one, and readers want the field.
    encrypted_index: "",
    title: title || null,
    url,
  }),
};

const document: Citing = {
  says: new Set(["title", "quote", "sourceIndex", "range"]),
  write({ title, quote, sourceIndex, range }) {
    const location = locations.find(({ unit }) => unit === range?.unit);
    if (range === undefined || location === undefined || sourceIndex === undefined) return undefined;
    const { type, start, end } = location;
    return {
      ...{ type, cited_text: quote, document_index: sourceIndex, document_title: title || null },
      ...{ [start]: range.start, [end]: range.end, file_id: null },
    };
  },
};
