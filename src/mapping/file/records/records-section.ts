import { ownNameForm } from '../../kinds';
import { markColumn } from '../../own-key';
import type { RecordColumn, RecordKey, RecordMapping } from '../../own-records';
import { choice, fieldsOf, listOf, literal, mapOf, type Reader, word } from '../readers';
import { recordKey } from './record-key';
import { type ReadParent, recordColumn, recordParent, tableName } from './record-words';
import { checkParents, type ReadRecord } from './record-parents';
import { readSection } from '../section';
import type { Entry, Placed, Section, Value } from '../value';

/** Words of the design that nothing does yet. */
const later = [
  'string',
  'set',
  'zset',
  'list',
  'each',
  'columns',
  'identity',
  'on_conflict',
  'retention',
  'append_only',
] as const;

/** The words of a record. */
export const recordWords = [
  'key',
  'table',
  'hash',
  'json',
  'none',
  'parents',
  'unique',
  'on_delete',
  ...later,
] as const;

/** The section `records` of a file of mappings: docs/11-mappings.md. */
export const readRecords: Section<RecordMapping> = (section) => {
  const read = readSection(section, readRecord);
  checkParents(read);
  checkTables(read);
  return read.map(
    ({ mapping: { name, table, key, holds, columns, parents, unique, none, onDelete }, ...placed }) => ({
      ...placed,
      mapping: {
        ...{ name, table, key, holds, columns, unique, none, onDelete },
        parents: parents.map(({ column, record, from }) => ({ column, record, from })),
      },
    }),
  );
};

function readRecord({ key: name, at, value }: Entry): Placed<ReadRecord> | null {
  const words = fieldsOf(value, recordWords);
  if (words === null) return null;
  if (!ownNameForm.test(name)) at.refuse('the name of a record is not too-large, and has no - at either end');
  for (const word of later) words.value(word)?.refuse('is not served yet: leave it out');
  const key = words.required('key', recordKey);
  const table = words.required('table', tableName);
  const [hash, json] = [words.value('hash'), words.value('json')];
  if (hash !== undefined && json !== undefined)
    return value.refuse('has hash and json: a key holds one of them; write two records');
  const holds = json === undefined ? 'hash' : 'json';
  const columns =
    hash === undefined && json === undefined
      ? value.refuse('needs hash or json: what a key holds, and as which columns')
      : words.required(holds, mapOf(recordColumn, 'columns'));
  const none = words.optional('none', literal);
  const parents = words.optional('parents', mapOf(recordParent, 'columns')) ?? [];
  const unique = words.optional('unique', uniques);
  const onDelete = words.optional('on_delete', onDeletes);
  const tableAt = words.value('table');
  if (key === null || table === null || columns === null || none === null) return null;
  if (onDelete === null || unique === null) return null;
  if (tableAt === undefined || !areApart({ key, columns, parents, unique: unique ?? [], onDelete }, value))
    return null;
  return {
    ...{ name, prefix: key.prefix, at, keyAt: words.value('key') ?? at },
    mapping: {
      ...{ name, table, key, holds, columns, parents, none, tableAt },
      ...{ unique: unique ?? [], onDelete: onDelete ?? 'keep' },
    },
  };
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

interface Columns {
  readonly key: RecordKey;
  readonly columns: readonly RecordColumn[];
  readonly parents: readonly ReadParent[];
  readonly unique: RecordMapping['unique'];
  readonly onDelete: RecordMapping['onDelete'] | undefined;
}

/** Refuses a record of which two words fill one column. */
function areApart({ key, columns, parents, unique, onDelete }: Columns, record: Value): boolean {
  const unknown = parents.find(
    ({ from }) => 'part' in from && key.parts.every(({ column }) => column !== from.part),
  );
  if (unknown !== undefined) {
    unknown.at.refuse(
      `its id is no part of the key, which has ${key.parts.map(({ column }) => `{${column}}`).join(', ')}`,
    );
    return false;
  }
  const replaced = parents.flatMap(({ from }) => ('part' in from ? [from.part] : []));
  const all = [
    ...key.parts.map(({ column }) => column).filter((column) => !replaced.includes(column)),
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
    `fills the column ${twice} twice: the parts of the key, parents, hash or json, and on_delete: mark (${markColumn}) each have their own`,
  );
  return false;
}

/** A table has the records of one mapping: another one's would be of other keys. */
function checkTables(read: readonly Placed<ReadRecord>[]): void {
  const owners = new Map<string, string>();
  for (const { name, mapping } of read) {
    const other = owners.get(mapping.table);
    if (other !== undefined)
      mapping.tableAt.refuse(`${mapping.table} has the records of ${other}: a table is for one mapping`);
    owners.set(mapping.table, other ?? name);
  }
}
