import type { RequestSummary } from "@pontage/sdk";
import { type Result, resultOf, results } from "./result.ts";

/** What the address says about the page of requests. The address is the state: it survives reload, Back and sharing. */
export interface RequestsSearch {
  /** Text in the id, model, key or reason. */
  q?: string | undefined;
  result?: Result | undefined;
  provider?: string | undefined;
  /** Simulated traffic is hidden. */
  simulated?: "hide" | undefined;
  /** The request whose details are open. */
  open?: string | undefined;
}

/** Reads the address. What is not understood is left out, so an old or mistyped link still opens the page. */
export function parseSearch(search: Record<string, unknown>): RequestsSearch {
  const text = (value: unknown) =>
    typeof value === "string" || typeof value === "number" ? String(value) || undefined : undefined;
  return {
    q: text(search.q),
    result: results.find((result) => result === search.result),
    provider: text(search.provider),
    simulated: search.simulated === "hide" ? "hide" : undefined,
    open: text(search.open),
  };
}

/** Whether anything is filtered away. */
export function isFiltering(search: RequestsSearch): boolean {
  return Boolean(search.q || search.result || search.provider || search.simulated);
}

export function matches(request: RequestSummary, search: RequestsSearch): boolean {
  if (search.simulated === "hide" && request.simulated) return false;
  if (search.result && resultOf(request) !== search.result) return false;
  if (search.provider && request.provider !== search.provider) return false;
  if (!search.q) return true;
  const needle = search.q.toLowerCase();
  const { id, askedModel, provider, model, keyName, keyId, reason, status } = request;
  return [id, askedModel, `${provider}/${model}`, keyName, keyId, reason, String(status)].some((text) =>
    text.toLowerCase().includes(needle),
  );
}
