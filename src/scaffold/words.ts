const noPlural = /(?:ss|us|is|alias|atlas|canvas|bias|gas|news|series|species)$/i;
const longPlural = /(?:ss|x|ch|sh|alias|status|campus|virus|bus)es$/i;

/** `customers` -> `customer`, `categories` -> `category`; a word that is no plural, or may be none, stays. */
export function singular(word: string): string {
  if (noPlural.test(word) || word.length < 3) return word;
  if (/[^aeiou]ies$/i.test(word)) return word.replace(/ies$/i, 'y');
  return word.replace(longPlural.test(word) ? /es$/i : /s$/i, '');
}

/** `user` -> `users`. A word that ends in s stays. */
export function plural(word: string): string {
  if (/s$/i.test(word)) return word;
  if (/[^aeiou]y$/i.test(word)) return word.replace(/y$/i, 'ies');
  return /(?:x|ch|sh)$/i.test(word) ? `${word}es` : `${word}s`;
}

const longestName = 64;

/** What a mapping may be called: letters, digits, _ and -; undefined if nothing of the text is. */
export function slug(text: string): string | undefined {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, longestName)
    .replace(/-+$/, '');
  return name === '' ? undefined : name;
}

/** The first of the names that nobody has, else the last one with a number. It is noted as taken. */
export function freeName(names: readonly string[], taken: Set<string>): string {
  const last = names.at(-1) ?? 'mapping';
  let name = names.find((one) => !taken.has(one));
  for (let n = 2; name === undefined; n++) {
    const end = `_${n}`;
    const numbered = `${last.slice(0, longestName - end.length)}${end}`;
    if (!taken.has(numbered)) name = numbered;
  }
  taken.add(name);
  return name;
}
