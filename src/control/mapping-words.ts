import type { Config } from '../config/load';
import { shownDocuments, shownRecords } from '../config/shown';
import { type Shown, writeDocuments } from '../mapping/file/write-documents';
import { isOwn, type Kind, type OwnKind } from '../mapping/kinds';
import { recordWordsOf } from '../mapping/file/records/write-records';
import type { PipelineName } from '../config/names';

/** What a mapping is, whatever becomes of it. */
export interface MappingWords {
  readonly name: string;
  readonly pipeline: PipelineName;
  readonly form: 'alias table' | 'document' | 'record';
  /** Its key template. */
  readonly keys: string;
  /** Of SQLite, or for a record of Postgres. For a SELECT the one that has a row for each key. */
  readonly table: string;
  /** All of it, as a file of mappings has it; of a built-in kind, its columns. */
  readonly text: () => string;
}

type Mapped = Pick<Config, 'aliasTables' | 'documents' | 'catalogue' | 'mappingsFile'>;

/** All mappings in force: alias tables, documents, records. */
export function mappingWords(config: Mapped): readonly MappingWords[] {
  const aliases = new Set(config.aliasTables.map(({ type }) => type));
  const records = new Map(shownRecords(config).map(({ record, from }) => [record.name, from]));
  return [
    ...shownDocuments(config).map((shown): MappingWords => {
      const { name, key, rows } = shown.document;
      const form = aliases.has(name) ? 'alias table' : 'document';
      return {
        name,
        pipeline: 'aliases',
        form,
        keys: key.text,
        table: rows.table,
        text: () => asFile([shown]),
      };
    }),
    ...[...config.catalogue.values()].map((kind): MappingWords => {
      const { name, table } = kind;
      const own = { name, pipeline: 'archive', form: 'record', table } as const;
      if (!isOwn(kind)) return { ...own, keys: templateOf(kind), text: () => columnsOf(kind) };
      const from = records.get(name) ?? '';
      return {
        ...own,
        keys: String(recordWordsOf(kind).get('key')),
        text: () => asFile([], [{ record: kind, from }]),
      };
    }),
  ];
}

const asFile = (documents: readonly Shown[], records: readonly { record: OwnKind; from: string }[] = []) =>
  writeDocuments(documents, [], records)
    .replace(/^version: 1\n/, '')
    .trimEnd();

/** As a template would say it. */
function templateOf({ parents, series, identity, ...kind }: Kind): string {
  const named = parents.filter(({ from }) => typeof from === 'number').map(({ column }) => column);
  const holes = identity === 'keyed' ? [...named, ...(series?.key ?? [])] : ['id'];
  return kind.prefix + holes.map((hole) => `{${hole}}`).join(':');
}

/** A line for each column: its name, its field if that has another one, and how its text is read. */
function columnsOf({ table, shape, parents, columns }: Kind): string {
  const holds = {
    hash: 'a hash, one row',
    fields: 'a hash, a row for each field',
    members: 'a sorted set, a row for each member',
    object: 'a string of JSON, one row',
    text: 'a string, one row',
    items: 'a row for each of what it has',
    entries: 'a stream, a row for each entry',
  };
  return [
    '# ai-registry, built in',
    `${holds[shape]} of ${table}`,
    ...parents.map(
      ({ column, kind, optional }) =>
        `  ${column}: of the ${kind}${optional === true ? ', if it has one' : ''}`,
    ),
    ...columns.map(
      ({ column, field, decoder, required }) =>
        `  ${column}: ${decoder}${required === true ? '!' : ''}${field === column ? '' : ` from ${field}`}`,
    ),
  ].join('\n');
}
