import { PontageError } from "@pontage/sdk";
import { CopyButton } from "./CopyButton.tsx";

/** What failed, why, what to do, the request's id, and a way to try again. */
export function ErrorPanel({ title, error, retry }: { title: string; error: Error; retry: () => void }) {
  const requestId = error instanceof PontageError ? error.requestId : undefined;
  return (
    <div role="alert" className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-panel bg-bad-tint px-3.5 py-3">
      <div className="min-w-0 flex-1 basis-64">
        <p className="font-semibold text-bad">
          <span aria-hidden="true">✕ </span>
          {title}
        </p>
        <p className="break-words text-text-2">{error.message}</p>
        {requestId && (
          <p className="flex items-center gap-1 text-secondary text-text-2">
            Request <code className="font-mono">{requestId}</code>
            <CopyButton quiet text={requestId} what="request ID" />
          </p>
        )}
      </div>
      <button type="button" className="control" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
