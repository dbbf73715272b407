import { archiveDryRun } from '../../src/archive/pass/dry-run';
import { archivePassSummary } from '../../src/archive/pass/report';
import { traceRecord } from '../../src/archive/inspect/trace';
import { requirePostgres } from '../../src/config/load';
import type { RecordMapping } from '../../src/mapping/own-records';
import { eventually } from '../support/eventually';
import { useArchive } from './support/archive';
import { fields, ownArchive, user, withRegistry } from './support/own-records';

const archive = useArchive();
const people: RecordMapping = {
  ...user,
  columns: fields({ email: 'text', age: 'int', note: 'text' }),
  none: undefined,
};
const having = (changes: Partial<RecordMapping>) =>
  ownArchive(archive, withRegistry({ ...people, ...changes }));
const rows = 'SELECT id, email, age, note FROM users ORDER BY id';
const write = (id: number, fields: Readonly<Record<string, string>>) =>
  archive.redis.client.hset(`user:${id}`, fields);
const theirs = (...values: readonly string[]) =>
  archive.postgres.query(
    `CREATE TABLE public.users (id bigint PRIMARY KEY, email text, age bigint, note text); INSERT INTO public.users VALUES ${values.join(', ')}`,
  );

describe('on_conflict: skip', () => {
  const own = having({ onConflict: 'skip' });

  test('leaves a row that was there as it is, says so, and makes and follows all others', async () => {
    await theirs(`(1, 'theirs', 1, NULL)`, `(2, 'equal', 2, NULL)`);
    await write(1, { email: 'ours', age: '1', note: 'new' });
    await write(2, { email: 'equal', age: '2' });
    await write(3, { email: 'made' });
    const daemon = await own.start();
    const { lastPass } = (await daemon.status()).archive;
    expect(lastPass).toMatchObject({ skipped: { user: 1 } });
    expect(lastPass && archivePassSummary(lastPass)).toContain(
      '  Left as they were: 1 row that user found under its key (on_conflict)',
    );
    expect(await archive.lines(rows)).toEqual(['1|theirs|1|', '2|equal|2|', '3|made||']);
    await write(1, { note: 'again' });
    await write(2, { email: 'followed' });
    await write(3, { email: 'followed too' });
    await archive.becomes(rows, ['1|theirs|1|', '2|followed|2|', '3|followed too||']);
    expect(await archive.pass(daemon)).toMatchObject({ differences: {}, skipped: { user: 1 } });
    expect(await archive.letters()).toEqual([]);
    const config = own.config();
    const trace = await traceRecord(config, requirePostgres(config), 'user', Buffer.from('1'));
    expect(trace.verdict).toEqual({
      state: 'skipped',
      sentence:
        'Left as it is: row 1 of users, which differs in email, note, was there before its record (on_conflict: skip).',
    });
    expect(await archiveDryRun(config, requirePostgres(config), () => undefined, 9)).toMatchObject({
      differences: {},
      skipped: { user: 1 },
      told: 0,
    });
  }, 60_000);

  test('goes on following a row whose key has lapsed, and one that it made anew', async () => {
    await own.start();
    await write(1, { email: 'made' });
    await archive.becomes(rows, ['1|made||']);
    const { client } = archive.redis;
    await client.rename('user:1', 'other');
    await write(2, { email: 'after' });
    await archive.becomes(rows, ['1|made||', '2|after||']);
    await client.rename('other', 'user:1');
    await write(1, { email: 'again' });
    await archive.becomes(rows, ['1|again||', '2|after||']);
    await client.flushall();
    await write(1, { email: 'in another life' });
    await archive.becomes(rows, ['1|in another life||', '2|after||']);
    await archive.postgres.query('DELETE FROM users WHERE id = 1');
    await write(1, { age: '7' });
    await archive.becomes(rows, ['1|in another life|7|', '2|after||']);
  }, 60_000);

  test('leaves them among very many as well', async () => {
    const pipeline = archive.redis.client.pipeline();
    for (let id = 0; id < 900; id++) pipeline.hset(`user:${id}`, { email: `of ${id}`, age: '1' });
    await pipeline.exec();
    await archive.postgres.query(
      `CREATE TABLE public.users (id bigint PRIMARY KEY, email text, age bigint, note text);
       INSERT INTO public.users SELECT id, 'theirs', 0 FROM generate_series(0, 899, 3) AS id`,
    );
    const daemon = await own.start();
    const count = 'SELECT email, count(*), sum(age) FROM users GROUP BY 1 HAVING count(*) > 1';
    expect(await archive.lines(count)).toEqual(['theirs|300|0']);
    expect(await archive.lines('SELECT count(*), sum(age) FROM users')).toEqual(['900|600']);
    expect(await archive.pass(daemon)).toMatchObject({ differences: {}, skipped: { user: 300 } });
  }, 60_000);

  test('leaves a row that comes at the same moment', async () => {
    await theirs(`(1, 'theirs', 1, NULL)`);
    await own.start();
    const other = await archive.postgres.pool.connect();
    try {
      await other.query(`BEGIN; INSERT INTO users VALUES (2, 'at the same moment')`);
      await write(2, { email: 'ours' });
      const waiting = `SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT%'`;
      await eventually(async () => expect(await archive.lines(waiting)).toEqual(['t']));
      await other.query('COMMIT');
    } finally {
      other.release();
    }
    await write(3, { email: 'last' });
    await archive.becomes(rows, ['1|theirs|1|', '2|at the same moment||', '3|last||']);
  }, 60_000);

  test('follows a deletion only for rows of its own', async () => {
    await theirs(`(1, 'theirs', 1, NULL)`);
    await write(1, { email: 'ours' });
    await write(2, { email: 'ours' });
    await having({ onConflict: 'skip', onDelete: 'delete' }).start();
    await archive.becomes(rows, ['1|theirs|1|', '2|ours||']);
    await archive.redis.client.del('user:1', 'user:2');
    await archive.becomes(rows, ['1|theirs|1|']);
  }, 60_000);

  test('knows a row of its own that a trigger has changed, and parks what one drops', async () => {
    await archive.postgres.query(
      `CREATE TABLE public.users (id bigint PRIMARY KEY, email text, age bigint, note text);
       INSERT INTO public.users VALUES (1, 'theirs', 1);
       CREATE FUNCTION public.lower_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.email = 'drop' THEN RETURN NULL; END IF;
         NEW.email := lower(NEW.email); RETURN NEW; END $$;
       CREATE TRIGGER lower_it BEFORE INSERT OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.lower_it()`,
    );
    await write(1, { email: 'OURS' });
    await write(2, { email: 'UPPER' });
    await write(3, { email: 'drop' });
    const daemon = await own.start();
    expect(await archive.lines(rows)).toEqual(['1|theirs|1|', '2|upper||']);
    expect(await archive.letters()).toMatchObject([{ key: 'user:3', code: 'E_SWALLOWED' }]);
    await write(2, { email: 'OTHER' });
    await archive.becomes(rows, ['1|theirs|1|', '2|other||']);
    expect(await archive.pass(daemon)).toMatchObject({ differences: { user: 1 }, skipped: { user: 1 } });
    await archive.postgres.query('DROP FUNCTION public.lower_it() CASCADE');
  }, 60_000);
});

test('on_conflict: merge fills what is empty in a row that was there, once and for all', async () => {
  await theirs(`(1, 'theirs', NULL, '')`, `(2, 'equal', NULL, NULL)`, `(3, 'theirs', 3, 'full')`);
  await write(1, { email: 'ours', age: '1', note: 'new' });
  await write(2, { email: 'equal', age: '2' });
  await write(3, { email: 'ours', age: '4' });
  const own = having({ onConflict: 'merge' });
  const daemon = await own.start();
  expect(await archive.lines(rows)).toEqual(['1|theirs|1|new', '2|equal|2|', '3|theirs|3|full']);
  await write(1, { age: '9' });
  await write(2, { email: 'followed' });
  await archive.becomes(rows, ['1|theirs|1|new', '2|followed|2|', '3|theirs|3|full']);
  expect(await archive.pass(daemon)).toMatchObject({ differences: {}, skipped: { user: 2 } });
  await archive.postgres.query('UPDATE users SET age = NULL WHERE id = 1');
  const config = own.config();
  expect((await traceRecord(config, requirePostgres(config), 'user', Buffer.from('1'))).archive).toMatchObject({ differences: [{ change: 'different', columns: ['age'] }] }); // prettier-ignore
  expect(await archive.pass(daemon)).toMatchObject({ differences: { user: 1 } });
  expect(await archive.lines(rows)).toEqual(['1|theirs|9|new', '2|followed|2|', '3|theirs|3|full']);
}, 60_000);

test.each([
  ['merge', 'delete'],
  ['skip', 'delete'],
  ['merge', 'mark'],
] as const)(
  'a row of others that became as its record is, by on_conflict: %s, outlives it with on_delete: %s, until the file says that it is ours',
  async (onConflict, onDelete) => {
    await theirs(`(1, 'equal', ${onConflict === 'skip' ? 2 : 'NULL'}, NULL)`);
    const present = `SELECT id, email, age FROM users${onDelete === 'mark' ? ' WHERE deleted_at IS NULL' : ''} ORDER BY id`;
    await write(1, { email: 'equal', age: '2' });
    await write(2, { email: 'ours' });
    const daemon = await having({ onConflict, onDelete }).start();
    await archive.becomes(present, ['1|equal|2', '2|ours|']);
    await archive.pass(daemon);
    await write(1, { age: '3' });
    await archive.becomes(present, ['1|equal|3', '2|ours|']);
    await archive.redis.client.del('user:1', 'user:2');
    await archive.becomes(present, ['1|equal|3']);
    const config = having({ onConflict, onDelete }).config();
    await write(1, { email: 'equal', age: '4' });
    await archive.becomes(present, ['1|equal|4']);
    expect(
      (await traceRecord(config, requirePostgres(config), 'user', Buffer.from('1'))).verdict.sentence,
    ).toBe(
      'Applied: row 1 of users, equal to Redis. A deletion of its key leaves the row, which was there before its record.',
    );
    await daemon.stop();
    const own = having({ onConflict: 'overwrite', onDelete });
    await own.start();
    await archive.redis.client.del('user:1');
    await archive.becomes(present, []);
  },
  90_000,
);

test('on_conflict: overwrite takes a row that was there, and follows it', async () => {
  await theirs(`(1, 'theirs', 1, 'note')`);
  await write(1, { email: 'ours' });
  const daemon = await having({ onConflict: 'overwrite' }).start();
  await archive.becomes(rows, ['1|ours||']);
  expect((await daemon.status()).archive.lastPass?.skipped).toBeUndefined();
}, 60_000);

test('a record with what is unique to another row is parked under skip and merge, too', async () => {
  await theirs(`(1, 'taken', 1, NULL)`);
  await write(2, { email: 'taken' });
  await having({ onConflict: 'skip', unique: [['email']] }).start();
  await archive.untilParked('user:2');
  expect(await archive.letters()).toMatchObject([{ code: '23505', column_name: 'email' }]);
}, 60_000);

describe('append_only', () => {
  test('writes a record once: what its hash becomes later, and a row that was there, change nothing', async () => {
    await theirs(`(1, 'theirs', 1, NULL)`);
    await write(1, { email: 'ours' });
    await write(2, { email: 'first' });
    const own = having({ appendOnly: true });
    const daemon = await own.start();
    expect(await archive.lines(rows)).toEqual(['1|theirs|1|', '2|first||']);
    await write(2, { email: 'second' });
    await write(3, { email: 'third' });
    await archive.becomes(rows, ['1|theirs|1|', '2|first||', '3|third||']);
    expect((await archive.pass(daemon)).differences).toEqual({});
    const config = own.config();
    const traced = await traceRecord(config, requirePostgres(config), 'user', Buffer.from('2'));
    expect(traced.verdict.sentence).toBe(
      'Left as it is: row 2 of users, which differs in email, is written once.',
    );
    await archive.postgres.query('DELETE FROM users WHERE id = 3');
    expect((await archive.pass(daemon)).differences).toEqual({ user: 1 });
    expect(await archive.lines(rows)).toEqual(['1|theirs|1|', '2|first||', '3|third||']);
  }, 60_000);

  test('holds for very many, with a few that are refused', async () => {
    const pipeline = archive.redis.client.pipeline();
    for (let id = 0; id < 900; id++) pipeline.hset(`user:${id}`, { email: `of ${id}`, age: '1' });
    pipeline.hset('user:500', 'age', '9999999999999999999');
    await pipeline.exec();
    const daemon = await having({ appendOnly: true }).start();
    await archive.becomes('SELECT count(*), sum(age) FROM users', ['899|899']);
    await archive.untilParked('user:500');
    await write(500, { age: '1' });
    await archive.becomes('SELECT count(*), sum(age) FROM users', ['900|900']);
    expect((await archive.pass(daemon)).differences).toEqual({});
  }, 60_000);

  test('marks, and takes the mark away when the record comes again, but nothing else', async () => {
    await having({ appendOnly: true, onDelete: 'mark' }).start();
    const marked = 'SELECT email, deleted_at IS NOT NULL FROM users';
    await write(1, { email: 'first' });
    await archive.becomes(marked, ['first|f']);
    await archive.redis.client.del('user:1');
    await archive.becomes(marked, ['first|t']);
    await write(1, { email: 'second' });
    await archive.becomes(marked, ['first|f']);
  }, 60_000);
});

test('the dashboard’s sample says which row is left as it was', async () => {
  await theirs(`(1, 'theirs', 1, NULL)`);
  await write(1, { email: 'ours' });
  const daemon = await having({ onConflict: 'skip' }).start();
  const shown = await fetch(`${daemon.url}/api/mappings/user`);
  expect(JSON.stringify(await shown.json())).toContain(`"state":"skipped"`);
}, 60_000);
