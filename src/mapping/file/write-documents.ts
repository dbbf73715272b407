import { Document, Pair, visit, YAMLMap } from 'yaml';
import type { DocumentForm, DocumentMapping, Watch } from '../documents';
import { isOwn, type Kind } from '../kinds';
import { identifiedWordsOf } from './records/write-identified';
import { recordWordsOf } from './records/write-records';

/** A mapping, and what stands above it as a comment: where it is from. */
export interface Shown {
  readonly document: DocumentMapping;
  readonly from: string;
}

/** All but ends of lines. */
const control = /[^\P{Cc}\n]/u;

/** Mappings as a file has them; read again, they are the same. @param records and where they are from */
export function writeDocuments(
  shown: readonly Shown[],
  include: readonly string[],
  records: readonly { readonly record: Kind; readonly from: string }[] = [],
): string {
  const file = new Document({ version: 1, ...(include.length === 0 ? {} : { include }) });
  const section = (word: string, mappings: readonly Written[]): void => {
    const all = new YAMLMap(file.schema);
    for (const { name, from, words } of mappings) {
      const named = file.createNode(name);
      named.commentBefore = ` ${from}`;
      all.items.push(new Pair(named, file.createNode(words)));
    }
    if (mappings.length > 0) file.set(word, all);
  };
  section(
    'documents',
    shown.map(({ document, from }) => ({ name: document.name, from, words: wordsOf(document) })),
  );
  section(
    'records',
    records.map(({ record, from }) => ({
      name: record.name,
      from,
      words: isOwn(record) ? recordWordsOf(record) : identifiedWordsOf(record),
    })),
  );
  visit(file, {
    Seq: (_key, list) => {
      list.flow = true;
    },
    Scalar: (_key, scalar) => {
      // Otherwise a tab would stand there as it is, which a terminal is not shown.
      if (control.test(String(scalar.value))) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return file.toString({ lineWidth: 0, flowCollectionPadding: false });
}

interface Written {
  readonly name: string;
  readonly from: string;
  readonly words: Words;
}

/** In order, whatever the keys are: an object would put `9` before `a`. */
type Words = ReadonlyMap<string, unknown>;

/** The words of a document, in the order in which people write them. */
const wordsOf = ({ key, form, ttl, rows, watch }: DocumentMapping): Words => {
  const select = 'sql' in rows;
  // The first table that a document of a table watches is that one.
  const watched = select ? watch : watch.slice(1);
  return new Map<string, unknown>([
    ...(select ? [] : ([['from', rows.table]] as const)),
    ['key', key.text],
    formOf(form),
    ...(select || rows.where === undefined ? [] : ([['where', rows.where]] as const)),
    ...(ttl === undefined ? [] : ([['ttl', ttl]] as const)),
    ...(select ? ([['sql', rows.sql]] as const) : []),
    ...(watched.length === 0 ? [] : ([['watch', new Map(watched.map(watchOf))]] as const)),
  ]);
};

function formOf(form: DocumentForm): readonly [string, unknown] {
  switch (form.type) {
    case 'json':
    case 'hash': {
      const { fields } = form;
      const plain = fields.every(({ name, column, json }) => name === column && !json);
      if (plain) return [form.type, fields.map(({ name }) => name)];
      const columns = fields.map(
        ({ name, column, json }) => [name, json ? { column, type: 'json' } : column] as const,
      );
      return [form.type, new Map<string, unknown>(columns)];
    }
    case 'string':
    case 'list':
    case 'set':
      return [form.type, form.column];
    case 'zset':
      return ['zset', { member: form.member, score: form.score }];
  }
}

function watchOf({ table, by, select }: Watch): readonly [string, unknown] {
  if (select === undefined) return [table, by.length === 1 ? by[0] : by];
  return [table, by.length === 0 ? select : { by, select }];
}
