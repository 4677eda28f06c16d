/** Where the console's pages are, below `/console`. The only place that spells them. */
export const paths = {
  home: "/",
  login: "/login",
  requests: "/requests",
} as const;

/** Where to go after signing in. Only a place inside the console, never another site. */
export function safeReturn(place: unknown): string {
  return typeof place === "string" && /^\/(?![/\\])/.test(place) && !place.startsWith(paths.login)
    ? place
    : paths.requests;
}
