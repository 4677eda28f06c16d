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
  readonly dialect: "openai-chat" | "anthropic-messages";
  readonly paths: readonly string[];
  whole(script: Script, request: Wire): object;
  /** The frames of a stream, the terminal one included. */
  frames(script: Script, request: Wire): string[];
  error(status: number, message: string): object;
  modelList(names: readonly string[]): object;
}

export const defaultUsage: ScriptedUsage = { input: 21, output: 8 };

/** A text in pieces of a few letters, cut inside words as tokens are. */
export function pieces(text: string, size = 6): string[] {
  const letters = [...text];
  const found: string[] = [];
  for (let at = 0; at < letters.length; at += size) found.push(letters.slice(at, at + size).join(""));
  return found;
}
