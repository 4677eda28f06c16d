import type { RequestSummary } from "@pontage/sdk";
import { resultLooks, resultOf } from "./result.ts";

const label = "inline-flex h-5 items-center gap-1 rounded-label px-1.5 text-secondary whitespace-nowrap";

/** How a call ended: a glyph, a word or the status, and a tint. */
export function ResultLabel({ request }: { request: Pick<RequestSummary, "status" | "abandoned"> }) {
  const result = resultOf(request);
  const { glyph, word, tint } = resultLooks[result];
  return (
    <span className={`${label} font-medium ${tint}`}>
      <span aria-hidden="true">{glyph}</span>
      {result === "ok" ? request.status : word}
      {result !== "ok" && result !== "cancelled" && request.status > 0 && <span>{request.status}</span>}
    </span>
  );
}

/** Simulated traffic costs nothing and proves nothing about a provider, so it is always marked. */
export function SimulatedLabel({ short = false }: { short?: boolean }) {
  return (
    <span className={`${label} border border-hairline bg-sunken text-text-2`}>
      {short ? (
        <span>
          sim<span className="max-medium:hidden">ulated</span>
        </span>
      ) : (
        "simulated"
      )}
    </span>
  );
}
