import { create, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import {
  type Model,
  type ModelPrice,
  ModelPriceSchema,
  ModelSchema,
  type TokenPrices,
  TokenPricesSchema,
} from "@pontage/gen/pontage/v1/model_pb.ts";
import { knownOutputLimit } from "../billing/output-limit.ts";
import { type NanoRates, type Price, priceOf } from "../billing/price.ts";
import type { Router } from "../pipeline/router.ts";
import type { Provider } from "../providers/provider.ts";

/** Every model that can be called, by provider and name. */
export function allModels(router: Router): Model[] {
  return router.providers
    .flatMap((provider) => [...provider.models].map((name) => modelOf(provider, name)))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function modelOf(provider: Provider, name: string): Model {
  const price = priceOf(provider.type, name);
  const facts = provider.modelFacts.get(name) ?? {};
  const maxOutputTokens = facts.maxOutputTokens ?? knownOutputLimit(provider.type, name);
  return create(ModelSchema, {
    id: `${provider.name}/${name}`,
    provider: provider.name,
    name,
    simulated: provider.simulated,
    ...facts,
    inputModalities: [...(facts.inputModalities ?? [])],
    outputModalities: [...(facts.outputModalities ?? [])],
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(price && {
      price: priceMessage(price),
      inputNanoUsdPerMillion: price.rates.inputTokens,
      outputNanoUsdPerMillion: price.rates.outputTokens,
    }),
  });
}

function priceMessage({ version, rates, above }: Price): ModelPrice {
  return create(ModelPriceSchema, {
    version,
    prices: tokenPrices(rates),
    ...(above && { longPrices: tokenPrices(above.rates), longAboveInputTokens: above.inputTokens }),
  });
}

/** Buckets that cost what their side costs are left out. */
function tokenPrices(rates: NanoRates): TokenPrices {
  const { inputTokens: input, outputTokens: output } = rates;
  const beside = (rate: bigint, side: bigint) => (rate === side ? undefined : rate);
  return create(TokenPricesSchema, {
    input,
    cacheRead: beside(rates.cacheReadTokens, input),
    cacheWrite: beside(rates.cacheWriteTokens, input),
    cacheWrite1h: beside(rates.cacheWrite1hTokens, input),
    audioInput: beside(rates.audioInputTokens, input),
    output,
    reasoning: beside(rates.reasoningTokens, output),
    audioOutput: beside(rates.audioOutputTokens, output),
  });
}

/**
 * What is known of a model, as a field of our own that no vendor's client minds. What is not known is not there. Prices are
 * in US dollars per million tokens, as decimal numbers in text: they are exact so.
 */
function knownOf(model: Model): JsonObject {
  const { contextTokens, maxOutputTokens, inputModalities, outputModalities, price } = model;
  const { tools, reasoning, structuredOutput } = model;
  const known = {
    context_tokens: contextTokens,
    max_output_tokens: maxOutputTokens,
    input_modalities: inputModalities.length > 0 ? inputModalities : undefined,
    output_modalities: outputModalities.length > 0 ? outputModalities : undefined,
    tools,
    reasoning,
    structured_output: structuredOutput,
    price: price && {
      version: price.version,
      usd_per_million_tokens: dollarsOf(price.prices!),
      ...(price.longPrices && {
        above_input_tokens: price.longAboveInputTokens,
        usd_per_million_tokens_above: dollarsOf(price.longPrices),
      }),
    },
  };
  return said(known);
}

function dollarsOf(prices: TokenPrices): JsonObject {
  return said({
    input: dollars(prices.input),
    cache_read: dollars(prices.cacheRead),
    cache_write: dollars(prices.cacheWrite),
    cache_write_1h: dollars(prices.cacheWrite1h),
    audio_input: dollars(prices.audioInput),
    output: dollars(prices.output),
    reasoning: dollars(prices.reasoning),
    audio_output: dollars(prices.audioOutput),
  });
}

/** Nano-dollars as dollars, without zeros at the end: `0.075`. */
function dollars(nanoUsd: bigint | undefined): string | undefined {
  if (nanoUsd === undefined) return undefined;
  const digits = nanoUsd.toString().padStart(10, "0");
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`.replace(/\.?0+$/, "");
}

function said(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject;
}

/** The fields of OpenAI's and Anthropic's model objects together, so that one answer serves clients of both. */
export function modelObject(model: Model): JsonObject {
  return {
    id: model.id,
    object: "model",
    created: 0,
    owned_by: model.provider,
    type: "model",
    display_name: model.simulated ? `${model.id} (simulated)` : model.id,
    created_at: "1970-01-01T00:00:00Z",
    // Anthropic's words for what it knows of its models.
    ...said({ max_input_tokens: model.contextTokens, max_tokens: model.maxOutputTokens }),
    pontage: knownOf(model),
  };
}

/** Google's model object. https://ai.google.dev/api/models#Model */
export function geminiModelObject(model: Model): JsonObject {
  return {
    name: `models/${model.id}`,
    baseModelId: model.id,
    version: "",
    displayName: model.simulated ? `${model.id} (simulated)` : model.id,
    supportedGenerationMethods: ["generateContent", "countTokens"],
    ...said({
      inputTokenLimit: model.contextTokens,
      outputTokenLimit: model.maxOutputTokens,
      thinking: model.reasoning,
    }),
    pontage: knownOf(model),
  };
}

export function geminiModelListObject(models: readonly Model[]): JsonObject {
  return { models: models.map(geminiModelObject) };
}

export function modelListObject(models: readonly Model[]): JsonObject {
  return {
    object: "list",
    data: models.map(modelObject),
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  };
}

/** What Ollama tells of the models it has. Sizes and digests are those of files, which a gateway has none of. */
export function ollamaModelListObject(models: readonly Model[]): JsonObject {
  const details = {
    ...{ parent_model: "", format: "", family: "", families: [] },
    ...{ parameter_size: "", quantization_level: "" },
  };
  return {
    models: models.map(({ id }) => ({
      ...{ name: id, model: id, modified_at: "1970-01-01T00:00:00Z", size: 0, digest: "" },
      details,
    })),
  };
}
