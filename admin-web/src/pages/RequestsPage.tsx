import type { RequestSummary } from "@pontage/sdk";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { formatCount, localTimeZone } from "../format.ts";
import { paths } from "../paths.ts";
import { requestColumns } from "../requests/columns.tsx";
import { EmptyRequests } from "../requests/EmptyRequests.tsx";
import { FiguresStrip } from "../requests/FiguresStrip.tsx";
import { Filters, noFilter } from "../requests/Filters.tsx";
import { sum } from "../requests/figures.ts";
import { isFiltering, matches, type RequestsSearch } from "../requests/filter.ts";
import { type LiveRow, listLimit } from "../requests/live-list.ts";
import { RequestSheet } from "../requests/RequestSheet.tsx";
import { liveWord, useLiveRequests } from "../requests/use-live-requests.ts";
import { Table, type TableLine } from "../table/Table.tsx";
import { ErrorPanel } from "../ui/ErrorPanel.tsx";
import { Icon } from "../ui/Icon.tsx";
import { LiveState } from "../ui/LiveState.tsx";
import { Page } from "../ui/Page.tsx";

const route = getRouteApi("/shell/requests");

export default function RequestsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { feed, live } = useLiveRequests();
  const { rows, heldCount } = live.list;

  const change = useCallback(
    (part: Partial<RequestsSearch>) => void navigate({ search: (old) => ({ ...old, ...part }), replace: true }),
    [navigate],
  );
  const requests = useMemo(() => rows.flatMap((row) => (row.kind === "request" ? [row.request] : [])), [rows]);
  const providers = useMemo(
    () => [...new Set(requests.map((each) => each.provider).filter(Boolean))].sort(),
    [requests],
  );
  const { lines, shown } = useMemo(() => linesOf(rows, search), [rows, search]);
  const scroller = useRef<HTMLElement>(null);
  const showHeld = () => {
    scroller.current?.scrollTo({ top: 0 });
    feed.show();
  };
  const waiting = rows.length === 0 && (live.connection === "connecting" || live.connection === "reconnecting");

  return (
    <Page
      title="Requests"
      help="Every call that crosses the gate, as it ends. The list holds the latest 500; the ledger keeps them all."
      state={<LiveState word={liveWord(live)} />}
      actions={
        <button
          type="button"
          className="control"
          aria-pressed={live.paused}
          onClick={() => feed.setPaused(!live.paused)}
        >
          <Icon name={live.paused ? "play" : "pause"} />
          {live.paused ? "Resume" : "Pause"}
        </button>
      }
    >
      <FiguresStrip figures={useMemo(() => sum(shown), [shown])} />
      <Filters search={search} providers={providers} onChange={change} />
      {live.error && <Lost live={live} retry={() => feed.retry()} />}
      <section
        ref={scroller}
        aria-label="Latest requests"
        className="relative min-h-64 flex-1 overflow-auto rounded-panel border border-hairline bg-surface"
        onScroll={(event) => feed.setReading(event.currentTarget.scrollTop > 8)}
      >
        {heldCount > 0 && (
          <div className="sticky top-[38px] left-0 z-20 flex h-0 justify-center">
            <button type="button" className="control control-primary shadow-floating" onClick={showHeld}>
              <Icon name="up" />
              {formatCount(heldCount)} new {heldCount === 1 ? "request" : "requests"}
            </button>
          </div>
        )}
        {lines.length > 0 && (
          <Table caption="The latest requests, newest first" columns={requestColumns} lines={lines} link={openLink} />
        )}
        {waiting && <Skeleton />}
        {rows.length === 0 && live.connection === "live" && heldCount === 0 && <EmptyRequests />}
        {rows.length > 0 && lines.length === 0 && (
          <div className="flex flex-col items-start gap-3 p-8">
            <h2 className="text-title">Nothing matches these filters</h2>
            <button type="button" className="control" onClick={() => change(noFilter)}>
              Clear filters
            </button>
          </div>
        )}
      </section>
      <p className="flex flex-wrap justify-between gap-x-4 text-secondary text-text-2">
        <span>
          {isFiltering(search)
            ? `${formatCount(shown.length)} of ${formatCount(requests.length)}`
            : formatCount(shown.length)}{" "}
          shown, the latest {listLimit} are kept
        </span>
        <span>Times are in {localTimeZone()}</span>
      </p>
      <Announcement count={requests.length} />
      {search.open && (
        <RequestSheet
          id={search.open}
          shown={shown}
          known={requests}
          onOpen={(open) => change({ open })}
          onClose={() => change({ open: undefined })}
        />
      )}
    </Page>
  );
}

/** The lines that pass the filters. Gaps always do: what was missed might have matched. */
function linesOf(rows: readonly LiveRow[], search: RequestsSearch) {
  const lines: TableLine<RequestSummary>[] = [];
  const shown: RequestSummary[] = [];
  for (const row of rows) {
    if (row.kind === "gap") {
      lines.push({
        key: row.key,
        remark: `${formatCount(row.missed)} requests are not shown here; the ledger has them.`,
      });
    } else if (matches(row.request, search)) {
      lines.push({ key: row.key, row: row.request, fresh: row.fresh, selected: row.request.id === search.open });
      shown.push(row.request);
    }
  }
  // A remark alone is no match.
  return { lines: shown.length > 0 || !isFiltering(search) ? lines : [], shown };
}

function openLink(request: RequestSummary, content: ReactNode): ReactNode {
  return (
    <Link
      to={paths.requests}
      search={(old) => ({ ...old, open: request.id })}
      resetScroll={false}
      className="row-link"
      aria-label={`Open request ${request.id}`}
    >
      {content}
    </Link>
  );
}

function Lost({ live, retry }: { live: ReturnType<typeof useLiveRequests>["live"]; retry: () => void }) {
  if (!live.error) return null;
  const title =
    live.connection === "offline" ? "The gateway does not send its requests" : "The connection was lost; trying again";
  return <ErrorPanel title={title} error={live.error} retry={retry} />;
}

/** Rows with the final dimensions, so that nothing jumps when the real ones come. */
function Skeleton() {
  return (
    <div className="appear-late" aria-hidden="true">
      {Array.from({ length: 8 }, (_, row) => row).map((row) => (
        <div key={row} className="flex h-[34px] items-center gap-6 border-hairline border-b px-3.5">
          <span className="h-3 w-16 rounded-label bg-sunken" />
          <span className="h-3 w-12 rounded-label bg-sunken" />
          <span className="h-3 w-40 rounded-label bg-sunken" />
          <span className="ml-auto h-3 w-14 rounded-label bg-sunken" />
        </div>
      ))}
    </div>
  );
}

/** Tells people who hear the page how many rows there are, politely and now and then, not row by row. */
function Announcement({ count }: { count: number }) {
  const latest = useDeferredValue(count);
  const current = useRef(latest);
  current.current = latest;
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setInterval(() => setSaid(`${formatCount(current.current)} requests in the list`), 10_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="sr-only" aria-live="polite">
      {said}
    </p>
  );
}
