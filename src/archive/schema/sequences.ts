import type { ClientBase } from 'pg';
import { quoteName } from '../record/target';
import type { SchemaFacts } from './facts';
import { queryJson } from './query-json';
import { qualified } from './problems';

export interface SequenceStep {
  readonly thing: string;
  readonly sql: string;
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * Sequences that are behind the ids in their tables, after a restore or rows with explicit ids: anybody's next insert would fail on the
 * primary key. The table is locked against writers first, so that nobody can move the sequence before it is set.
 */
export async function lateSequences(
  client: ClientBase,
  { tables }: SchemaFacts,
): Promise<readonly SequenceStep[]> {
  const candidates = [...tables.values()].flatMap((table) =>
    table.owned && table.sequence?.usable === true ? [{ table, name: table.sequence.name }] : [],
  );
  if (candidates.length === 0) return [];
  const behind = candidates.map(
    ({ table, name }) =>
      `SELECT ${literal(name)} AS name, (SELECT max(id) FROM ${qualified(table)}) > coalesce(pg_sequence_last_value(${literal(name)}::regclass), 0) AS late`,
  );
  const found = await queryJson<{ name: string; late: boolean | null }>(client, behind.join('\nUNION ALL\n'));
  const late = new Set(found.filter((row) => row.late === true).map(({ name }) => name));
  return candidates
    .filter(({ name }) => late.has(name))
    .map(({ table, name }) => ({
      thing: `sequence ${name}`,
      sql: [
        `LOCK TABLE ${quoteName(table.name)} IN SHARE ROW EXCLUSIVE MODE;`,
        `SELECT pg_catalog.setval(${literal(name)}, (SELECT max(id) FROM ${quoteName(table.name)}));`,
      ].join('\n'),
    }));
}
