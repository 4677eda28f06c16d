import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Meaning } from "./tellings.ts";

/*
 * Errors of real upstreams as they send them, and what each means. Data: a body seen for the first time is one row, a new
 * meaning one row of `tellings.ts`.
 */

/** How it is known that an upstream says this. */
export type Source =
  /** Bytes of a real answer, below `test/fixtures`. */
  | { readonly recording: string }
  /** Somebody has shown what they got. Names and numbers in it may be others here. */
  | { readonly thread: string }
  /** It is documented there: at least the status, and the code if there is one. The words may be ours. */
  | { readonly page: string }
  /** Nobody has shown it; why it is here. */
  | { readonly made: string };

export interface UpstreamError {
  readonly name: string;
  readonly source: Source;
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

/** A thread on GitHub: `owner/name/issues/1`. */
export const thread = (path: string): Source => ({ thread: `https://github.com/${path}` });
export const made = (why: string): Source => ({ made: why });
/** The vendors' own lists of their errors. */
export const documented = {
  openai: { page: "https://platform.openai.com/docs/guides/error-codes" },
  anthropic: { page: "https://docs.claude.com/en/api/errors" },
  openrouter: { page: "https://openrouter.ai/docs/api/reference/errors-and-debugging" },
  bedrock: { page: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html" },
} as const satisfies Record<string, Source>;

/** `error(dialect, name, source, status, body, meaning, words)`: an object is sent as JSON, a text as it is. */
export function error(
  dialect: UpstreamError["dialect"],
  name: string,
  source: Source,
  status: number,
  body: unknown,
  means: Meaning,
  says: string | RegExp,
  more: More = {},
): UpstreamError {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { dialect, name, source, status, body: text, means, says, ...more, headers: { ...json, ...more.headers } };
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
  const source = { recording: `test/fixtures/${name}` };
  return { name, source, dialect, status: meta.status, headers, body, means, says, ...more };
}

export const openaiError = (message: string, type: string | null, code: unknown, param: string | null = null) => ({
  error: { message, type, param, code },
});
