import type { AliasFile, AliasStores } from '../../config/load';
import { documentHashes, fingerprint, setFingerprint } from '../../mapping/fingerprint';
import type { SourceOptions } from './source';

/** How the file of the settings is opened. */
export const sourceOptions = ({ dbPath, aliasTables, documents, aliasCase }: AliasFile): SourceOptions => ({
  path: dbPath,
  mappings: aliasTables,
  documents,
  aliasCase,
});

/** All mappings of the settings, as one; `since` 0: they are of no file. */
export const mappingSet = ({ aliasTables, documents, mappingsFile }: AliasStores) => ({
  hash: setFingerprint(
    Object.fromEntries([
      ...aliasTables.map((table) => [table.type, fingerprint(table)] as const),
      ...documentHashes(documents),
    ]),
  ),
  since: Math.round(mappingsFile?.mtimeMs ?? 0),
});
