import { type Catalogue, isAside, type Kind, type KindName } from '../../mapping/kinds';
import { partsOf } from '../../mapping/own-key';
import { prefixTree, withPrefixOf } from './prefix-tree';

/** A longer key is nobody's record: the mirror and the passes, which hold thousands of keys at a time, skip it. */
export const mostKeyBytes = 16 * 1024;

export const keyOf = ({ prefix }: Pick<Kind, 'prefix'>, id: Buffer): Buffer =>
  Buffer.concat([Buffer.from(prefix), id]);

/** What follows the prefix in the key of a record, latin1. */
export const idIn = ({ prefix }: Pick<Kind, 'prefix'>, key: Buffer): string =>
  key.toString('latin1', Buffer.byteLength(prefix));

/** The record that a key names; undefined for keys of no record. @param key latin1, as the id is then */
export function recordOf(
  catalogue: Catalogue,
  key: string,
): { readonly kind: KindName; readonly id: string } | undefined {
  for (const { kind, prefix } of withPrefixOf(prefixTree(catalogue), key)) {
    const id = key.slice(prefix.length);
    if (kind.own === undefined ? !isAside(kind.aside, id) : partsOf(kind.own, id) !== undefined)
      return { kind: kind.name, id };
  }
  return undefined;
}
