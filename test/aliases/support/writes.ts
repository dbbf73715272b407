import fc from 'fast-check';

/** What a table starts with: of these rows, those that it lets in. */
export const firstRows: readonly string[] = [
  "1, 1, 'rmcf', 'c', 1",
  "2, 2, 'RMCF', 'd', 0",
  "3, 3, 'real', 'e', 1",
  "4, 1, 'Real', NULL, 0",
  "5, 2, 'rmcf', NULL, 1",
  "6, 3, 'rmcf', NULL, 0",
].map((row) => `INSERT OR IGNORE INTO team_aliases (id, team_id, alias, code, active) VALUES (${row})`);

/** Statements one writer runs one after the other: a transaction of its own, or one statement alone. */
export type Unit = readonly string[];

const mostly = (usual: readonly string[], strange: readonly string[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...strange) },
  );

// Few, so that rows meet: case variants, the empty alias, accents, numbers that read alike, and what can have no key.
const values = {
  team_id: mostly(['1', '2', '3'], ["'1'", "'u-1'", '1.0', '2.5', '9007199254740993', 'NULL', "x'31'"]),
  alias: mostly(
    ["'rmcf'", "'RMCF'", "'real'"],
    ["'Real'", "''", "' '", "'é'", "'É'", "'a''b'", "'__proto__'", '1', '1.0', "'1'", 'NULL', "x'61'", "'a'"],
  ),
  code: fc.constantFrom("'c'", "'d'", "'e'", 'NULL'),
  active: fc.constantFrom('0', '1'),
  id: fc.constantFrom('NULL', '1', '2', '3', '4'),
  rowid: fc.constantFrom('NULL', '1', '2', '3', '4'),
};
type Column = keyof typeof values;
const columns = Object.keys(values) as Column[];

const policy = fc.oneof(
  { weight: 3, arbitrary: fc.constant(' OR REPLACE') },
  { weight: 2, arbitrary: fc.constantFrom('', ' OR IGNORE', ' OR FAIL', ' OR ROLLBACK') },
);

const assignment = fc.oneof(
  ...columns.map((column) => values[column].map((value) => `${column} = ${value}`)),
  fc.constantFrom('alias = upper(alias)', 'team_id = team_id + 0.0', 'id = id + 1', 'rowid = rowid + 1'),
);
const assignments = fc.uniqueArray(assignment, {
  minLength: 1,
  maxLength: 2,
  selector: (text) => text.slice(0, text.indexOf(' ')),
});

const condition = fc.oneof(
  { weight: 1, arbitrary: fc.constant('') },
  {
    weight: 4,
    arbitrary: fc.oneof(
      ...(['team_id', 'alias', 'code', 'active'] as const).map((column) =>
        values[column].map((value) => ` WHERE ${column} IS ${value}`),
      ),
    ),
  },
);

const insert = fc
  .record({
    policy,
    extra: fc.subarray<Column>(['id', 'code', 'active', 'rowid']),
    rows: fc.array(fc.record(values), { minLength: 1, maxLength: 3 }),
    upsert: fc.option(assignments, { nil: undefined }),
  })
  .map(({ policy: verb, extra, rows, upsert }) => {
    const named: Column[] = ['team_id', 'alias', ...extra];
    const tuples = rows.map((row) => `(${named.map((column) => row[column]).join(', ')})`);
    const into = `INTO team_aliases (${named.join(', ')}) VALUES ${tuples.join(', ')}`;
    return upsert === undefined
      ? `INSERT${verb} ${into}`
      : `INSERT ${into} ON CONFLICT DO UPDATE SET ${upsert.join(', ')}`;
  });

const update = fc
  .tuple(policy, assignments, condition)
  .map(([verb, sets, where]) => `UPDATE${verb} team_aliases SET ${sets.join(', ')}${where}`);

const remove = condition.map((where) => `DELETE FROM team_aliases${where}`);

const parentWrite = fc
  .tuple(values.team_id, values.team_id, fc.nat(3))
  .map(
    ([one, other, kind]) =>
      [
        `DELETE FROM teams WHERE id = ${one}`,
        `UPDATE OR REPLACE teams SET id = ${other} WHERE id = ${one}`,
        `INSERT OR REPLACE INTO teams VALUES (${one})`,
        'DELETE FROM teams',
      ][kind] ?? '',
  );

const statement = fc.oneof(
  { weight: 6, arbitrary: insert },
  { weight: 5, arbitrary: update },
  { weight: 2, arbitrary: remove },
  { weight: 1, arbitrary: parentWrite },
);

const statements = fc.array(statement, { minLength: 1, maxLength: 4 });

const transaction = fc
  .tuple(
    statements,
    statements,
    fc.constantFrom('RELEASE', 'ROLLBACK TO'),
    fc.constantFrom('COMMIT', 'COMMIT', 'ROLLBACK'),
  )
  .map(([first, then, inner, end]) => ['BEGIN', ...first, 'SAVEPOINT s', ...then, `${inner} s`, end]);

export const anyUnits: fc.Arbitrary<readonly Unit[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: statement.map((sql): Unit => [sql]) },
    { weight: 1, arbitrary: transaction },
  ),
  { minLength: 1, maxLength: 8 },
);
