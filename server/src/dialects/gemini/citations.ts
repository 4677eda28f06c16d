import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Citation } from "@pontage/gen/pontage/v1/citation_pb.ts";
import type { Part } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { citation } from "../../canonical/events.ts";
import { bytes, type Cited, type Citing, encodeCitations, type Ruler, rulerOf, spanOf, unitsOf } from "../citations.ts";
import type { Crossing } from "../crossing.ts";
import { countIn, fieldsBeside, listIn, objectIn, stringIn } from "../wire.ts";

/*
 * Sources stand beside the content here: chunks are what was found, supports are the words that rest on them, with offsets
 * in bytes. What a model recites is in a list of its own.
 */

/** The fields of a candidate that say sources, for this dialect; elsewhere the citations say them. */
const own = "pontage_sources";

const saidFields = ["groundingChunks", "groundingSupports"];

/** The sources of one text; `place` is its number among the parts, undefined where a stream has joined them. */
export function decodeSources(extra: JsonObject | undefined, text: string, place: number | undefined): Citation[] {
  const grounding = objectIn(extra?.groundingMetadata);
  const recited = objectIn(extra?.citationMetadata);
  if (grounding === undefined && recited === undefined) return [];
  const ruler = rulerOf(text, bytes);
  return [...decodeGrounding(grounding ?? {}, text, ruler, place), ...decodeRecited(recited ?? {}, text, ruler)];
}

function decodeGrounding(grounding: JsonObject, text: string, ruler: Ruler, place: number | undefined): Citation[] {
  const chunks = (listIn(grounding.groundingChunks) ?? []).map((chunk) => decodeChunk(objectIn(chunk) ?? {}));
  const used = new Set<Citation>();
  const cited: Citation[] = [];
  for (const item of listIn(grounding.groundingSupports) ?? []) {
    const support = objectIn(item) ?? {};
    const segment = objectIn(support.segment) ?? {};
    const isHere = place === undefined || (countIn(segment.partIndex) ?? 0) === place;
    // Zero is left out, as the wire's format does.
    const span = spanOf(text, ruler, segment.startIndex ?? 0, segment.endIndex, stringIn(segment.text));
    for (const index of listIn(support.groundingChunkIndices) ?? []) {
      const chunk = typeof index === "number" ? chunks[index] : undefined;
      if (chunk === undefined) continue;
      used.add(chunk);
      if (isHere) cited.push({ ...chunk, ...span });
    }
  }
  // What was found and supports nothing by name is a source of the whole.
  return [...cited, ...chunks.filter((chunk) => !used.has(chunk))];
}

function decodeChunk(chunk: JsonObject): Citation {
  const [kind = ""] = Object.keys(chunk);
  const facts = objectIn(chunk[kind]) ?? {};
  const address = stringIn(facts.uri) ?? "";
  const isAddress = /^https?:/.test(address);
  return citation({
    url: isAddress ? address : "",
    title: stringIn(facts.title) ?? "",
    sourceId: isAddress ? "" : address,
    quote: stringIn(facts.text) ?? "",
  });
}

function decodeRecited(recited: JsonObject, text: string, ruler: Ruler): Citation[] {
  const list = listIn(recited.citationSources) ?? listIn(recited.citations) ?? [];
  return list.map((item) => {
    const { startIndex, endIndex, uri, title } = objectIn(item) ?? {};
    const span = spanOf(text, ruler, startIndex ?? 0, endIndex);
    return citation({ ...span, url: stringIn(uri) ?? "", title: stringIn(title) ?? "" });
  });
}

/** Gives the texts of a whole candidate their sources. */
export function attachSources(parts: readonly Part[], extra: JsonObject | undefined): JsonObject | undefined {
  if (extra?.groundingMetadata === undefined && extra?.citationMetadata === undefined) return extra;
  const texts = [...parts.entries()].filter(([, { kind }]) => kind.case === "text");
  const [only] = texts;
  for (const [place, part] of texts) {
    if (part.kind.case !== "text") continue;
    part.citations = decodeSources(extra, part.kind.value.text, texts.length === 1 ? undefined : place);
  }
  return only ? sourcesApart(extra) : extra;
}

/** What the citations say is kept apart for this dialect, so that it is no loss elsewhere; the rest is as it was. */
export function sourcesApart(extra: JsonObject | undefined): JsonObject | undefined {
  if (extra === undefined) return undefined;
  const { groundingMetadata, citationMetadata, ...more } = extra;
  const grounding = objectIn(groundingMetadata);
  const rest = grounding && fieldsBeside(grounding, new Set(saidFields));
  const said = grounding && fieldsBeside(grounding, new Set(Object.keys(rest ?? {})));
  const kept: JsonObject = {
    ...(said ? { groundingMetadata: said } : {}),
    ...(citationMetadata === undefined ? {} : { citationMetadata }),
  };
  return {
    ...more,
    ...(rest ? { groundingMetadata: rest } : {}),
    ...(Object.keys(kept).length > 0 ? { [own]: kept } : {}),
  };
}

/** The fields of a candidate as they were before they were kept apart. */
export function sourcesTogether(extra: JsonObject | undefined): JsonObject | undefined {
  const kept = objectIn(extra?.[own]);
  if (extra === undefined || kept === undefined) return extra;
  const { [own]: _, ...more } = extra;
  const grounding = { ...objectIn(more.groundingMetadata), ...objectIn(kept.groundingMetadata) };
  return { ...more, ...kept, ...(Object.keys(grounding).length > 0 ? { groundingMetadata: grounding } : {}) };
}

/** A text and its sources, to be written when the candidate ends. */
export interface SourcedText extends Cited {
  readonly path: string;
  /** The part's number on the wire; undefined where a stream joins the texts. */
  readonly place: number | undefined;
}

/** The field that says the sources of a candidate from elsewhere. */
export function encodeSources(texts: readonly SourcedText[], crossing: Crossing): JsonObject {
  const groundingChunks: JsonObject[] = [];
  /** Several places may rest on the same chunk. */
  const known = new Map<string, number>();
  const groundingSupports: JsonObject[] = [];
  for (const { citations, text, before, path, place } of texts) {
    const words = place === undefined ? before + text : text;
    const ruler = rulerOf(words, bytes);
    const offset = words.length - text.length;
    const citing: Citing = {
      says: new Set(["start", "url", "title", "sourceId", "quote"]),
      write(citation) {
        const chunk = encodeChunk(citation);
        if (chunk === undefined) return undefined;
        const { start, end } = unitsOf(citation, text);
        const segment: JsonObject = {
          ...(place ? { partIndex: place } : {}),
          startIndex: ruler.fromUnits(offset + start),
          endIndex: ruler.fromUnits(offset + end),
          text: text.slice(start, end),
        };
        const name = JSON.stringify(chunk);
        const index = known.get(name) ?? groundingChunks.push(chunk) - 1;
        known.set(name, index);
        groundingSupports.push({ segment, groundingChunkIndices: [index] });
        return chunk;
      },
    };
    encodeCitations({ citations, text }, path, crossing, () => citing);
  }
  return groundingChunks.length > 0 ? { groundingMetadata: { groundingChunks, groundingSupports } } : {};
}

/** A page of the web where only an address is known; else what a search of documents finds. */
function encodeChunk({ url, title, sourceId, quote }: Citation): JsonObject | undefined {
  const name: Record<string, JsonValue> = title === "" ? {} : { title };
  if (url !== "" && quote === "") return { web: { uri: url, ...name } };
  const uri = url || sourceId;
  if (uri === "" && title === "" && quote === "") return undefined;
  return { retrievedContext: { ...(uri === "" ? {} : { uri }), ...name, ...(quote === "" ? {} : { text: quote }) } };
}
