import type { UsageBucket } from "../canonical/usage.ts";

/** US dollars per million tokens, by usage bucket. A bucket that is left out costs what its fallback in `price.ts` costs. */
export type Rates = Partial<Record<UsageBucket, number>> & { inputTokens: number; outputTokens: number };

export interface PriceEntry {
  /** The names, without the date of a snapshot. `*` stands for every model of the provider type. */
  models: readonly string[];
  rates: Rates;
  /** The rates of a whole call whose input is longer than this. */
  above?: { inputTokens: number; rates: Rates };
}

/**
 * What the well-known models cost, by provider type, in US dollars per million tokens.
 *
 * Sources, both MIT-licensed: pydantic/genai-prices at 47df840 (2026-08-21) and models.dev at f3fc692 (2026-07-02), which
 * cite the vendors' own pages; those of vectors at Google and Cohere are the vendors' figures as others quote them. Prices
 * that were announced for a date before the version's are taken as standing.
 * Every change of a figure is a new version: rows in the ledger name the version and the entry they were computed with. A
 * version that has been released therefore stays readable: its table is kept beside the new one.
 */
export const priceTableVersion = "2026-11-21.1";

/** Text in, text out, reading the prompt cache. */
const text = (inputTokens: number, outputTokens: number, cacheReadTokens?: number): Rates => ({
  inputTokens,
  outputTokens,
  ...(cacheReadTokens !== undefined && { cacheReadTokens }),
});

/** Anthropic's cache: written for 1.25 times the input's price, for twice that price for an hour, read for a tenth. */
const cached = (inputTokens: number, outputTokens: number): Rates => ({
  inputTokens,
  outputTokens,
  cacheReadTokens: inputTokens * 0.1,
  cacheWriteTokens: inputTokens * 1.25,
  cacheWrite1hTokens: inputTokens * 2,
});

/** The GPT-5.6 family bills cache writes at 1.25 times the input, and long calls at twice the input and 1.5 times the output. */
const gpt56 = (models: readonly string[], inputTokens: number, outputTokens: number): PriceEntry => {
  const rates = (input: number, output: number): Rates => ({
    inputTokens: input,
    outputTokens: output,
    cacheReadTokens: input * 0.1,
    cacheWriteTokens: input * 1.25,
  });
  return {
    models,
    rates: rates(inputTokens, outputTokens),
    above: { inputTokens: 272_000, rates: rates(inputTokens * 2, outputTokens * 1.5) },
  };
};

export const priceTable: Readonly<Record<string, readonly PriceEntry[]>> = {
  simulated: [{ models: ["*"], rates: text(0, 0) }],
  openai: [
    gpt56(["gpt-5.6", "gpt-5.6-sol"], 5, 30),
    gpt56(["gpt-5.6-terra"], 2, 12),
    gpt56(["gpt-5.6-luna"], 0.2, 1.2),
    { models: ["gpt-5.5"], rates: text(5, 30, 0.5), above: { inputTokens: 272_000, rates: text(10, 45, 1) } },
    {
      models: ["gpt-5.5-pro", "gpt-5.4-pro"],
      rates: text(30, 180),
      above: { inputTokens: 272_000, rates: text(60, 270) },
    },
    { models: ["gpt-5.4"], rates: text(2.5, 15, 0.25), above: { inputTokens: 272_000, rates: text(5, 22.5, 0.5) } },
    { models: ["gpt-5.4-mini"], rates: text(0.75, 4.5, 0.075) },
    { models: ["gpt-5.4-nano"], rates: text(0.2, 1.25, 0.02) },
    { models: ["gpt-5.3-codex", "gpt-5.3-codex-spark", "gpt-5.3-chat-latest"], rates: text(1.75, 14, 0.175) },
    { models: ["gpt-5.2", "gpt-5.2-codex", "gpt-5.2-chat-latest"], rates: text(1.75, 14, 0.175) },
    { models: ["gpt-5.2-pro"], rates: text(21, 168) },
    {
      models: ["gpt-5.1", "gpt-5.1-codex", "gpt-5.1-codex-max", "gpt-5.1-chat-latest"],
      rates: text(1.25, 10, 0.125),
    },
    { models: ["gpt-5", "gpt-5-codex", "gpt-5-chat-latest"], rates: text(1.25, 10, 0.125) },
    { models: ["gpt-5-mini", "gpt-5.1-codex-mini"], rates: text(0.25, 2, 0.025) },
    { models: ["gpt-5-nano"], rates: text(0.05, 0.4, 0.005) },
    { models: ["gpt-5-pro"], rates: text(15, 120) },
    { models: ["gpt-4.1"], rates: text(2, 8, 0.5) },
    { models: ["gpt-4.1-mini"], rates: text(0.4, 1.6, 0.1) },
    { models: ["gpt-4.1-nano"], rates: text(0.1, 0.4, 0.025) },
    { models: ["gpt-4o"], rates: text(2.5, 10, 1.25) },
    { models: ["gpt-4o-2024-05-13"], rates: text(5, 15) },
    { models: ["gpt-4o-mini"], rates: text(0.15, 0.6, 0.075) },
    { models: ["gpt-4-turbo"], rates: text(10, 30) },
    { models: ["gpt-4", "gpt-4-0613"], rates: text(30, 60) },
    { models: ["gpt-3.5-turbo", "gpt-3.5-turbo-0125"], rates: text(0.5, 1.5) },
    { models: ["o1"], rates: text(15, 60, 7.5) },
    { models: ["o1-pro"], rates: text(150, 600) },
    { models: ["o3"], rates: text(2, 8, 0.5) },
    { models: ["o3-pro"], rates: text(20, 80) },
    { models: ["o3-mini"], rates: text(1.1, 4.4, 0.55) },
    { models: ["o4-mini"], rates: text(1.1, 4.4, 0.275) },
    { models: ["gpt-3.5-turbo-instruct"], rates: text(1.5, 2) },
    { models: ["davinci-002"], rates: text(2, 2) },
    { models: ["babbage-002"], rates: text(0.4, 0.4) },
    { models: ["text-embedding-3-large"], rates: text(0.13, 0) },
    { models: ["text-embedding-3-small"], rates: text(0.02, 0) },
    { models: ["text-embedding-ada-002"], rates: text(0.1, 0) },
  ],
  anthropic: [
    { models: ["claude-fable-5"], rates: cached(10, 50) },
    {
      models: ["claude-opus-5", "claude-opus-4-8", "claude-opus-4-7", "claude-opus-4-6", "claude-opus-4-5"],
      rates: cached(5, 25),
    },
    { models: ["claude-opus-4-1", "claude-opus-4-0", "claude-opus-4"], rates: cached(15, 75) },
    { models: ["claude-sonnet-5", "claude-sonnet-4-6"], rates: cached(3, 15) },
    { models: ["claude-sonnet-4-5", "claude-sonnet-4-0", "claude-sonnet-4"], rates: cached(3, 15) },
    { models: ["claude-haiku-4-5"], rates: cached(1, 5) },
    {
      models: ["claude-3-haiku"],
      rates: { ...cached(0.25, 1.25), cacheReadTokens: 0.03, cacheWriteTokens: 0.3 },
    },
  ],
  mistral: [
    { models: ["mistral-large", "mistral-large-2512"], rates: text(0.5, 1.5) },
    { models: ["mistral-large-2411"], rates: text(2, 6) },
    { models: ["mistral-medium", "mistral-medium-2505", "mistral-medium-2508"], rates: text(0.4, 2) },
    { models: ["mistral-medium-2604"], rates: text(1.5, 7.5) },
    { models: ["mistral-small", "mistral-small-2603"], rates: text(0.15, 0.6) },
    { models: ["mistral-small-2506"], rates: text(0.1, 0.3) },
    { models: ["codestral"], rates: text(0.3, 0.9) },
    { models: ["magistral-medium"], rates: text(2, 5) },
    { models: ["magistral-small"], rates: text(0.5, 1.5) },
    { models: ["ministral-8b"], rates: text(0.1, 0.1) },
    { models: ["ministral-3b"], rates: text(0.04, 0.04) },
    { models: ["pixtral-large"], rates: text(2, 6) },
    { models: ["mistral-embed"], rates: text(0.1, 0) },
    { models: ["codestral-embed", "codestral-embed-2505"], rates: text(0.15, 0) },
  ],
  // Of vectors the price of text; pictures cost more at both and are not told apart yet.
  gemini: [
    { models: ["gemini-embedding-001"], rates: text(0.15, 0) },
    { models: ["gemini-embedding-2", "gemini-embedding-2-preview"], rates: text(0.2, 0) },
  ],
  cohere: [
    { models: ["embed-v4.0"], rates: text(0.12, 0) },
    { models: ["embed-english-v3.0", "embed-multilingual-v3.0"], rates: text(0.1, 0) },
  ],
  groq: [
    { models: ["openai/gpt-oss-120b"], rates: text(0.15, 0.6, 0.075) },
    { models: ["openai/gpt-oss-20b"], rates: text(0.075, 0.3, 0.0375) },
    { models: ["llama-3.3-70b-versatile"], rates: text(0.59, 0.79) },
    { models: ["llama-3.1-8b-instant"], rates: text(0.05, 0.08) },
    { models: ["meta-llama/llama-4-scout-17b-16e-instruct"], rates: text(0.11, 0.34) },
    { models: ["qwen/qwen3-32b"], rates: text(0.29, 0.59) },
  ],
  deepseek: [
    { models: ["deepseek-v4-pro"], rates: text(0.435, 0.87, 0.003625) },
    { models: ["deepseek-v4-flash", "deepseek-chat", "deepseek-reasoner"], rates: text(0.14, 0.28, 0.0028) },
  ],
  xai: [
    { models: ["grok-4.5"], rates: text(2, 6, 0.5) },
    {
      models: ["grok-4.3", "grok-4.20-0309-reasoning", "grok-4.20-0309-non-reasoning", "grok-4.20-multi-agent-0309"],
      rates: text(1.25, 2.5, 0.2),
      above: { inputTokens: 200_000, rates: text(2.5, 5, 0.4) },
    },
    { models: ["grok-build-0.1"], rates: text(1, 2, 0.2), above: { inputTokens: 200_000, rates: text(2, 4, 0.4) } },
  ],
};
