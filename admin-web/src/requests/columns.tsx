import type { RequestSummary } from "@pontage/sdk";
import { formatClock, formatCount, formatMoment, formatMoney, formatSpan } from "../format.ts";
import { figure, text } from "../table/columns.tsx";
import { inputTokens, outputTokens } from "./figures.ts";
import { ResultLabel, SimulatedLabel } from "./labels.tsx";

/** The columns of the list of requests, in the order people read them. */
export const requestColumns = [
  text<RequestSummary>("Time", (request) => formatClock(request.startTime), {
    hint: (request) => formatMoment(request.startTime),
  }),
  text<RequestSummary>("Result", (request) => <ResultLabel request={request} />, { hint: (request) => request.reason }),
  text<RequestSummary>("Model", (request) => <ModelCell request={request} />, { hint: modelOf }),
  text<RequestSummary>(
    "Key",
    (request) => <span className="block max-w-[18ch] truncate">{request.keyName || "–"}</span>,
    {
      from: "medium",
    },
  ),
  figure<RequestSummary>("In (cached)", (request) => <InputTokens request={request} />, {
    from: "medium",
    hint: usageHint,
  }),
  figure<RequestSummary>("Out", (request) => tokens(request, outputTokens(request)), {
    from: "medium",
    hint: usageHint,
  }),
  figure<RequestSummary>("Reasoning", (request) => tokens(request, request.usage.reasoningTokens), {
    from: "wide",
    hint: usageHint,
  }),
  figure<RequestSummary>("Cost", (request) => formatMoney(request.cost.nanoUsd)),
  figure<RequestSummary>("First byte", (request) => (request.firstByteMs ? formatSpan(request.firstByteMs) : "–"), {
    from: "wide",
  }),
  figure<RequestSummary>("Duration", (request) => formatSpan(request.durationMs), { from: "medium" }),
];

/** The name the call was answered under, or the one it asked for when nobody answered. */
export function modelOf(request: RequestSummary): string {
  return request.provider ? `${request.provider}/${request.model || request.askedModel}` : request.askedModel || "–";
}

/** On a telephone the provider is left to the detail; the model's own name tells more in the same room. */
function ModelCell({ request }: { request: RequestSummary }) {
  const served = modelOf(request);
  const prefix = request.provider && served.startsWith(`${request.provider}/`) ? `${request.provider}/` : "";
  return (
    <span className="flex items-center gap-1.5">
      <span className="max-w-[26ch] truncate font-mono text-secondary max-medium:max-w-[11ch]">
        <span className="max-medium:hidden">{prefix}</span>
        {served.slice(prefix.length)}
      </span>
      {request.simulated && <SimulatedLabel short />}
    </span>
  );
}

function InputTokens({ request }: { request: RequestSummary }) {
  const cached = request.usage.cacheReadTokens;
  return (
    <>
      {tokens(request, inputTokens(request))}
      {cached > 0 && <span className="text-text-3"> ({formatCount(cached)})</span>}
    </>
  );
}

/** An estimate says so, and what nobody counted is not a zero. */
export function tokens(request: RequestSummary, count: number): string {
  if (request.usage.source === "unknown") return "–";
  return `${request.usage.source === "estimated" ? "≈" : ""}${formatCount(count)}`;
}

function usageHint({ usage }: RequestSummary): string | undefined {
  if (usage.source === "estimated") return "Estimated from the bytes that passed; the provider did not say.";
  if (usage.source === "unknown") return "Not known; nothing was counted.";
  return undefined;
}
