import { readAsset } from '../../foundation/package-root';
import type { DocumentMapping } from '../documents';
import { readMappingFile } from './mapping-file';

const known = new Map<string, readonly DocumentMapping[]>();

/**
 * The documents of a file that is shipped in `mappings/`: the same ones each time.
 * @throws an Error where the file is not right, which is a mistake of ours
 */
export function builtInDocuments(name: 'sports-aliases' | 'sports-entities'): readonly DocumentMapping[] {
  const documents = known.get(name) ?? documentsOf(`mappings/${name}.yaml`);
  known.set(name, documents);
  return documents;
}

function documentsOf(file: string): readonly DocumentMapping[] {
  const read = readMappingFile(readAsset(file), file);
  if (!('problems' in read)) return read.documents.map(({ mapping }) => mapping);
  throw new Error(read.problems.map(({ line, message }) => `${file}:${line}: ${message}`).join('\n'));
}
