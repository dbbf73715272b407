import type { Catalogue, KindName } from '../../mapping/kinds';

/** A longer key is nobody's record: the mirror and the passes, which hold thousands of keys at a time, skip it. */
export const mostKeyBytes = 16 * 1024;

export const keyOf = (kind: KindName, id: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`aidb:${kind}:`), id]);

/** The record that a key names, without `aidb:`, in latin1; undefined for keys of no record. */
export function recordOf(
  catalogue: Catalogue,
  key: string,
): { readonly kind: KindName; readonly id: string } | undefined {
  const colon = key.indexOf(':');
  if (colon < 0) return undefined;
  const kind = catalogue.get(key.slice(0, colon));
  if (kind === undefined) return undefined;
  const id = key.slice(colon + 1);
  if (kind.aside !== undefined && isAside(kind.aside, id)) return undefined;
  return { kind: kind.name, id };
}

const isAside = (aside: string, id: string): boolean =>
  aside.startsWith('*') ? id.endsWith(aside.slice(1)) : id === aside;
