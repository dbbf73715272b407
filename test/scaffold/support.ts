import Database from 'better-sqlite3';
import { defaultMappings } from '../../src/mapping/alias-tables';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { candidateOf, type OwnDocument } from '../../src/scaffold/documents';
import type { Findings } from '../../src/scaffold/look';
import { propose } from '../../src/scaffold/propose';
import { fileText, type Proposal } from '../../src/scaffold/file-text';
import { readTables } from '../../src/scaffold/tables';

/** What is proposed for a schema, with a Redis that has these keys and no others. */
export function proposedFor(
  schema: string,
  {
    keys = [] as readonly string[],
    postgres = undefined as Findings['postgres'],
    redis: looked = undefined as Findings['redis'] | undefined,
    ours = [] as readonly (readonly [string, OwnDocument])[],
    aliasTables = defaultMappings,
  } = {},
): Proposal {
  const db = new Database(':memory:');
  try {
    db.exec(schema);
    const tables = readTables(db);
    const redis = looked ?? {
      keys: keys.map((key) => ({ key, type: 'string' })),
      whole: true,
      met: new Set<string>(),
      registry: keys.some((key) => key.startsWith('aidb:')),
      ours: new Map(ours),
      shapes: [],
      moreShapes: 0,
      unnamed: 0,
      maxRecordBytes,
    };
    return propose(
      { tables, candidates: tables.map(candidateOf), redis, postgres },
      { sources: ['a.db'], aliasTables, kinds: [...aiRegistry.values()], start: 'aidb:' },
    );
  } finally {
    db.close();
  }
}

const maxRecordBytes = 16 * 1024 ** 2;

export const textOf = (proposal: Proposal): string => fileText(proposal, './millrace.schema.json');
