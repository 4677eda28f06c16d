import { GatewayError, Reason } from "../canonical/error.ts";

/** Where a top-level field's value stands in the body: characters from `start` up to `end`, after its key. */
export interface FieldSpan {
  readonly keyStart: number;
  readonly start: number;
  readonly end: number;
}

export interface Gated {
  /** The top-level fields by name. */
  readonly fields: ReadonlyMap<string, FieldSpan>;
  /** Where the top-level object's closing brace is. */
  readonly closingBrace: number;
}

export interface GateLimits {
  readonly maxDepth: number;
  /** Values, keys and containers, counted together. */
  readonly maxTokens: number;
}

export const defaultGateLimits: GateLimits = { maxDepth: 64, maxTokens: 200_000 };

/** What is to be embedded may come as tokens: OpenAI takes 300 000 of them in one call. */
export const embeddingGateLimits: GateLimits = { ...defaultGateLimits, maxTokens: 1_000_000 };

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Walks a JSON body once, before anything else reads it: refuses what is too deep, has too many values, or names a field
 * twice (two readers could then disagree on what was authorised), and notes where the top-level values stand, so that one
 * of them can be replaced without touching the rest. It trusts the syntax, which `JSON.parse` checks afterwards.
 */
export function gateJson(body: string, limits: GateLimits = defaultGateLimits): Gated {
  const fields = new Map<string, FieldSpan>();
  const keys = new OpenKeys();
  const { length } = body;
  let tokens = 0;
  let expectKey = false;
  let topKey: string | undefined;
  let topKeyStart = -1;
  let topValueStart = -1;
  let closingBrace = -1;
  // Long strings are skipped by native searches instead of a loop. Where the next backslash is holds for many strings, and
  // where the next quote is for many backslashes, so that no byte is searched twice.
  let nextBackslash = -1;

  for (let at = 0; at < length; ) {
    const char = body.charCodeAt(at);
    switch (char) {
      case quote: {
        let from = at + 1;
        let end = -1;
        for (;;) {
          if (end < from) end = indexOrEnd(body, '"', from);
          if (nextBackslash < from) nextBackslash = indexOrEnd(body, "\\", from);
          if (nextBackslash >= end) break;
          from = nextBackslash + 2;
        }
        if (expectKey) {
          const key = keyText(body.slice(at + 1, end));
          if (!keys.add(key)) throw duplicateField(key, at);
          if (keys.depth === 1) {
            topKey = key;
            topKeyStart = at;
          }
          expectKey = false;
        }
        if (++tokens > limits.maxTokens) throw tooManyTokens(limits);
        at = end + 1;
        break;
      }
      case openBrace:
      case openBracket:
        if (keys.depth >= limits.maxDepth) throw tooDeep(limits);
        if (++tokens > limits.maxTokens) throw tooManyTokens(limits);
        expectKey = char === openBrace;
        keys.open(expectKey);
        at++;
        break;
      case comma:
      case closeBrace:
      case closeBracket:
        if (keys.depth === 1) {
          if (topKey !== undefined && topValueStart !== -1) {
            fields.set(topKey, spanOf(body, topKeyStart, topValueStart, at));
          }
          topKey = undefined;
          topValueStart = -1;
          if (char !== comma) closingBrace = at;
        }
        if (char === comma) {
          if (++tokens > limits.maxTokens) throw tooManyTokens(limits);
          expectKey = keys.inObject;
        } else {
          keys.close();
          expectKey = false;
        }
        at++;
        break;
      case colon:
        at++;
        if (topKey !== undefined && keys.depth === 1) {
          while (isSpace(body.charCodeAt(at))) at++;
          topValueStart = at;
        }
        break;
      default:
        at++;
    }
  }
  return { fields, closingBrace };
}

/** The keys of all objects that are open at one place of a body. */
class OpenKeys {
  /** Keys of every open object that has few, the innermost last. */
  readonly #few: string[] = [];
  /** Where the keys of each open container begin in `#few`; -1 for a list. */
  readonly #starts: number[] = [];
  /** The keys of an open object that has many, by its depth. */
  readonly #many: (Set<string> | undefined)[] = [];

  get depth(): number {
    return this.#starts.length;
  }

  get inObject(): boolean {
    return this.#starts.length > 0 && this.#starts[this.#starts.length - 1] !== -1;
  }

  open(isObject: boolean): void {
    this.#starts.push(isObject ? this.#few.length : -1);
  }

  close(): void {
    const start = this.#starts.pop();
    if (start === undefined || start === -1) return;
    this.#few.length = start;
    this.#many[this.#starts.length] = undefined;
  }

  /** False when the innermost object has that key already. */
  add(key: string): boolean {
    const few = this.#few;
    const level = this.#starts.length - 1;
    const many = this.#many[level];
    if (many) return many.size < many.add(key).size;
    const start = this.#starts[level]!;
    for (let i = start; i < few.length; i++) if (few[i] === key) return false;
    few.push(key);
    // A list is quicker than a set up to about this many.
    if (few.length - start > 16) this.#many[level] = new Set(few.splice(start));
    return true;
  }
}

function indexOrEnd(body: string, wanted: string, from: number): number {
  const at = body.indexOf(wanted, from);
  return at === -1 ? body.length : at;
}

/** A value without the blanks after it. */
function spanOf(body: string, keyStart: number, start: number, end: number): FieldSpan {
  let last = end;
  while (last > start && isSpace(body.charCodeAt(last - 1))) last--;
  return { keyStart, start, end: last };
}

function keyText(text: string): string {
  if (!text.includes("\\")) return text;
  // `"\u006dodel"` and `"model"` are the same key.
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

function isSpace(char: number): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;
}

function duplicateField(key: string, at: number): GatewayError {
  const shown = key.length > 64 ? `${key.slice(0, 64)}...` : key;
  return new GatewayError(
    Reason.DUPLICATE_FIELD,
    `The field \`${shown}\` appears twice in the same object (again at character ${at}). Send it once.`,
    { param: shown },
  );
}

function tooDeep(limits: GateLimits): GatewayError {
  return new GatewayError(Reason.BODY_TOO_COMPLEX, `The body is nested deeper than ${limits.maxDepth} levels.`);
}

function tooManyTokens(limits: GateLimits): GatewayError {
  return new GatewayError(Reason.BODY_TOO_COMPLEX, `The body has more than ${limits.maxTokens} JSON values.`, {
    status: 413,
  });
}
