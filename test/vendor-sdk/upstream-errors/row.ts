import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Meaning } from "./tellings.ts";

/*
 * Errors of real upstreams as they send them, and what each means. Data: a body seen for the first time is one row, a new
 * meaning one row of `tellings.ts`.
 */

export interface UpstreamError {
  readonly name: string;
  readonly dialect: "openai-chat" | "anthropic-messages" | "gemini" | "bedrock-converse" | "ollama-chat";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly means: Meaning;
  /** Words of the upstream that every client must be told. */
  readonly says: string | RegExp;
  /** The provider's own code, where it reaches clients of OpenAI's library. */
  readonly code?: string;
  /** Bedrock's own exception and its status, where it has one for exactly this. */
  readonly exception?: readonly [status: number, name: string];
  /** How long the upstream asks to wait. */
  readonly waitMs?: number;
  /** The provider's own word, where it is another than the table's. */
  readonly retry?: boolean;
}

type More = Partial<Pick<UpstreamError, "headers" | "code" | "exception" | "waitMs" | "retry">>;

const json = { "content-type": "application/json" };
export const html = { "content-type": "text/html; charset=UTF-8" };

/** `error(dialect, name, status, body, meaning, words)`: an object is sent as JSON, a text as it is. */
export function error(
  dialect: UpstreamError["dialect"],
  name: string,
  status: number,
  body: unknown,
  means: Meaning,
  says: string | RegExp,
  more: More = {},
): UpstreamError {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { dialect, name, status, body: text, means, says, ...more, headers: { ...json, ...more.headers } };
}

/** An error as it was recorded: `test/fixtures/<name>`. */
export function recorded(
  dialect: UpstreamError["dialect"],
  name: string,
  means: Meaning,
  says: string | RegExp,
  more: More = {},
): UpstreamError {
  const path = join(import.meta.dirname, "../../fixtures", name);
  const meta = JSON.parse(readFileSync(`${path}.meta.json`, "utf8"));
  const body = readFileSync(join(path, "..", meta.files.response), "utf8");
  const { "transfer-encoding": _, ...headers } = (meta.response_headers ?? json) as Record<string, string>;
  return { name, dialect, status: meta.status, headers, body, means, says, ...more };
}

export const openaiError = (message: string, type: string | null, code: unknown, param: string | null = null) => ({
  error: { message, type, param, code },
});
