import { create, type JsonObject } from "@bufbuild/protobuf";
import type { Citation } from "@pontage/gen/pontage/v1/citation_pb.ts";
import { type GenerateReply, GenerateRequestSchema, Role } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { describe, expect, test } from "vitest";
import { fold, unfold } from "../../server/src/canonical/fold.ts";
import { LossReport } from "../../server/src/canonical/loss.ts";
import { unitsOf } from "../../server/src/dialects/citations.ts";
import { generation } from "../../server/src/dialects/codec.ts";
import type { Dialect } from "../../server/src/dialects/dialect.ts";
import { dialectOf } from "../../server/src/dialects/index.ts";
import { CanonicalRequest } from "../../server/src/payload/request.ts";
import { eventsOf, framesOf, othersOf, streamed, unary } from "./recordings.ts";

/*
 * A citation says which words of an answer rest on which source. In another dialect it names the same source for the same
 * words, or its loss, or that of its place, is in the report. Offsets count bytes, characters or UTF-16 units: what is
 * compared is the words they enclose.
 */

interface Case {
  readonly name: string;
  readonly dialect: Dialect;
  readonly reply: () => GenerateReply;
}

/** Letters of one, two, three and four bytes stand before the cited words, and after them. */
const before = "Grüße 👋🏽 – 東京: ";
const cited = "Zoë 🎉 wohnt in Paris.";
const text = `${before}${cited} Ende 🚀.`;
const url = "https://example.com/77";
const characters = (words: string) => [...words].length;
const bytes = (words: string) => Buffer.byteLength(words);
const place = { start_index: characters(before), end_index: characters(before + cited) };
const segment = { startIndex: bytes(before), endIndex: bytes(before + cited), text: cited };

const handmade: Readonly<Record<string, JsonObject>> = {
  "openai-chat": {
    choices: [
      {
        message: {
          content: text,
          annotations: [{ type: "url_citation", url_citation: { ...place, url, title: "T" } }],
        },
        finish_reason: "stop",
      },
    ],
  },
  "openai-responses": {
    status: "completed",
    output: [
      {
        type: "message",
        content: [{ type: "output_text", text, annotations: [{ type: "url_citation", ...place, url, title: "T" }] }],
      },
    ],
  },
  gemini: {
    candidates: [
      {
        content: { parts: [{ text }] },
        finishReason: "STOP",
        groundingMetadata: {
          groundingChunks: [{ web: { uri: url, title: "T" } }],
          groundingSupports: [{ segment, groundingChunkIndices: [0] }],
        },
      },
    ],
  },
  "cohere-chat": {
    message: {
      content: [{ type: "text", text }],
      citations: [
        {
          ...{ start: characters(before), end: characters(before + cited), text: cited },
          sources: [{ type: "document", id: "d", document: { url, title: "T" } }],
        },
      ],
    },
    finish_reason: "COMPLETE",
  },
  "anthropic-messages": {
    content: [
      { type: "text", text: before },
      {
        type: "text",
        text: cited,
        citations: [
          { type: "web_search_result_location", url, title: "T", encrypted_index: "e", cited_text: "Paris 🗼" },
        ],
      },
      { type: "text", text: " Ende 🚀." },
    ],
    stop_reason: "end_turn",
  },
  "bedrock-converse": {
    output: {
      message: {
        role: "assistant",
        content: [
          { text: before },
          {
            citationsContent: {
              content: [{ text: cited }],
              citations: [{ title: "T", location: { web: { url } }, sourceContent: [{ text: "Paris 🗼" }] }],
            },
          },
          { text: " Ende 🚀." },
        ],
      },
    },
    stopReason: "end_turn",
  },
};

const invented: readonly Case[] = Object.entries(handmade).map(([id, wire]) => {
  const dialect = dialectOf(id as Dialect["id"]);
  return { name: "handmade", dialect, reply: () => dialect.unary.decode(wire) };
});

const recorded: readonly Case[] = [
  ...unary.map(({ name, dialect, unary }) => ({ name, dialect, reply: () => dialect.unary.decode(unary) })),
  ...streamed
    .filter(({ name }) => !name.includes("error"))
    .map(({ name, dialect, stream }) => ({
      name,
      dialect,
      reply: () => fold(eventsOf(dialect, framesOf(dialect, [stream]))),
    })),
].filter(({ reply }) => reply().choices.some(({ parts }) => parts.some(({ citations }) => citations.length > 0)));

interface Said {
  readonly words: string;
  readonly whole: string;
  readonly citation: Citation;
  /** Its number among those of its part. */
  readonly at: number;
}

function citationsOf(reply: GenerateReply): Said[] {
  return (reply.choices[0]?.parts ?? []).flatMap(({ kind, citations }) => {
    const whole = kind.case === "text" ? kind.value.text : "";
    return citations.map((citation, at) => {
      const { start, end } = unitsOf(citation, whole);
      return { words: whole.slice(start, end), whole, citation, at };
    });
  });
}

function asStream(reply: GenerateReply, target: Dialect, losses: LossReport): GenerateReply {
  const context = { showUsage: true, model: "m", id: "id", createTimeSeconds: 1, losses };
  const encoder = target.stream.encoder(context);
  const events = unfold(reply);
  return fold(
    eventsOf(
      target,
      events.flatMap((event) => [...encoder.push(event)]),
    ),
  );
}

function asWhole(reply: GenerateReply, target: Dialect, losses: LossReport): GenerateReply {
  return target.unary.decode(target.unary.encode(reply, losses));
}

/** Every citation has arrived, or its loss is told. */
function compare(origin: GenerateReply, crossed: GenerateReply, losses: LossReport): void {
  const isLost = (at: number, fact = "") =>
    losses.paths.some((path) => path.endsWith(`[${at}]${fact}`) && /(citations|annotations)\[/.test(path));
  const arrived = citationsOf(crossed);
  const wanted = citationsOf(origin);
  for (const { words, whole, citation, at } of wanted) {
    if (isLost(at)) continue;
    const place = isLost(at, ".start") ? whole : words;
    const found = arrived.filter((other) => other.words === place);
    expect(
      found.map((other) => other.citation.url),
      `the source of "${place}"`,
    ).toContain(citation.url);
    if (!isLost(at, ".title")) expect(found.map((other) => other.citation.title)).toContain(citation.title);
    if (citation.quote !== "" && !isLost(at, ".quote")) {
      expect(found.map((other) => other.citation.quote)).toContain(citation.quote);
    }
  }
  // Nothing is made up.
  expect(arrived.length).toBeLessThanOrEqual(wanted.length);
}

test("the recordings with citations are read", () => {
  const names = recorded.map(({ name }) => name);
  for (const name of [
    "anthropic/stream-citations",
    "bedrock/stream-citations",
    "cohere/stream-citations",
    "gemini/grounding-citations",
    "openai/citations-web-search",
    "perplexity/stream-citations",
    "perplexity/text",
  ]) {
    expect(names).toContain(name);
  }
});

for (const { name, dialect, reply } of [...invented, ...recorded]) {
  describe(`${dialect.id} ${name}`, () => {
    for (const other of othersOf(dialect)) {
      for (const [form, cross] of [
        ["whole", asWhole],
        ["streamed", asStream],
      ] as const) {
        test(`as ${other.id}, ${form}, the same words have the same sources but for what is reported`, () => {
          const losses = new LossReport();
          compare(reply(), cross(reply(), other, losses), losses);
        });
      }
    }

    test("in its own dialect, whole or streamed, everything stays", () => {
      const own = citationsOf(reply());
      for (const cross of [asWhole, asStream]) {
        const losses = new LossReport();
        expect(citationsOf(cross(reply(), dialect, losses)).map(({ citation, words }) => [words, citation])).toEqual(
          own.map(({ citation, words }) => [words, citation]),
        );
        expect(losses.paths).toEqual([]);
      }
    });
  });
}

/** Dialects without a place for them. */
const without = new Set(["openai-completions", "ollama-chat"]);

for (const { dialect, reply } of invented) {
  for (const other of othersOf(dialect).filter(({ id }) => !without.has(id))) {
    test(`${dialect.id} as ${other.id}: a page of the web is said everywhere`, () => {
      for (const cross of [asWhole, asStream]) {
        const losses = new LossReport();
        expect(citationsOf(cross(reply(), other, losses))).toMatchObject([{ citation: { url, title: "T" } }]);
        expect(losses.paths.filter((path) => path.endsWith("]"))).toEqual([]);
      }
    });
  }

  test(`${dialect.id}: the cited words are found behind umlauts, ideographs and emoji`, () => {
    expect(citationsOf(reply())).toMatchObject([{ words: cited, citation: { url, title: "T" } }]);
  });
}

test("offsets are counted as the target counts: bytes at Gemini, characters at Chat and Cohere", () => {
  const { unary: chat } = dialectOf("openai-chat");
  const reply = chat.decode(handmade["openai-chat"]!);
  const lost = new LossReport();
  expect(dialectOf("gemini").unary.encode(reply, lost)).toMatchObject({
    candidates: [{ groundingMetadata: { groundingSupports: [{ segment }] } }],
  });
  const { start_index: start, end_index: end } = place;
  expect(dialectOf("cohere-chat").unary.encode(reply, lost)).toMatchObject({
    message: { citations: [{ start, end, text: cited }] },
  });
  const gemini = dialectOf("gemini").unary.decode(handmade.gemini!);
  const annotations = [{ type: "url_citation", url_citation: { ...place, url, title: "T" } }];
  expect(chat.encode(gemini, lost)).toMatchObject({ choices: [{ message: { annotations } }] });
});

test("bytes are believed where nothing is quoted", () => {
  const { text: _, ...unquoted } = segment;
  const groundingMetadata = {
    groundingChunks: [{ web: { uri: url, title: "T" } }],
    groundingSupports: [{ segment: unquoted, groundingChunkIndices: [0] }],
  };
  const wire = { candidates: [{ content: { parts: [{ text }] }, groundingMetadata }] };
  expect(citationsOf(dialectOf("gemini").unary.decode(wire))).toMatchObject([{ words: cited }]);
});

test.each([
  ["beyond the end", 5, 5000],
  ["the wrong way round", 5, 2],
  ["no number", "5", null],
  ["negative", -3, 4],
])("offsets %s are no place: the source is one of the whole text", (_, start_index, end_index) => {
  const chat = dialectOf("openai-chat");
  const annotations = [{ type: "url_citation", url_citation: { start_index, end_index, url, title: "T" } }];
  const wire = { choices: [{ message: { content: text, annotations }, finish_reason: "stop" }] };
  expect(citationsOf(chat.unary.decode(wire))).toMatchObject([{ words: text }]);
});

test("offsets that do not enclose the quoted words are not believed", () => {
  const gemini = dialectOf("gemini");
  const wrong = { ...segment, startIndex: 1, endIndex: 9 };
  const groundingMetadata = {
    groundingChunks: [{ web: { uri: url, title: "T" } }],
    groundingSupports: [{ segment: wrong, groundingChunkIndices: [0, 7, "x"] }],
  };
  const reply = gemini.unary.decode({ candidates: [{ content: { parts: [{ text }] }, groundingMetadata }] });
  expect(citationsOf(reply)).toMatchObject([{ words: cited }]);
});

test("citations that our own clients send back are reported, since nobody takes them", () => {
  const parts = [
    { kind: { case: "text" as const, value: { text: "Hi" } } },
    { kind: { case: "text" as const, value: { text } }, citations: [{ url }] },
  ];
  const request = create(GenerateRequestSchema, {
    model: "m",
    messages: [
      { role: Role.ASSISTANT, parts },
      { role: Role.USER, parts: parts.slice(0, 1) },
    ],
  });
  const losses = new LossReport();
  const target = { dialect: dialectOf("openai-chat"), operation: "generate" as const, model: "m", losses };
  new CanonicalRequest(
    generation,
    request,
    { model: "m", stream: false, showUsage: true, maxOutputTokens: undefined },
    1,
  ).bytes({
    ...target,
    askUsage: false,
    outputLimit: 10,
    quirks: undefined,
  });
  expect(losses.paths).toEqual(["messages[0].parts[1].citations"]);
});
