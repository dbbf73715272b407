import { splitTemplate } from '../../key-template';
import type { RecordKey } from '../../own-records';
import { type Reader, text } from '../readers';
import { columnName } from './record-words';

const hole = /^(?<name>[^:*]+?)(?<rest>\*)?(?::(?<type>.*))?$/;

/**
 * `user:{id:int}`, `file:{path*}`: the literal that all keys begin with, then parts, which are columns of the table.
 * @param hasItems the key holds several records, and so may be a single one without parts: `scores`
 */
export const recordKey =
  (hasItems: boolean): Reader<RecordKey> =>
  (value) => {
    const written = text(value);
    if (written === null) return null;
    const read = parse(written, hasItems);
    return typeof read === 'string' ? value.refuse(read) : read;
  };

function parse(written: string, hasItems: boolean): RecordKey | string {
  const split = splitTemplate(written);
  if (typeof split === 'string') return split;
  const { prefix, holes } = split;
  const parts: RecordKey['parts'][number][] = [];
  for (const [at, { inside, after }] of holes.entries()) {
    const { name, rest, type = 'text' } = hole.exec(inside)?.groups ?? {};
    if (name === undefined) return `{${inside}} is no part of a key: write {id}, {id:int} or {rest*}`;
    if (type !== 'text' && type !== 'int') return `{${inside}}: a part of a key is text or int`;
    const wrong = columnName(name.trim());
    if (wrong !== undefined) return `{${inside}}: ${wrong}`;
    if (parts.some(({ column }) => column === name)) return `"${written}" names {${name}} twice`;
    if (rest !== undefined && at < holes.length - 1)
      return `{${inside}}: only the last part can be the rest of the key`;
    if (rest !== undefined && type === 'int') return `{${inside}}: the rest of a key is text`;
    parts.push({ column: name.trim(), type, rest: rest !== undefined, after });
  }
  if (parts.length === 0 && !hasItems)
    return `"${written}" has no part that tells its records apart: write one in braces, as in "user:{id}"`;
  if (/\s/.test(prefix))
    return `"${written}": what keys begin with has no spaces, for Redis' users are granted it`;
  return { prefix, parts };
}
