/** How the console writes numbers, times and spans. Money comes from the SDK, so that all of Pontage writes it alike. */
export { formatNanoUsd as formatMoney } from "@pontage/sdk";

const counts = new Intl.NumberFormat();

/** `12,043`, with the reader's own separators. */
export function formatCount(count: number): string {
  return counts.format(count);
}

/** A share of a whole, `2.4%`. Nothing of nothing is a dash, not 0 %. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return "–";
  const share = (part / whole) * 100;
  return `${share > 0 && share < 10 ? share.toFixed(1) : Math.round(share)}%`;
}

/** `41 ms`, `1.24 s`, `2 min 03 s`. */
export function formatSpan(spanMs: number): string {
  if (spanMs < 1000) return `${Math.round(spanMs)} ms`;
  if (spanMs < 59_995) return `${(spanMs / 1000).toFixed(2)} s`;
  const seconds = Math.round(spanMs / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** `14:03:09`, in the reader's time zone. */
export function formatClock(time: Date, timeZone?: string): string {
  return time.toLocaleTimeString("en-GB", { hour12: false, ...(timeZone ? { timeZone } : {}) });
}

/** The whole truth about a moment, for hovering: local with its zone, and UTC. */
export function formatMoment(time: Date, timeZone?: string): string {
  const zone = timeZone ?? localTimeZone();
  const local = time.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: zone });
  if (zone === "UTC") return `${local} UTC`;
  return `${local} ${zone} (${time.toISOString().replace("T", " ").slice(0, 19)} UTC)`;
}

/** The reader's time zone, for example `Europe/Berlin`. */
export function localTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
