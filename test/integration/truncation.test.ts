import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DialectId } from "../../server/src/dialects/dialect.ts";
import { startTestGateway, type TestGateway } from "../gateway/gateway.ts";
import { framesOf, type Streamed, streamed } from "../laws/recordings.ts";
import { HttpClient } from "./doors.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";
import { nightly } from "./scene.ts";
import { type Speaker, speakers, strangerTo } from "./speakers.ts";

/*
 * T12 in every dialect: a recorded stream cut at every byte, by the end of its body or by a broken connection, to a client of
 * its dialect and to one of another. What is not complete never looks complete, its words are a beginning of the whole
 * answer's, and the ledger knows which it was.
 */

let upstream: RawUpstream;
let gateway: TestGateway;
let client: HttpClient;
const workers = 24;
beforeAll(async () => {
  upstream = await startRawUpstream();
  gateway = await startTestGateway({ providers: speakers.map((speaker) => speaker.settings(upstream.url)) });
  client = new HttpClient(gateway, workers);
});
afterAll(async () => {
  await client.close();
  await gateway.stop();
  await upstream.close();
});

/** The words that complete a stream, up to their last byte. What is cut before them is not whole. */
const endings: Readonly<Record<DialectId, RegExp>> = {
  "openai-chat": /data: ?\[DONE\]/,
  "openai-completions": /data: ?\[DONE\]/,
  "openai-responses": /data: ?\{"type": ?"response\.completed".*\}/,
  "anthropic-messages": /data: ?\{"type": ?"message_stop" *\}/,
  // The first that says why it ended: more may follow, and the bytes end where they end.
  gemini: /data: ?\{.*"finishReason".*\}/,
  // Without a text to look for: the whole of it.
  "bedrock-converse": /[\s\S]*/,
  "cohere-chat": /data: ?\{"type": ?"message-end".*\}/,
  "ollama-chat": /\{.*"done": ?true.*\}/,
};

/** The shortest of each dialect; every night the three shortest. */
const chosen = speakers.flatMap((speaker) => {
  const own = streamed.filter(({ dialect, stream }) => dialect === speaker.dialect && ends(dialect.id, stream));
  const sorted = own.sort((a, b) => a.stream.length - b.stream.length);
  return sorted.slice(0, nightly ? 3 : 1).map((recording) => ({ speaker, recording }));
});

function ends(dialect: DialectId, stream: Buffer): boolean {
  const events = eventsIn(speakers.find((one) => one.dialect.id === dialect)!, stream, true);
  return events.at(-1)?.event.case === "finished" && endings[dialect].test(stream.toString("latin1"));
}

/** What a client reads; `atEnd` for dialects whose answers end with the bytes. */
function eventsIn({ dialect }: Speaker, body: Buffer, atEnd: boolean): GenerateEvent[] {
  const decoder = dialect.stream.decoder();
  const events = framesOf(dialect, [body]).flatMap((frame) => [...decoder.push(frame)]);
  return atEnd ? [...events, ...decoder.end()] : events;
}

function wordsOf(events: readonly GenerateEvent[]): string {
  return events
    .map(({ event }) => {
      if (event.case === "partOpened" && event.value.part?.kind.case === "text")
        return event.value.part.kind.value.text;
      return event.case === "partGrown" && event.value.delta.case === "text" ? event.value.delta.value : "";
    })
    .join("");
}

interface Seen {
  readonly cut: number;
  readonly clean: boolean;
  readonly words: string;
}

/** What a client sees of the first `cut` bytes. Fails when it is neither an answer nor an error that is told. */
async function see(asking: Speaker, name: string, model: string, cut: number): Promise<Seen> {
  const { path, body } = asking.question(name, true);
  const headers = { "content-type": "application/json", authorization: `Bearer ${gateway.apiKey}` };
  const answer = await client.send(path, JSON.stringify(body), { headers });
  if (answer.status !== 200) {
    // Bedrock has 424 for a stream that fails.
    expect(answer.status, `${model} cut at ${cut}`).toBeGreaterThanOrEqual(424);
    return { cut, clean: false, words: "" };
  }
  const { dialect } = asking;
  const told = eventsIn(asking, answer.body, false);
  const failed = told.at(-1)?.event.case === "failed";
  const events = failed ? told : eventsIn(asking, answer.body, true);
  const clean = !failed && events.at(-1)?.event.case === "finished";
  expect(failed || clean, `cut at ${cut}: ${dialect.id} is told nothing: ${answer.body.toString().slice(-300)}`).toBe(
    true,
  );
  return { cut, clean, words: wordsOf(events) };
}

for (const { speaker, recording } of chosen) {
  for (const asking of [speaker, strangerTo(speaker)]) {
    if (asking === undefined) continue;
    describe(`${recording.dialect.id} ${recording.name} to a client of ${asking.dialect.id}`, () => {
      test(`is never complete when it is cut anywhere in its ${recording.stream.length} bytes`, () =>
        cutEverywhere(recording, speaker, asking));
    });
  }
}

/** A stranger's stream is decoded like everybody's, so by day every third byte will do. Odd, so that both ways to end occur. */
async function cutEverywhere({ dialect, stream }: Streamed, speaker: Speaker, asking: Speaker): Promise<void> {
  const ending = endings[dialect.id].exec(stream.toString("latin1"))!;
  const wholeFrom = ending.index + ending[0].length;
  const head = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: ${dialect.stream.framing.contentType}\r\n`);
  const step = nightly || speaker === asking ? 1 : 3;
  const seen = new Map<string, Seen>();
  const cuts = Array.from({ length: stream.length + 1 }, (_, cut) => cut).filter(
    (cut) => cut % step === 0 || cut === stream.length,
  );
  const count = cuts.length;
  const work = async () => {
    for (let cut = cuts.pop(); cut !== undefined; cut = cuts.pop()) {
      const shown = stream.subarray(0, cut);
      const model = upstream.model((socket) => {
        // The two ways for a connection to end take turns from byte to byte.
        if (cut! % 2 === 0) socket.write(Buffer.concat([head, Buffer.from(`content-length: ${cut}\r\n\r\n`), shown]));
        else socket.end(Buffer.concat([head, Buffer.from(`content-length: ${stream.length + 1}\r\n\r\n`), shown]));
      });
      seen.set(model, await see(asking, `${speaker.provider}/${model}`, model, cut));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));

  const all = [...seen.values()];
  const whole = all.find(({ cut }) => cut === stream.length)!;
  const wrong = all.filter(({ cut, clean, words }) => (clean && cut < wholeFrom) || !whole.words.startsWith(words));
  expect(wrong).toEqual([]);
  expect(all).toHaveLength(count);
  const rows = (await gateway.ledgerRows()).filter(({ model }) => seen.has(model!));
  const last = new Map(rows.map(({ model, outcome }) => [model!, outcome]));
  const misjudged = [...seen].filter(([model, { clean }]) => last.get(model) !== (clean ? "ok" : "upstream_error"));
  expect(misjudged).toEqual([]);
}

test("there is a stream of every dialect, and the whole of it is whole", () => {
  expect(new Set(chosen.map(({ speaker }) => speaker))).toEqual(new Set(speakers));
});
