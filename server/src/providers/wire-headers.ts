import type { DialectId } from "../dialects/dialect.ts";

export interface HeaderRules {
  /** Sent with every request in the dialect, unless the client's own value is passed on. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Request headers of a client of the same dialect that mean something to the provider. Never credentials. */
  readonly passed: readonly string[];
}

const rules: Readonly<Record<DialectId, HeaderRules>> = {
  "openai-chat": { defaults: {}, passed: ["openai-beta"] },
  "openai-completions": { defaults: {}, passed: ["openai-beta"] },
  "openai-responses": { defaults: {}, passed: ["openai-beta"] },
  gemini: { defaults: {}, passed: [] },
  "bedrock-converse": { defaults: {}, passed: [] },
  "cohere-chat": { defaults: {}, passed: [] },
  "ollama-chat": { defaults: {}, passed: [] },
  "anthropic-messages": {
    defaults: { "anthropic-version": "2023-06-01" },
    passed: ["anthropic-version", "anthropic-beta"],
  },
};

/** The rules of a dialect at its vendor. */
export function headerRules(dialect: DialectId): HeaderRules {
  return rules[dialect];
}

/** Adds a client's own values of some headers; each takes the place of a prepared one of that name. */
export function withPassedHeaders(
  prepared: readonly string[],
  names: readonly string[],
  client: Readonly<Record<string, string | string[] | undefined>>,
): readonly string[] {
  let headers: string[] | undefined;
  for (const name of names) {
    const value = client[name];
    if (value === undefined) continue;
    headers ??= [...prepared];
    const text = typeof value === "string" ? value : value.join(", ");
    const at = headers.indexOf(name);
    if (at === -1) headers.push(name, text);
    else headers[at + 1] = text;
  }
  return headers ?? prepared;
}
