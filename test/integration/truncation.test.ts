import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { streamed } from "../laws/recordings.ts";
import { type Cut, cutAt } from "../simulators/behaviours.ts";
import { doors, framesIn, HttpClient, jsonOf } from "./doors.ts";
import { nightly, openScene, type Scene } from "./scene.ts";

/*
 * S4: recorded streams, cut at every byte and sent through the whole gateway over HTTP, to a client of the same dialect and
 * to one of another. What is not complete never looks complete.
 */

let scene: Scene;
let client: HttpClient;
beforeAll(async () => {
  scene = await openScene();
  client = new HttpClient(scene.gateway, workers);
});
afterAll(async () => {
  await client.close();
  await scene.stop();
});

const workers = 24;
/** Short recordings with text, with calls and with many small events. Every night it is all of them. */
const chosen = new Set([
  "anthropic/stream-tools.2-result",
  "mistral/stream-tools.1-call",
  "openai/stream-detailed-usage-length",
  "bedrock/text",
  "cohere/stream-tools.1-call",
  "ollama/stream",
  "openai/stream-text",
  "gemini/stream-tools.1-call",
]);
const upstreamOf = (dialect: string) => scene.upstreams.find(({ simulator }) => simulator.dialect === dialect)!;

/** What ends a stream of each dialect. What ends before it is not whole; what ends after it may be. */
const terminators: Readonly<Record<string, RegExp>> = {
  "openai-chat": /data: ?\[DONE\]/,
  "anthropic-messages": /data: ?\{"type": ?"message_stop" *\}/,
  "openai-responses": /event: response\.completed\ndata: .*\}/,
  gemini: /"finishReason": ?"/,
  "bedrock-converse": /messageStop[\s\S]*?\}[\s\S]{4}/,
  "cohere-chat": /event: message-end\ndata: .*\}/,
  "ollama-chat": /"done": ?true.*\}/,
};

/** Long recordings are cut in some places of every frame, and at every byte of their end; every night at all bytes. */
function cutsOf(stream: Buffer): number[] {
  const all = Array.from({ length: stream.length + 1 }, (_, cut) => cut);
  const isShort = nightly || stream.length < 5_000;
  return all.filter((cut) => isShort || cut % 23 === 0 || cut > stream.length - 400);
}

for (const { name, dialect, stream } of streamed) {
  if (!nightly && !chosen.has(name)) continue;
  const text = stream.toString("latin1");
  const terminator = terminators[dialect.id]!.exec(text);
  // A recording that has none, because the provider failed or writes none, never ends well however far it goes.
  const wholeFrom = terminator ? terminator.index + terminator[0].length : Number.POSITIVE_INFINITY;

  for (const door of doors) {
    describe(`${name} to a ${door.dialect} client`, () => {
      test(`is never complete when it is cut at any of its ${stream.length} bytes`, async () => {
        const upstream = upstreamOf(dialect.id);
        const outcomes = new Map<string, { clean: boolean; words: string; cut: number }>();
        const cuts = cutsOf(stream);
        const tries = cuts.length;
        const tryOne = async (cut: number) => {
          // The two ways for a connection to end take turns from byte to byte, and from night to night.
          const turn = (cut + (nightly ? new Date().getDate() : 0)) % 2 === 0;
          // Where no frame says that it is the last one, only bytes that end are whole.
          const how: Cut = turn || cut === stream.length ? "ended" : "broken";
          const { asked, own } = upstream.model(cutAt(stream, cut, how));
          const answer = await client.call(door, asked, true);
          const where = `cut at ${cut}, ${how}`;
          if (answer.status !== 200) {
            expect(answer.status, where).toBeGreaterThanOrEqual(500);
            door.errorIn(jsonOf(answer));
            outcomes.set(own, { clean: false, words: "", cut });
            return;
          }
          const frames = framesIn(answer.body.toString("utf8"));
          const clean = door.endsCleanly(frames);
          if (!clean) expect(door.endsInError(frames), `${where}: ${frames.at(-1)?.data}`).toBe(true);
          outcomes.set(own, { clean, words: door.textIn(clean ? frames : frames.slice(0, -1)), cut });
        };
        const work = async () => {
          for (let cut = cuts.pop(); cut !== undefined; cut = cuts.pop()) await tryOne(cut);
        };
        await Promise.all(Array.from({ length: workers }, work));

        const all = [...outcomes.values()];
        const whole = all.find(({ cut }) => cut === stream.length)!;
        for (const { clean, words, cut } of all) {
          if (cut < wholeFrom) expect(clean, `cut at ${cut}`).toBe(false);
          expect(whole.words.startsWith(words), `cut at ${cut}: ${words}`).toBe(true);
        }
        if (terminator) expect(whole.clean, "the whole recording").toBe(true);
        expect(all).toHaveLength(tries);

        const rows = (await scene.gateway.ledgerRows()).filter(({ model }) => outcomes.has(model!));
        const last = new Map(rows.map(({ model, outcome }) => [model!, outcome]));
        for (const [model, { clean, cut }] of outcomes) {
          expect(last.get(model), `cut at ${cut}`).toBe(clean ? "ok" : "upstream_error");
        }
      });
    });
  }
}

test("the chosen recordings are there", () => {
  expect(streamed.map(({ name }) => name)).toEqual(expect.arrayContaining([...chosen]));
});
