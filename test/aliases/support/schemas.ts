import fc from 'fast-check';
import type { AliasCase } from '../../../src/mapping/alias-tables';

/** An alias table as its owner may have declared it: always the columns id, team_id, alias, code and active. */
export interface Schema {
  readonly sql: readonly string[];
  readonly journal: 'WAL' | 'DELETE';
  readonly aliasCase: AliasCase;
}

const onConflict = fc.constantFrom('', '', '', ' ON CONFLICT REPLACE', ' ON CONFLICT IGNORE');

const declaration = fc.record({
  id: fc.constantFrom('INTEGER PRIMARY KEY', 'INTEGER'),
  teamId: fc.constantFrom('TEXT', 'INTEGER', '', 'NUMERIC'),
  alias: fc.constantFrom('TEXT', 'TEXT COLLATE NOCASE', '', 'VARCHAR(80) NOT NULL'),
  code: fc.constantFrom('TEXT', 'TEXT UNIQUE', "TEXT NOT NULL DEFAULT 'c' UNIQUE", 'UNIQUE'),
  parent: fc.option(fc.constantFrom('CASCADE', 'SET NULL', 'SET DEFAULT'), { nil: undefined }),
  primaryKey: fc.option(
    fc.constantFrom('team_id', 'alias', 'team_id, alias', 'alias, team_id', 'alias, active', 'code', 'id'),
    { nil: undefined },
  ),
  withoutRowid: fc.boolean(),
  constraints: fc.subarray(
    ['(team_id, alias)', '(alias)', '(alias, active)', '(team_id, active)', '(alias COLLATE NOCASE)'],
    { maxLength: 2 },
  ),
  onConflict,
  indexes: fc.subarray(
    [
      '(lower(alias))',
      '(team_id, lower(alias) COLLATE NOCASE DESC)',
      '(alias) WHERE active = 1',
      "(active, team_id) WHERE code > 'c'",
      '(substr(alias, 1, 2) -- the first two\n, team_id)',
    ],
    { maxLength: 2 },
  ),
  journal: fc.constantFrom('WAL' as const, 'DELETE' as const),
  aliasCase: fc.constantFrom('preserve' as const, 'lower' as const),
});

export const anySchema: fc.Arbitrary<Schema> = declaration.map((chosen) => {
  const { parent, primaryKey, onConflict: policy } = chosen;
  const ownKey = chosen.id === 'INTEGER' && primaryKey !== undefined ? primaryKey : undefined;
  const withoutRowid = chosen.withoutRowid && (ownKey !== undefined || chosen.id !== 'INTEGER');
  const references = parent && ` REFERENCES teams (id) ON DELETE ${parent} ON UPDATE ${parent}`;
  const parts = [
    `id ${chosen.id}`,
    `team_id ${chosen.teamId} DEFAULT 1${references ?? ''}`,
    `alias ${chosen.alias}`,
    `code ${chosen.code}`,
    'active INTEGER DEFAULT 1',
    ...(ownKey === undefined ? [] : [`PRIMARY KEY (${ownKey})${policy}`]),
    ...chosen.constraints.map((columns) => `UNIQUE ${columns}${policy}`),
  ];
  return {
    sql: [
      ...(parent === undefined
        ? []
        : [
            `CREATE TABLE teams (id ${chosen.teamId} PRIMARY KEY)`,
            "INSERT INTO teams VALUES (1), (2), (3), ('u-1')",
          ].map((sql) => (chosen.teamId === 'INTEGER' ? sql.replace(", ('u-1')", '') : sql))),
      `CREATE TABLE team_aliases (${parts.join(', ')})${withoutRowid ? ' WITHOUT ROWID' : ''}`,
      ...chosen.indexes.map((columns, at) => `CREATE UNIQUE INDEX own_${at} ON team_aliases ${columns}`),
    ],
    journal: chosen.journal,
    aliasCase: chosen.aliasCase,
  };
});
