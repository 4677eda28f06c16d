/** One expression for all markers, which the engine searches in a single pass. Global, so it is searched from `lastIndex`. */
export function anyOf(markers: readonly string[]): RegExp {
  const escaped = markers.map((marker) => marker.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(escaped.length === 0 ? "(?!)" : escaped.join("|"), "g");
}

/** Where the next match begins; infinity when there is none. */
export function indexOf(expression: RegExp, text: string, from: number): number {
  expression.lastIndex = from;
  return expression.exec(text)?.index ?? Number.POSITIVE_INFINITY;
}
