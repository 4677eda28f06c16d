import type { JsonObject } from "@bufbuild/protobuf";
import type { Citation } from "@pontage/gen/pontage/v1/citation_pb.ts";
import type { GenerateEvent, GenerateRequest } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { partGrown } from "../canonical/events.ts";
import type { Losses } from "../canonical/loss.ts";
import type { Crossing } from "./crossing.ts";
import { partPath } from "./paths.ts";
import { countIn } from "./wire.ts";

/** The sources of a text, and what is needed to say where the cited words stand. */
export interface Cited {
  readonly citations: readonly Citation[];
  readonly text: string;
  /** The texts of the same answer before this one: some dialects have one text of them all. */
  readonly before: string;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Translates between the canonical model's UTF-16 code units and what a dialect counts. */
export interface Ruler {
  /** Undefined beyond the end of the text. */
  toUnits(count: number): number | undefined;
  fromUnits(units: number): number;
}

/** For requests of our own clients: sources are for readers of answers, and no provider takes them back in our words. */
export function loseSources(request: GenerateRequest, losses: Losses): void {
  for (const [index, { parts }] of request.messages.entries()) {
    for (const [at, { citations }] of parts.entries()) {
      if (citations.length > 0) losses.lose(`${partPath(request, index, at)}.citations`);
    }
  }
}

/** A longer text is not kept to find places in it: a client that does not read must not cost its whole answer. */
export const mostKeptChars = 64 * 1024;

/** The words so far, as far as they are kept. A place beyond them is not known. */
export function kept(words: string, more: string): string {
  return words.length > mostKeptChars ? words : words + more;
}

/** What dialects count in a text. */
export const bytes = (codePoint: number) =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
export const codePoints = () => 1;

/** One walk over the text, however many citations there are. */
export function rulerOf(text: string, sizeOf: (codePoint: number) => number): Ruler {
  const marks = new Uint32Array(text.length + 1);
  let count = 0;
  for (let at = 0; at < text.length; ) {
    const codePoint = text.codePointAt(at)!;
    const units = codePoint > 0xffff ? 2 : 1;
    marks.fill(count, at, at + units);
    at += units;
    count += sizeOf(codePoint);
  }
  marks[text.length] = count;
  return {
    toUnits(wanted) {
      if (wanted > count) return undefined;
      let [low, high] = [0, text.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (marks[middle]! < wanted) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    fromUnits: (units) => marks[Math.min(units, text.length)]!,
  };
}

/**
 * Where the cited words stand. Where the origin quotes them its numbers are believed only if they are there; words that occur
 * once are found anyway. Empty where nobody can tell.
 */
export function spanOf(text: string, ruler: Ruler, start: unknown, end: unknown, words?: string): Partial<Span> {
  const [first, last] = [countIn(start), countIn(end)];
  const from = first === undefined ? undefined : ruler.toUnits(first);
  const to = last === undefined ? undefined : ruler.toUnits(last);
  if (from !== undefined && to !== undefined && from <= to) {
    if (!words || text.slice(from, to) === words) return { start: from, end: to };
  }
  const found = words ? text.indexOf(words) : -1;
  if (!words || found < 0 || text.indexOf(words, found + 1) >= 0) return {};
  return { start: found, end: found + words.length };
}

/** The source is one of the whole text where its place is not known. */
export function unitsOf({ start, end }: Citation, text: string): Span {
  return { start: start ?? 0, end: end ?? text.length };
}

/** What the target says of a citation: its form there, and which facts that holds. */
export interface Citing {
  readonly says: ReadonlySet<Fact>;
  /** Undefined where it cannot be said at all. */
  write(citation: Citation): JsonObject | undefined;
}

export type Fact = "start" | "url" | "title" | "sourceId" | "sourceIndex" | "quote" | "range";

/** The citations in the target's form: its own as they came, others as far as they can be said; the rest is reported. */
export function encodeCitations(
  { citations, text }: Omit<Cited, "before">,
  path: string,
  crossing: Crossing,
  citingFor: (citation: Citation) => Citing,
): JsonObject[] {
  // Of several that its origin said as one, the first has it.
  if (crossing.same) return citations.flatMap<JsonObject>(({ extra }) => extra ?? []);
  return citations.flatMap<JsonObject>((citation, at) => {
    const place = citationPath(crossing.from, path, at);
    const citing = citingFor(citation);
    const wire = citing.write(citation);
    if (wire === undefined) {
      crossing.lose(place);
      return [];
    }
    const { start, end } = unitsOf(citation, text);
    const isWhole = start === 0 && end === text.length;
    for (const fact in lossNames) {
      const value = citation[fact as Fact];
      const isSaid = citing.says.has(fact as Fact) || (fact === "start" && isWhole);
      if (value !== undefined && value !== "" && !isSaid) crossing.lose(`${place}.${lossNames[fact as Fact]}`);
    }
    return wire;
  });
}

/** A citation as its origin names the list. */
export function citationPath(from: string, path: string, at: number): string {
  return `${path}.${from.startsWith("openai-") ? "annotations" : "citations"}[${at}]`;
}

/** For dialects that have no place for them. */
export function loseCitations(citations: readonly Citation[], path: string, crossing: Crossing): void {
  for (const at of citations.keys()) crossing.lose(citationPath(crossing.from, path, at));
}

/** The events that say the citations of an open part. */
export function cite(choice: number, index: number, citations: readonly Citation[], events: GenerateEvent[]): void {
  for (const value of citations) events.push(partGrown(choice, index, { case: "citation", value }));
}

const lossNames: Readonly<Record<Fact, string>> = {
  start: "start",
  url: "url",
  title: "title",
  sourceId: "source_id",
  sourceIndex: "source_index",
  quote: "quote",
  range: "range",
};
