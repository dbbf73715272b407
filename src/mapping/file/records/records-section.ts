import { ownNameForm } from '../../kinds';
import { identityTypes, markColumn } from '../../own-key';
import { isIdentityType, type RecordColumn, type RecordKey, type RecordMapping } from '../../own-records';
import { eachOf, isEach, itemWord, wholes } from '../../record-forms';
import { choice, type Fields, fieldsOf, flag, listOf, literal, mapOf, type Reader, word } from '../readers';
import { identifiedWords } from './identified-words';
import { readBorn } from './read-born';
import { readIdentified } from './read-identified';
import { recordKey } from './record-key';
import { days, itemColumn, type ReadParent, recordColumn, recordParent, tableName } from './record-words';
import { checkParents, type ReadRecord } from './record-parents';
import { readSection } from '../section';
import type { Entry, Placed, Section, Value } from '../value';

/** The words of a record. */
export const recordWords = [
  'key',
  'table',
  'hash',
  'json',
  'string',
  'each',
  'columns',
  'none',
  'parents',
  'unique',
  'on_conflict',
  'on_delete',
  'append_only',
  'retention',
  ...identifiedWords,
] as const;

type Words = Fields<(typeof recordWords)[number]>;

/** @param builtIn whether it is shipped: its records may be told in ways for which the tables are made by migrations */
const recordsReader =
  (builtIn: boolean): Section<RecordMapping> =>
  (section) => {
    const read = readSection(section, readRecord(builtIn));
    checkParents(read);
    checkTables(read);
    return read.map((placed) => ({ ...placed, mapping: withoutPlaces(placed.mapping) }));
  };

/** The section `records` of a file of mappings: docs/11-mappings.md. */
export const readRecords = recordsReader(false);
/** The same of a file that is shipped. */
export const readBuiltInRecords = recordsReader(true);

function withoutPlaces({ said, parents }: ReadRecord): RecordMapping {
  return { ...said, parents: parents.map(({ column, record, from }) => ({ column, record, from })) };
}

const readRecord =
  (builtIn: boolean) =>
  ({ key: name, at, value }: Entry): Placed<ReadRecord> | null => {
    const words = fieldsOf(value, recordWords);
    if (words === null) return null;
    if (!ownNameForm.test(name))
      at.refuse('the name of a record is not too-large, and has no - at either end');
    const key = words.required('key', recordKey(words.value('each') !== undefined));
    const table = words.required('table', tableName);
    const contents = readContents(words, value);
    const none = words.optional('none', literal);
    const parents = words.optional('parents', mapOf(recordParent, 'columns')) ?? [];
    const unique = words.optional('unique', uniques);
    const onDelete = words.optional('on_delete', onDeletes);
    const onConflict = words.optional('on_conflict', choice('skip', 'overwrite', 'merge'));
    const appendOnly = words.optional('append_only', flag);
    const retention = words.optional('retention', days);
    const tableAt = words.value('table');
    if (key === null || table === null || contents === null || none === null) return null;
    if (onDelete === null || unique === null || onConflict === null || appendOnly === null) return null;
    if (retention === null || tableAt === undefined) return null;
    const { columns } = contents;
    const isTold = builtIn && words.value('identity') !== undefined;
    // Its key is not in its table, but for its parents, and what its members have as well.
    const inTable = isTold ? key.parts.filter(({ column }) => isNamed(parents, column)) : key.parts;
    if (!areApart({ parts: inTable, columns, parents, unique: unique ?? [], onDelete }, value)) return null;
    const said: ReadRecord['said'] = {
      ...{ name, table, key, ...contents, none },
      ...{ unique: unique ?? [], onDelete: onDelete ?? 'keep', onConflict },
      ...{ appendOnly: appendOnly ?? false, retentionDays: retention },
    };
    checkEnds(said, words);
    const told = { ...said, parents };
    const identified = builtIn ? readIdentified(words, told) : undefined;
    const born = builtIn ? undefined : readBorn(words, told);
    if (identified === null || born === null) return null;
    const identity = { ...(identified && { identified }), ...(born === undefined ? {} : { born }) };
    const mapping = { said: { ...said, ...identity }, parents, tableAt };
    const single = key.parts.length === 0;
    const { prefix, parts } = key;
    return { ...{ name, prefix, single, parts, at, keyAt: words.value('key') ?? at }, mapping };
  };

/** What a key holds, and as which columns. */
function readContents(words: Words, record: Value): Pick<RecordMapping, 'holds' | 'columns'> | null {
  const given = ([...wholes, 'each'] as const).filter((word) => words.value(word) !== undefined);
  const [word, second] = given;
  if (word === undefined)
    return record.refuse(
      'needs hash, json, string, or each with columns: what a key holds, and as which columns',
    );
  if (second !== undefined)
    return record.refuse(`has ${given.join(' and ')}: a key holds one of them; write two records`);
  if (word !== 'each') {
    words.value('columns')?.refuse(`is for each: ${word} names the columns itself`);
    const columns = words.required(word, mapOf(recordColumn, 'columns'));
    if (columns === null || word !== 'string') return columns && { holds: word, columns };
    if (columns.length > 1) return record.refuse('string names one column, for a string is one value');
    return { holds: word, columns: columns.map((column) => ({ ...column, field: '$value' })) };
  }
  const each = words.required('each', choice(...eachOf));
  if (each === null) return null;
  const columns = words.required('columns', mapOf(itemColumn(each), 'columns'));
  if (columns === null) return null;
  if (each === 'member' && words.value('identity') !== undefined) return { holds: each, columns };
  const tellers = columns.filter(({ field }) => field === itemWord[each]);
  if (tellers.length !== 1)
    return record.refuse(
      `needs one column of ${itemWord[each]}, for it tells a record from the others of its key: as in columns: { ${each}: ${itemWord[each]} }`,
    );
  const [{ column, type } = { column: '', type: 'text' as const }] = tellers;
  if (each === 'entry' && type !== 'text')
    return record.refuse(`${column}: $id is text, as in 1526919030474-55: give it no other type`);
  if (!isIdentityType(type))
    return record.refuse(
      `${column}: ${itemWord[each]} tells records apart, and has to be ${identityTypes.join(', ')}: of another type two of them could be one`,
    );
  return { holds: each, columns };
}

/** Refuses what cannot go together about the end of records. */
function checkEnds(
  { holds, onDelete, onConflict, appendOnly, retentionDays, columns }: ReadRecord['said'],
  words: Words,
): void {
  if (holds === 'entry' && onDelete !== 'keep')
    words.value('on_delete')?.refuse('is keep for entries of a stream: what is trimmed away was not deleted');
  if ((appendOnly || holds === 'entry') && (onConflict === 'overwrite' || onConflict === 'merge'))
    words
      .value('on_conflict')
      ?.refuse(
        'is skip where records are written once, as with append_only, and entries are: a row that is there stays',
      );
  if (retentionDays === undefined) return;
  const at = words.value('retention');
  if (isEach(holds)) at?.refuse('is for hash, json and string: a key goes when its record is old');
  if (!appendOnly) at?.refuse('needs append_only: true, for a record that may change is never done with');
  if (onDelete !== 'keep') at?.refuse('needs on_delete: keep, for what leaves Redis is to stay in Postgres');
  if (!columns.some(({ type }) => type === 'time'))
    at?.refuse('needs a column of type time: the first one says how old a record is');
}

const onDeletes: Reader<RecordMapping['onDelete']> = choice('keep', 'delete', 'mark');

/** `email`, or `[email, [first, last]]`: columns that are unique each, or together. */
const uniques: Reader<RecordMapping['unique']> = (value) => {
  const columns: Reader<readonly string[]> = (one) => {
    if (one.kind === 'list') return listOf(word, 'columns')(one);
    const column = word(one);
    return column === null ? null : [column];
  };
  if (value.kind === 'list') return listOf(columns, 'columns')(value);
  const alone = columns(value);
  return alone === null ? null : [alone];
};

const isNamed = (parents: readonly ReadParent[], part: string): boolean =>
  parents.some(({ from }) => 'part' in from && from.part === part);

interface Columns {
  readonly parts: readonly RecordKey['parts'][number][];
  readonly columns: readonly RecordColumn[];
  readonly parents: readonly ReadParent[];
  readonly unique: RecordMapping['unique'];
  readonly onDelete: RecordMapping['onDelete'] | undefined;
}

/** Refuses a record of which two words fill one column. */
function areApart({ parts, columns, parents, unique, onDelete }: Columns, record: Value): boolean {
  const unknown = parents.find(
    ({ from }) => 'part' in from && parts.every(({ column }) => column !== from.part),
  );
  if (unknown !== undefined) {
    unknown.at.refuse(
      `its id is no part of the key, which has ${parts.map(({ column }) => `{${column}}`).join(', ')}`,
    );
    return false;
  }
  const replaced = parents.flatMap(({ from }) => ('part' in from ? [from.part] : []));
  const all = [
    ...parts.map(({ column }) => column).filter((column) => !replaced.includes(column)),
    ...[...parents, ...columns].map(({ column }) => column),
    ...(onDelete === 'mark' ? [markColumn] : []),
  ];
  const twice =
    all.find((column, at) => all.indexOf(column) !== at) ??
    replaced.find((part, at) => replaced.indexOf(part) !== at);
  const nowhere = unique.flat().find((column) => !all.includes(column));
  if (nowhere !== undefined) {
    record.refuse(`unique names ${nowhere}, which is no column of it: there are ${all.join(', ')}`);
    return false;
  }
  if (twice === undefined) return true;
  record.refuse(
    `fills the column ${twice} twice: the parts of the key, parents, hash, json, string or columns, and on_delete: mark (${markColumn}) each have their own`,
  );
  return false;
}

/** A table has the records of one mapping: another one's would be of other keys. */
function checkTables(read: readonly Placed<ReadRecord>[]): void {
  const owners = new Map<string, string>();
  for (const { name, mapping } of read) {
    const other = owners.get(mapping.said.table);
    if (other !== undefined)
      mapping.tableAt.refuse(`${mapping.said.table} has the records of ${other}: a table is for one mapping`);
    owners.set(mapping.said.table, other ?? name);
  }
}
