import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import type { GenerateEvent } from "@pontage/gen/pontage/v1/generate_pb.ts";
import type { Address, Dialect } from "../../server/src/dialects/dialect.ts";
import { dialectOf, dialects } from "../../server/src/dialects/index.ts";
import type { Frame } from "../../server/src/framing/frame.ts";
import { handmade } from "./handmade.ts";
import { handmadeConverse } from "./handmade-converse.ts";

/** A provider's recorded traffic, byte for byte where the source kept it so. See `test/fixtures/SOURCES.md`. */
export interface Recording {
  /** For example `groq/reasoning`. */
  readonly name: string;
  readonly dialect: Dialect;
  readonly status: number;
  readonly request: JsonObject | undefined;
  /** What the path said, in dialects that say it there. */
  readonly address: Address | undefined;
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
  "anthropic-messages": ["messages"],
  "bedrock-converse": ["converse", "converse-stream"],
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
  ...handmade.map((made) => asRequested(made)),
  ...handmadeConverse.map(({ path, ...made }) => asRequested(made, path)),
];
export const errors = recordings.filter((recording) => recording.error !== undefined);

function asRequested({ dialect: id, name, request }: (typeof handmade)[number], path?: string): Requested {
  const dialect = dialectOf(id);
  const none = { status: 200, unary: undefined, stream: undefined, error: undefined };
  const address = path === undefined ? undefined : addressOf(dialect, path);
  return { ...none, dialect, name: `handmade/${name.replaceAll(" ", "-")}`, request, address };
}

export function othersOf(dialect: Dialect): readonly Dialect[] {
  return dialects.filter((other) => other !== dialect);
}

function recordingsOf(dialect: Dialect): Recording[] {
  const folders = foldersOf[dialect.id];
  if (folders === undefined) throw new Error(`${dialect.id} has no recordings.`);
  return readdirSync(root, { withFileTypes: true })
    .filter((upstream) => upstream.isDirectory())
    .flatMap((upstream) => {
      const present = readdirSync(join(root, upstream.name)).filter((folder) => folders.includes(folder));
      return present.flatMap((folder) => {
        const path = join(root, upstream.name, folder);
        const cases = readdirSync(path).filter((file) => file.endsWith(".meta.json"));
        return cases.map((file) => read(dialect, upstream.name, path, file.replace(/\.meta\.json$/, "")));
      });
    });
}

function read(dialect: Dialect, upstream: string, folder: string, name: string): Recording {
  const file = (ending: string) => {
    const found = readdirSync(folder).includes(name + ending);
    return found ? readFileSync(join(folder, name + ending)) : undefined;
  };
  const meta = JSON.parse(`${file(".meta.json")}`) as { status: number; path: string };
  const request = file(".request.json");
  const json = file(".response.json");
  const parsed: unknown = json && JSON.parse(`${json}`);
  // Azure answers 200 to a prompt that its filter refuses, with an error.
  const isError = meta.status >= 400 || (typeof parsed === "object" && parsed !== null && "error" in parsed);
  const body = isError ? undefined : parsed;
  return {
    name: `${upstream}/${name}`,
    dialect,
    status: meta.status,
    request: request && (JSON.parse(`${request}`) as JsonObject),
    address: addressOf(dialect, meta.path),
    unary: Array.isArray(body) ? undefined : (body as JsonObject | undefined),
    stream: file(".response.sse") ?? file(".response.eventstream") ?? (Array.isArray(body) ? framed(body) : undefined),
    error: json && isError ? `${json}` : undefined,
  };
}

/** A stream whose chunks were recorded parsed, as a list. */
function framed(chunks: readonly unknown[]): Buffer {
  const frames = [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"];
  return Buffer.from(frames.map((data) => `data: ${data}\n\n`).join(""));
}

/** What the path of a request says, where the dialect's paths say anything. */
function addressOf(dialect: Dialect, path: string): Address | undefined {
  for (const { path: pattern, stream = false } of dialect.routes) {
    const [before = "", after] = pattern.split("{model}");
    if (after === undefined || !path.startsWith(before) || !path.endsWith(after)) continue;
    return { model: decodeURIComponent(path.slice(before.length, path.length - after.length)), stream };
  }
  return undefined;
}

/** The frames of a stream that comes in these chunks. */
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
