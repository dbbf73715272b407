import { type Catalogue, type Kind, type KindName, ownKindsOf, prefixOf } from '../../mapping/kinds';
import { latin1, partsOf } from '../../mapping/own-key';

/** A longer key is nobody's record: the mirror and the passes, which hold thousands of keys at a time, skip it. */
export const mostKeyBytes = 16 * 1024;

export const keyOf = (kind: Pick<Kind, 'name' | 'own'>, id: Buffer): Buffer =>
  Buffer.concat([Buffer.from(prefixOf(kind)), id]);

/** What stands before a key that is not under `aidb:` where such keys come without that: see keyspace-pattern.ts. */
const foreignMark = ':';

/**
 * The record that a key names, in latin1; undefined for keys of no record. @param key without `aidb:`; a key that does not begin so is
 * whole, behind `foreignMark`
 */
export function recordOf(
  catalogue: Catalogue,
  key: string,
): { readonly kind: KindName; readonly id: string } | undefined {
  const colon = key.indexOf(':');
  if (colon < 0) return undefined;
  if (colon === 0) return ownRecordOf(catalogue, key.slice(foreignMark.length));
  const kind = catalogue.get(key.slice(0, colon));
  if (kind === undefined) return undefined;
  const id = key.slice(colon + 1);
  if (kind.aside !== undefined && isAside(kind.aside, id)) return undefined;
  return { kind: kind.name, id };
}

const isAside = (aside: string, id: string): boolean =>
  aside.startsWith('*') ? id.endsWith(aside.slice(1)) : id === aside;

/** The record of the user's own mappings that a whole key names. */
export function ownRecordOf(
  catalogue: Catalogue,
  key: string,
): { readonly kind: KindName; readonly id: string } | undefined {
  for (const { name, own } of ownKindsOf(catalogue)) {
    const prefix = latin1(own.prefix);
    if (!key.startsWith(prefix)) continue;
    const id = key.slice(prefix.length);
    if (partsOf(own, id) !== undefined) return { kind: name, id };
  }
  return undefined;
}

const registryPrefix = 'aidb:';

/** The record that a whole key names, of whichever kind. @param key latin1 */
export function recordOfKey(catalogue: Catalogue, key: string): ReturnType<typeof recordOf> {
  if (key.length > mostKeyBytes) return undefined;
  const own = ownRecordOf(catalogue, key);
  if (own !== undefined || !key.startsWith(registryPrefix)) return own;
  const rest = key.slice(registryPrefix.length);
  return rest.startsWith(foreignMark) ? undefined : recordOf(catalogue, rest);
}
