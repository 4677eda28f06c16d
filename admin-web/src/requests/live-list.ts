import type { RequestNews, RequestSummary } from "@pontage/sdk";

/** No more rows than this are kept; the oldest go first. */
export const listLimit = 500;

/** A line of the list: a call, or a gap where calls were not sent to us. */
export type LiveRow =
  | { readonly kind: "request"; readonly key: string; readonly request: RequestSummary; readonly fresh: boolean }
  | { readonly kind: "gap"; readonly key: string; readonly missed: number };

/** What a live list shows, newest first, and what it holds back while nobody wants it to move. */
export interface LiveList {
  readonly rows: readonly LiveRow[];
  readonly held: readonly LiveRow[];
  /** Calls that came while the list was held, also those that no longer fit. */
  readonly heldCount: number;
}

export const emptyList: LiveList = { rows: [], held: [], heldCount: 0 };

/** Takes in news, oldest first. A held list does not move. `fresh` rows came while somebody was watching. */
export function take(list: LiveList, news: readonly RequestNews[], { hold = false, fresh = true } = {}): LiveList {
  if (news.length === 0) return list;
  const rows = news.map((item): LiveRow => toRow(item, fresh)).reverse();
  const requests = news.filter((item) => item.type === "request").length;
  // Once something is held, all that follows is held too, or the order would break.
  if (hold || list.held.length > 0) {
    return { rows: list.rows, held: bounded(rows, list.held), heldCount: list.heldCount + requests };
  }
  return { ...list, rows: bounded(rows, list.rows) };
}

/** Shows what was held back. */
export function release(list: LiveList): LiveList {
  if (list.held.length === 0) return list;
  return { rows: bounded(list.held, list.rows), held: [], heldCount: 0 };
}

function toRow(news: RequestNews, fresh: boolean): LiveRow {
  if (news.type === "gap") return { kind: "gap", key: `gap ${news.cursor}`, missed: news.missed };
  return { kind: "request", key: news.request.id, request: news.request, fresh };
}

function bounded(newer: readonly LiveRow[], older: readonly LiveRow[]): LiveRow[] {
  // After a reconnect without a cursor the gateway repeats its latest calls; the copy that is shown already stays.
  const known = new Set(older.map((row) => row.key));
  return [...newer.filter((row) => !known.has(row.key)), ...older].slice(0, listLimit);
}
