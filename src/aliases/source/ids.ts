const plain = /^[\w-]*$/;
const plainInteger = /^(0|-?[1-9]\d*)$/;

/** Integers first, by value (as text, since ids may pass 2^53), then everything else by code unit. */
export function compareIds(a: string, b: string): number {
  const aIsInteger = plainInteger.test(a);
  if (aIsInteger !== plainInteger.test(b)) return aIsInteger ? -1 : 1;
  if (aIsInteger) {
    const sign = Number(b.startsWith('-')) - Number(a.startsWith('-'));
    if (sign !== 0) return sign;
    if (a.length !== b.length) return a.startsWith('-') ? b.length - a.length : a.length - b.length;
    if (a.startsWith('-')) return a < b ? 1 : a > b ? -1 : 0;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The value of an alias key: a compact JSON array of the distinct ids in a fixed order; '' (no key) when there are none. */
export function renderIds(ids: readonly string[]): string {
  const [first] = ids;
  if (first === undefined) return '';
  // Nearly all of them: one id without a character to escape.
  if (ids.length === 1) return plain.test(first) ? `["${first}"]` : JSON.stringify([first]);
  return JSON.stringify([...new Set(ids)].sort(compareIds));
}
