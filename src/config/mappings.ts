import { resolve } from 'node:path';
import { describeError } from '../foundation/errors';
import { harmless } from '../foundation/harmless';
import { type AliasMapping, defaultMappings, keyPrefix } from '../mapping/alias-tables';
import type { DocumentMapping } from '../mapping/documents';
import { builtInDocuments } from '../mapping/file/built-in';
import { type Included, readMappingFile } from '../mapping/file/mapping-file';
import type { Claim } from '../mapping/file/rules';
import type { Problem } from '../mapping/file/value';
import { type Catalogue, catalogueOf, registryStart } from '../mapping/kinds';
import { recordKinds } from '../mapping/record-kinds';
import { type PipelineName, pipelineNames } from './names';
import { readStable } from './stable-file';

/** The file in the working folder that is read when none is named. */
export const mappingsFileName = 'millrace.yaml';

/** Which keys are kept in step with what: what is built in, and what a file adds to it or leaves out. */
export interface Mappings {
  readonly aliasTables: readonly AliasMapping[];
  readonly documents: readonly DocumentMapping[];
  readonly catalogue: Catalogue;
}

/** What is served without a file, or set beside one. */
export interface Settings {
  /** The tables of ALIAS_TABLES, which takes the place of sports-aliases; undefined: it is not set. */
  readonly aliasTables: readonly AliasMapping[] | undefined;
  /** The kinds of `ai-registry`. */
  readonly catalogue: Catalogue;
}

/** Without a file. */
const builtInMappings = ({ aliasTables = defaultMappings, catalogue }: Settings): Mappings => ({
  aliasTables,
  documents: [],
  catalogue,
});

/**
 * The mappings of a file, with what it includes.
 * @param file what it is called in problems @returns them, or all that is wrong with the file
 */
export function mappingsOf(
  text: string,
  file: string,
  settings: Settings,
): Mappings | { readonly problems: readonly Problem[] } {
  const read = readMappingFile(text, file, (include) => claimsOf(included(include, settings)));
  if ('problems' in read) return read;
  const { aliasTables, documents, catalogue } = included(read.include, settings);
  return {
    aliasTables,
    documents: [...documents, ...read.documents.map(({ mapping }) => mapping)],
    catalogue: catalogueOf([
      ...catalogue.values(),
      ...recordKinds(read.records.map(({ mapping }) => mapping)),
    ]),
  };
}

const included = (include: readonly Included[], { aliasTables, catalogue }: Settings): Mappings => ({
  aliasTables: aliasTables ?? (include.includes('sports-aliases') ? defaultMappings : []),
  documents: include.includes('sports-entities') ? builtInDocuments('sports-entities') : [],
  catalogue: include.includes('ai-registry') ? catalogue : catalogueOf([]),
});

/** The names of those that a file has by `include`, or that are served without one: whoever lacks their tables has done nothing wrong. */
export const builtInNames = ({
  aliasTables,
  documents,
}: Pick<Mappings, 'aliasTables' | 'documents'>): ReadonlySet<string> => {
  const entities = builtInDocuments('sports-entities');
  return new Set([
    ...(aliasTables === defaultMappings ? aliasTables.map(({ type }) => type) : []),
    ...documents.filter((document) => entities.includes(document)).map(({ name }) => name),
  ]);
};

/** What the mappings have for themselves: the names and the keys that no other may have. */
const claimsOf = ({ aliasTables, documents, catalogue }: Mappings): readonly Claim[] => [
  ...aliasTables.map(({ type }) => ({ name: type, prefix: keyPrefix(type) })),
  ...documents.map(({ name, key }) => ({ name, prefix: key.prefix })),
  // The registry has keys beside its records: counters, indexes.
  ...[...catalogue.values()].map(({ name, table }) => ({ name, prefix: registryStart(catalogue), table })),
];

/** The pipelines that have something to do: a file may leave one without any mapping. */
export function mappedPipelines({ aliasTables, documents, catalogue }: Mappings): readonly PipelineName[] {
  const mapped = { aliases: aliasTables.length + documents.length > 0, archive: catalogue.size > 0 };
  return mapped.aliases && mapped.archive ? pipelineNames : pipelineNames.filter((name) => mapped[name]);
}

/** What is wrong when there is nothing to do. @param only the pipeline that is asked for */
export const nothingMapped = (path: string, only: PipelineName | undefined): string => {
  const what = {
    aliases: 'documents and includes no alias tables',
    archive: 'records and does not include ai-registry',
  };
  const asked = { aliases: 'cache', archive: 'archive' };
  return `${harmless(path)} ${only === undefined ? noMappings : `has no ${what[only]}, and only ${asked[only]} is to run`}`;
};

/** What is wrong with a file that maps nothing. */
export const noMappings = 'has no mappings: write documents or records, or include what is built in';

/** The mappings that are in force, and where they are from. */
export interface Loaded {
  readonly mappings: Mappings;
  /** The file that was read, be it right or wrong; undefined: none was. */
  readonly file: MappingsFile | undefined;
  readonly problems: readonly string[];
}

/** A file of mappings as it was when it was read. */
export interface MappingsFile {
  readonly path: string;
  readonly mtimeMs: number;
}

/** @param path of the file; undefined: none. @param named how it was named, as `--config="x.yaml"` */
export function loadMappings(path: string | undefined, named: string, settings: Settings): Loaded {
  const without = { mappings: builtInMappings(settings), file: undefined };
  if (path === undefined) return { ...without, problems: [] };
  try {
    const { text, mtimeMs } = readStable(path);
    const read = mappingsOf(text, path, settings);
    const file = { path: resolve(path), mtimeMs };
    return 'problems' in read
      ? { ...without, file, problems: read.problems.map(problemLine) }
      : { mappings: read, file, problems: [] };
  } catch (error) {
    return { ...without, problems: [`${named} cannot be read: ${describeError(error).message}`] };
  }
}

/** The mappings of a program that gives them as an object instead of a file. */
export function givenMappings(text: string, settings: Settings): Loaded {
  const read = mappingsOf(text, 'mappings', settings);
  if (!('problems' in read)) return { mappings: read, file: undefined, problems: [] };
  const problems = read.problems.map(({ message }) => `mappings: ${message}`);
  return { mappings: builtInMappings(settings), file: undefined, problems };
}

/** As compilers write it, and editors understand it. */
export const problemLine = ({ file, line, column, message }: Problem): string =>
  `${harmless(file)}:${line}:${column}: ${message}`;
