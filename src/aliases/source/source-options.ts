import type { AliasFile } from '../../config/load';
import type { SourceOptions } from './source';

/** How the file of the settings is opened. */
export const sourceOptions = ({ dbPath, aliasTables, documents, aliasCase }: AliasFile): SourceOptions => ({
  path: dbPath,
  mappings: aliasTables,
  documents,
  aliasCase,
});
