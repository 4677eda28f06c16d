import type { JsonObject } from "@bufbuild/protobuf";
import { GatewayError, Reason } from "../canonical/error.ts";
import { fetchWhole } from "./fetch-whole.ts";
import type { Provider } from "./provider.ts";

const maxListBytes = 16 * 1024 * 1024;
const maxPages = 20;

/**
 * Asks a provider for its models: the list OpenAI's and Anthropic's APIs share, `{data: [{id}], has_more, last_id}`, or
 * Cohere's `{models: [{name}]}`.
 */
export async function discoverModels(provider: Provider): Promise<string[]> {
  const [speaking] = provider.speaks;
  const found: string[] = [];
  let after = "";
  for (let page = 0; page < maxPages; page++) {
    const path = after ? `${provider.modelsPath}?after_id=${encodeURIComponent(after)}` : provider.modelsPath;
    const answer = await fetchWhole(provider, path, speaking?.headers ?? [], undefined, { maxBytes: maxListBytes });
    if (answer.status >= 400) throw speaking!.dialect.error.decode(answer.status, answer.headers, answer.text);
    const list = listIn(answer.text);
    if (!list)
      throw new GatewayError(
        Reason.UPSTREAM_GARBAGE,
        `${provider.name} answered with something that is not a list of models.`,
      );
    found.push(...list.names);
    if (!list.more || list.last === after) break;
    after = list.last;
  }
  return found;
}

function listIn(text: string): { names: string[]; more: boolean; last: string } | undefined {
  try {
    const wire = JSON.parse(text) as JsonObject | JsonObject[];
    const data = Array.isArray(wire) ? wire : (wire.data ?? wire.models); // Together answers with the bare list
    if (!Array.isArray(data)) return undefined;
    const names = (data as JsonObject[]).flatMap((model) =>
      [model?.id ?? model?.name].filter((name) => typeof name === "string"),
    );
    const more = !Array.isArray(wire) && wire.has_more === true && typeof wire.last_id === "string";
    return { names, more, last: more ? String(wire.last_id) : "" };
  } catch {
    return undefined;
  }
}
