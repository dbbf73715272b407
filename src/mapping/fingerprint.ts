import { createHash } from 'node:crypto';
import type { DocumentMapping } from './documents';

/** The first 16 hex digits of the SHA-256 of what a value says, whatever the order of its keys. Lists keep theirs; undefined is nothing. */
export const fingerprint = (value: unknown): string =>
  createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16);

/** The hash of a document: it changes with what its keys hold, or when, and not with how the file is written. */
export const documentFingerprint = (document: DocumentMapping): string => {
  const { form, watch } = document;
  return fingerprint({
    ...document,
    // The fields of a hash have no order; those of a JSON text have.
    form: form.type === 'hash' ? { ...form, fields: inOrder(form.fields) } : form,
    watch: inOrder(watch),
  });
};

/** The hashes of documents, by name. */
export const documentHashes = (documents: readonly DocumentMapping[]): ReadonlyMap<string, string> =>
  new Map(documents.map((document) => [document.name, documentFingerprint(document)]));

/** The hash of all mappings together, by the hashes of each; their order says nothing. */
export const setFingerprint = (hashes: Readonly<Record<string, string>>): string => fingerprint(hashes);

const inOrder = (values: readonly unknown[]): readonly string[] => values.map(canonical).sort();

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, of]) => of !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, of]) => `${JSON.stringify(key)}:${canonical(of)}`).join(',')}}`;
}
