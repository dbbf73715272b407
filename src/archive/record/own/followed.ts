import type { Found } from '../found';
import { bornAs, itemValue } from './own-row';
import { createdOf, md5, type Row } from '../row';

/**
 * What millrace.followed knows a row by. @param id the part of its key after the prefix @param told what tells it from the other rows of
 * the key, as its column holds it; undefined: the key has no others
 */
export const followedAs = (id: Buffer, told: string | undefined): string =>
  told === undefined ? md5(id) : md5(Buffer.concat([followedStart(id), Buffer.from(told)]));

/** What comes before that in what is digested. */
export const followedStart = (id: Buffer): Buffer => Buffer.concat([Buffer.from(`${id.length} `), id]);

/** The same of a row. */
export const followedRow = ({ found, own }: Row): string => followedAs(found.id, own?.told);

/** The same of a record that can be a row. */
export const followedRecord = (found: Found): string => {
  const { kind, id, values } = found;
  if (kind.created !== undefined) return followedAs(id, bornAs(createdOf(found, kind.created)));
  return followedAs(id, kind.own?.item && itemValue(kind.own.item, values[0]));
};
