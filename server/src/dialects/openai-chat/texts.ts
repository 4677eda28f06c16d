import type { JsonValue } from "@bufbuild/protobuf";
import { countIn, invalid, objectIn } from "../wire.ts";

/** What OpenAI's older operations take: a text, a list of texts, a list of tokens, a list of lists of tokens. */
export function checkTexts(value: JsonValue, path: string): void {
  if (typeof value === "string") return;
  if (!Array.isArray(value)) throw invalid(path, `\`${path}\` must be a string or a list.`);
  if (value.length === 0) throw invalid(path, `\`${path}\` is empty. It needs at least one text.`);
  if (isTokens(value)) return;
  // Some servers take objects in the list.
  const wrong = value.findIndex((item) => typeof item !== "string" && objectIn(item) === undefined && !isTokens(item));
  if (wrong === -1) return;
  throw invalid(`${path}[${wrong}]`, `\`${path}[${wrong}]\` must be a string or a list of tokens.`);
}

export function isTokens(value: JsonValue): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((token) => countIn(token) !== undefined);
}
