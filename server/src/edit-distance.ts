/** How many letters must be added, removed or changed to make one word of the other (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + change));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The known word that was probably meant, if one is near enough: a third of its letters may differ. */
export function nearest(given: string, known: Iterable<string>): string | undefined {
  if (given.length > 100) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const word of known) {
    const allowed = Math.max(2, Math.floor(word.length / 3));
    if (Math.abs(word.length - given.length) > allowed) continue;
    const distance = editDistance(given, word);
    if (distance > allowed || distance >= bestDistance) continue;
    best = word;
    bestDistance = distance;
  }
  return best;
}
