import type { Config } from '../config/load';
import { shownDocuments, shownRecords } from '../config/shown';
import { type Shown, writeDocuments } from '../mapping/file/write-documents';
import { isOwn, type Kind } from '../mapping/kinds';
import { keyOf } from '../mapping/file/records/write-identified';
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
  /** All of it, as a file of mappings has it. */
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
      if (!isOwn(kind)) {
        const shown = [{ record: kind, from: 'ai-registry, built in' }];
        return { ...own, keys: withoutTypes(keyOf(kind)), text: () => asFile([], shown) };
      }
      const from = records.get(name) ?? '';
      return {
        ...own,
        keys: String(recordWordsOf(kind).get('key')),
        text: () => asFile([], [{ record: kind, from }]),
      };
    }),
  ];
}

const asFile = (documents: readonly Shown[], records: readonly { record: Kind; from: string }[] = []) =>
  writeDocuments(documents, [], records)
    .replace(/^version: 1\n/, '')
    .trimEnd();

/** `{id:int}` is `{id}`. */
const withoutTypes = (key: string): string => key.replace(/(?::int|\*)\}/g, '}');
