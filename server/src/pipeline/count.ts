import type { JsonObject } from "@bufbuild/protobuf";
import { fetchWhole } from "../providers/fetch-whole.ts";
import { requestHeaders } from "../providers/provider.ts";
import type { Call } from "./call.ts";
import { estimateInputTokens } from "./estimate.ts";
import { CountReply } from "./reply.ts";
import type { Target } from "./target.ts";
import { garbage, toldBy } from "./upstream-errors.ts";

const maxCountBytes = 64 * 1024;

/**
 * Counts the input tokens of a request: by the provider where it can, which costs nothing and is not an attempt; else by
 * an estimate, rounded up and marked as one.
 */
export async function countTokens(call: Call, target: Target | undefined): Promise<CountReply> {
  const request = call.request!;
  if (!target) return new CountReply(estimateInputTokens(request.size), true);
  const { provider, speaking, operation, sentModel: model, outputLimit, path } = target;
  const { dialect } = speaking;
  const body = request.bytes({
    dialect,
    operation,
    model,
    askUsage: false,
    outputLimit,
    quirks: provider.quirks,
    losses: call.losses,
    headers: call.headers,
  });
  const headers = requestHeaders(speaking, call.door.dialect, call.headers);
  const answer = await fetchWhole(provider, path, headers, body, {
    maxBytes: maxCountBytes,
    stoppable: (stop) => call.whenStopped(stop),
  });
  if (answer.status >= 400) {
    throw toldBy(provider, dialect.error.decode(answer.status, answer.headers, answer.text));
  }
  const inputTokens = countIn(answer.text, dialect.count.decode);
  if (inputTokens === undefined) throw garbage(provider.name, "no number of tokens");
  return new CountReply(inputTokens, false);
}

function countIn(text: string, decode: (wire: JsonObject) => number | undefined): number | undefined {
  try {
    return decode(JSON.parse(text) as JsonObject);
  } catch {
    return undefined;
  }
}
