import { create, type JsonObject } from "@bufbuild/protobuf";
import { type Model, ModelSchema } from "@pontage/gen/pontage/v1/model_pb.ts";
import { priceOf } from "../billing/price.ts";
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
  return create(ModelSchema, {
    id: `${provider.name}/${name}`,
    provider: provider.name,
    name,
    simulated: provider.simulated,
    ...(price && {
      inputNanoUsdPerMillion: price.rates.inputTokens,
      outputNanoUsdPerMillion: price.rates.outputTokens,
    }),
  });
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
