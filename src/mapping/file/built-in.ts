import { readAsset } from '../../foundation/package-root';
import type { DocumentMapping } from '../documents';
import { readMappingFile } from './mapping-file';

/**
 * The documents of a file that is shipped in `mappings/`.
 * @throws an Error where the file is not right, which is a mistake of ours
 */
export function builtInDocuments(name: 'sports-aliases' | 'sports-entities'): readonly DocumentMapping[] {
  const file = `mappings/${name}.yaml`;
  const read = readMappingFile(readAsset(file), file);
  if (!('problems' in read)) return read.documents.map(({ mapping }) => mapping);
  throw new Error(read.problems.map(({ line, message }) => `${file}:${line}: ${message}`).join('\n'));
}
