import { type ReactNode, useEffect } from "react";

interface PageProps {
  readonly title: string;
  /** What the page is for, in two sentences. */
  readonly help: ReactNode;
  /** The live state, where there is one. */
  readonly state?: ReactNode;
  /** The page's actions, at most one of them primary. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A page inside the shell: its header and what is below it. */
export function Page({ title, help, state, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Pontage`;
  }, [title]);
  return (
    <>
      <header className="flex min-h-[52px] shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-hairline border-b bg-background px-4 py-2 shell:px-6">
        <h1 className="text-title">{title}</h1>
        <details className="group relative">
          <summary className="flex size-6 list-none items-center justify-center rounded-full border border-hairline text-text-2 hover:bg-sunken">
            <span aria-hidden="true">?</span>
            <span className="sr-only">About this page</span>
          </summary>
          <div className="absolute top-8 left-0 z-20 w-72 rounded-panel border border-hairline bg-surface p-3.5 shadow-floating max-medium:fixed max-medium:inset-x-4 max-medium:top-24 max-medium:w-auto">
            {help}
          </div>
        </details>
        {state}
        <div className="ml-auto flex items-center gap-2">{actions}</div>
      </header>
      <div className="mx-auto flex min-h-0 w-full max-w-[1600px] flex-1 flex-col gap-3 p-4 shell:p-6">{children}</div>
    </>
  );
}
