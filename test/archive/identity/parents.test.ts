import type { Transaction } from '../../../src/connections/postgres/postgres';
import { IdMap, IdMapTransaction } from '../../../src/archive/identity/id-map';
import { findParents, parentIn, withParents } from '../../../src/archive/identity/parents';
import { type Row, toRow } from '../../../src/archive/record/row';
import type { Target, Targets } from '../../../src/archive/record/target';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { kinds } from '../../support/nine-kinds';
import type { KindName } from '../../../src/mapping/kinds';

const created = '2026-01-01 00:00:00.000000';
const bytes = (text: string) => Buffer.from(text);

const targets: Targets = new Map(
  [...aiRegistry].map(([name, kind]): [KindName, Target] => [
    name,
    { kind, table: kind.table, sequence: '', types: new Map() },
  ]),
);

/** A run of a version and, perhaps, of a dataset ('0': none). @param at when they were made; '': nobody knows */
function run(id: string, version: string, dataset: string, at = created): Row {
  const parents = [version, dataset].map((parent) => ({ id: bytes(parent), created: bytes(at) }));
  const values = kinds.run.columns.map(({ field }) => (field === 'started_at' ? bytes(created) : undefined));
  return toRow({ kind: kinds.run, id: bytes(id), parents, values });
}

/** A map that holds these rows (`dead`: deleted in Postgres), with the questions that it was asked. */
function mapOf(stored: Readonly<Record<string, 'alive' | 'dead'>>) {
  const asked: { kind: string; ids: readonly string[] }[] = [];
  const query = (_sql: string, [kind, ids]: [string, string[]]) => {
    asked.push({ kind, ids });
    const rows = ids.flatMap((id, index) => {
      const state = stored[`${kind} ${id}`];
      if (state === undefined) return [];
      return [{ n: String(index + 1), pg_id: `1${id}`, owned: 't', life: '1', alive: state === 'alive' ? 't' : 'f' }]; // prettier-ignore
    });
    return Promise.resolve(rows);
  };
  return { ids: new IdMapTransaction(new IdMap(), { query } as unknown as Transaction), asked };
}

describe('the parents of rows', () => {
  test('each is asked for once, with one question for each kind, and none that is known or that nobody has', async () => {
    const { ids, asked } = mapOf({ 'version 1': 'alive', 'version 2': 'alive' });
    const rows = [run('1', '1', '0'), run('2', '2', '0'), run('3', '1', '0'), run('4', '9', '0', '')];
    await findParents(ids, targets, rows, 'alive');
    await findParents(ids, targets, rows, 'alive');
    expect(asked).toEqual([{ kind: 'version', ids: ['1', '2'] }]);
  });

  test('rows get the ids of theirs in order, and an orphan says which one is missing', async () => {
    const { ids } = mapOf({ 'version 1': 'alive', 'dataset 5': 'alive' });
    const rows = [run('1', '1', '5'), run('2', '1', '0'), run('3', '1', '6'), run('4', '7', '6')];
    const missing = await findParents(ids, targets, rows, 'alive');
    expect([...missing].map(([kind, some]) => [kind, some.map(({ id }) => id)])).toEqual([
      ['version', ['7']],
      ['dataset', ['6']],
    ]);
    const { resolved, orphans } = withParents(rows, ids);
    expect(resolved.map(({ row, parents }) => [row.id, parents])).toEqual([
      ['1', ['11', '15']],
      ['2', ['11', null]],
    ]);
    expect(orphans.map(({ row, missing: { parent, id } }) => [row.id, parent.kind, id])).toEqual([
      ['3', 'dataset', '6'],
      ['4', 'version', '7'],
    ]);
  });

  test.each([
    ['alive', undefined],
    ['mapped', '11'],
  ] as const)(
    'one whose row was deleted in Postgres is there only for whoever asks for %s',
    async (which, pgId) => {
      const { ids } = mapOf({ 'version 1': 'dead' });
      const row = run('1', '1', '0');
      const missing = await findParents(ids, targets, [row], which);
      expect(missing.get('version')).toHaveLength(pgId === undefined ? 1 : 0);
      const [reference] = row.references;
      expect(reference && parentIn(ids, reference)).toBe(pgId);
    },
  );
});
