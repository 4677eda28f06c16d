import { createHash } from "node:crypto";

/** What a simulated model says, before any wire format. */
export interface Script {
  /** Streamed in pieces of a few letters, or in those it is given in. */
  readonly text?: string | readonly string[];
  /** Reasoning before the text. Vendors that sign it do: `signatureOf`. */
  readonly thoughts?: string;
  /** The model's own words for not answering, in the place the vendor has for them. */
  readonly refusal?: string;
  readonly calls?: readonly ScriptedCall[];
  /** Why it ends, where that is not its own will. */
  readonly finish?: "length" | "filtered";
  readonly usage?: ScriptedUsage;
  /** Leaves the usage out, as some servers do. */
  readonly withoutUsage?: boolean;
}

export interface ScriptedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Tokens as a reader would count them; a vendor that counts a share beside the rest takes it out. */
export interface ScriptedUsage {
  /** All of the input, the cached share included. */
  readonly input: number;
  /** All of the output, the thoughts included. */
  readonly output: number;
  readonly cached?: number;
  readonly reasoning?: number;
}

export type Wire = Readonly<Record<string, unknown>>;
export type Frames = readonly (string | Uint8Array)[];

export type SpokenDialect =
  | "openai-chat"
  | "openai-responses"
  | "anthropic-messages"
  | "gemini"
  | "bedrock-converse"
  | "cohere-chat"
  | "ollama-chat";

/** The wire formats, and the vendors whose own way with one is an upstream of its own. */
export type SpeechName = SpokenDialect | "mistral";

/**
 * One wire format, written down a second time from the vendor's documentation and recordings. It shares no code with the
 * gateway's own encoders: what both got wrong in the same way could not be seen.
 */
export interface Speech {
  readonly name: SpeechName;
  readonly dialect: SpokenDialect;
  /** The content type of a stream. */
  readonly streamType: string;
  /** What a request asks for; undefined where there is nothing at its path. */
  asks(path: string, request: Wire): Asked | undefined;
  /** What the vendor would not take in a request. */
  refuses?(request: Wire, asked: Asked): Refusal | undefined;
  whole(script: Script, request: Wire): object;
  /** The frames of a stream, the terminal one included. */
  frames(script: Script, request: Wire): Frames;
  /** The body of an error answer. */
  error(status: number, message: string): Wire;
  errorHeaders?(status: number): Readonly<Record<string, string>>;
  /** The body of an error as it is told in a stream under status 200. */
  errorFrame(body: Wire, status: number): string | Uint8Array;
  /** The answer to a request that counts tokens. */
  count(inputTokens: number): object;
  modelList(names: readonly string[]): object;
}

export interface Asked {
  readonly model: string;
  readonly streamed: boolean;
  readonly counting: boolean;
}

export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** What is asked where the body names the model and wants a stream or not. */
export function askedInBody(request: Wire, counting = false): Asked {
  return { model: String(request.model), streamed: request.stream === true, counting };
}

export const defaultUsage: ScriptedUsage = { input: 21, output: 8 };

/** A text in pieces of a few letters, cut inside words as tokens are; or as it was cut already. */
export function pieces(text: string | readonly string[] = "", size = 6): readonly string[] {
  if (typeof text !== "string") return text;
  const letters = [...text];
  const found: string[] = [];
  for (let at = 0; at < letters.length; at += size) found.push(letters.slice(at, at + size).join(""));
  return found;
}

export function wordsOf(text: string | readonly string[]): string {
  return typeof text === "string" ? text : text.join("");
}

/** The vendor's seal on thoughts, which can be checked from the words it is for. */
export function signatureOf(thoughts: string): string {
  return createHash("sha256").update(`simulated ${thoughts}`).digest("base64");
}

export function bytesOf(frames: Frames): Buffer {
  return Buffer.concat(frames.map((frame) => Buffer.from(frame)));
}

export const eventStream = "text/event-stream; charset=utf-8";

/** A server-sent event with JSON in it. */
export function sse(value: object, event?: string): string {
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${JSON.stringify(value)}\n\n`;
}

/** What a refusal is found in: values nobody has looked at. */
export const list = (value: unknown): Wire[] => (Array.isArray(value) ? (value as Wire[]) : []);
export const object = (value: unknown): Wire => (typeof value === "object" && value !== null ? (value as Wire) : {});

/** The first field that is not among the known ones. */
export function unknownField(value: unknown, known: ReadonlySet<string>): string | undefined {
  return Object.keys(object(value)).find((field) => !known.has(field));
}

export const names = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/));
