import { GatewayError, Reason } from "../../../server/src/canonical/error.ts";
import type { Dialect } from "../../../server/src/dialects/dialect.ts";
import { dialectOf } from "../../../server/src/dialects/index.ts";
import { awsEventStream } from "../../../server/src/framing/aws-event-stream.ts";
import type { Script } from "./gate.ts";
import { answers, framesOf, scriptOf, sending } from "./smallest.ts";

/** How a call ends for the client. */
export type Ending =
  /** A whole answer, as if nothing had been wrong. */
  | "complete"
  /** An error with this status instead of an answer. */
  | number
  /** An error with a status that is not the caller's fault. */
  | "failure"
  /** What had come, and then an error in the stream. */
  | "broken off";

/** What an upstream does wrong. */
export interface Fault {
  readonly name: string;
  readonly script: (dialect: Dialect, stream: boolean) => Script;
  readonly whole: Ending;
  readonly streamed: Ending;
  /** Streams that end otherwise, as `from > to`. */
  readonly except?: Readonly<Record<string, Ending>>;
  /** Who counted the tokens of an answer that was complete, where it is not the provider. */
  readonly estimated?: boolean;
}

const good = (dialect: Dialect, stream: boolean) => scriptOf(dialect, answers[dialect.id]!, stream);

/** Who wraps a dialect's frames has errors of its own. */
const errorsOf = (dialect: Dialect) => (dialect.stream.arriving ? dialectOf("bedrock-converse") : dialect).error;

/** An error in the upstream's own dialect. */
const refusal =
  (reason: Reason, status: number, retryAfterMs?: number): Fault["script"] =>
  (dialect) => {
    const error = new GatewayError(reason, "On purpose.", { status });
    const { body, headers = {} } = errorsOf(dialect).encode(error, "");
    const wait: Record<string, string> = retryAfterMs === undefined ? {} : { "retry-after-ms": String(retryAfterMs) };
    return {
      ...{ status, contentType: "application/json" },
      headers: { ...headers, ...wait },
      pieces: [JSON.stringify(body)],
    };
  };

/** Which piece of a stream says something. */
const wordsAt = (dialect: Dialect) =>
  framesOf(dialect, answers[dialect.id]!).findIndex(({ data }) => data.includes("Hi there"));

/** The first pieces of a stream, up to the one that says something and not to the end. */
const begun = (dialect: Dialect, count = wordsAt(dialect) + 1) => {
  const { pieces, ...rest } = good(dialect, true);
  return { ...rest, pieces: pieces.slice(0, count) };
};

/** A status that promises an answer, so many pieces of it, and an error. */
const failing = (dialect: Dialect, stream: boolean, count: number): Script => {
  const error = new GatewayError(Reason.UPSTREAM_FAILED, "On purpose.", { status: 500 });
  if (!stream)
    return { contentType: "application/json", pieces: [JSON.stringify(dialect.error.encode(error, "").body)] };
  const { pieces, contentType } = begun(dialect, count);
  const frame = sending(dialect).writer.frame(errorsOf(dialect).frame(error, ""));
  return { contentType, pieces: [...pieces, Buffer.from(frame as string)] };
};

/** The answer with its counts written otherwise. What lies in binary frames is written anew, without counts. */
const counting =
  (pattern: RegExp, instead: string): Fault["script"] =>
  (dialect, stream) => {
    const { pieces, ...rest } = good(dialect, stream);
    if (stream && sending(dialect).framing === awsEventStream) {
      const { usage: _, ...uncounted } = answers[dialect.id]!;
      return scriptOf(dialect, uncounted, stream);
    }
    return { ...rest, pieces: pieces.map((piece) => String(piece).replace(pattern, instead)) };
  };

export const faults: readonly Fault[] = [
  {
    name: "is slow",
    script: (dialect, stream) => ({ ...good(dialect, stream), pauseMs: 2 }),
    ...{ whole: "complete", streamed: "complete" },
  },
  {
    name: "breaks the connection in the middle",
    script: (dialect, stream) =>
      stream ? { ...begun(dialect), ends: "cut" } : { ...good(dialect, false), pieces: ['{"id":'], ends: "cut" },
    ...{ whole: 502, streamed: "broken off" },
  },
  {
    name: "ends too early",
    script: (dialect, stream) => (stream ? begun(dialect) : { contentType: "application/json", pieces: ['{"id":'] }),
    ...{ whole: 502, streamed: "broken off" },
  },
  {
    name: "sends garbage",
    script: (dialect, stream) => ({
      contentType: stream ? sending(dialect).framing.contentType : "application/json",
      pieces: ["\u0000\u0001 not what was asked for \n\n"],
    }),
    ...{ whole: 502, streamed: 502 },
    // A line is a frame there, and frames of its own dialect pass unread.
    except: { "ollama-chat > ollama-chat": "broken off" },
  },
  {
    name: "limits the rate",
    script: refusal(Reason.UPSTREAM_RATE_LIMITED, 429, 5000),
    ...{ whole: 429, streamed: 429 },
  },
  { name: "fails", script: refusal(Reason.UPSTREAM_FAILED, 500), ...{ whole: 500, streamed: 500 } },
  {
    name: "tells no usage",
    script: counting(/"(usage|usageMetadata|(?:prompt_)?eval_count)":/g, '"no_$1":'),
    ...{ whole: "complete", streamed: "complete", estimated: true },
  },
  {
    name: "lies about usage",
    script: counting(/"(\w*[tT]oken\w*|(?:prompt_)?eval_count)":\d+/g, '"$1":-5'),
    ...{ whole: "complete", streamed: "complete", estimated: true },
  },
  {
    name: "says nothing more",
    script: (dialect, stream) =>
      stream ? { ...begun(dialect), ends: "hang" } : { ...good(dialect, false), pieces: [], ends: "hang" },
    ...{ whole: 504, streamed: "broken off" },
  },
  {
    name: "opens its answer and fails",
    script: (dialect, stream) => failing(dialect, stream, Math.min(1, wordsAt(dialect))),
    ...{ whole: "failure", streamed: "failure" },
    // The first chunk passes unread there.
    except: { "openai-chat > openai-chat": "broken off" },
  },
  {
    name: "fails after its head",
    script: (dialect, stream) => failing(dialect, stream, wordsAt(dialect) + 1),
    ...{ whole: "failure", streamed: "broken off" },
  },
  {
    name: "answers in the wrong kind",
    // A whole answer to who wants a stream is made one; a stream to who wants a whole answer is not read.
    script: (dialect, stream) => good(dialect, !stream),
    ...{ whole: 502, streamed: "complete" },
  },
];
