// @ts-check
/**
 * Which of its pages the dashboard shows, as the address has it behind #: nothing is asked of the daemon for that.
 * @typedef {{ page: 'mapping', name: string } | { page: 'letters', kind: string } | { page: 'overview' }} Route
 */

/** @param {string} name */
export const hrefOf = (name) => `#/mappings/${encodeURIComponent(name)}`;

/** @param {string} kind */
export const lettersOf = (kind) => `#/letters/${encodeURIComponent(kind)}`;

export const overview = '#/';

/**
 * @param {string} hash
 * @returns {Route | undefined} undefined: a place in the page that is shown
 */
export function routeOf(hash) {
  const [, page, encoded = ''] = /^#\/(mappings|letters)\/([^/]+)$/.exec(hash) ?? [];
  const name = decoded(encoded);
  if (page === 'mappings') return { page: 'mapping', name };
  if (page === 'letters') return { page, kind: name };
  return hash === '' || hash.startsWith(overview) ? { page: 'overview' } : undefined;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
