/** The word that was probably meant, if one is near enough. Pure. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((one) => ({ one, distance: editDistance(word, one) }))
    .sort((a, b) => a.distance - b.distance);
  return best === undefined || best.distance > Math.max(word.length, best.one.length) / 2
    ? undefined
    : best.one;
}

/** How many characters have to be inserted, deleted or changed (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_unused, index) => index);
  for (const [index, left] of Array.from(a).entries()) {
    const next = [index + 1];
    for (const [at, right] of Array.from(b).entries())
      next.push(
        Math.min((row[at] ?? 0) + (left === right ? 0 : 1), (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}
