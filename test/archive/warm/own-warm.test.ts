import fc from 'fast-check';
import { archiveDryRun } from '../../../src/archive/pass/dry-run';
import { planLines, reportLines } from '../../../src/archive/warm/report';
import { requirePostgres } from '../../../src/config/load';
import { readAsset } from '../../../src/foundation/package-root';
import type { RecordMapping } from '../../../src/mapping/own-records';
import { eventually } from '../../support/eventually';
import { useArchive } from '../support/archive';
import { alone, cart, fields, ownArchive, session, user, withRegistry } from '../support/own-records';
import { toldOf, warmed } from '../support/warm';
import { inZone } from '../support/zone';

inZone('Asia/Tehran');

const archive = useArchive();
const client = () => archive.redis.client;
const all = fields({
  ...{ t: 'text', i: 'int', f: 'float', b: 'bool', j: 'json', at: 'time', u: 'uuid', raw: 'bytes' },
});
const part = { type: 'text', rest: false, after: '' } as const;
const whole: RecordMapping = {
  ...{ ...session, name: 'whole', table: 'wholes', columns: all, parents: [] },
  key: {
    prefix: 'whole:',
    parts: [
      { ...part, column: 'slug', after: '/' },
      { ...part, column: 'n', type: 'int' },
    ],
  },
};
const object: RecordMapping = {
  ...{ ...whole, name: 'object', table: 'objects', holds: 'json' },
  key: { prefix: 'object:', parts: [{ ...part, column: 'path', rest: true }] },
};
const log: RecordMapping = {
  ...{ ...whole, name: 'log', table: 'logs', holds: 'entry', appendOnly: true, onDelete: 'keep' },
  key: { prefix: 'log:', parts: [{ ...part, column: 'slug' }] },
  columns: [{ column: 'entry', field: '$id', type: 'text', required: true }, ...fields({ t: 'text' })],
};
const catalogue = withRegistry(user, session, cart, whole, object, log);
const own = ownArchive(archive, catalogue);
const warm = (dryRun = false) => warmed(archive, { dryRun, config: own.config() });

const differences = async (): Promise<Readonly<Record<string, number>>> => {
  const config = own.config();
  return (await archiveDryRun(config, requirePostgres(config), () => undefined)).differences;
};

/** Archives what Redis holds, and ends the daemon. */
async function archived(): Promise<void> {
  const daemon = await own.start();
  await eventually(async () => expect(await differences()).toEqual({}), { alive: daemon.running });
  await daemon.stop();
}

const tables = ['users', 'sessions', 'carts', 'wholes', 'objects'];
/** Each row with the transaction that wrote it. */
const versions = async () => {
  const found: string[] = [];
  for (const table of tables)
    found.push(...(await archive.lines(`SELECT '${table}', xmin, to_json(t) FROM ${table} t ORDER BY ctid`)));
  return found;
};

const contents = async (): Promise<Record<string, unknown>> => {
  const found: Record<string, unknown> = {};
  for (const key of (await client().keys('*')).sort()) {
    if (/^millrace:|^aidb:/.test(key)) continue;
    found[key] =
      (await client().type(key)) === 'hash' ? await client().hgetallBuffer(key) : await client().get(key);
  }
  return found;
};

const bytes = Buffer.from([0, 10, 255, 92]);
const everyType = {
  ...{ t: 'C:\\new\t«é»🙂\n', i: '9007199254740993', f: '0.1', b: 'true', j: '{"a": 1.0, "a": [null]}' },
  ...{ at: '2026-01-05T14:30:00.000001Z', u: '0b0d1c1e-0000-4000-8000-0000000000ff', raw: bytes },
};

test('hashes and JSON of the user’s own come back to an empty Redis, and a pass finds no difference', async () => {
  await client().hset('user:1', { email: 'a@b', age: '7', plan: 'gold', seen_at: '2026-01-05T14:30:00Z' });
  await client().hset('user:-2', 'email', 'only this');
  await client().hset('session:é', { started_at: '2026-01-05T14:30:00Z', user_id: '1' });
  await client().hset('cart:1/a:b/c', { amount: '2', note: bytes });
  await client().hset('whole:a b/7', everyType);
  await client().hset('whole:NaN/0', { f: 'NaN', j: 'null', t: 'NULL', b: 'false' });
  const json = `{"t":"\\"\\\\","i":12,"f":1e-05,"b":false,"j":{"deep": [1.0]},"at":"2026-01-05T14:30:00Z","raw":"é"}`;
  await client().set('object:a:b/c', json);
  await client().set('object:none', '{}');
  await client().set('object:infinite', '{"f":"-Infinity","j":"text"}');
  const model = await archive.store.createModel({ name: 'of the registry' });
  await client().xadd('log:a', '*', 't', 'streams are not put back');
  await archived();
  expect(await archive.lines('SELECT slug, t FROM logs')).toEqual(['a|streams are not put back']);
  await client().del('log:a');
  const [before, rows] = [await contents(), await versions()];
  await client().flushall();

  const dry = await warm(true);
  expect(await client().dbsize()).toBe(0);
  const report = await warm();
  expect(dry.tallies).toEqual(report.tallies);
  expect(await contents()).toEqual(before);
  expect(Object.keys(report.tallies).map((kind) => [kind, toldOf(report, kind)])).toEqual(
    expect.arrayContaining([
      ['user', { restored: 2 }],
      ['session', { restored: 1 }],
      ['cart', { restored: 1 }],
      ['whole', { restored: 2 }],
      ['object', { restored: 3 }],
      ['model', { restored: model }],
    ]),
  );
  expect(await differences()).toEqual({});
  expect(toldOf(await warm(), 'whole')).toEqual({ there: 2 });
  const daemon = await own.start();
  await archive.pass(daemon);
  expect(await versions()).toEqual(rows);
  expect(await archive.letters()).toEqual([]);
}, 60_000);

test('values come back in one way of writing them, as what they are', async () => {
  await client().hset('whole:a/1', {
    ...{ i: '+012', f: '12.50', b: 'YES', at: '2026-01-05 18:00:00+03:30', j: ' [1,  2]' },
    u: everyType.u.toUpperCase(),
  });
  await client().hset('user:3', { email: 'x', age: '', plan: '', unmapped: 'is not in Postgres' });
  await client().set('object:p', '{ "i": "7", "t": 5, "f": 2.50, "b": "on", "extra": 1, "j": null }');
  await archived();
  await client().flushall();
  await warm();
  expect(await client().hgetall('whole:a/1')).toEqual({
    ...{ i: '12', f: '12.5', b: 'true', at: '2026-01-05T14:30:00Z', j: ' [1,  2]', u: everyType.u },
  });
  expect(await client().hgetall('user:3')).toEqual({ email: 'x' });
  expect(await client().get('object:p')).toBe('{"t":"5","i":7,"f":2.5,"b":true}');
  expect(await differences()).toEqual({});
}, 60_000);

test('what the application deleted stays deleted; rows that no key can be are told, and those that would be read otherwise', async () => {
  await client().hset('session:gone', 'started_at', '2026-01-05T14:30:00Z');
  await client().hset('session:there', 'started_at', '2026-01-05T14:30:00Z');
  const daemon = await own.start();
  await archive.becomes('SELECT sid FROM sessions ORDER BY sid', ['gone', 'there']);
  await client().del('session:gone');
  await archive.becomes('SELECT sid FROM sessions WHERE deleted_at IS NOT NULL', ['gone']);
  await daemon.stop();
  await archive.postgres.query(
    `
    INSERT INTO sessions (sid, started_at) VALUES ('a:b', now()), ('', now()), ('no start', NULL);
    INSERT INTO users (id, email) VALUES (1, '');
    INSERT INTO wholes (slug, n) VALUES ('empty', 1);
    INSERT INTO wholes (slug, n, at) VALUES ('a/b', 1, now()), ('never', 1, 'infinity');
    INSERT INTO objects (path, raw) VALUES ('bytes', '\\xff'), ('fine', '\\xc3a9');`,
  );
  await client().flushall();
  const report = await warm();
  expect(toldOf(report, 'session')).toEqual({ restored: 1, deleted: 1, foreign: 2, unlike: 1 });
  expect(toldOf(report, 'user')).toEqual({ unlike: 1 }); // '' means none
  expect(toldOf(report, 'whole')).toEqual({ unlike: 2, foreign: 1 });
  expect(toldOf(report, 'object')).toEqual({ restored: 1, unlike: 1 });
  expect(Object.keys(await contents()).sort()).toEqual(['object:fine', 'session:there']);
  expect(await differences()).toEqual({});
  const lines = reportLines(report, catalogue, false).join('\n');
  expect(lines).toMatch(/session +1 +0 +1$/m);
  expect(lines).toContain('session 1: not put back: the application has deleted them');
}, 60_000);

test('what is in Redis stays, whatever it is', async () => {
  await client().hset('user:1', 'email', 'archived');
  await client().hset('user:2', 'email', 'archived');
  await client().set('object:a', '{"t":"archived"}');
  await archived();
  await client().hset('user:1', 'email', 'newer');
  await client().del('user:2', 'object:a');
  await client().set('user:2', 'a text');
  await client().hset('object:a', 't', 'a hash');
  const report = await warm();
  expect([toldOf(report, 'user'), toldOf(report, 'object')]).toEqual([{ there: 1, inUse: 1 }, { inUse: 1 }]);
  expect(await client().hget('user:1', 'email')).toBe('newer');
  expect(await client().get('user:2')).toBe('a text');
}, 60_000);

test('beside a daemon: nothing is written to Postgres, and what is deleted after the next pass takes its row', async () => {
  const daemon = await own.start();
  for (let id = 0; id < 600; id++) await client().hset(`cart:1/${id}`, 'amount', id);
  await client().hset('user:1', 'email', 'x');
  await archive.becomes('SELECT count(*) FROM carts', ['600']);
  const rows = await versions();
  await client().flushall();
  await eventually(async () => expect((await daemon.status()).archive.incidents.length).toBeGreaterThan(0));
  const report = await warm();
  expect(toldOf(report, 'cart')).toEqual({ restored: 600 });
  await archive.pass(daemon);
  expect(await versions()).toEqual(rows);
  await client().del('cart:1/7');
  await archive.becomes('SELECT count(*) FROM carts', ['599']);
}, 60_000);

test('a mapping whose table is not as it should be is told, and the others come back', async () => {
  await client().hset('user:1', 'email', 'x');
  await client().hset('whole:a/1', 't', 'x');
  await archived();
  await archive.postgres.query('ALTER TABLE wholes ALTER COLUMN i TYPE text');
  await client().flushall();
  const report = await warm();
  expect(report.stopped.map(({ kind }) => kind)).toEqual(['whole']);
  expect(await contents()).toEqual({ 'user:1': { email: Buffer.from('x') } });
  const facts = {
    redis: 'r',
    postgres: 'p',
    evicts: false,
    stopped: report.stopped,
    streams: ['log'],
  };
  expect(
    planLines({ wanted: new Map(), chosen: new Map(), tallies: new Map() }, facts, { newest: 0 }),
  ).toEqual(
    expect.arrayContaining([
      expect.stringContaining('whole: nothing, for its table'),
      '  log: nothing, for streams are not put back',
    ]),
  );
}, 60_000);

test('rows that were there before their mapping, and stay so (on_conflict), are not put back', async () => {
  const skipping = ownArchive(archive, alone({ ...user, onConflict: 'skip' }));
  const first = await skipping.start();
  await first.stop();
  await archive.postgres.query(`INSERT INTO users (id, email) VALUES (1, 'theirs'), (2, 'theirs')`);
  await client().hset('user:2', 'email', 'ours');
  await client().hset('user:3', 'email', 'ours');
  const daemon = await skipping.start();
  await archive.becomes('SELECT id, email FROM users ORDER BY id', ['1|theirs', '2|theirs', '3|ours']);
  await daemon.stop();
  await client().flushall();
  const report = await warmed(archive, { config: skipping.config() });
  expect(toldOf(report, 'user')).toEqual({ restored: 1, foreign: 2 });
  expect(await client().keys('user:*')).toEqual(['user:3']);
}, 60_000);

test('a Redis user that may fill aidb:* needs nothing more than the keys of the mappings', async () => {
  await client().hset('user:1', 'email', 'x');
  await client().set('object:a', '{"t":"x"}');
  await archived();
  await client().flushall();
  const rules = /^user millrace-warm on (.*)$/m.exec(readAsset('deploy/redis/millrace.acl'))?.[1] ?? '';
  const acl = ['reset', 'on', '>secret', ...rules.split(' '), '~user:*', '~object:*'];
  await client().call('ACL', 'SETUSER', 'filler', ...acl);
  const url = new URL(archive.redis.url);
  [url.username, url.password] = ['filler', 'secret'];
  const report = await warmed(archive, { config: own.config({ REDIS_URL: url.href }) });
  expect([toldOf(report, 'user'), toldOf(report, 'object')]).toEqual([{ restored: 1 }, { restored: 1 }]);
  expect(await client().call('ACL', 'LOG')).toEqual([]);
}, 60_000);

test('a catalogue without the registry is filled as well', async () => {
  const lonely = ownArchive(archive, alone(user));
  await client().hset('user:1', 'email', 'x');
  const daemon = await lonely.start();
  await daemon.stop();
  await client().flushall();
  const report = await warmed(archive, { config: lonely.config() });
  expect([toldOf(report, 'user'), report.counters]).toEqual([{ restored: 1 }, {}]);
  expect(await client().hgetall('user:1')).toEqual({ email: 'x' });
}, 60_000);

const text = fc.string({ unit: 'binary' }).map((one) => one.replaceAll('\0', ''));
const optional = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const anyHash = fc.record({
  t: optional(text),
  i: optional(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
  f: optional(fc.double().map(String)),
  b: optional(fc.constantFrom('1', 'no', 'T', 'off')),
  j: optional(fc.json()),
  at: optional(
    fc
      .date({
        min: new Date('0001-01-02T00:00:00Z'),
        max: new Date('9999-12-30T00:00:00Z'),
        noInvalidDate: true,
      })
      .map((date) => date.toISOString()),
  ),
  raw: optional(fc.uint8Array().map((array) => Buffer.from(array))),
});

test('whatever was archived comes back so that a pass finds no difference', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(anyHash, text), { minLength: 20, maxLength: 60 }), async (records) => {
      await client().flushall();
      await archive.postgres.renew();
      const pipeline = client().pipeline();
      for (const [n, [hash, name]] of records.entries()) {
        const given = Object.entries(hash).flatMap(([field, value]) =>
          value === undefined ? [] : [field, value],
        );
        if (given.length > 0)
          pipeline.hset(`whole:${n % 2 === 0 ? 'a' : name.replaceAll(/[:/]/g, '') || 'b'}/${n}`, ...given);
        const { j, ...members } = { ...hash, raw: undefined };
        const json = JSON.stringify({ ...members, t: name });
        pipeline.set(
          `object:${name || 'b'}${n}`,
          j === undefined ? json : json.replace(/\}$/, () => `,"j":${j}}`),
        );
      }
      await pipeline.exec();
      await archived();
      const counted = async () =>
        (await archive.lines('SELECT count(*) FROM wholes UNION ALL SELECT count(*) FROM objects')).map(
          Number,
        );
      const rows = await counted();
      await client().flushall();
      const report = await warm();
      expect(await differences()).toEqual({});
      expect(['whole', 'object'].map((kind) => report.tallies[kind]?.restored)).toEqual(rows);
    }),
    { numRuns: 6, endOnFailure: true },
  );
}, 120_000);
