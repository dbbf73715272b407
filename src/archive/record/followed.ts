import type { Found } from './found';
import { itemValue } from './own-row';
import { md5, type Row } from './row';

/**
 * What millrace.followed knows a row by. @param id the part of its key after the prefix @param item what tells it from the others of the
 * key, as its column holds it; undefined: the key has no others
 */
export const followedAs = (id: Buffer, item: string | undefined): string =>
  item === undefined ? md5(id) : md5(Buffer.concat([Buffer.from(`${id.length} `), id, Buffer.from(item)]));

/** The same of a row. */
export const followedRow = ({ found, own }: Row): string => followedAs(found.id, own?.item);

/** The same of a record that can be a row. */
export const followedRecord = ({ kind: { own }, id, values: [first] }: Found): string =>
  followedAs(id, own?.item && itemValue(own.item, first));
