import type { RequestSummary } from "@pontage/sdk";

/** How a call ended, for people. */
export const results = ["ok", "limited", "blocked", "failed", "cancelled"] as const;
export type Result = (typeof results)[number];

/** Never by colour alone: every result has a glyph, a word and a tint. */
export const resultLooks: Record<Result, { glyph: string; word: string; tint: string }> = {
  ok: { glyph: "✓", word: "ok", tint: "bg-good-tint text-good" },
  limited: { glyph: "‖", word: "limited", tint: "bg-caution-tint text-caution" },
  blocked: { glyph: "⊘", word: "refused", tint: "bg-caution-tint text-caution" },
  failed: { glyph: "✕", word: "failed", tint: "bg-bad-tint text-bad" },
  cancelled: { glyph: "–", word: "cancelled", tint: "bg-sunken text-text-2" },
};

/** A refusal or failure outranks leaving: 499 is the status of those who left before there was any. */
export function resultOf(request: Pick<RequestSummary, "status" | "abandoned">): Result {
  if (request.status === 429) return "limited";
  if (request.status === 401 || request.status === 403) return "blocked";
  if (request.status === 499) return "cancelled";
  if (request.status >= 400) return "failed";
  if (request.abandoned) return "cancelled";
  return request.status === 0 ? "failed" : "ok";
}
