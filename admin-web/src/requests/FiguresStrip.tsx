import type { ReactNode } from "react";
import { formatCount, formatMoney, formatShare } from "../format.ts";
import type { Figures } from "./figures.ts";

/** The sums over what is shown. */
export function FiguresStrip({ figures }: { figures: Figures }) {
  const about = figures.estimated ? "≈" : "";
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-panel border border-hairline bg-surface medium:grid-cols-5">
      <Figure name="Requests">{formatCount(figures.requests)}</Figure>
      <Figure name="Failed" note={figures.failed > 0 ? formatCount(figures.failed) : undefined}>
        {formatShare(figures.failed, figures.requests)}
      </Figure>
      <Figure
        name="Tokens in"
        note={figures.cachedTokens > 0 ? `and ${formatCount(figures.cachedTokens)} cached` : undefined}
      >
        {about}
        {formatCount(figures.inputTokens)}
      </Figure>
      <Figure
        name="Tokens out"
        note={figures.reasoningTokens > 0 ? `and ${formatCount(figures.reasoningTokens)} reasoning` : undefined}
      >
        {about}
        {formatCount(figures.outputTokens)}
      </Figure>
      <Figure name="Cost">
        {about}
        {formatMoney(figures.costNanoUsd)}
      </Figure>
    </dl>
  );
}

function Figure({ name, note, children }: { name: string; note?: string | undefined; children: ReactNode }) {
  return (
    <div className="-mt-px -ml-px border-hairline border-t border-l px-3.5 py-2.5 max-medium:last:col-span-2">
      <dt className="text-label text-text-2">{name}</dt>
      <dd className="flex flex-wrap items-baseline gap-x-2">
        <span className="text-figure">{children}</span>
        {note && <span className="text-secondary text-text-2">{note}</span>}
      </dd>
    </div>
  );
}
