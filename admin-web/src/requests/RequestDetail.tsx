import type { RequestSummary } from "@pontage/sdk";
import type { ReactNode } from "react";
import { formatCount, formatMoment, formatMoney, formatSpan } from "../format.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { modelOf } from "./columns.tsx";
import { ResultLabel, SimulatedLabel } from "./labels.tsx";

/** Everything the list knows of one request. */
export function RequestDetail({ request }: { request: RequestSummary }) {
  const served = modelOf(request);
  // The same on both sides means that the bytes passed as they came.
  const dialects = [...new Set([request.doorDialect, request.upstreamDialect])].filter(Boolean).join(" → ");
  return (
    <div className="flex flex-col gap-6">
      <div className="flex flex-wrap items-center gap-2">
        <ResultLabel request={request} />
        {request.simulated && <SimulatedLabel />}
        <span className="font-mono text-secondary">
          {request.askedModel && request.askedModel !== served ? `${request.askedModel} → ${served}` : served}
        </span>
      </div>
      {request.reason && (
        <p className="rounded-panel bg-bad-tint px-3.5 py-3">
          Failed with <code className="font-mono text-secondary">{request.reason}</code>, status {request.status}.
        </p>
      )}
      <Section title="Time">
        <Span request={request} />
        <Facts
          facts={[
            ["Arrived", formatMoment(request.startTime)],
            ["First byte", request.firstByteMs ? formatSpan(request.firstByteMs) : "none was sent"],
            ["Total", formatSpan(request.durationMs)],
            ["Answer", request.streamed ? "streamed" : "in one piece"],
          ]}
        />
      </Section>
      <Section title="Usage and cost">
        <UsageTable request={request} />
      </Section>
      <Section title="Way through the gate">
        <Facts
          facts={[
            ["Request", <Id key="id" id={request.id} what="request ID" />],
            ["Key", request.keyName || "none"],
            ["Key ID", request.keyId ? <Id key="key" id={request.keyId} what="key ID" /> : "–"],
            ["Dialects", dialects || "–"],
            ["Upstream calls", formatCount(request.attempts)],
          ]}
        />
      </Section>
      <p className="text-secondary text-text-2">The content of requests is not stored.</p>
    </div>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-2">
      <h3 className="text-label text-text-2">{title}</h3>
      {children}
    </section>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[minmax(96px,max-content)_1fr] items-center gap-x-6 gap-y-1">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-text-2">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Id({ id, what }: { id: string; what: string }) {
  return (
    <span className="flex items-center gap-1">
      <code className="break-all font-mono text-secondary">{id}</code>
      <CopyButton quiet text={id} what={what} />
    </span>
  );
}

/** Waiting and answering on one scale. Drawn as SVG, because the page's policy forbids style attributes. */
function Span({ request }: { request: RequestSummary }) {
  const total = Math.max(request.durationMs, 1);
  const waited = Math.min(request.firstByteMs || total, total);
  const share = (waited / total) * 100;
  return (
    <figure className="flex flex-col gap-1">
      <svg viewBox="0 0 100 3" preserveAspectRatio="none" className="h-3 w-full" role="img">
        <title>{`${formatSpan(waited)} waiting, ${formatSpan(total - waited)} answering`}</title>
        <rect x="0" y="0" width={share} height="3" className="fill-waiting" />
        <rect x={share} y="0" width={100 - share} height="3" className="fill-streaming" />
      </svg>
      <figcaption className="flex flex-wrap gap-x-4 text-secondary text-text-2">
        <Legend className="bg-waiting" words={`waiting ${formatSpan(waited)}`} />
        {waited < total && <Legend className="bg-streaming" words={`answering ${formatSpan(total - waited)}`} />}
      </figcaption>
    </figure>
  );
}

function Legend({ className, words }: { className: string; words: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span aria-hidden="true" className={`size-2 ${className}`} />
      {words}
    </span>
  );
}

function UsageTable({ request }: { request: RequestSummary }) {
  const { usage } = request;
  const buckets: [string, number][] = [
    ["Input", usage.inputTokens],
    ["Cached input", usage.cacheReadTokens],
    ["Written to cache", usage.cacheWriteTokens + usage.cacheWrite1hTokens],
    ["Audio input", usage.audioInputTokens],
    ["Output", usage.outputTokens],
    ["Reasoning", usage.reasoningTokens],
    ["Audio output", usage.audioOutputTokens],
  ];
  const always = new Set(["Input", "Output"]);
  const sources = {
    provider: "Counted by the provider.",
    counted: "Counted by the gateway with the model's own tokenizer.",
    estimated: "≈ Estimated by the gateway from the bytes that passed.",
    unknown: "Not known; nothing was counted.",
  };
  return (
    <>
      <table className="w-full max-w-[420px]">
        <caption className="sr-only">Tokens by kind, and the cost</caption>
        <tbody>
          {buckets
            .filter(([name, count]) => count > 0 || always.has(name))
            .map(([name, count]) => (
              <tr key={name}>
                <th scope="row" className="border-hairline border-b py-1 text-left font-normal text-text-2">
                  {name} tokens
                </th>
                <td className="border-hairline border-b py-1 text-right">
                  {usage.source === "unknown" ? "–" : formatCount(count)}
                </td>
              </tr>
            ))}
          <tr>
            <th scope="row" className="py-1 text-left font-semibold">
              Cost
            </th>
            <td className="py-1 text-right font-semibold" title={`${request.cost.nanoUsd} nano-USD`}>
              {formatMoney(request.cost.nanoUsd)}
            </td>
          </tr>
        </tbody>
      </table>
      <p className="text-secondary text-text-2">{sources[usage.source]}</p>
    </>
  );
}
