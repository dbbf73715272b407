import { readAsset } from '../../foundation/package-root';
import type { DocumentMapping } from '../documents';
import type { RecordMapping } from '../own-records';
import { type MappingFile, readBuiltInFile } from './mapping-file';

const known = new Map<string, readonly DocumentMapping[]>();

/**
 * The documents of a file that is shipped in `mappings/`: the same ones each time.
 * @throws an Error where the file is not right, which is a mistake of ours
 */
export function builtInDocuments(name: 'sports-aliases' | 'sports-entities'): readonly DocumentMapping[] {
  const documents =
    known.get(name) ?? fileOf(`mappings/${name}.yaml`).documents.map(({ mapping }) => mapping);
  known.set(name, documents);
  return documents;
}

/** The records of a file that is shipped in `mappings/`. @throws as builtInDocuments */
export const builtInRecords = (name: 'ai-registry'): readonly RecordMapping[] =>
  fileOf(`mappings/${name}.yaml`).records.map(({ mapping }) => mapping);

function fileOf(file: string): MappingFile {
  const read = readBuiltInFile(readAsset(file), file);
  if (!('problems' in read)) return read;
  throw new Error(read.problems.map(({ line, message }) => `${file}:${line}: ${message}`).join('\n'));
}
