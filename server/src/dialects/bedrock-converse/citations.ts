import type { JsonObject } from "@bufbuild/protobuf";
import { type Citation, type SourceRange, SourceRange_Unit as Unit } from "@pontage/gen/pontage/v1/citation_pb.ts";
import { citation } from "../../canonical/events.ts";
import type { Citing } from "../citations.ts";
import { countIn, listIn, objectIn, stringIn } from "../wire.ts";

/** The kinds of places in a document. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CitationLocation.html */
const locations = [
  { name: "documentChar", unit: Unit.CHARACTER },
  { name: "documentPage", unit: Unit.PAGE },
  { name: "documentChunk", unit: Unit.BLOCK },
] as const;

/** A source of a whole text: texts are cut into blocks by their sources here. */
export function decodeCitation(wire: JsonObject): Citation {
  const location = objectIn(wire.location) ?? {};
  const { sourceIndex, range } = placeIn(location);
  const source = stringIn(wire.source) ?? "";
  const isAddress = /^https?:/.test(source);
  const words = (listIn(wire.sourceContent) ?? []).map((piece) => stringIn(objectIn(piece)?.text) ?? "");
  return citation({
    url: stringIn(objectIn(location.web)?.url) ?? (isAddress ? source : ""),
    title: stringIn(wire.title) ?? "",
    sourceId: isAddress ? "" : source,
    quote: words.join(""),
    ...(sourceIndex === undefined ? {} : { sourceIndex }),
    ...(range ? { range } : {}),
    extra: wire,
  });
}

function placeIn(location: JsonObject): { sourceIndex?: number | undefined; range?: SourceRange } {
  for (const { name, unit } of locations) {
    const place = objectIn(location[name]);
    if (place === undefined) continue;
    const [start, end] = [countIn(place.start), countIn(place.end)];
    const sourceIndex = countIn(place.documentIndex);
    if (start === undefined || end === undefined) return { sourceIndex };
    return { sourceIndex, range: { $typeName: "pontage.v1.SourceRange", unit, start, end } };
  }
  return {};
}

/** A place in a document has its number; without one the place is not said. */
export function citingFor(citation: Citation): Citing {
  const location = locationOf(citation);
  const place = location?.web === undefined && location ? (["sourceIndex", "range"] as const) : [];
  return {
    says: new Set(["url", "title", "sourceId", "quote", ...place]),
    write({ url, title, sourceId, quote }) {
      return {
        ...(title === "" ? {} : { title }),
        ...(sourceId || url ? { source: sourceId || url } : {}),
        ...(quote === "" ? {} : { sourceContent: [{ text: quote }] }),
        ...(location ? { location } : {}),
      };
    },
  };
}

function locationOf({ url, sourceIndex, range }: Citation): JsonObject | undefined {
  if (url !== "") return { web: { url } };
  const name = locations.find(({ unit }) => unit === range?.unit)?.name;
  if (range === undefined || name === undefined || sourceIndex === undefined) return undefined;
  return { [name]: { documentIndex: sourceIndex, start: range.start, end: range.end } };
}
