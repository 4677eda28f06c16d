import { CopyButton } from "../ui/CopyButton.tsx";

/** Nobody has called yet: what this is for, and the one command that fills it. */
export function EmptyRequests() {
  const command = firstCall(location.origin);
  return (
    <div className="flex flex-col gap-3 px-3.5 py-8 medium:px-8">
      <h2 className="text-display">No requests yet</h2>
      <p className="max-w-[72ch] text-text-2">
        Every call that crosses the gate shows up here as it ends, with its tokens and its cost. Make the first one with
        an API key of this gateway; the simulated model works offline and costs nothing.
      </p>
      <div className="max-w-[720px] overflow-hidden rounded-panel border border-hairline bg-sunken">
        <pre className="overflow-x-auto p-3.5 font-mono text-secondary">{command}</pre>
        <div className="border-hairline border-t bg-surface p-2">
          <CopyButton text={command} what="command" />
        </div>
      </div>
    </div>
  );
}

/** The first call, ready to paste once the key is in `PONTAGE_API_KEY`. */
export function firstCall(origin: string): string {
  return [
    `curl ${origin}/v1/chat/completions \\`,
    '  -H "Authorization: Bearer $PONTAGE_API_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '{"model":"sim/echo","messages":[{"role":"user","content":"Hello"}]}'`,
  ].join("\n");
}
