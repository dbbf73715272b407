import fc from 'fast-check';
import type { DocumentForm, DocumentMapping, KeyTemplate, Watch } from '../../../src/mapping/documents';

/** A template of columns with a colon between them. */
export const template = (prefix: string, ...columns: readonly string[]): KeyTemplate => ({
  text: prefix + columns.map((column) => `{${column}}`).join(':'),
  prefix,
  parts: columns.map((column, at) => ({ column, after: at === columns.length - 1 ? '' : ':' })),
});

export const fields = (...columns: readonly string[]) =>
  columns.map((column) => ({ name: column, column, json: false }));

/** A document of a table, which it watches by its key. */
export const tableDocument = (
  name: string,
  table: string,
  {
    by,
    form,
    where,
  }: { readonly by: readonly string[]; readonly form: DocumentForm; readonly where?: string },
): DocumentMapping => ({
  ...{ name, key: template(`${name}:`, ...by), form, ttl: undefined, rows: { table, where } },
  watch: [{ table, by, select: undefined }],
});

export interface DocumentSchema {
  readonly sql: readonly string[];
  readonly documents: readonly DocumentMapping[];
}

const watch = (table: string, by: readonly string[], select?: string): Watch => ({ table, by, select });

const idType = fc.constantFrom('INTEGER', 'TEXT', 'TEXT COLLATE NOCASE', '');
const onChange = fc.constantFrom('CASCADE', 'SET NULL', 'NO ACTION', 'SET DEFAULT');
const pick = fc.record({
  id: idType,
  primary: fc.constantFrom('PRIMARY KEY', 'UNIQUE', 'PRIMARY KEY NOT NULL'),
  withoutRowid: fc.boolean(),
  name: fc.constantFrom('TEXT', 'TEXT UNIQUE', 'UNIQUE', 'TEXT COLLATE NOCASE UNIQUE'),
  onDelete: onChange,
  onUpdate: onChange,
  aliasKey: fc.constantFrom(
    '',
    ', UNIQUE (alias)',
    ', UNIQUE (team_id, alias)',
    ', UNIQUE (alias COLLATE NOCASE)',
  ),
  aliasId: fc.constantFrom('id INTEGER PRIMARY KEY', 'id', 'id TEXT UNIQUE'),
  partial: fc.boolean(),
});

/** Leagues with teams with aliases, and documents of each kind over them. */
export const anyDocumentSchema: fc.Arbitrary<DocumentSchema> = pick.map((chosen) => {
  const { id, primary, name, onDelete, onUpdate, aliasKey, aliasId } = chosen;
  const end = chosen.withoutRowid && primary.startsWith('PRIMARY') ? ' WITHOUT ROWID' : '';
  const refers = (table: string) => `REFERENCES ${table}(id) ON DELETE ${onDelete} ON UPDATE ${onUpdate}`;
  const sql = [
    `CREATE TABLE leagues (id ${id} ${primary}, name ${name}, country TEXT)${end}`,
    `CREATE TABLE teams (id ${id} ${primary}, name ${name}, sport, league_id ${id} ${refers('leagues')})${end}`,
    `CREATE TABLE aliases (${aliasId}, team_id ${id} ${refers('teams')}, alias TEXT, weight${aliasKey})`,
    'CREATE INDEX teams_league ON teams (league_id)',
    'CREATE INDEX aliases_team ON aliases (team_id)',
    ...(chosen.partial ? ['CREATE UNIQUE INDEX best ON aliases (team_id) WHERE weight = 1'] : []),
  ];
  const card: DocumentMapping = {
    name: 'card',
    key: template('card:', 'id'),
    form: { type: 'hash', fields: fields('name', 'league', 'country') },
    ttl: undefined,
    rows: {
      table: 'teams',
      sql: `SELECT t.id, t.name, l.name AS league, l.country FROM teams t LEFT JOIN leagues l ON l.id = t.league_id WHERE t.id IN keys`,
    },
    watch: [
      watch('teams', ['id']),
      watch('leagues', primary === 'UNIQUE' ? ['id'] : [], 'SELECT id FROM teams WHERE league_id IN keys'),
    ],
  };
  const sums: DocumentMapping = {
    name: 'sums',
    key: template('sums:', 'id'),
    form: {
      type: 'json',
      fields: [...fields('id', 'n', 'sum'), { name: 'aliases', column: 'aliases', json: true }],
    },
    ttl: undefined,
    rows: {
      table: 'leagues',
      sql: `SELECT l.id, count(t.id) AS n, total(a.weight) AS sum, json_group_array(a.alias ORDER BY a.alias, a.rowid) AS aliases
        FROM leagues l LEFT JOIN teams t ON t.league_id = l.id LEFT JOIN aliases a ON a.team_id = t.id WHERE l.id IN keys GROUP BY l.id`,
    },
    watch: [
      watch('leagues', ['id']),
      watch('teams', ['league_id']),
      watch('aliases', ['team_id'], 'SELECT league_id FROM teams WHERE id IN keys'),
    ],
  };
  const counts: DocumentMapping = {
    name: 'counts',
    key: template('counts:', 'id'),
    form: { type: 'zset', member: 'id', score: 'n' },
    ttl: undefined,
    rows: {
      table: 'teams',
      sql: `SELECT t.id, count(a.alias) AS n FROM keys k JOIN teams t ON t.id = k.id LEFT JOIN aliases a ON a.team_id = t.id GROUP BY t.id`,
    },
    watch: [watch('teams', ['id']), watch('aliases', ['team_id'])],
  };
  const documents = [
    card,
    sums,
    counts,
    tableDocument('plain', 'teams', {
      by: ['id'],
      form: { type: 'json', fields: fields('id', 'name', 'sport') },
    }),
    tableDocument('sport', 'teams', {
      by: ['sport'],
      form: { type: 'set', column: 'id' },
      where: 'name IS NOT NULL',
    }),
    tableDocument('ids', 'aliases', { by: ['team_id', 'alias'], form: { type: 'list', column: 'id' } }),
    tableDocument('best', 'aliases', {
      by: ['alias'],
      form: { type: 'zset', member: 'team_id', score: 'weight' },
    }),
    tableDocument('named', 'leagues', { by: ['id'], form: { type: 'string', column: 'name' } }),
  ];
  return { sql, documents };
});

const ids = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('1', '2', '3') },
  { weight: 2, arbitrary: fc.constantFrom("'a'", "'A'", "'2'", "'b'") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'NULL',
      "'a:b'",
      '1.0',
      '2.5',
      "'02'",
      "''",
      "x'61'",
      "'é'",
      "'x''y'",
      '9007199254740993',
    ),
  },
);
const values = {
  id: ids,
  team_id: ids,
  league_id: ids,
  name: fc.constantFrom("'n'", "'N'", "'o'", "'p'", 'NULL', "''", '7', "'ü'", "'a:null'"),
  country: fc.constantFrom("'es'", "'de'", 'NULL'),
  sport: fc.constantFrom("'f'", "'F'", "'h'", 'NULL', '1', "'1'"),
  alias: fc.constantFrom("'x'", "'X'", "'y'", "'z:z'", "''", 'NULL', "'a,b'"),
  weight: fc.constantFrom('1', '2', '2.5', '-1', '9e999', "'w'", 'NULL'),
};
const tables = {
  leagues: ['id', 'name', 'country'],
  teams: ['id', 'name', 'sport', 'league_id'],
  aliases: ['id', 'team_id', 'alias', 'weight'],
} as const satisfies Record<string, readonly (keyof typeof values)[]>;

const table = fc.constantFrom('leagues' as const, 'teams' as const, 'aliases' as const);
const policy = fc.constantFrom(' OR REPLACE', ' OR REPLACE', '', ' OR IGNORE', ' OR FAIL', ' OR ROLLBACK');
const row = fc.record(values);

const statement = table.chain((into) => {
  const columns = tables[into];
  const column = fc.constantFrom(...columns);
  const assignment = fc
    .tuple(fc.uniqueArray(column, { minLength: 1, maxLength: 2 }), row)
    .map(([named, from]) => named.map((one) => `${one} = ${from[one]}`).join(', '));
  const condition = fc
    .tuple(fc.option(column, { nil: undefined, freq: 4 }), row)
    .map(([one, from]) => (one === undefined ? '' : ` WHERE ${one} IS ${from[one]}`));
  const insert = fc
    .tuple(policy, fc.array(row, { minLength: 1, maxLength: 3 }), fc.option(assignment, { nil: undefined }))
    .map(([verb, rows, upsert]) => {
      const tuples = rows.map((from) => `(${columns.map((one) => from[one]).join(', ')})`).join(', ');
      return upsert === undefined
        ? `INSERT${verb} INTO ${into} (${columns.join(', ')}) VALUES ${tuples}`
        : `INSERT INTO ${into} (${columns.join(', ')}) VALUES ${tuples} ON CONFLICT DO UPDATE SET ${upsert}`;
    });
  const update = fc
    .tuple(policy, assignment, condition)
    .map(([verb, sets, where]) => `UPDATE${verb} ${into} SET ${sets}${where}`);
  return fc.oneof(
    { weight: 5, arbitrary: insert },
    { weight: 5, arbitrary: update },
    { weight: 2, arbitrary: condition.map((where) => `DELETE FROM ${into}${where}`) },
  );
});

const statements = fc.array(statement, { minLength: 1, maxLength: 4 });

/** What one writer does before anybody looks: statements each by itself, or a transaction. */
export const anyDocumentWrites: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 3, arbitrary: statements },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        statements,
        fc.constantFrom('RELEASE', 'ROLLBACK TO'),
        statements,
        fc.constantFrom('COMMIT', 'ROLLBACK'),
      )
      .map(([first, inner, then, end]) => ['BEGIN', ...first, 'SAVEPOINT s', ...then, `${inner} s`, end]),
  },
);
