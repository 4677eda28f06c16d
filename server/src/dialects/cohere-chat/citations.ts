import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Citation } from "@pontage/gen/pontage/v1/citation_pb.ts";
import { citation } from "../../canonical/events.ts";
import { type Cited, type Citing, codePoints, encodeCitations, rulerOf, spanOf, unitsOf } from "../citations.ts";
import type { Crossing } from "../crossing.ts";
import { countIn, listIn, objectIn, stringIn } from "../wire.ts";

/** Whether it is of words of the answer, and not of a thought or plan. https://docs.cohere.com/reference/chat */
export function isOfText(wire: JsonObject): boolean {
  return wire.type === undefined || wire.type === null || wire.type === "TEXT_CONTENT";
}

/** The citations of one text. Each may have several sources, and the first of them keeps it as it came. */
export function decodeCitations(list: readonly JsonObject[], text: string): Citation[] {
  const ruler = rulerOf(text, codePoints);
  return list.flatMap((wire) => {
    const words = stringIn(wire.text) ?? "";
    const span = spanOf(text, ruler, wire.start, wire.end, words);
    const sources = listIn(wire.sources) ?? [];
    const [first = citation({}), ...others] = sources.map((source) => decodeSource(objectIn(source) ?? {}));
    return [{ ...first, ...span, extra: wire }, ...others.map((other) => ({ ...other, ...span }))];
  });
}

/** A document of the request, or the result of a tool: what it says of itself is free. */
function decodeSource(wire: JsonObject): Citation {
  const facts = objectIn(wire.document) ?? objectIn(wire.tool_output) ?? {};
  return citation({
    url: stringIn(facts.url) ?? "",
    title: stringIn(facts.title) ?? "",
    sourceId: stringIn(wire.id) ?? "",
    quote: stringIn(facts.text) ?? stringIn(facts.snippet) ?? stringIn(facts.content) ?? "",
  });
}

/** `place`: the number of the text among the contents. */
export function encodeTextCitations(
  { citations, text }: Pick<Cited, "citations" | "text">,
  place: number,
  path: string,
  crossing: Crossing,
): JsonObject[] {
  if (citations.length === 0) return [];
  const ruler = rulerOf(text, codePoints);
  const citing: Citing = {
    says: new Set(["start", "url", "title", "sourceId", "quote"]),
    write(citation) {
      const { start, end } = unitsOf(citation, text);
      return {
        ...{ start: ruler.fromUnits(start), end: ruler.fromUnits(end), text: text.slice(start, end) },
        sources: [encodeSource(citation)],
        ...{ type: "TEXT_CONTENT", content_index: place },
      };
    },
  };
  return encodeCitations({ citations, text }, path, crossing, () => citing);
}

function encodeSource({ url, title, sourceId, quote }: Citation): JsonObject {
  const facts: Record<string, JsonValue> = {};
  if (title !== "") facts.title = title;
  if (url !== "") facts.url = url;
  if (quote !== "") facts.text = quote;
  const id: JsonObject = sourceId || url ? { id: sourceId || url } : {};
  return { type: "document", ...id, document: facts };
}

/** The citations of the text in this place, among all of a message. Who names no place means the first text. */
export function citationsAt(list: readonly JsonValue[], place: number, firstText: number): JsonObject[] {
  return list.flatMap<JsonObject>((item) => {
    const wire = objectIn(item);
    if (wire === undefined || !isOfText(wire)) return [];
    return (countIn(wire.content_index) ?? firstText) === place ? wire : [];
  });
}
