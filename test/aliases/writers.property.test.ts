import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { checkpointKey, parseCheckpoint } from '../../src/aliases/sink/checkpoint';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';
import {
  install,
  openTable,
  triggerKinds,
  unnamedChanges,
  withAndWithoutCapture,
} from './support/captured-table';
import { readModel } from './support/model';
import { anySchema, type Schema } from './support/schemas';
import { startWriter, type WriterProcess } from './support/writer-process';
import { anyUnits, type Unit } from './support/writes';

// On failure fast-check prints the seed and the smallest schema and writes that still fail.

const play = { schema: anySchema, units: anyUnits, foreignKeys: fc.boolean() };

test('whatever is written, the changelog names every alias whose ids it changed', () => {
  fc.assert(
    fc.property(fc.record(play), (options) => {
      expect(unnamedChanges(options)).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});

const columns = 'id INTEGER PRIMARY KEY, team_id, alias TEXT, active INTEGER DEFAULT 1';
test.each([
  [
    'a column beside the alias in a unique key changes',
    [`CREATE TABLE team_aliases (${columns}, code TEXT, UNIQUE (alias, active))`],
    'UPDATE OR REPLACE team_aliases SET active = 1 WHERE id = 6',
  ],
  [
    'a row enters a partial unique index',
    [
      `CREATE TABLE team_aliases (${columns}, code TEXT)`,
      'CREATE UNIQUE INDEX own ON team_aliases (alias) WHERE active = 1',
    ],
    'UPDATE OR REPLACE team_aliases SET active = 1 WHERE id = 6',
  ],
  [
    'a unique expression meets it',
    [
      `CREATE TABLE team_aliases (${columns}, code TEXT)`,
      'CREATE UNIQUE INDEX own ON team_aliases (lower(alias) -- folded\n DESC)',
    ],
    "INSERT OR REPLACE INTO team_aliases (team_id, alias) VALUES (9, 'REAL')",
  ],
  [
    'a key without regard to case meets it',
    [`CREATE TABLE team_aliases (${columns}, code TEXT, UNIQUE (alias COLLATE NOCASE))`],
    "INSERT OR REPLACE INTO team_aliases (team_id, alias) VALUES (9, 'REAL')",
  ],
  [
    'a NULL gives way to the default of a unique column',
    [`CREATE TABLE team_aliases (${columns}, code TEXT NOT NULL DEFAULT 'c' UNIQUE)`],
    "INSERT OR REPLACE INTO team_aliases (team_id, alias, code) VALUES (9, 'new', NULL)",
  ],
  [
    'an id 1 becomes 1.0, which is equal and reads differently',
    [`CREATE TABLE team_aliases (${columns}, code TEXT)`],
    'UPDATE team_aliases SET team_id = 1.0 WHERE id = 1',
  ],
  [
    'a row takes the place of another under one more name of the rowid',
    [`CREATE TABLE team_aliases (${columns}, code TEXT)`],
    'UPDATE OR REPLACE team_aliases SET OID = 1 WHERE id = 3',
  ],
  [
    'a key changes by what it is computed from',
    [
      `CREATE TABLE team_aliases (${columns}, code TEXT, folded AS (lower(code)))`,
      'CREATE UNIQUE INDEX own ON team_aliases (folded)',
    ],
    "UPDATE OR REPLACE team_aliases SET code = 'D' WHERE id = 1",
  ],
])('the changelog names the alias when %s', (_when, sql, write) => {
  const schema: Schema = { sql, journal: 'WAL', aliasCase: 'preserve' };
  expect(unnamedChanges({ schema, units: [[write]], foreignKeys: false })).toEqual([]);
});

test('the changelog names the alias when its id, or itself, is computed from another column that changes', () => {
  const sql = [
    "CREATE TABLE team_aliases (id INTEGER PRIMARY KEY, code, active, team_id AS (code + 1) STORED, alias TEXT AS ('a' || active) STORED)",
    'INSERT INTO team_aliases (id, code, active) VALUES (1, 1, 1), (2, 2, 2)',
  ];
  const units = [
    ['UPDATE team_aliases SET code = 7 WHERE id = 1'],
    ['UPDATE team_aliases SET active = 3 WHERE id = 2'],
  ];
  const schema: Schema = { sql, journal: 'WAL', aliasCase: 'preserve' };
  expect(unnamedChanges({ schema, units, foreignKeys: false })).toEqual([]);
});

/** A table with a key of two columns, and one that is part of nothing. */
const keyed = {
  schema: {
    sql: [`CREATE TABLE team_aliases (${columns}, code TEXT, UNIQUE (team_id, alias))`],
    journal: 'WAL',
    aliasCase: 'preserve',
  },
  units: [],
  foreignKeys: false,
} as const;

test('an UPDATE that sets neither alias nor id nor a part of a key has no trigger in its program, and one of the id has one', () => {
  const db = openTable(keyed);
  try {
    install(db, keyed);
    const programs = (set: string) =>
      db
        .prepare<[], { opcode: string }>(`EXPLAIN UPDATE team_aliases SET ${set} WHERE rowid = 1`)
        .all()
        .filter(({ opcode }) => opcode === 'Program').length;
    expect([
      programs('code = 1'),
      programs('team_id = 1'),
      programs("alias = 'a'"),
      programs('rowid = 9'),
    ]).toEqual([0, 1, 2, 3]);
  } finally {
    db.close();
  }
});

test('a capture of before is brought up to date in place: what it has logged stays, and its changelog gets another id', () => {
  const db = openTable(keyed);
  const one = (query: string) => db.prepare<[]>(query).pluck().get();
  try {
    install(db, keyed);
    for (const kind of ['after_update', 'before_update', 'after_rename'])
      db.exec(`DROP TRIGGER millrace_team_${kind}`);
    db.exec(`CREATE TRIGGER "millrace_team_after_update" AFTER UPDATE ON "team_aliases"
      WHEN OLD."alias" IS NOT NEW."alias" COLLATE BINARY OR OLD."team_id" IS NOT NEW."team_id" COLLATE BINARY
      BEGIN
        INSERT INTO millrace_changelog (type, alias) VALUES ('team', NEW."alias");
        INSERT INTO millrace_changelog (type, alias) SELECT 'team', OLD."alias" WHERE OLD."alias" IS NOT NEW."alias" COLLATE BINARY;
      END`);
    db.exec("UPDATE team_aliases SET alias = 'other' WHERE id = 1");
    const [rows, id] = [
      one('SELECT max(seq) FROM millrace_changelog'),
      one('SELECT id FROM millrace_changelog_id'),
    ];
    install(db, keyed);
    expect(one('SELECT max(seq) FROM millrace_changelog')).toBe(rows);
    expect(one('SELECT id FROM millrace_changelog_id')).toEqual(expect.stringMatching(`^${String(id)}\\.`));
    db.exec("UPDATE team_aliases SET alias = 'another' WHERE id = 1");
    const newer = `SELECT group_concat(alias) FROM (SELECT alias FROM millrace_changelog WHERE seq > ${String(rows)} ORDER BY alias)`;
    expect(one(newer)).toBe('another,other');
  } finally {
    db.close();
  }
});

test.each([
  ['a unique expression', 'CREATE UNIQUE INDEX own ON team_aliases (lower(alias), coalesce(active, 0))'],
  ['a name in a text', "CREATE UNIQUE INDEX own ON team_aliases (replace(alias, 'note', [active]))"],
  ['a partial index', 'CREATE UNIQUE INDEX own ON team_aliases (alias) WHERE active = 1'],
  ['two keys', 'CREATE UNIQUE INDEX own ON team_aliases (lower(alias) || code, "active" + 1)'],
])('with %s the application drops what no key needs, and renames what it likes', (_what, index) => {
  const sql = [`CREATE TABLE team_aliases (${columns}, code TEXT, note TEXT, "odd name")`, index];
  const schema: Schema = { sql, journal: 'WAL', aliasCase: 'preserve' };
  const options = { schema, units: [], foreignKeys: false };
  const db = openTable(options);
  try {
    install(db, keyed);
    db.exec('ALTER TABLE team_aliases DROP COLUMN note');
    db.exec('ALTER TABLE team_aliases DROP COLUMN "odd name"');
    for (const name of ['active', 'alias', 'team_id', 'code'])
      db.exec(`ALTER TABLE team_aliases RENAME COLUMN ${name} TO ${name}_renamed`);
    db.exec("INSERT OR REPLACE INTO team_aliases (team_id_renamed, alias_renamed) VALUES (9, 'rmcf')");
  } finally {
    db.close();
  }
});

test.each(triggerKinds)('without the %s trigger some change goes unnamed', (without) => {
  const { failed } = fc.check(
    fc.property(fc.record(play), (options) => unnamedChanges({ ...options, without }).length === 0),
    { numRuns: 5_000, endOnFailure: true },
  );
  expect(failed).toBe(true);
});

test('the capture changes neither what a statement does nor how it fails', () => {
  fc.assert(
    fc.property(fc.record(play), (options) => {
      const [captured, plain] = withAndWithoutCapture(options);
      expect(captured).toEqual(plain);
    }),
    { numRuns: 300 },
  );
});

describe('a running tail', () => {
  const folder = temporaryFolder();
  let redis: TestRedis;
  let writer: WriterProcess;
  let files = 0;
  let succeeded = 0;
  beforeAll(async () => {
    redis = await testRedis();
    writer = startWriter();
  });
  afterAll(() => writer.stop());

  const passes = ({ log }: TestDaemon) => log.lines.filter(({ fields }) => fields['event'] === 'pass.start');

  function createFile({ journal, sql }: Schema, units: readonly Unit[]): Database.Database {
    const db = new Database(join(folder, `${String(++files)}.db`));
    db.pragma(`journal_mode = ${journal}`);
    for (const statement of sql) db.exec(statement);
    for (const statement of units.flat()) {
      try {
        db.exec(statement);
      } catch {
        // A constraint: the table starts with what it lets in.
      }
    }
    if (db.inTransaction) db.exec('ROLLBACK');
    return db;
  }

  async function aliasKeys(): Promise<ReadonlyMap<string, string | null>> {
    const keys = await redis.client.keys('alias:*');
    const values = keys.length === 0 ? [] : await redis.client.mget(keys);
    return new Map(keys.map((key, position) => [key, values[position] ?? null]));
  }

  async function tailed(daemon: TestDaemon, head: number): Promise<void> {
    const reached = async () => {
      const position = parseCheckpoint((await redis.client.get(checkpointKey)) ?? '')?.position;
      return (position?.seq ?? -1) >= head;
    };
    await eventually(reached, { alive: daemon.running });
  }

  test('leaves Redis as the table says after anything another process wrote, without a full pass', async () => {
    const run = fc.record({ ...play, before: anyUnits, attached: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(run, async ({ schema, before, ...writing }) => {
        const db = createFile(schema, before);
        await redis.client.flushall();
        const daemon = await startDaemon({
          REDIS_URL: redis.url,
          DB_PATH: db.name,
          SYNC_INTERVAL: '100000',
          ALIAS_TABLES: 'team=team_aliases(team_id,alias)',
          ALIAS_CASE: schema.aliasCase,
        });
        try {
          succeeded += await writer.write({ path: db.name, ...writing });
          await tailed(
            daemon,
            db.prepare<[], number>('SELECT max(seq) FROM millrace_changelog').pluck().get() ?? 0,
          );
          const { aliasCase } = schema;
          const model = readModel(db, { table: 'team_aliases', idColumn: 'team_id', aliasCase });
          const wanted = [...model.values].map(([alias, value]) => [`alias:team:${alias}`, value] as const);
          expect(await aliasKeys()).toEqual(new Map(wanted));
          expect(passes(daemon)).toHaveLength(1);
        } finally {
          await daemon.stop();
          db.close();
        }
      }),
      { numRuns: 30 },
    );
    expect(succeeded).toBeGreaterThan(30);
  }, 90_000);
});
