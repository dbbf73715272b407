import { PostgresConnection, sqlState } from '../../../src/connections/postgres/postgres';
import { parsePostgresUrl } from '../../../src/connections/postgres/postgres-url';
import type { Kind } from '../../../src/mapping/kinds';
import { quoteName, type Target } from '../../../src/archive/record/target';
import { upsert } from '../../../src/archive/write/upsert';
import { kinds } from '../../support/nine-kinds';
import { testPostgres } from '../../support/postgres';

// Rows come to Postgres as arrays; what becomes of a value is what a single INSERT of it would make.

const types = [
  ...['text', 'varchar', 'varchar(3)', 'char', 'char(3)', 'bit', 'bit(3)', 'bit varying(3)', '"char"'],
  ...[
    'smallint',
    'bigint',
    'real',
    'double precision',
    'numeric',
    'numeric(5,2)',
    'boolean',
    'uuid',
    'bytea',
  ],
  ...[
    'timestamp',
    'timestamptz',
    'timestamp(0)',
    'date',
    'interval',
    'json',
    'jsonb',
    'inet',
    'box',
    'point',
  ],
  ...['text[]', 'int[]', 'varchar(3)[]', 'char(3)[]', 'bit(3)[]', 'mood', 'short', 'shorts', '"odd (7)"'],
] as const;
const values = [
  ...[
    null,
    '',
    ' ',
    'abc',
    'abcd',
    'abc  ',
    'é🙂',
    'NULL',
    'null',
    '"',
    '\\',
    '\\x00ff',
    "'",
    '{}',
    '{a}',
    '{"a,b"}',
  ],
  ...['0', '7', '-1', '3.14159', '1e3', '1e400', '99999', 'true', 'f', '101', '1010', 'a\tb\nc', '[1, "x"]'],
  ...[
    '2026-01-05 14:30:00.500001+00',
    '2026-01-05',
    '1 day',
    '10.0.0.1',
    '(1,2)',
    '(1,2),(3,4)',
    '{1,2}',
    '{101}',
  ],
  ...['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{abcd}', '{"a": "\\u0041"}', 'sad'],
];

test('a value of any type becomes what it becomes alone, or is refused with the same code', async () => {
  const { pool, url } = await testPostgres();
  const target = parsePostgresUrl(url);
  if (typeof target === 'string') throw new Error(target);
  const postgres = new PostgresConnection(target, 'test');
  await pool.query(
    `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN short AS varchar(3); CREATE DOMAIN shorts AS text[];
     CREATE DOMAIN "odd (7)" AS text CHECK (VALUE <> 'abcd')`,
  );
  try {
    for (const [at, type] of types.entries()) {
      const table = `t${at}`;
      await pool.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, value ${type})`);
      const { rows } = await pool.query<{ type: string }>(
        `SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attname = 'value'`,
      );
      const columns = [{ column: 'value', field: 'value', decoder: 'text' }] as Kind['columns'];
      const to: Target = {
        kind: { ...kinds.model, columns },
        table: `public.${quoteName(table)}`,
        sequence: '',
        types: new Map([
          ['id', 'bigint'],
          ['value', rows[0]?.type ?? ''],
        ]),
      };
      for (const [id, value] of values.entries()) {
        const read = async () =>
          (await pool.query(`SELECT value::text FROM ${table} WHERE id = $1`, [id])).rows[0] as unknown;
        const outcome = async (write: () => Promise<unknown>) => {
          try {
            await write();
            return await read();
          } catch (error) {
            return sqlState(error);
          } finally {
            await pool.query(`TRUNCATE ${table}`);
          }
        };
        const alone = await outcome(() => pool.query(`INSERT INTO ${table} VALUES ($1, $2)`, [id, value]));
        const together = await outcome(() =>
          postgres.transaction((transaction) =>
            upsert(transaction, {
              target: to,
              identity: ['id'],
              columns: ['value'],
              arbiter: '(id)',
              overwrites: [],
              strictness: 'stored',
              rows: [[String(id), value === null ? null : Buffer.from(value)]],
            }),
          ),
        );
        expect({ type, value, came: together }).toEqual({ type, value, came: alone });
      }
    }
  } finally {
    postgres.close();
  }
}, 120_000);
