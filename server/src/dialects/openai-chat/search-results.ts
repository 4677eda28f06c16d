import type { JsonObject } from "@bufbuild/protobuf";
import type { Citation } from "@pontage/gen/pontage/v1/citation_pb.ts";
import { citation } from "../../canonical/events.ts";
import { listIn, objectIn, stringIn } from "../wire.ts";

/*
 * Perplexity lists what it found beside the choices: addresses, and the same with title and snippet. Which words rest on
 * which is not said, so each is a source of the whole text.
 */

/** The lists as they came, for this dialect; elsewhere the citations say them. */
const own = "pontage_search_results";

/** The lists in the fields of an answer; undefined where there are none. */
export function searchResultsIn(extra: JsonObject | undefined): JsonObject | undefined {
  const citations = listIn(extra?.citations);
  const results = listIn(extra?.search_results);
  const lists: JsonObject = {};
  if (citations && citations.length > 0 && citations.every((item) => typeof item === "string")) {
    lists.citations = citations;
  }
  if (results && results.length > 0 && results.every((item) => stringIn(objectIn(item)?.url))) {
    lists.search_results = results;
  }
  return Object.keys(lists).length > 0 ? lists : undefined;
}

export function decodeSearchResults({ citations, search_results }: JsonObject): Citation[] {
  const results = (listIn(search_results) ?? []).map((item) => {
    const { url, title, snippet } = objectIn(item) ?? {};
    return citation({ url: stringIn(url) ?? "", title: stringIn(title) ?? "", quote: stringIn(snippet) ?? "" });
  });
  const known = new Set(results.map(({ url }) => url));
  const others = (listIn(citations) ?? []).flatMap((url) => {
    return typeof url === "string" && !known.has(url) ? citation({ url }) : [];
  });
  return [...results, ...others];
}

/** The fields with the lists apart. */
export function withSearchResults(
  extra: JsonObject | undefined,
  lists: JsonObject | undefined,
): JsonObject | undefined {
  if (lists === undefined) return extra;
  const rest = { ...extra };
  for (const name in lists) delete rest[name];
  return { ...rest, [own]: lists };
}

/** The fields as they were before. */
export function asListed(extra: JsonObject | undefined): JsonObject | undefined {
  const lists = objectIn(extra?.[own]);
  if (extra === undefined || lists === undefined) return extra;
  const { [own]: _, ...rest } = extra;
  return { ...rest, ...lists };
}
