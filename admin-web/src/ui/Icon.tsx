const strokes = {
  requests: "M2.5 4h11M2.5 8h11M2.5 12h6.5",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5v-2a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-2M3.5 5.5h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1z",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3l3.2 3.2",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2v9.6L12.5 8z",
  up: "M8 13V3M4 7l4-4 4 4",
  previous: "M10 3.5 5.5 8l4.5 4.5",
  next: "M6 3.5 10.5 8 6 12.5",
} as const;

/** One line set, 16 px, 1.5 px stroke. Always beside a word, or inside something that has a label. */
export function Icon({ name }: { name: keyof typeof strokes }) {
  return (
    <svg aria-hidden="true" width="16" height="16" viewBox="0 0 16 16" fill="none" className="shrink-0">
      <path d={strokes[name]} stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

/** The mark: a post with a raised bar. */
export function Mark() {
  return (
    <svg aria-hidden="true" width="18" height="18" viewBox="0 0 16 16" className="shrink-0 text-accent">
      <rect x="2" y="4" width="3" height="10.5" rx="0.75" fill="currentColor" />
      <path d="M4.6 6.6 14 1.6l.7 1.4-9.4 5z" fill="currentColor" />
    </svg>
  );
}
