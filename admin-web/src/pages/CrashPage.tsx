/** A fault of the console itself. It must not depend on anything that may be what failed. */
export default function CrashPage({ error }: { error: unknown }) {
  return (
    <main role="alert" className="flex flex-col items-start gap-3 p-8">
      <h1 className="text-display">This page stopped working</h1>
      <p className="max-w-[72ch] text-text-2">
        That is a fault of the console; the gateway is not affected. Loading it again usually helps.
      </p>
      <pre className="max-w-full overflow-x-auto font-mono text-secondary">
        {error instanceof Error ? error.message : String(error)}
      </pre>
      <button type="button" className="control" onClick={() => location.reload()}>
        Load again
      </button>
    </main>
  );
}
