/** How live a page is. Never a bare colour: a dot and a word. */
export type LiveWord = "Live" | "Paused" | "Connecting" | "Reconnecting" | "Offline";

const dots: Record<LiveWord, string> = {
  Live: "bg-good",
  Paused: "bg-note",
  Connecting: "bg-control",
  Reconnecting: "bg-caution",
  Offline: "bg-bad",
};

export function LiveState({ word }: { word: LiveWord }) {
  return (
    <span role="status" className="inline-flex items-center gap-1.5 text-text-2" data-live={word}>
      <span aria-hidden="true" className={`size-2 rounded-full ${dots[word]}`} />
      {word}
    </span>
  );
}
