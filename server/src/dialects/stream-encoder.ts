import type { JsonObject } from "@bufbuild/protobuf";
import type { Citation } from "@pontage/gen/pontage/v1/citation_pb.ts";
import type { ChoiceFinished, GenerateEvent, Opened, Part, PartGrown } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { errorFrom, type GatewayError } from "../canonical/error.ts";
import type { Losses } from "../canonical/loss.ts";
import type { Usage } from "../canonical/usage.ts";
import type { Frame } from "../framing/frame.ts";
import { type Cited, citationPath, kept, mostKeptChars } from "./citations.ts";
import type { StreamEncoder } from "./dialect.ts";
import { replyPath } from "./reply-path.ts";

/** What a dialect's encoder does with each kind of event. Parts are numbered within their choice. */
export interface EventEncoder {
  open(event: Opened): void;
  openPart(number: number, part: Part, choice: number): void;
  growPart(number: number, delta: PartGrown["delta"], choice: number): void;
  /** The sources of a text, just before it closes. Dialects without it have no place for them. */
  cite?(number: number, cited: Cited, choice: number): void;
  closePart?(number: number, choice: number): void;
  finishChoice(event: ChoiceFinished): void;
  finish(usage: Usage | undefined, extra: JsonObject | undefined): void;
  fail(error: GatewayError): void;
  /** The frames written since it was last asked. */
  take(): readonly Frame[];
}

export function encoderOf(encoder: EventEncoder, losses: Losses): StreamEncoder {
  const sources = new Sources(encoder, losses);
  return {
    push({ event }) {
      encode(event, encoder, sources);
      return encoder.take();
    },
  };
}

/** For dialects whose streams hold one answer: that there were others is reported. */
export function oneAnswerEncoderOf(encoder: EventEncoder, losses: Losses): StreamEncoder {
  const sources = new Sources(encoder, losses);
  return {
    push({ event }) {
      const choice = event.value && "choice" in event.value ? event.value.choice : 0;
      if (choice > 0) losses.lose(`choices[${choice}]`);
      else encode(event, encoder, sources);
      return encoder.take();
    },
  };
}

function encode({ case: kind, value }: GenerateEvent["event"], encoder: EventEncoder, sources: Sources): void {
  if (kind === "opened") {
    sources.from = value.dialect;
    encoder.open(value);
  } else if (kind === "partOpened") {
    if (value.part === undefined) return;
    const { part } = value;
    sources.open(value.choice, value.index, part);
    encoder.openPart(value.index, part.citations.length > 0 ? { ...part, citations: [] } : part, value.choice);
  } else if (kind === "partGrown") {
    if (value.delta.case === "citation") sources.cite(value.choice, value.index, value.delta.value);
    else {
      if (value.delta.case === "text") sources.grow(value.choice, value.index, value.delta.value);
      encoder.growPart(value.index, value.delta, value.choice);
    }
  } else if (kind === "partClosed") {
    sources.close(value.choice, value.index);
    encoder.closePart?.(value.index, value.choice);
  } else if (kind === "choiceFinished") {
    sources.finish(value.choice);
    encoder.finishChoice(value);
  } else if (kind === "finished") encoder.finish(value.usage, value.extra);
  else if (kind === "failed") encoder.fail(errorFrom(value.error));
}

/**
 * Gathers the sources of a text until it closes: they come before the words, among them or after them, and may stand for the
 * whole text. Streams without sources pay with the growth of one string. The sources of a text that has grown too long to
 * be kept are reported lost.
 */
class Sources {
  from = "";
  readonly #encoder: EventEncoder;
  readonly #losses: Losses;
  /** The words of each choice so far. */
  readonly #said: string[] = [];
  #texts: OpenText[] = [];

  constructor(encoder: EventEncoder, losses: Losses) {
    this.#encoder = encoder;
    this.#losses = losses;
  }

  open(choice: number, index: number, { kind, citations }: Part): void {
    if (kind.case !== "text") return;
    this.#texts.push({ choice, index, text: kind.value.text, citations: [...citations] });
  }

  grow(choice: number, index: number, words: string): void {
    const open = this.#at(choice, index);
    if (open) open.text = kept(open.text, words);
  }

  cite(choice: number, index: number, citation: Citation): void {
    this.#at(choice, index)?.citations.push(citation);
  }

  close(choice: number, index: number): void {
    const open = this.#at(choice, index);
    if (open === undefined) return;
    this.#texts = this.#texts.filter((text) => text !== open);
    const { text, citations } = open;
    const before = this.#said[choice] ?? "";
    this.#said[choice] = kept(before, text);
    if (citations.length === 0) return;
    const isWhole = text.length <= mostKeptChars && before.length <= mostKeptChars;
    if (isWhole && this.#encoder.cite) this.#encoder.cite(index, { citations, text, before }, choice);
    else {
      const path = replyPath(this.from, choice, index);
      for (const at of citations.keys()) this.#losses.lose(citationPath(this.from, path, at));
    }
  }

  /** What its origin left open is as much as there is. */
  finish(choice: number): void {
    for (const text of this.#texts) if (text.choice === choice) this.close(choice, text.index);
  }

  #at(choice: number, index: number): OpenText | undefined {
    // A loop, because this runs once per token and there is nearly always one text.
    for (const text of this.#texts) if (text.index === index && text.choice === choice) return text;
    return undefined;
  }
}

interface OpenText {
  readonly choice: number;
  readonly index: number;
  text: string;
  readonly citations: Citation[];
}
