import { eventually } from '../support/eventually';
import { archiveDryRun } from '../../src/archive/pass/dry-run';
import { requirePostgres } from '../../src/config/load';
import { useArchive } from './support/archive';
import type { RecordMapping } from '../../src/mapping/own-records';
import { alone, cart, fields, ownArchive, session, user, withRegistry } from './support/own-records';

const archive = useArchive();
const catalogue = withRegistry(cart, session, user);
const own = ownArchive(archive, catalogue);
/** The same, of which the file says what becomes of rows that are there. */
const overwriting = ownArchive(
  archive,
  withRegistry(
    { ...cart, onConflict: 'overwrite' },
    { ...session, onConflict: 'overwrite' },
    { ...user, onConflict: 'overwrite' },
  ),
);

const users =
  'SELECT id, email, age, active, prefs, seen_at AT TIME ZONE $$UTC$$, score, tier FROM users ORDER BY id';
const sessions = 'SELECT sid, user_id, ip, deleted_at IS NOT NULL FROM sessions ORDER BY sid';
const carts = 'SELECT user_id, item, amount, encode(note, $$hex$$), token FROM carts ORDER BY user_id, item';
const write = (key: string, fields: Readonly<Record<string, string | Buffer>>) =>
  archive.redis.client.hset(key, { ...fields });

describe('a hash of the user’s own', () => {
  test('becomes a row of a table that is made for it, by the pass and by the mirror', async () => {
    await write('user:1', {
      email: 'a@b.c',
      age: '7',
      active: 'yes',
      prefs: '{"a":1}',
      seen_at: '2026-01-05T14:30:00',
      score: '0.5',
      plan: 'gold',
    });
    await write('user:2', { email: 'found@b.c', age: '' });
    await own.start();
    expect(await archive.lines(users)).toEqual([
      '1|a@b.c|7|t|{"a":1}|2026-01-05 14:30:00|0.5|gold',
      '2|found@b.c||||||',
    ]);
    await write('user:3', { email: 'heard@b.c' });
    await write('user:1', { age: '8', plan: '' });
    await archive.redis.client.hdel('user:1', 'score');
    await archive.becomes(users, [
      '1|a@b.c|8|t|{"a":1}|2026-01-05 14:30:00||',
      '2|found@b.c||||||',
      '3|heard@b.c||||||',
    ]);
    const config = own.config();
    const { differences } = await archiveDryRun(config, requirePostgres(config), () => undefined);
    expect(differences).toEqual({});
  }, 60_000);
});

test('very many at once, with whatever is in their keys and values, and a few that are refused', async () => {
  const odd = ['\t', '\\.', '\\N', 'a\nb', '"', "'", 'é🙂', ' ', '{}', 'NULL', 'a-b', 'ab'];
  const { client } = archive.redis;
  const pipeline = client.pipeline();
  for (const [at, text] of odd.entries())
    pipeline.hset(`session:${text}`, {
      started_at: '2026-01-05T14:30:00',
      ip: odd[odd.length - 1 - at] ?? '',
    });
  for (let id = 0; id < 700; id++) pipeline.hset(`user:${id}`, { email: `${id}\t\\x`, age: String(id) });
  pipeline.hset('user:300', 'age', '9999999999999999999').hset('user:301', 'prefs', '{');
  await pipeline.exec();
  const daemon = await own.start();
  const count = 'SELECT count(*), sum(age), count(DISTINCT email) FROM users';
  await archive.becomes(count, [`698|${(699 * 700) / 2 - 601}|698`]);
  expect(await archive.lines('SELECT email FROM users WHERE id = 7')).toEqual(['7\t\\x']);
  const { rows } = await archive.postgres.pool.query<{ sid: string; ip: string }>(
    'SELECT sid, ip FROM sessions',
  );
  expect(Object.fromEntries(rows.map(({ sid, ip }) => [sid, ip]))).toEqual(
    Object.fromEntries(odd.map((text, at) => [text, odd[odd.length - 1 - at]])),
  );
  expect((await archive.letters()).map(({ key, column_name }) => `${key} ${column_name ?? ''}`)).toEqual([
    'user:300 age',
    'user:301 prefs',
  ]);
  const again = client.pipeline();
  for (let id = 0; id < 700; id++)
    again.hset(`user:${id}`, { age: String(id % 2 === 0 ? id : id + 1), prefs: '{}' });
  await again.exec();
  await archive.becomes(count, [`700|${(699 * 700) / 2 + 350}|700`]);
  expect((await archive.pass(daemon)).differences).toEqual({});
  expect(await archive.letters()).toEqual([]);
}, 60_000);

test('a table with triggers of others: what they change is written once, what they drop is parked', async () => {
  await archive.postgres.query(
    `CREATE TABLE public.users (id bigint PRIMARY KEY, email text, touched timestamptz);
     CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.email = 'drop' THEN RETURN NULL; END IF;
       NEW.email := lower(NEW.email); NEW.touched := now(); RETURN NEW; END $$;
     CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch()`,
  );
  await write('user:1', { email: 'UPPER' });
  await write('user:2', { email: 'drop' });
  const daemon = await own.start();
  await archive.becomes('SELECT id, email FROM users', ['1|upper']);
  expect(await archive.letters()).toMatchObject([{ key: 'user:2', code: 'E_SWALLOWED' }]);
  const touched = await archive.lines('SELECT touched FROM users');
  expect((await archive.pass(daemon)).differences).toEqual({ user: 1 }); // the one that is parked
  expect(await archive.lines('SELECT touched FROM users')).toEqual(touched);
  await archive.postgres.query('DROP FUNCTION public.touch() CASCADE');
}, 60_000);

describe('parents', () => {
  test('come before their children: read from Redis, by a field or by a part of the key, and waited for', async () => {
    await write('session:a', { user_id: '5', started_at: '2026-01-05T14:30:00Z' });
    await write('cart:5/a:b/c', {
      amount: '3',
      note: Buffer.from([0, 255, 92]),
      token: 'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11',
    });
    await write('user:5', { email: 'parent@b.c' });
    await write('session:orphan', { user_id: '6', started_at: '2026-01-05T14:30:00Z' });
    await write('session:nobody', { started_at: '2026-01-05T14:30:00Z', ip: '::1' });
    const daemon = await own.start();
    await archive.becomes(sessions, ['a|5||f', 'nobody||::1|f']);
    expect(await archive.lines(carts)).toEqual(['5|a:b/c|3|00ff5c|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']);
    expect(await archive.letters()).toMatchObject([
      { key: 'session:orphan', code: 'E_PARENT', column_name: 'user_id', waiting_for: 'user:6' },
    ]);
    await write('cart:7/x', { amount: '1' });
    await archive.untilParked('cart:7/x', 'session:orphan');
    await write('user:6', { email: 'late@b.c' });
    await write('user:7', { email: 'later@b.c' });
    await archive.becomes(sessions, ['a|5||f', 'nobody||::1|f', 'orphan|6||f']);
    await archive.untilParked();
    expect(await archive.lines('SELECT count(*) FROM carts')).toEqual(['2']);
    expect((await daemon.status()).archive.lastPass?.statistics).toMatchObject({
      user: 1,
      session: 2,
      cart: 1,
    });
  }, 60_000);

  test('that no key can name are waited for, and no key of other records is taken for them', async () => {
    await write('session:a:b', { user_id: '1', started_at: '2026-01-05T14:30:00Z' });
    await write('visit:v', { sid: 'a:b' });
    await write('visit:w', { sid: '' });
    const visit: RecordMapping = {
      ...{ ...session, name: 'visit', table: 'visits', columns: fields({}), onDelete: 'keep' },
      key: { prefix: 'visit:', parts: [{ column: 'id', type: 'text', rest: false, after: '' }] },
      parents: [{ column: 'sid', record: 'session', from: { field: 'sid', required: false } }],
    };
    await ownArchive(archive, alone(visit, session, user)).start();
    await archive.untilParked('visit:v', 'visit:w');
  }, 60_000);

  test('that are brought with a child in the stream become rows first', async () => {
    await own.start();
    const { client } = archive.redis;
    await client.multi().hset('session:s', { user_id: '8', started_at: '2026-01-05T14:30:00' }).hset('user:8', { email: 'a@b.c' }).exec(); // prettier-ignore
    await archive.becomes(sessions, ['s|8||f']);
    expect(await archive.lines('SELECT id FROM users')).toEqual(['8']);
    expect(await archive.letters()).toEqual([]);
  }, 60_000);
});

describe('deletion', () => {
  const seed = async () => {
    await write('user:1', { email: 'a@b.c' });
    await write('session:s', { user_id: '1', started_at: '2026-01-05T14:30:00' });
    await write('cart:1/x', { amount: '1' });
  };
  const there = async () => [
    ...(await archive.lines('SELECT id FROM users')),
    ...(await archive.lines('SELECT sid, deleted_at IS NOT NULL FROM sessions')),
    ...(await archive.lines('SELECT item FROM carts')),
  ];
  const isThere = (...lines: string[]) => eventually(async () => expect(await there()).toEqual(lines));
  /** Comes after all that was written before. */
  const passed = async () => {
    await write('user:99', { email: 'last@b.c' });
    await eventually(async () =>
      expect(await archive.lines('SELECT id FROM users WHERE id = 99')).toEqual(['99']),
    );
    await archive.postgres.query('DELETE FROM users WHERE id = 99');
  };

  test('keeps, marks or deletes the row, as the mapping says; a record that comes again is not marked', async () => {
    await own.start();
    await seed();
    await isThere('1', 's|f', 'x');
    const { client } = archive.redis;
    await client.del('user:1', 'session:s');
    await client.unlink('cart:1/x');
    await isThere('1', 's|t');
    await seed();
    await isThere('1', 's|f', 'x');
  }, 60_000);

  test('is none when Redis is flushed, nor when a key of before the flush is deleted', async () => {
    const daemon = await own.start();
    await seed();
    await isThere('1', 's|f', 'x');
    const { client } = archive.redis;
    await client.flushall();
    await eventually(async () => expect(await client.exists('millrace:archive:incarnation')).toBe(1));
    await archive.pass(daemon);
    expect(await there()).toEqual(['1', 's|f', 'x']);
    await client.publish('__keyspace@0__:cart:1/x', 'del');
    await client.publish('__keyspace@0__:session:s', 'del');
    await passed();
    expect(await there()).toEqual(['1', 's|f', 'x']);
    // Written in this life, and deleted in it.
    await seed();
    await passed();
    await client.del('session:s', 'cart:1/x');
    await isThere('1', 's|t');
  }, 60_000);

  test('is none when a key expires or is renamed', async () => {
    await own.start();
    await seed();
    await write('cart:1/y', { amount: '2' });
    await isThere('1', 's|f', 'x', 'y');
    const { client } = archive.redis;
    await client.pexpire('session:s', 1);
    await client.rename('cart:1/x', 'other');
    await eventually(async () => expect(await client.exists('session:s')).toBe(0));
    await passed();
    await client.del('session:s', 'cart:1/x');
    await client.del('cart:1/y');
    await isThere('1', 's|f', 'x');
  }, 60_000);

  test('of a row that another program made is none', async () => {
    await own.start();
    await archive.postgres.query(
      `INSERT INTO users (id) VALUES (1); INSERT INTO carts (user_id, item) VALUES (1, 'theirs')`,
    );
    await archive.redis.client.publish('__keyspace@0__:cart:1/theirs', 'del');
    await passed();
    expect(await there()).toEqual(['1', 'theirs']);
  }, 60_000);

  test('takes a row that was written before the mapping followed deletions, once a pass has found it as it is', async () => {
    const kept = await ownArchive(
      archive,
      withRegistry({ ...cart, onDelete: 'keep' }, session, user),
    ).start();
    await seed();
    await write('cart:1/y', { amount: '2' });
    await isThere('1', 's|f', 'x', 'y');
    await kept.stop();
    const daemon = await own.start();
    expect((await daemon.status()).archive.lastPass?.differences).toEqual({});
    await archive.redis.client.del('cart:1/x');
    await isThere('1', 's|f', 'y');
    // One that lapses is parted from its row, and no pass brings them together again.
    await archive.redis.client.rename('cart:1/y', 'other');
    await passed();
    await archive.pass(daemon);
    await archive.redis.client.publish('__keyspace@0__:cart:1/y', 'del');
    await passed();
    expect(await there()).toEqual(['1', 's|f', 'y']);
  }, 60_000);

  test('that Postgres refuses is parked, and done when nothing refers to the row any more', async () => {
    await own.start();
    await archive.postgres.query(
      'CREATE TABLE notes (id int, user_id bigint, item text, FOREIGN KEY (user_id, item) REFERENCES carts)',
    );
    await seed();
    await isThere('1', 's|f', 'x');
    await archive.postgres.query(`INSERT INTO notes VALUES (1, 1, 'x')`);
    await archive.redis.client.del('cart:1/x');
    await archive.untilParked('cart:1/x');
    expect(await archive.letters()).toMatchObject([{ code: '23503' }]);
    expect(await there()).toEqual(['1', 's|f', 'x']);
    await archive.postgres.query('DELETE FROM notes; UPDATE millrace.dead_letters SET due = true');
    await isThere('1', 's|f');
  }, 60_000);
});

describe('what can be no row', () => {
  test('is parked with the name of its column, and applied once it is mended', async () => {
    await own.start();
    const bad = {
      'user:1': { email: 'a@b.c', age: 'old' },
      'user:2': { age: '7' },
      'user:3': { email: 'a@b.c', active: 'perhaps' },
      'user:4': { email: 'a@b.c', prefs: '{' },
      'user:5': { email: 'a@b.c', seen_at: 'yesterday' },
      'user:6': { email: Buffer.from([0xff]) },
      'user:7': { email: 'a@b.c', age: '99999999999999999999' },
      'user:08': { email: 'a@b.c' },
      'user:9999999999999999999': { email: 'a@b.c' },
      'cart:1/a': { amount: '1', token: 'x' },
      'cart:1/\0': { amount: '1' },
    };
    await write('user:10', { email: 'good@b.c' });
    for (const [key, value] of Object.entries(bad)) await write(key, value);
    await archive.redis.client.set('user:11', 'no hash');
    await write('user:me', { email: 'of another form: no record' });
    await write('user:1:friends', { email: 'the same' });
    await eventually(async () =>
      expect(
        Object.fromEntries(
          (await archive.letters()).map(({ key, code, column_name }) => [
            key,
            `${code} ${column_name ?? '-'}`,
          ]),
        ),
      ).toEqual({
        'user:1': '22P02 age',
        'user:2': '23502 email',
        'user:3': '22P02 active',
        'user:4': '22P02 prefs',
        'user:5': '22007 seen_at',
        'user:6': '22021 email',
        'user:7': '22003 age',
        'user:08': 'E_ID id',
        'user:9999999999999999999': '22003 id',
        'user:11': 'E_TYPE -',
        'cart:1/a': '22P02 token',
        'cart:1/\\x00': '22021 item',
      }),
    );
    expect(await archive.lines('SELECT id FROM users')).toEqual(['10']);
    await write('user:1', { age: '8' });
    await write('user:4', { prefs: '{}' });
    await write('user:7', { age: '9' });
    await archive.becomes('SELECT id, age FROM users ORDER BY 1', ['1|8', '4|', '7|9', '10|']);
    await eventually(async () => expect(await archive.letters()).toHaveLength(9));
  }, 60_000);
});

describe('a table that is there', () => {
  test('is adopted: what it lacks is added, what it has stays, and its rows follow their keys', async () => {
    await archive.postgres.query(
      `CREATE TABLE public.users (id int PRIMARY KEY, email varchar(20), note text NOT NULL DEFAULT 'theirs', age numeric);
       INSERT INTO public.users VALUES (1, 'before', 'kept', 1), (2, 'alone', 'kept', 2);
       CREATE TABLE public.sessions (sid text, other int)`,
    );
    await write('user:1', { email: 'after', age: '5' });
    await write('session:s', { started_at: '2026-01-05T14:30:00' });
    await overwriting.start();
    expect(await archive.lines('SELECT id, email, note, age, tier FROM users ORDER BY 1')).toEqual([
      '1|after|kept|5|',
      '2|alone|kept|2|',
    ]);
    expect(await archive.lines('SELECT sid, other, deleted_at FROM sessions')).toEqual(['s||']);
    await write('user:3', { email: 'far too long for twenty' });
    await archive.untilParked('user:3');
    expect(await archive.letters()).toMatchObject([{ code: '22001', column_name: 'email' }]);
  }, 60_000);

  test('stops its own mapping when it cannot take records, says why, and is served once it is mended', async () => {
    await archive.postgres.query(
      `CREATE TABLE public.users (id bigint PRIMARY KEY, email text, must text NOT NULL);
       CREATE TABLE public.carts (user_id bigint, item text);
       INSERT INTO public.carts VALUES (1, 'twice'), (1, 'twice')`,
    );
    await write('user:1', { email: 'a@b.c' });
    await write('cart:1/x', { amount: '1' });
    await write('session:s', { started_at: '2026-01-05T14:30:00' });
    const daemon = await overwriting.start();
    expect(await archive.lines(sessions)).toEqual(['s|||f']);
    await write('user:2', { email: 'a@b.c' });
    await write('session:t', { started_at: '2026-01-05T14:30:00' });
    await archive.becomes(sessions, ['s|||f', 't|||f']);
    const { stopped } = (await daemon.status()).archive;
    const told = stopped.map(({ kind, message }) => `${kind}: ${message}`);
    expect(told).toHaveLength(2);
    expect(told[0]).toContain('user: public.users.must (text) is NOT NULL without a default');
    expect(told[1]).toContain('table carts lacks the key carts (user_id, item)');
    expect(await archive.letters()).toEqual([]);
    await archive.postgres.query('ALTER TABLE users ALTER must DROP NOT NULL');
    await eventually(
      async () => expect(await archive.lines('SELECT id FROM users ORDER BY 1')).toEqual(['1', '2']),
      { within: 30_000 },
    );
  }, 90_000);
});

test('what is unique has one row: another record with it is parked with the column, until it is free', async () => {
  const ours = ownArchive(archive, withRegistry({ ...user, unique: [['email'], ['tier', 'age']] }));
  await archive.postgres.query('CREATE TABLE public.users (id bigint PRIMARY KEY, email text)');
  await write('user:1', { email: 'one', plan: 'a', age: '1' });
  const daemon = await ours.start();
  await write('user:2', { email: 'one' });
  await archive.untilParked('user:2');
  await write('user:3', { email: 'three', plan: 'a', age: '1' });
  await archive.untilParked('user:2', 'user:3');
  expect((await archive.letters()).map(({ code, column_name }) => `${code} ${column_name ?? ''}`)).toEqual([
    '23505 email',
    '23505 tier, age',
  ]);
  await write('user:1', { email: 'other', plan: 'b' });
  await archive.becomes('SELECT id, email, tier FROM users ORDER BY 1', ['1|other|b']);
  await archive.pass(daemon);
  await archive.becomes('SELECT id, email, tier FROM users ORDER BY 1', ['1|other|b', '2|one|', '3|three|a']);
  await archive.untilParked();
}, 60_000);

test('a JSON object is a row as well: its members are the fields, whatever JSON makes of them', async () => {
  const profile: RecordMapping = {
    ...{ ...user, name: 'profile', table: 'profiles', holds: 'json', none: 'none', onDelete: 'delete' },
    key: { prefix: 'profile:', parts: [{ column: 'id', type: 'text', rest: false, after: '' }] },
    columns: fields({
      name: 'text!',
      big: 'int',
      ratio: 'float',
      on: 'bool',
      more: 'json',
      said: 'json',
      at: 'time',
    }),
  };
  const ours = ownArchive(archive, withRegistry(profile));
  const { client } = archive.redis;
  await client.set('profile:a', '{"name": "é\\u0041", "big": 9007199254740993, "ratio": 1e-7, "on": true, "more": {"x": [1]}, "said": "no", "at": "2026-01-05T14:30:00Z", "other": 1}'); // prettier-ignore
  await client.set('profile:b', '{"name": "none", "big": 1}');
  await client.set('profile:c', '[1]');
  await client.set('profile:d', '{"name": "n", "on": 7}');
  await client.hset('profile:e', 'name', 'a hash');
  const daemon = await ours.start();
  const rows = 'SELECT id, name, big, ratio, on_, more, said FROM profiles ORDER BY id'.replace(
    'on_',
    '"on"',
  );
  await archive.becomes(rows, ['a|éA|9007199254740993|1e-07|t|{"x": [1]}|"no"']);
  expect(
    (await archive.letters()).map(({ key, code, column_name }) => `${key} ${code} ${column_name ?? '-'}`),
  ).toEqual(['profile:b 23502 name', 'profile:c 22P02 -', 'profile:d 22P02 on', 'profile:e E_TYPE -']);
  await client.set('profile:a', '{"name": "n", "more": null}');
  await client.set('profile:c', '{"name": "mended"}');
  await archive.becomes(rows, ['a|n|||||', 'c|mended|||||']);
  expect((await archive.pass(daemon)).differences).toEqual({ profile: 3 }); // those that are parked
  await client.del('profile:a');
  await archive.becomes(rows, ['c|mended|||||']);
}, 60_000);

test('without the registry its tables are not made, and its keys are nobody’s', async () => {
  await archive.postgres.query(
    'DROP SCHEMA IF EXISTS millrace CASCADE; DROP TABLE IF EXISTS public.models, public.predictions CASCADE',
  );
  const only = ownArchive(archive, alone(user));
  await write('user:1', { email: 'a@b.c' });
  await write('aidb:model:1', { id: '1', name: 'm', created_at: '2026-01-05T14:30:00' });
  const daemon = await only.start();
  await write('user:2', { email: 'b@b.c' });
  await archive.becomes('SELECT id, email FROM users ORDER BY 1', ['1|a@b.c', '2|b@b.c']);
  const tables = `SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relname IN ('models', 'predictions', 'users')`;
  expect(await archive.lines(tables)).toEqual(['users']);
  expect((await daemon.status()).archive.lastPass?.statistics).toEqual({ user: 1, errors: 0 });
  expect(await archive.letters()).toEqual([]);
}, 60_000);
