import { type MappingFile, readMappingFile } from '../../../src/mapping/file/mapping-file';
import type { DocumentMapping } from '../../../src/mapping/documents';

/** What a file says. @throws with its problems */
export function mappingFile(text: string): MappingFile {
  const read = readMappingFile(text, 'm.yaml');
  if (!('problems' in read)) return read;
  throw new Error(
    read.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`).join('\n'),
  );
}

/** The first document of a file. */
export function firstDocument(text: string): DocumentMapping {
  const [first] = mappingFile(text).documents;
  if (first === undefined) throw new Error('the file has no document');
  return first.mapping;
}

/** What is wrong with a file, as `line:column: message`. */
export function problemsOf(text: string): string[] {
  const read = readMappingFile(text, 'm.yaml');
  if (!('problems' in read)) throw new Error('the file was taken');
  return read.problems.map(({ file, line, column, message }) => {
    expect(file).toBe('m.yaml');
    return `${line}:${column}: ${message}`;
  });
}

/** The problems of a document with these words, without their place. */
export const problemsOfDocument = (words: string): string[] =>
  problemsOf(`version: 1\ndocuments:\n  d: { ${words} }\n`).map((problem) =>
    problem.replace(/^\d+:\d+: /, ''),
  );
