/** What a simulated model says, before any wire format. */
export interface Script {
  readonly text?: string;
  readonly calls?: readonly ScriptedCall[];
  readonly usage?: ScriptedUsage;
  /** Leaves the usage out, as some servers do. */
  readonly withoutUsage?: boolean;
}

export interface ScriptedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface ScriptedUsage {
  readonly input: number;
  readonly output: number;
}

export type Wire = Readonly<Record<string, unknown>>;

/**
 * One wire format, written down a second time from the vendor's documentation and recordings. It shares no code with the
 * gateway's own encoders: what both got wrong in the same way could not be seen.
 */
export interface Speech {
  readonly dialect: "openai-chat" | "anthropic-messages" | "gemini";
  /** What a request asks for; undefined where there is nothing at its path. */
  asks(path: string, request: Wire): Asked | undefined;
  whole(script: Script, request: Wire): object;
  /** The frames of a stream, the terminal one included. */
  frames(script: Script, request: Wire): string[];
  error(status: number, message: string): object;
  /** The answer to a request that counts tokens. */
  count(inputTokens: number): object;
  modelList(names: readonly string[]): object;
}

export interface Asked {
  readonly model: string;
  readonly streamed: boolean;
  readonly counting: boolean;
}

/** What is asked where the body names the model and wants a stream or not. */
export function askedInBody(request: Wire, counting = false): Asked {
  return { model: String(request.model), streamed: request.stream === true, counting };
}

export const defaultUsage: ScriptedUsage = { input: 21, output: 8 };

/** A text in pieces of a few letters, cut inside words as tokens are. */
export function pieces(text: string, size = 6): string[] {
  const letters = [...text];
  const found: string[] = [];
  for (let at = 0; at < letters.length; at += size) found.push(letters.slice(at, at + size).join(""));
  return found;
}
