import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Address, Dialect } from "../../server/src/dialects/dialect.ts";
import { dialectOf, dialects } from "../../server/src/dialects/index.ts";
import type { Frame } from "../../server/src/framing/frame.ts";
import { handmade } from "./handmade.ts";

/** A provider's recorded traffic, byte for byte where the source kept it so. See `test/fixtures/SOURCES.md`. */
export interface Recording {
  /** For example `groq/reasoning`. */
  readonly name: string;
  readonly dialect: Dialect;
  readonly status: number;
  /** What the path said. */
  readonly address: Address;
  readonly request: JsonObject | undefined;
  /** The body of a whole answer. */
  readonly unary: JsonObject | undefined;
  /** The bytes of a streamed answer. */
  readonly stream: Buffer | undefined;
  /** The body of an error answer. */
  readonly error: string | undefined;
}

const root = join(import.meta.dirname, "../fixtures");

/** The folders of recordings of each dialect. A dialect without one has no proof, and is an error here. */
const foldersOf: Readonly<Record<string, readonly string[]>> = {
  "openai-chat": ["chat-completions"],
  "openai-completions": ["completions"],
  "openai-responses": ["responses"],
  "anthropic-messages": ["messages"],
  gemini: ["generate-content", "stream-generate-content"],
  "bedrock-converse": ["converse", "converse-stream"],
  "ollama-chat": ["api-chat"],
  "cohere-chat": ["chat-v2"],
};

export const maxFrameBytes = 1 << 20;

export const recordings: readonly Recording[] = dialects.flatMap(recordingsOf);

export type Streamed = Recording & { readonly stream: Buffer };
export type Unary = Recording & { readonly unary: JsonObject };
export type Requested = Recording & { readonly request: JsonObject };

export const streamed = recordings.filter((recording): recording is Streamed => recording.stream !== undefined);
export const unary = recordings.filter((recording): recording is Unary => recording.unary !== undefined);
export const requested: readonly Requested[] = [
  ...recordings.filter((recording): recording is Requested => recording.request !== undefined),
  ...handmade.map(({ dialect, name, request, path = "" }) => {
    const none = { status: 200, unary: undefined, stream: undefined, error: undefined };
    const whole = { ...none, dialect: dialectOf(dialect), address: addressIn(path), request };
    return { ...whole, name: `handmade/${name.replaceAll(" ", "-")}` };
  }),
];
/** Requests the gateway refuses itself, because they are wrong in a way every provider refuses. */
const refused = ["openai/error-400-max-tokens-param", "openai/error-400-param"];
export const understood: readonly Requested[] = requested.filter(({ name }) => !refused.includes(name));
export const errors = recordings.filter((recording) => recording.error !== undefined);

export function othersOf(dialect: Dialect): readonly Dialect[] {
  return dialects.filter((other) => other !== dialect);
}

function recordingsOf(dialect: Dialect): Recording[] {
  const folders = foldersOf[dialect.id];
  if (folders === undefined) throw new Error(`${dialect.id} has no recordings.`);
  return readdirSync(root, { withFileTypes: true })
    .filter((upstream) => upstream.isDirectory())
    .flatMap((upstream) =>
      readdirSync(join(root, upstream.name))
        .filter((folder) => folders.includes(folder))
        .flatMap((folder) => {
          const path = join(root, upstream.name, folder);
          const cases = readdirSync(path).filter((file) => file.endsWith(".meta.json"));
          return cases.map((file) => read(dialect, upstream.name, path, file.replace(/\.meta\.json$/, "")));
        }),
    );
}

function read(dialect: Dialect, upstream: string, folder: string, name: string): Recording {
  const file = (ending: string) => {
    const found = readdirSync(folder).includes(name + ending);
    return found ? readFileSync(join(folder, name + ending)) : undefined;
  };
  const meta = JSON.parse(`${file(".meta.json")}`) as { status: number; path?: string };
  const request = file(".request.json");
  const json = file(".response.json");
  const parsed: unknown = json && JSON.parse(`${json}`);
  // Azure answers 200 to a prompt that its filter refuses, with an error. Responses says `error: null` when there is none.
  const isError = meta.status >= 400 || Boolean((parsed as { error?: unknown } | undefined)?.error);
  const body = isError ? undefined : parsed;
  return {
    name: `${upstream}/${name}`,
    dialect,
    status: meta.status,
    address: addressIn(meta.path ?? ""),
    request: request && (JSON.parse(`${request}`) as JsonObject),
    unary: Array.isArray(body) ? undefined : (body as JsonObject | undefined),
    stream:
      file(".response.sse") ??
      file(".response.eventstream") ??
      file(".response.ndjson") ??
      (Array.isArray(body) ? framed(body) : undefined),
    error: json && isError ? `${json}` : undefined,
  };
}

/** The model and the wish for a stream, in dialects that say them in the path. */
function addressIn(path: string): Address {
  const [, model, method] = /\/models\/([^/:]+):(\w+)/.exec(path) ?? /\/model\/([^/]+)\/([\w-]+)/.exec(path) ?? [];
  return model === undefined ? {} : { model: decodeURIComponent(model), stream: /stream/i.test(method!) };
}

/** A stream whose chunks were recorded parsed, as a list. */
function framed(chunks: readonly unknown[]): Buffer {
  const frames = [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"];
  return Buffer.from(frames.map((data) => `data: ${data}\n\n`).join(""));
}

/** The frames of a stream of this dialect that comes in these chunks. */
export function framesOf(dialect: Dialect, chunks: readonly Uint8Array[]): Frame[] {
  const frames: Frame[] = [];
  const reader = dialect.stream.framing.reader((frame) => frames.push(frame), { maxFrameBytes });
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return frames;
}

/** The events of a stream that comes in these frames and then ends. */
export function eventsOf(dialect: Dialect, frames: readonly Frame[]): GenerateEvent[] {
  const decoder = dialect.stream.decoder();
  return [...frames.flatMap((frame) => decoder.push(frame)), ...decoder.end()];
}

/** Random numbers from 0 to 1 that come again with the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The bytes cut into pieces of a random size. */
export function randomCuts(bytes: Buffer, random: () => number, largest: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(random() * largest);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
