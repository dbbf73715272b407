import type { RecordType } from '../mapping/record-forms';

/** A column that is proposed, and where its values are from. */
export interface ProposedColumn {
  readonly column: string;
  /** A field, or a word as `$member`. */
  readonly field: string;
  readonly type: RecordType;
  /** It is empty in some of them, where its type has no empty value: that means NULL. */
  readonly maybeEmpty: boolean;
}

/** @param values that were seen of it */
export const column = (
  name: string,
  field: string,
  { type, values = [] }: { readonly type: RecordType; readonly values?: readonly string[] },
): ProposedColumn => ({
  ...{ column: name, field, type },
  maybeEmpty: type !== 'text' && type !== 'bytes' && values.includes(''),
});

const mostBytes = 63;

/** What Postgres has in each table already. */
export const systemColumns = ['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'] as const;

/** What a field could be called in Postgres, without quotes, and as nothing else is called there. It is noted as taken. */
export function columnFor(field: string, taken: Set<string>): string {
  const word = field
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}_]+/gu, '_');
  const wanted = cut(word, mostBytes) || 'field';
  let column = wanted;
  for (let n = 2; taken.has(column); n++) {
    const end = `_${n}`;
    column = cut(wanted, mostBytes - end.length) + end;
  }
  taken.add(column);
  return column;
}

/** As many whole characters as fit. */
function cut(text: string, bytes: number): string {
  let [fitting, left] = ['', bytes];
  for (const character of text) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    fitting += character;
  }
  return fitting;
}

/** Why a field cannot be named in the file; undefined: it can. */
export function unfitField(field: string): string | undefined {
  if (field.trim() === '') return 'a field without a name';
  if (/\p{Cc}/u.test(field)) return 'a field with a control character in its name';
  if (/[\ufffd\p{Cs}]/u.test(field)) return 'a field whose name is not UTF-8';
  return field.startsWith('$') ? `the field ${field}, for words with $ are those of the file` : undefined;
}
