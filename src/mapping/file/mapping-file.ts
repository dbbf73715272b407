import type { DocumentMapping } from '../documents';
import { readDocuments } from './documents-section';
import type { RecordMapping } from '../own-records';
import { parseYaml } from './parse-yaml';
import { choice, fieldsOf, listOf, type Reader, whole } from './readers';
import { readBuiltInRecords, readRecords } from './records/records-section';
import { checkClaims, type Claim } from './rules';
import type { Placed, Problem, Section } from './value';

/** What a file may include: files in `mappings/`. */
export const includable = ['sports-aliases', 'sports-entities', 'ai-registry'] as const;
export type Included = (typeof includable)[number];

/** What a file says. */
export interface MappingFile {
  readonly include: readonly Included[];
  readonly documents: readonly Placed<DocumentMapping>[];
  readonly records: readonly Placed<RecordMapping>[];
}

export type ReadFile = MappingFile | { readonly problems: readonly Problem[] };

/** The words of the file itself. */
export const fileWords = ['version', 'include', 'documents', 'records'] as const;

/**
 * Reads the text of a file of mappings.
 * @param file what it is called in problems @param takenBy what the included mappings have for themselves
 * @returns what it says, or everything that is wrong with it, in the order of the file
 */
export const readMappingFile = (
  source: string,
  file: string,
  takenBy: (include: readonly Included[]) => readonly Claim[] = () => [],
): ReadFile =>
  readFile(source, file, readRecords, ({ include, documents, records }) => {
    const taken = takenBy(include);
    checkClaims([...documents, ...records], taken);
    for (const { at, mapping } of records) {
      const other = taken.find(({ table }) => table === mapping.table);
      if (other !== undefined)
        at.refuse(`table ${mapping.table} has the records of ${other.name}: a table is for one mapping`);
    }
  });

/** Reads a file that is shipped: its records may have what the tables of the archive are made for. */
export const readBuiltInFile = (source: string, file: string): ReadFile =>
  readFile(source, file, readBuiltInRecords, ({ documents, records }) =>
    checkClaims([...documents, ...records], []),
  );

function readFile(
  source: string,
  file: string,
  recordsOf: Section<RecordMapping>,
  check: (read: MappingFile) => void,
): ReadFile {
  const { value, problems } = parseYaml(source, file);
  const fields = value === undefined ? null : fieldsOf(value, fileWords);
  if (fields === null) return { problems: problems.all() };
  fields.required('version', first);
  const include = fields.optional('include', included) ?? [];
  const documents = fields.optional('documents', readDocuments) ?? [];
  const records = fields.optional('records', recordsOf) ?? [];
  const read = { include, documents, records };
  check(read);
  return problems.none ? read : { problems: problems.all() };
}

const first: Reader<number> = (value) =>
  value.kind === 'number' && value.number !== 1
    ? value.refuse('must be 1: a later one is for a later Millrace')
    : whole(1, 1)(value);

const included: Reader<readonly Included[]> = (value) => {
  if (value.kind === 'list' && value.items.length === 0) return [];
  const names = listOf(choice(...includable), 'mappings')(value);
  const twice = names?.find((name, at) => names.indexOf(name) !== at);
  return twice === undefined ? names : value.refuse(`names ${twice} twice`);
};
