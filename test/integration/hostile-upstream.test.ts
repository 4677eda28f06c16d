import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fold } from "../../server/src/canonical/fold.ts";
import type { DialectId } from "../../server/src/dialects/dialect.ts";
import { startTestGateway, type TestGateway, upstreamSecret } from "../gateway/gateway.ts";
import { eventsOf, framesOf, recordings } from "../laws/recordings.ts";
import { type Answer, HttpClient } from "./doors.ts";
import { type Good, type Hostile, hostileAnswers } from "./hostile-answers.ts";
import { httpAnswer, type RawUpstream, startRawUpstream } from "./raw-upstream.ts";
import { type Speaker, speakers, strangerTo } from "./speakers.ts";

/*
 * T19: an upstream that is a socket and means harm, in every dialect, to clients of that dialect and of another. Whatever it
 * says, the client gets an answer or an error of its dialect, within the waits that are set and a bounded memory; each
 * attempt is one row; and the provider goes on working for everybody else.
 */

let upstream: RawUpstream;
let gateway: TestGateway;
let client: HttpClient;
const baselineBytes = process.memoryUsage().rss;
let peakBytes = 0;
const watch = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
}, 20);

beforeAll(async () => {
  upstream = await startRawUpstream();
  const timeouts = { firstByteMs: 1_000, idleMs: 1_000, totalMs: 2_000 };
  gateway = await startTestGateway({
    providers: speakers.map((speaker) => ({ ...speaker.settings(upstream.url), timeouts })),
  });
  client = new HttpClient(gateway);
});
afterAll(async () => {
  clearInterval(watch);
  await client.close();
  await gateway.stop();
  await upstream.close();
});

/** A recorded answer of each dialect that ends well. */
function goodOf({ dialect }: Speaker, streamed: boolean): Good {
  const whole = recordings.filter((recording) => recording.dialect === dialect && recording.status < 400);
  if (!streamed) {
    const { unary } = whole.find((recording) => recording.unary !== undefined)!;
    return { contentType: "application/json", body: Buffer.from(JSON.stringify(unary)), streamed };
  }
  const { stream } = whole.find(({ stream: bytes }) => bytes && lastEvent(dialect, bytes) === "finished")!;
  return { contentType: dialect.stream.framing.contentType, body: stream!, streamed };
}

function lastEvent(dialect: Speaker["dialect"], bytes: Buffer): string | undefined {
  return eventsOf(dialect, framesOf(dialect, [bytes])).at(-1)?.event.case;
}

interface Outcome {
  readonly where: string;
  readonly model: string;
  readonly endedWell: boolean;
}
const outcomes: Outcome[] = [];

/** Each way to ask: a dialect of the upstream, one of the client, and whether it wants a stream. */
const ways = speakers.flatMap((speaker) =>
  [speaker, strangerTo(speaker)].flatMap((asking) =>
    asking === undefined
      ? []
      : [false, true].map((streamed) => ({ speaker, asking, streamed, good: goodOf(speaker, streamed) })),
  ),
);

type Way = (typeof ways)[number];

/** Whether it ended well. Fails unless it is an answer or an error of the client's dialect. */
function endsWell({ dialect }: Speaker, { status, headers, body }: Answer, streamed: boolean): boolean {
  const text = body.toString("utf8");
  expect(text).not.toContain(upstreamSecret);
  expect(headers["set-cookie"]).toBeUndefined();
  expect(headers.upgrade).toBeUndefined();
  if (status !== 200) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(headers["content-type"]).toMatch(/^application\/json/);
    expect(errorWords[dialect.id](JSON.parse(text))).toMatch(/./);
    return false;
  }
  if (!streamed) {
    dialect.unary.decode(JSON.parse(text));
    return true;
  }
  // Without the decoder's own ending: that it ended, and how, has to be told in the stream.
  const decoder = dialect.stream.decoder();
  const events = framesOf(dialect, [body]).flatMap((frame) => decoder.push(frame));
  if (events.at(-1)?.event.case === "failed") return false;
  fold([...events, ...decoder.end()]);
  return true;
}

type Words = (body: { message?: unknown; error?: { message?: unknown } & string; type?: unknown }) => unknown;
const inError: Words = ({ error }) => error?.message;

/** Where the words of an error are, in each dialect. */
const errorWords: Readonly<Record<DialectId, Words>> = {
  "openai-chat": inError,
  "openai-completions": inError,
  "openai-responses": inError,
  "anthropic-messages": (body) => (body.type === "error" ? inError(body) : undefined),
  gemini: inError,
  "bedrock-converse": ({ message }) => message,
  "cohere-chat": ({ message }) => message,
  "ollama-chat": ({ error }) => error,
};

async function suffer(hostile: Hostile, { speaker, asking, streamed, good }: Way): Promise<void> {
  const { what, act, mayEndWell, passesUnread } = hostile;
  const where = `${what}: ${speaker.dialect.id} to ${asking.dialect.id}, ${streamed ? "streamed" : "whole"}`;
  const model = upstream.model((socket) => act(socket, good));
  const { path, body } = asking.question(`${speaker.provider}/${model}`, streamed);
  const answer = await client.send(path, JSON.stringify(body), { headers: headers() });
  // What comes in the client's own dialect is not read, so a client may get what it cannot read, as it came.
  if (passesUnread && asking === speaker && answer.status === 200) return;
  try {
    const endedWell = endsWell(asking, answer, streamed);
    if (endedWell && !mayEndWell) throw new Error(`It ended well: ${answer.body.toString("utf8").slice(0, 300)}`);
    outcomes.push({ where, model, endedWell });
  } catch (cause) {
    throw new Error(`${where}: ${(cause as Error).message}`, { cause });
  }
}

const headers = () => ({ "content-type": "application/json", authorization: `Bearer ${gateway.apiKey}` });

/** All of them, and every failure of theirs. */
async function all(tasks: readonly Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(tasks)).flatMap((one) =>
    one.status === "rejected" ? [one.reason.message] : [],
  );
  expect(failures).toEqual([]);
}

describe.concurrent("a hostile upstream", () => {
  for (const hostile of hostileAnswers.filter(({ heavy }) => !heavy)) {
    test(hostile.what, () => all(ways.map((way) => suffer(hostile, way))));
  }
});

describe("a hostile upstream that says very much", () => {
  for (const hostile of hostileAnswers.filter(({ heavy }) => heavy)) {
    test(hostile.what, async () => {
      for (const way of ways.filter(({ speaker, asking }) => speaker === asking)) await suffer(hostile, way);
    });
  }
});

test("there are sixty of them", () => {
  expect(new Set(hostileAnswers.map(({ what }) => what)).size).toBeGreaterThanOrEqual(60);
});

describe("afterwards", () => {
  test("each attempt is one row, and it tells how the call ended", async () => {
    const rows = await gateway.ledgerRows();
    const byModel = Map.groupBy(rows, ({ model }) => model!);
    const wrong = outcomes.flatMap(({ where, model, endedWell }) => {
      const own = (byModel.get(model) ?? []).map(({ outcome }) => outcome!);
      const right = own.length === upstream.requestsFor(model) && own.length > 0;
      const told = own.at(-1) === (endedWell ? "ok" : "upstream_error");
      return right && told ? [] : [`${where}: ${endedWell}, ${upstream.requestsFor(model)} requests, rows ${own}`];
    });
    expect(wrong).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(1000);
  });

  test.each(ways)("$speaker.provider answers to $asking.provider, streamed: $streamed", async (way) => {
    const { speaker, asking, streamed, good } = way;
    const model = upstream.model(httpAnswer(200, good.contentType, good.body));
    const { path, body } = asking.question(`${speaker.provider}/${model}`, streamed);
    const answer = await client.send(path, JSON.stringify(body), { headers: headers() });
    expect(endsWell(asking, answer, streamed)).toBe(true);
  });

  test("no memory was taken without limit", () => {
    // The largest answer that is waited for has 64 MB; upstream, client and gateway live in this process.
    expect(peakBytes - baselineBytes).toBeLessThan(1_000_000_000);
    expect(gateway.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  });
});
