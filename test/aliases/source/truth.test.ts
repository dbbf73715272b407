import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { planCapture } from '../../../src/aliases/source/capture';
import { installCapture } from '../../../src/aliases/source/install-capture';
import { readCatalogue } from '../../../src/aliases/source/catalogue';
import { pruneChangelog } from '../../../src/aliases/source/changelog';
import { openForReading, writing } from '../../../src/aliases/source/file/database';
import { compareIds, renderIds } from '../../../src/aliases/source/ids';
import { type AliasCase, defaultMappings } from '../../../src/mapping/alias-tables';
import { AliasTruth } from '../../../src/aliases/source/truth';
import { findUnserved } from '../../../src/aliases/source/unserved-rows';
import { temporaryFolder } from '../../support/temporary-folder';
import { readModel, renderModelIds } from '../support/model';

const folder = temporaryFolder();
const mappings = defaultMappings.filter((mapping) => mapping.type === 'team');

function truthOf(db: Database.Database, aliasCase: AliasCase): AliasTruth {
  const [entry] = readCatalogue(db, mappings);
  if (entry?.state !== 'served') throw new Error('the table is not served');
  return new AliasTruth(db, entry, aliasCase);
}

function capture(db: Database.Database, aliasCase: AliasCase): void {
  for (const { sql } of planCapture(db, readCatalogue(db, mappings), aliasCase)) db.exec(sql);
}

interface Walked {
  readonly values: ReadonlyMap<string, string>;
  readonly skipped: number;
  readonly pages: number;
}

/** All pages put together; an alias that comes twice is an error, since the second page would overwrite the first. */
function walk(truth: AliasTruth, maximum: number): Walked {
  const values = new Map<string, string>();
  let skipped = truth.countUnkeyed();
  let pages = 0;
  let from: unknown;
  do {
    const page = truth.walk(from, maximum);
    page.aliases.forEach((alias, position) => {
      if (values.has(alias)) throw new Error(`${JSON.stringify(alias)} comes twice`);
      values.set(alias, page.values[position] ?? '');
    });
    skipped += page.skipped;
    from = page.next;
    if (++pages > 2_000) throw new Error('the walk does not end');
  } while (from !== undefined);
  return { values, skipped, pages };
}

const aliasValue = fc.constantFrom(
  ...["'rmcf'", "'RMCF'", "'Rmcf'", "''", "' '", "'é'", "'É'", "'a'", "'😀'", "'__proto__'", "'constructor'"],
  ...['1', '1.0', "'1'", '2.5', '1e300', '9007199254740993', 'NULL', "x''", "x'61'", "x'ff'"],
  // Not valid UTF-8, a lone surrogate among it, and what reads like it without being so.
  ...["CAST(x'ff' AS TEXT)", "CAST(x'c0' AS TEXT)", "CAST(x'61ff' AS TEXT)", "CAST(x'eda080' AS TEXT)"],
  ...['char(65533)', "'a' || char(65533)", "CAST(x'610062' AS TEXT)", "CAST(x'00' AS TEXT)"],
);
const idValue = fc.constantFrom(
  ...['1', '2', '10', "'1'", "'u-1'", '9007199254740993', '-9223372036854775808', '2.5', '1.0', '-7'],
  ...['NULL', "x'31'", "'007'", "'__proto__'", "''"],
);
const table = fc.record({
  id: fc.constantFrom('TEXT', 'INTEGER', 'REAL', ''),
  alias: fc.constantFrom('TEXT', '', 'TEXT COLLATE NOCASE', 'INTEGER'),
  rows: fc.array(fc.tuple(idValue, aliasValue), { maxLength: 40, size: 'max' }),
  aliasCase: fc.constantFrom('preserve' as const, 'lower' as const),
  maximum: fc.integer({ min: 2, max: 9 }),
  indexed: fc.boolean(),
});

test('walking the table and looking its aliases up both agree with it, whatever it holds and however small the pages', () => {
  fc.assert(
    fc.property(table, ({ id, alias, rows, aliasCase, maximum, indexed }) => {
      const db = new Database(':memory:');
      try {
        db.exec(`CREATE TABLE team_aliases (team_id ${id}, alias ${alias})`);
        for (const row of rows) db.exec(`INSERT INTO team_aliases VALUES (${row.join(', ')})`);
        if (indexed) capture(db, aliasCase);
        const model = readModel(db, { table: 'team_aliases', idColumn: 'team_id', aliasCase });
        const truth = truthOf(db, aliasCase);
        expect(truth.live).toBe(indexed);
        const { values, skipped } = walk(truth, maximum);
        expect(values).toEqual(model.values);
        expect(skipped).toBe(model.skipped);
        // What is left out is named, each row once.
        expect(findUnserved('team', truth, 1_000)).toHaveLength(skipped);
        const asked = ['nobody', ...model.values.keys(), 'rmc', '\uFFFD'];
        expect(truth.lookUp(asked)).toEqual(asked.map((name) => model.values.get(name) ?? ''));
        const absent = asked.flatMap((name, position) => (model.values.has(name) ? [] : [position]));
        expect(truth.absent(asked)).toEqual(absent);
      } finally {
        db.close();
      }
    }),
    { numRuns: 200 },
  );
});

describe('a table of extremes', () => {
  const table = { table: 'team_aliases', idColumn: 'team_id', aliasCase: 'preserve' } as const;

  function extremes(path: string): Database.Database {
    const db = new Database(path);
    db.exec('CREATE TABLE team_aliases (team_id, alias TEXT)');
    const insert = db.prepare('INSERT INTO team_aliases VALUES (?, ?)');
    db.transaction(() => {
      for (let id = 0n; id < 5_000n; id++) insert.run(2n ** 53n + id, 'popular');
      for (let row = 0; row < 3_000; row++) insert.run(null, 'nobody’s');
      for (let id = 0n; id < 4n; id++) insert.run(id, String(id).padStart(1_000_000, 'x'));
      for (const alias of ['', '__proto__', 'zz']) insert.run('7', alias);
      for (let row = 0; row < 2_500; row++) insert.run(1n, Buffer.from([0xff, row]));
      for (let row = 0; row < 40; row++) db.exec("INSERT INTO team_aliases VALUES (1, CAST(x'fe' AS TEXT))");
    })();
    return db;
  }

  test.each([3, 1_000])('is walked completely and counted rightly in pages of %d', (maximum) => {
    const db = extremes(':memory:');
    capture(db, 'preserve');
    const model = readModel(db, table);
    const { values, skipped } = walk(truthOf(db, 'preserve'), maximum);
    expect(values).toEqual(model.values);
    expect(skipped).toBe(3_000 + 2_500 + 40);
    expect(values.get('popular')).toBe(
      JSON.stringify(Array.from({ length: 5_000 }, (_, at) => String(2n ** 53n + BigInt(at)))),
    );
    db.close();
  });

  test('is walked in shorter pages after one of long aliases', () => {
    const db = new Database(':memory:');
    db.exec(`CREATE TABLE team_aliases (team_id, alias TEXT);
      WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 299)
      INSERT INTO team_aliases SELECT i, i || hex(zeroblob(50000)) FROM n`);
    capture(db, 'preserve');
    const truth = truthOf(db, 'preserve');
    const sizes: number[] = [];
    let from: unknown;
    do {
      const page = truth.walk(from, 1_000);
      sizes.push(page.aliases.join('').length);
      from = page.next;
    } while (from !== undefined);
    const [, ...later] = sizes;
    expect(Math.max(...later)).toBeLessThan(5_000_000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(200 * 100_003);
    db.close();
  });

  test('is read from a snapshot where no index can be made, and anew after a refresh', () => {
    const path = join(folder, 'snapshot.db');
    const owner = extremes(path);
    const before = readModel(owner, table);
    const db = openForReading(path);
    const truth = truthOf(db, 'preserve');
    expect(truth.live).toBe(false);
    expect(walk(truth, 1_000).values).toEqual(before.values);

    owner.exec(
      "DELETE FROM team_aliases WHERE alias = 'popular'; INSERT INTO team_aliases VALUES (9, 'new')",
    );
    expect(walk(truth, 1_000).values).toEqual(before.values);
    truth.refresh();
    const after = readModel(owner, table);
    expect(walk(truth, 1_000)).toMatchObject({ values: after.values, skipped: after.skipped });
    expect(truth.lookUp(['new', 'popular'])).toEqual(['["9"]', '']);
    expect(() => db.exec("INSERT INTO team_aliases VALUES (1, 'ours')")).toThrow(/readonly/);
    db.close();
    owner.close();
  });
});

describe('a hostile file', () => {
  const long = (bytes: number, ...before: readonly string[]) =>
    [...before, `CAST(zeroblob(${bytes}) AS TEXT)`].join(' || ');

  test.each([
    ['preserve', true],
    ['preserve', false],
    ['lower', true],
  ] as const)(
    'has no key for what is too long, wherever a page ends (%s, with an index: %s)',
    (aliasCase, indexed) => {
      const db = new Database(':memory:');
      db.exec('CREATE TABLE team_aliases (team_id, alias TEXT)');
      const rows: readonly (readonly [id: string, alias: string, kept: boolean])[] = [
        ['1', "'a'", true],
        ['1', long(1_048_575, "'b'"), true],
        ['2', long(1_048_576, "'b'"), false],
        ['3', long(3_000_000, "'c'"), false],
        ['3', long(3_000_000, "'c'"), false],
        ['CAST(zeroblob(65537) AS TEXT)', "'d'", false],
        ['CAST(zeroblob(65536) AS TEXT)', "'d'", true],
        ['4', "'d'", true],
        ['5', "'e'", true],
        ['5', long(2_000_000, "'z'"), false],
      ];
      for (const [id, alias] of rows) db.exec(`INSERT INTO team_aliases VALUES (${id}, ${alias})`);
      if (indexed) capture(db, aliasCase);
      const truth = truthOf(db, aliasCase);
      expect(truth.live).toBe(indexed);
      for (const maximum of [2, 3, 4, 1_000]) {
        const { values, skipped } = walk(truth, maximum);
        expect([...values.keys()].map((key) => key.length)).toEqual([1, 1_048_576, 1, 1]);
        expect(skipped).toBe(rows.filter(([, , kept]) => !kept).length);
        expect(values.get('d')?.startsWith('["4","')).toBe(true);
      }
      const tooLong = 'b'.padEnd(1_048_577, '\0');
      expect(truth.lookUp([tooLong, 'e'])).toEqual(['', '["5"]']);
      expect(truth.absent([tooLong, 'e'])).toEqual([0]);
      db.close();
    },
  );

  test.each(['alias', 'team_id'])(
    'is not served where reading its %s computes it, and nothing is computed',
    (name) => {
      const db = new Database(':memory:');
      const plain = name === 'alias' ? 'team_id' : 'alias';
      db.exec(`CREATE TABLE team_aliases (${plain});
        INSERT INTO team_aliases VALUES (1);
        ALTER TABLE team_aliases ADD COLUMN ${name} TEXT AS (printf('%.*c', 400000000, 'x')) VIRTUAL`);
      const before = process.memoryUsage().rss;
      expect(readCatalogue(db, mappings)).toMatchObject([{ state: 'unserved', reason: 'computed' }]);
      expect(
        planCapture(db, readCatalogue(db, mappings), 'preserve').some(({ sql }) => /team/.test(sql)),
      ).toBe(false);
      expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
      db.close();
    },
  );

  test('may keep a generated column that is stored', () => {
    const db = new Database(':memory:');
    db.exec(`CREATE TABLE team_aliases (team_id, name, alias TEXT AS (lower(name)) STORED);
      INSERT INTO team_aliases VALUES (1, 'RMCF')`);
    capture(db, 'preserve');
    expect(walk(truthOf(db, 'preserve'), 10).values).toEqual(new Map([['rmcf', '["1"]']]));
    db.close();
  });

  test.each([
    'CREATE TRIGGER theirs AFTER DELETE ON millrace_changelog BEGIN INSERT INTO ran VALUES (1); END',
    'CREATE TRIGGER theirs AFTER UPDATE ON Millrace_Changelog_ID BEGIN INSERT INTO ran VALUES (1); END',
    `CREATE TABLE refers (seq REFERENCES millrace_changelog (seq) ON DELETE CASCADE); INSERT INTO refers VALUES (1);
     CREATE TRIGGER theirs AFTER DELETE ON refers BEGIN INSERT INTO ran VALUES (1); END`,
  ])('has nothing run by what is written to it: %s', (theirs) => {
    const path = join(folder, `written-${randomUUID()}.db`);
    const db = new Database(path);
    db.exec('CREATE TABLE team_aliases (team_id, alias); CREATE TABLE ran (n)');
    installCapture(path, mappings, 'preserve');
    db.exec(
      `INSERT INTO team_aliases VALUES (1, 'a'), (1, 'b'); ${theirs}; DROP TRIGGER millrace_team_after_insert`,
    );
    for (const write of [
      () => pruneChangelog(path, Number.MAX_SAFE_INTEGER, 10, Date.now() + 2 * 86_400_000),
      () => installCapture(path, mappings, 'preserve'),
    ])
      try {
        write();
      } catch (error) {
        expect(error).toMatchObject({
          code: 'E_DB_CANNOT_OPEN',
          message: expect.stringContaining('theirs') as string,
        });
      }
    expect(db.prepare('SELECT * FROM ran').all()).toEqual([]);
    db.close();
  });

  test('is trusted neither by what reads it nor by what writes to it', () => {
    const path = join(folder, 'distrusted.db');
    const db = new Database(path);
    db.exec('CREATE TABLE team_aliases (team_id, alias TEXT)');
    db.close();
    const trusted = (of: Database.Database) => of.pragma('trusted_schema', { simple: true });
    const reader = openForReading(path);
    expect([trusted(reader), writing(path, trusted)]).toEqual([0, 0]);
    reader.close();
  });
});

describe('ids', () => {
  const integer = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String);
  const short = fc.constantFrom(
    '0',
    '-0',
    '00',
    '7',
    '10',
    '9',
    '-7',
    '-10',
    '1.0',
    '',
    ' 1',
    'a',
    'é',
    '😀',
    '\uFFFD',
  );
  const id = fc.oneof(integer, short, fc.uuid(), fc.string({ maxLength: 3 }));

  test('have one order: by value for integers, then by text, and equal only to themselves', () => {
    fc.assert(
      fc.property(id, id, id, (a, b, c) => {
        expect(Math.sign(compareIds(a, b))).toBe(-Math.sign(compareIds(b, a)) + 0);
        expect(compareIds(a, b) === 0).toBe(a === b);
        if (compareIds(a, b) <= 0 && compareIds(b, c) <= 0) expect(compareIds(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
        expect(Math.sign(compareIds(String(a), String(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  test('are rendered each once, and alike in whatever order they come', () => {
    const shuffled = fc
      .array(id, { minLength: 1 })
      .chain((ids) =>
        fc.tuple(fc.constant(ids), fc.shuffledSubarray([...ids, ...ids], { minLength: ids.length * 2 })),
      );
    fc.assert(
      fc.property(shuffled, ([ids, again]) => {
        expect(renderIds(ids)).toBe(renderModelIds(ids));
        expect(renderIds(again)).toBe(renderIds(ids));
      }),
    );
    expect(renderIds([])).toBe('');
  });
});
