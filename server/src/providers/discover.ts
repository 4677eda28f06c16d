import type { JsonObject } from "@bufbuild/protobuf";
import { GatewayError, Reason } from "../canonical/error.ts";
import { fetchWhole } from "./fetch-whole.ts";
import type { Provider } from "./provider.ts";

const maxListBytes = 16 * 1024 * 1024;
const maxPages = 20;

/**
 * Asks a provider for its models, where it lists them: the list OpenAI's and Anthropic's APIs share, `{data: [{id}],
 * has_more, last_id}`, or Google's, `{models: [{name: "models/..."}], nextPageToken}`, which is Cohere's without the
 * prefix.
 */
export async function discoverModels(provider: Provider): Promise<string[]> {
  if (provider.modelsPath === undefined) return [];
  const [speaking] = provider.speaks;
  const found: string[] = [];
  let after = "";
  for (let page = 0; page < maxPages; page++) {
    const path = after ? `${provider.modelsPath}?${after}` : provider.modelsPath;
    const answer = await fetchWhole(provider, path, speaking?.headers ?? [], undefined, { maxBytes: maxListBytes });
    if (answer.status >= 400) throw speaking!.dialect.error.decode(answer.status, answer.headers, answer.text);
    const list = listIn(answer.text);
    if (!list)
      throw new GatewayError(
        Reason.UPSTREAM_GARBAGE,
        `${provider.name} answered with something that is not a list of models.`,
      );
    found.push(...list.names);
    if (list.next === "" || list.next === after) break;
    after = list.next;
  }
  return found;
}

/** The names on one page, and the query that asks for the next; "" when it was the last. */
function listIn(text: string): { names: string[]; next: string } | undefined {
  try {
    const wire = JSON.parse(text) as JsonObject | JsonObject[];
    if (Array.isArray(wire)) return { names: namesIn(wire, "id"), next: "" }; // Together answers with the bare list
    if (Array.isArray(wire.models)) {
      const token = typeof wire.nextPageToken === "string" ? wire.nextPageToken : "";
      const names = namesIn(wire.models as JsonObject[], "name").map((name) => name.replace(/^models\//, ""));
      return { names, next: token && `pageToken=${encodeURIComponent(token)}` };
    }
    if (!Array.isArray(wire.data)) return undefined;
    const more = wire.has_more === true && typeof wire.last_id === "string";
    const next = more ? `after_id=${encodeURIComponent(String(wire.last_id))}` : "";
    return { names: namesIn(wire.data as JsonObject[], "id"), next };
  } catch {
    return undefined;
  }
}

function namesIn(models: readonly JsonObject[], field: "id" | "name"): string[] {
  return models.flatMap((model) => (typeof model?.[field] === "string" ? model[field] : []));
}
