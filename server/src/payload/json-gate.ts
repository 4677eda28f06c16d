import { GatewayError, Reason } from "../canonical/error.ts";

/** Where a top-level field's value stands in the body: bytes from `start` up to `end`. */
export interface FieldSpan {
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

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Walks a JSON body once, before anything else reads it: refuses what is too deep, has too many values, or names a field
 * twice (two readers could then disagree on what was authorised), and notes where the top-level values stand, so that one
 * of them can be replaced without touching the rest. It trusts the syntax, which `JSON.parse` checks afterwards.
 */
export function gateJson(body: Buffer, limits: GateLimits = defaultGateLimits): Gated {
  const fields = new Map<string, FieldSpan>();
  /** The keys of each open object, `undefined` for an open list. */
  const open: (KeySet | undefined)[] = [];
  const length = body.length;
  let tokens = 0;
  let expectKey = false;
  let topKey: string | undefined;
  let topValueStart = -1;
  let closingBrace = -1;
  // Where the next backslash is. Long strings without one are skipped by two native searches instead of a loop.
  let nextBackslash = -1;

  const stringEnd = (start: number): number => {
    let from = start + 1;
    for (;;) {
      const end = body.indexOf(quote, from);
      if (end === -1) return length;
      if (nextBackslash < from && nextBackslash !== length) {
        nextBackslash = body.indexOf(backslash, from);
        if (nextBackslash === -1) nextBackslash = length;
      }
      if (nextBackslash > end) return end + 1;
      from = nextBackslash + 2;
    }
  };

  const endTopValue = (end: number) => {
    if (topKey === undefined || topValueStart === -1) return;
    let last = end;
    while (last > topValueStart && isSpace(body[last - 1])) last--;
    fields.set(topKey, { start: topValueStart, end: last });
    topKey = undefined;
    topValueStart = -1;
  };

  for (let at = 0; at < length; ) {
    const byte = body[at];
    switch (byte) {
      case quote: {
        const end = stringEnd(at);
        if (expectKey) {
          const key = keyText(body, at, end);
          const keys = open.at(-1);
          if (keys?.has(key)) throw duplicateField(key, at);
          keys?.add(key);
          if (open.length === 1) topKey = key;
          expectKey = false;
        }
        if (++tokens > limits.maxTokens) throw tooManyTokens(limits);
        at = end;
        break;
      }
      case openBrace:
      case openBracket:
        if (open.length >= limits.maxDepth) throw tooDeep(limits);
        if (++tokens > limits.maxTokens) throw tooManyTokens(limits);
        open.push(byte === openBrace ? new KeySet() : undefined);
        expectKey = byte === openBrace;
        at++;
        break;
      case closeBrace:
      case closeBracket:
        if (open.length === 1) {
          endTopValue(at);
          closingBrace = at;
        }
        open.pop();
        expectKey = false;
        at++;
        break;
      case comma:
        if (open.length === 1) endTopValue(at);
        if (++tokens > limits.maxTokens) throw tooManyTokens(limits);
        expectKey = open.at(-1) !== undefined;
        at++;
        break;
      case colon:
        at++;
        if (open.length === 1 && topKey !== undefined) {
          while (isSpace(body[at])) at++;
          topValueStart = at;
        }
        break;
      default:
        at++;
    }
  }
  return { fields, closingBrace };
}

/** The keys of one object. Most have few, where a list is quicker than a set. */
class KeySet {
  readonly #few: string[] = [];
  #many: Set<string> | undefined;

  has(key: string): boolean {
    return this.#many ? this.#many.has(key) : this.#few.includes(key);
  }

  add(key: string): void {
    if (this.#many) this.#many.add(key);
    else if (this.#few.push(key) > 16) this.#many = new Set(this.#few);
  }
}

function keyText(body: Buffer, start: number, end: number): string {
  const text = body.toString("utf8", start + 1, end - 1);
  if (!text.includes("\\")) return text;
  // `"\u006dodel"` and `"model"` are the same key.
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function duplicateField(key: string, at: number): GatewayError {
  const shown = key.length > 64 ? `${key.slice(0, 64)}...` : key;
  return new GatewayError(
    Reason.DUPLICATE_FIELD,
    `The field \`${shown}\` appears twice in the same object (again at byte ${at}). Send it once.`,
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
