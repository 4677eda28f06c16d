import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Citation } from "@pontage/gen/pontage/v1/citation_pb.ts";
import { citation } from "../../canonical/events.ts";
import { type Cited, type Citing, codePoints, encodeCitations, rulerOf, spanOf, unitsOf } from "../citations.ts";
import type { Crossing } from "../crossing.ts";
import { objectIn, stringIn } from "../wire.ts";

/*
 * Annotations of a text, on Chat and on Responses. The first has its facts in an object of the type's name, the other beside
 * it. Offsets are of characters.
 */

export function decodeAnnotations(list: readonly JsonValue[], text: string): Citation[] {
  const ruler = rulerOf(text, codePoints);
  return list.flatMap((item) => {
    const wire = objectIn(item);
    if (wire === undefined) return [];
    const inner = objectIn(wire[stringIn(wire.type) ?? ""]) ?? wire;
    return citation({
      ...spanOf(text, ruler, inner.start_index, inner.end_index),
      url: stringIn(inner.url) ?? "",
      title: stringIn(inner.title) ?? stringIn(inner.filename) ?? "",
      sourceId: stringIn(inner.file_id) ?? "",
      // Servers that search for others quote what they found.
      quote: stringIn(inner.content) ?? "",
      extra: wire,
    });
  });
}

/** Only addresses have a form here: the id of a file means nothing away from where it is. */
export function encodeAnnotations(
  { citations, text, before }: Cited,
  path: string,
  crossing: Crossing,
  shape: (facts: JsonObject) => JsonObject,
): JsonObject[] {
  if (citations.length === 0) return [];
  const ruler = rulerOf(before + text, codePoints);
  const citing: Citing = {
    says: new Set(["start", "url", "title"]),
    write(citation) {
      if (citation.url === "") return undefined;
      const { start, end } = unitsOf(citation, text);
      const start_index = ruler.fromUnits(before.length + start);
      const end_index = ruler.fromUnits(before.length + end);
      return shape({ start_index, end_index, title: citation.title, url: citation.url });
    },
  };
  return encodeCitations({ citations, text }, path, crossing, () => citing);
}

/** As Chat writes it. */
export function nestedShape(facts: JsonObject): JsonObject {
  return { type: "url_citation", url_citation: facts };
}

/** As Responses writes it. */
export function flatShape(facts: JsonObject): JsonObject {
  return { type: "url_citation", ...facts };
}
