import type { DocumentMapping, KeyTemplate, SelectRows, TableRows, Watch } from '../documents';
import { parseTemplate } from '../key-template';
import { forms, readForm } from './form';
import { type Fields, fieldsOf, mapOf, type Reader, text, whole, word } from './readers';
import { readSection } from './section';
import { expression, select } from './sql-text';
import type { Entry, Placed, Section, Value } from './value';
import { watchOf } from './watches';

/** Some decades: Redis takes what a key's time is to come to as a number of milliseconds. */
const maxTtl = 2_000_000_000;

/** The words of a document. */
export const documentWords = ['from', 'where', 'sql', 'watch', 'key', ...forms, 'ttl'] as const;
type Words = Fields<(typeof documentWords)[number]>;

/** The section `documents` of a file of mappings: docs/11-mappings.md. */
export const readDocuments: Section<DocumentMapping> = (section) => readSection(section, readDocument);

function readDocument({ key: name, at, value }: Entry): Placed<DocumentMapping> | null {
  const words = fieldsOf(value, documentWords);
  if (words === null) return null;
  const key = words.required('key', template);
  const form = readForm(words, value);
  const ttl = words.optional('ttl', whole(1, maxTtl));
  const source = key === null ? null : readSource({ words, document: value, key });
  if (key === null || form === null || ttl === null || source === null) return null;
  return {
    name,
    prefix: key.prefix,
    at,
    keyAt: words.value('key') ?? at,
    mapping: { name, key, form, ttl, ...source },
  };
}

const template: Reader<KeyTemplate> = (value) => {
  const written = text(value);
  if (written === null) return null;
  const parsed = parseTemplate(written);
  return typeof parsed === 'string' ? value.refuse(parsed) : parsed;
};

interface Asked {
  readonly words: Words;
  readonly document: Value;
  readonly key: KeyTemplate;
}

type Source = Pick<DocumentMapping, 'rows' | 'watch'>;

/** Where the rows come from: a table, or a SELECT. */
function readSource(asked: Asked): Source | null {
  const { words, document } = asked;
  const [table, sql] = [words.value('from'), words.value('sql')];
  if (table === undefined && sql === undefined)
    return document.refuse('needs from (a table) or sql (a SELECT): where its rows come from');
  if (table !== undefined && sql !== undefined) return document.refuse('has from and sql: keep one of them');
  return sql === undefined ? fromTable(asked) : fromSelect(asked);
}

/** A table is watched by the columns of the key; further ones, which `where` may read, as `watch` says. */
function fromTable({ words, document, key }: Asked): Source | null {
  const table = words.required('from', word);
  const where = words.optional('where', expression);
  const more = words.optional('watch', mapOf(watchOf(key), 'tables'));
  if (table === null || where === null || more === null) return null;
  const again = more?.find((watch) => watch.table === table && watch.select === undefined);
  if (again !== undefined)
    return (words.value('watch') ?? document).refuse(
      `names ${table}, which is watched already, as the rows are from it`,
    );
  const rows: TableRows = { table, where };
  const own: Watch = { table, by: key.parts.map(({ column }) => column), select: undefined };
  return { rows, watch: [own, ...(more ?? [])] };
}

function fromSelect({ words, document, key }: Asked): Source | null {
  words.value('where')?.refuse('stands beside sql: write it into the SELECT');
  const sql = words.required('sql', select);
  if (words.value('watch') === undefined)
    return document.refuse(
      'needs watch beside sql: which tables the SELECT reads, and which of their columns are the key',
    );
  const watch = words.required('watch', mapOf(watchOf(key), 'tables'));
  if (sql === null || watch === null) return null;
  const walked = watch.find(({ select }) => select === undefined);
  if (walked === undefined)
    return (words.value('watch') ?? document).refuse(
      'needs a table that has a row for each key, by its columns (`teams: id`), beside those with a SELECT: a full pass walks it',
    );
  const rows: SelectRows = { sql, table: walked.table };
  return { rows, watch };
}
