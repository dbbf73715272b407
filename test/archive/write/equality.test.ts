import { differs, type Strictness } from '../../../src/archive/write/equality';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { kinds } from '../../support/nine-kinds';
import { kindOf, type KindName } from '../../../src/mapping/kinds';
import { type Database, emptyDatabase } from '../schema/support/databases';

/** Kind and column, its type in Postgres, what the row has, what the record has, and under which strictness that is a difference. */
type Form = readonly [
  column: `${KindName}.${string}`,
  type: string,
  stored: string | null,
  given: string | null,
  different: readonly Strictness[],
];

const always: readonly Strictness[] = ['stored', 'shared', 'exact'];
const forms: readonly Form[] = [
  ['model.description', 'text', 'a', 'a', []],
  ['model.description', 'text', 'a', 'b', always],
  ['model.description', 'text', '', 'a', [...always, 'fills']],
  ['model.description', 'text', null, 'a', [...always, 'fills']],
  ['model.description', 'text', null, null, []],
  // Somebody else may have filled it.
  ['model.description', 'text', 'a', null, ['stored', 'exact']],
  ['model.description', 'text', 'a', '', ['stored', 'exact']],
  ['model.description', 'text', null, '', ['stored', 'exact']],
  ['model.description', 'character varying(3)', 'abc', 'abcd', ['exact']],
  ['dataset.size_bytes', 'bigint', '150000000000', '+150000000000', []],
  ['dataset.size_bytes', 'bigint', '9007199254740993', '9007199254740992', always],
  ['prediction.confidence', 'double precision', '0.5', '0.50', []],
  ['prediction.confidence', 'double precision', 'NaN', 'nan', []],
  ['prediction.confidence', 'double precision', '0.1', '1e-1', []],
  ['prediction.confidence', 'real', '0.1', '0.1', ['exact']],
  ['prediction.confidence', 'numeric(5,2)', '0.12', '0.123', ['exact']],
  ['prediction.confidence', 'numeric(5,2)', '0.12', '0.13', always],
  ['model.created_at', 'timestamp with time zone', '2026-01-01 03:30:00+03:30', '2026-01-01 00:00:00+00', []],
  ['model.created_at', 'timestamp without time zone', '2026-01-01 00:00:00', '2026-01-01 00:00:00+00', []],
  ['model.created_at', 'timestamp(0) with time zone', '2026-01-01 00:00:00+00', '2026-01-01 00:00:00.4+00', ['exact']], // prettier-ignore
  ['version.config', 'json', '{"a": 1}', '{"a": 1}', []],
  ['version.config', 'json', '{"a": 1}', '{"a":1}', always],
  ['version.config', 'jsonb', '{"a": 1}', '{"a":1}', []],
  ['version.config', 'jsonb', '{"a": 1}', '{"a": 2}', always],
  ['version.config', 'text', '{"a": NaN}', '{"a": NaN}', []],
  ['version.model_id', 'integer', '7', '7', []],
  ['version.model_id', 'integer', '7', '8', always],
];

let database: Database;
beforeAll(async () => {
  database = await emptyDatabase();
  await database.admin.query(`
    SET TimeZone = 'UTC'; CREATE SCHEMA millrace;
    CREATE TABLE millrace.id_map (kind text, pg_id bigint, owned boolean);
    INSERT INTO millrace.id_map SELECT kind, 1, false FROM unnest(ARRAY['model', 'dataset', 'version', 'prediction']) AS kind`);
});

test.each(forms)(
  '%s (%s): %j in Postgres and %j in Redis differ under %j',
  async (name, type, stored, given, different) => {
    const [kind, column] = name.split('.') as [KindName, string];
    const target = {
      kind: kindOf(aiRegistry, kind),
      table: '',
      sequence: '',
      types: new Map([[column, type]]),
    };
    const both = `(SELECT 1 AS id, $1::text::${type} AS "${column}") AS t, (SELECT $2::text AS text, $2::text::${type} AS typed) AS w`;
    const ask = async (strictness: Strictness, from: string, typed: boolean) => {
      const sql = `SELECT coalesce(${differs(target, column, from, strictness, typed)}, false) AS differs FROM ${both}`;
      const { rows } = await database.admin.query<{ differs: boolean }>(sql, [stored, given]);
      return rows[0]?.differs;
    };
    const found: Strictness[] = [];
    for (const strictness of ['stored', 'shared', 'exact', 'fills'] as const)
      if ((await ask(strictness, 'w.text', false)) === true) found.push(strictness);
    expect(found.sort()).toEqual([...different].sort());
    // What the pass takes for equal the write leaves alone: it has the value in the column's type.
    for (const strictness of ['stored', 'shared'] as const)
      expect(await ask(strictness, 'w.typed', true)).toBe(different.includes(strictness));
  },
);

test('where nobody else leads to the row, nobody has filled what the record leaves empty', async () => {
  const target = { kind: kinds.model, table: '', sequence: '', types: new Map([['description', 'text']]) };
  const ask = async (id: number) => {
    const sql = `SELECT ${differs(target, 'description', 'NULL', 'shared')} AS differs FROM (SELECT ${id} AS id, 'a' AS description) AS t`;
    return (await database.admin.query<{ differs: boolean }>(sql)).rows[0]?.differs;
  };
  expect([await ask(1), await ask(2)]).toEqual([false, true]);
});
