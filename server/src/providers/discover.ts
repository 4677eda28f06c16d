import type { JsonObject } from "@bufbuild/protobuf";
import { GatewayError, Reason } from "../canonical/error.ts";
import { type Asked, fetchWhole } from "./fetch-whole.ts";
import { factsIn, type ModelFacts } from "./model-facts.ts";
import { createPool, type Provider } from "./provider.ts";

const maxListBytes = 16 * 1024 * 1024;
const maxPages = 20;

/** Models by name, with what is said of each. */
export type ModelList = ReadonlyMap<string, ModelFacts>;

/** Asks a provider for its models, where it lists them: in one list or several, each of one page or many. */
export async function discoverModels(provider: Provider): Promise<ModelList> {
  const { paths, origin } = provider.modelLists;
  const { host } = new URL(origin);
  if (paths.length === 0 || host === provider.host) return modelsOf(provider, provider, paths);
  const dispatcher = createPool(origin, provider.timeouts);
  try {
    return await modelsOf(provider, { ...provider, host, dispatcher }, paths);
  } finally {
    await dispatcher.close();
  }
}

/** Adds the models a provider lists to those it is known to have, and keeps what it says of them. */
export async function learnModels(provider: Provider): Promise<void> {
  const found = await discoverModels(provider);
  provider.models = new Set([...provider.models, ...found.keys()]);
  provider.modelFacts = found;
}

async function modelsOf({ name, speaks }: Provider, asked: Asked, paths: readonly string[]): Promise<ModelList> {
  const [speaking] = speaks;
  const found = new Map<string, ModelFacts>();
  for (const first of paths) {
    let after = "";
    for (let page = 0; page < maxPages; page++) {
      const path = after ? `${first}${first.includes("?") ? "&" : "?"}${after}` : first;
      const answer = await fetchWhole(asked, path, speaking?.headers ?? [], undefined, { maxBytes: maxListBytes });
      if (answer.status >= 400) throw speaking!.dialect.error.decode(answer.status, answer.headers, answer.text);
      const list = listIn(answer.text);
      if (!list) {
        const words = `${name} answered with something that is not a list of models.`;
        throw new GatewayError(Reason.UPSTREAM_GARBAGE, words);
      }
      for (const [model, facts] of list.models) found.set(model, facts);
      if (list.next === "" || list.next === after) break;
      after = list.next;
    }
  }
  return found;
}

/** The field a list is in, and the field of each model that names it. */
const shapes = [
  ["data", "id"], // OpenAI, Anthropic
  ["models", "name"], // Gemini, Cohere
  ["publisherModels", "name"], // Vertex AI
  ["modelSummaries", "modelId"], // Bedrock
  ["inferenceProfileSummaries", "inferenceProfileId"], // Bedrock
] as const;

interface Page {
  readonly models: readonly Listed[];
  /** The query that asks for the next page; "" when it was the last. */
  readonly next: string;
}

type Listed = readonly [name: string, facts: ModelFacts];

function listIn(text: string): Page | undefined {
  try {
    const wire = JSON.parse(text) as JsonObject | JsonObject[];
    if (Array.isArray(wire)) return { models: modelsIn(wire, "id"), next: "" }; // Together answers with the bare list
    const [list, field] = shapes.find(([list]) => Array.isArray(wire[list])) ?? [];
    // Google leaves a list out that is empty.
    if (Object.keys(wire).length === 0) return { models: [], next: "" };
    if (list === undefined || field === undefined) return undefined;
    return { models: modelsIn((wire[list] ?? []) as JsonObject[], field), next: nextOf(wire) };
  } catch {
    return undefined;
  }
}

function nextOf({ has_more: hasMore, last_id: lastId, nextPageToken, nextToken }: JsonObject): string {
  if (hasMore === true && typeof lastId === "string") return `after_id=${encodeURIComponent(lastId)}`;
  if (typeof nextPageToken === "string" && nextPageToken) return `pageToken=${encodeURIComponent(nextPageToken)}`;
  return typeof nextToken === "string" && nextToken ? `nextToken=${encodeURIComponent(nextToken)}` : "";
}

/** Google's are names of resources: `models/x`, `publishers/google/models/x`. */
function modelsIn(models: readonly JsonObject[], field: string): Listed[] {
  return models.flatMap((model) => {
    const name = model?.[field];
    if (typeof name !== "string") return [];
    return [[name.replace(/^(?:publishers\/[^/]+\/)?models\//, ""), factsIn(model)] as const];
  });
}
