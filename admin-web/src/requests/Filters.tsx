import { useEffect, useState } from "react";
import { Icon } from "../ui/Icon.tsx";
import { isFiltering, type RequestsSearch } from "./filter.ts";
import { resultLooks, results } from "./result.ts";

interface FiltersProps {
  readonly search: RequestsSearch;
  readonly providers: readonly string[];
  readonly onChange: (change: Partial<RequestsSearch>) => void;
}

/** What of the list is shown. Every choice goes into the address. */
export function Filters({ search, providers, onChange }: FiltersProps) {
  const known = search.provider && !providers.includes(search.provider) ? [...providers, search.provider] : providers;
  return (
    <search className="flex flex-wrap items-center gap-2">
      <TextFilter text={search.q ?? ""} onChange={(q) => onChange({ q: q || undefined })} />
      <label className="inline-flex items-center">
        <span className="sr-only">Result</span>
        <select
          className="control"
          value={search.result ?? ""}
          onChange={(event) => onChange({ result: results.find((result) => result === event.target.value) })}
        >
          <option value="">Any result</option>
          {results.map((result) => (
            <option key={result} value={result}>
              {`${resultLooks[result].glyph} ${resultLooks[result].word}`}
            </option>
          ))}
        </select>
      </label>
      <label className="inline-flex items-center">
        <span className="sr-only">Provider</span>
        <select
          className="control"
          value={search.provider ?? ""}
          onChange={(event) => onChange({ provider: event.target.value || undefined })}
        >
          <option value="">Any provider</option>
          {known.map((provider) => (
            <option key={provider}>{provider}</option>
          ))}
        </select>
      </label>
      <label className="control control-quiet px-1.5 text-text-2">
        <input
          type="checkbox"
          className="size-3.5 accent-accent"
          checked={search.simulated === "hide"}
          onChange={(event) => onChange({ simulated: event.target.checked ? "hide" : undefined })}
        />
        Hide simulated
      </label>
      {isFiltering(search) && (
        <button type="button" className="control control-quiet text-accent" onClick={() => onChange(noFilter)}>
          Clear filters
        </button>
      )}
    </search>
  );
}

/** Everything is shown. */
export const noFilter = { q: undefined, result: undefined, provider: undefined, simulated: undefined } as const;

/** Typing filters at once but reaches the address only in pauses, because browsers limit how often it may change. */
function TextFilter({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const [draft, setDraft] = useState(text);
  useEffect(() => setDraft(text), [text]);
  useEffect(() => {
    if (draft === text) return;
    const timer = setTimeout(() => onChange(draft), 150);
    return () => clearTimeout(timer);
  }, [draft, text, onChange]);
  return (
    <label className="relative inline-flex min-w-0 grow items-center medium:max-w-[300px]">
      <span className="sr-only">Filter requests</span>
      <span className="pointer-events-none absolute left-2 text-text-3">
        <Icon name="search" />
      </span>
      <input
        type="search"
        className="h-[30px] w-full rounded-control border border-control bg-surface pr-2 pl-8 placeholder:text-text-3"
        placeholder="ID, model, key or reason"
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
      />
    </label>
  );
}
