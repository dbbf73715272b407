import type { DocumentForm, DocumentMapping, Keyspace } from '../../../src/mapping/documents';

const forms: Readonly<Record<Keyspace['holds'], DocumentForm>> = {
  string: { type: 'string', column: 'text' },
  hash: { type: 'hash', fields: [] },
  set: { type: 'set', column: 'id' },
  zset: { type: 'zset', member: 'id', score: 'score' },
};

/** A document by its keys alone: where its rows come from is for a source to know. */
export const documentOf = (name: string, { prefix, holds, ttl }: Keyspace): DocumentMapping => ({
  ...{ name, ttl, form: forms[holds], watch: [], rows: { table: name, where: undefined } },
  key: { text: `${prefix}{id}`, prefix, parts: [{ column: 'id', after: '' }] },
});
