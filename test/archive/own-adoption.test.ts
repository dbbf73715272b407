import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { traceRecord } from '../../src/archive/inspect/trace';
import { requirePostgres } from '../../src/config/load';
import type { RecordMapping } from '../../src/mapping/own-records';
import { eventually } from '../support/eventually';
import { runCli } from '../support/run-cli';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from './support/archive';
import { fields, ownArchive, user, withRegistry } from './support/own-records';

const archive = useArchive();
const root = temporaryFolder();
const people: RecordMapping = {
  ...{ ...user, none: undefined, onConflict: undefined },
  columns: fields({ email: 'text', age: 'int' }),
};
const own = ownArchive(archive, withRegistry(people));
const rows = 'SELECT id, email FROM users ORDER BY id';
const write = (id: number, fields: Readonly<Record<string, string>>) =>
  archive.redis.client.hset(`user:${id}`, fields);
const tableWith = (values: string) =>
  archive.postgres.query(
    `CREATE TABLE public.users (id bigint PRIMARY KEY, email text, age bigint); INSERT INTO public.users VALUES ${values}`,
  );

describe('a table with rows that no mapping made', () => {
  test('is not touched before the file says what becomes of them, and served once it does', async () => {
    await tableWith(`(1, 'theirs', 1)`);
    await write(1, { email: 'ours' });
    const daemon = await own.start();
    const { stopped } = (await daemon.status()).archive;
    expect(stopped).toMatchObject([
      {
        kind: 'user',
        message:
          'public.users has rows already, and mapping user does not say what becomes of those with the keys of its records',
      },
    ]);
    expect(stopped[0]?.hint).toContain('on_conflict: overwrite');
    expect(await archive.lines(rows)).toEqual(['1|theirs']);
    await daemon.stop();
    const said = await ownArchive(archive, withRegistry({ ...people, onConflict: 'overwrite' })).start();
    expect(await archive.lines(rows)).toEqual(['1|ours']);
    await said.stop();
    // It is known by now whose they are.
    await write(1, { email: 'followed' });
    const again = await own.start();
    expect((await again.status()).archive.stopped).toEqual([]);
    expect(await archive.lines(rows)).toEqual(['1|followed']);
  }, 60_000);

  test('is served when it is emptied, and is no question for records that are written once', async () => {
    await tableWith(`(1, 'theirs', 1)`);
    await write(1, { email: 'ours' });
    const once = await ownArchive(archive, withRegistry({ ...people, appendOnly: true })).start();
    expect((await once.status()).archive.stopped).toEqual([]);
    expect(await archive.lines(rows)).toEqual(['1|theirs']);
    await once.stop();
    const daemon = await own.start();
    expect((await daemon.status()).archive.stopped).toHaveLength(1);
    await archive.postgres.query('DELETE FROM users');
    await eventually(async () => expect(await archive.lines(rows)).toEqual(['1|ours']), { within: 30_000 });
  }, 90_000);

  test.each(['skip', 'merge'] as const)(
    'is asked about again when on_conflict: %s leaves the file: what it kept is not overwritten',
    async (onConflict) => {
      await tableWith(`(1, 'theirs', 1)`);
      await write(1, { email: 'ours', age: '2' });
      const first = await ownArchive(archive, withRegistry({ ...people, onConflict })).start();
      expect(await archive.lines(rows)).toEqual(['1|theirs']);
      await first.stop();
      const asks = await own.start();
      expect((await asks.status()).archive.stopped).toHaveLength(1);
      expect(await archive.lines(rows)).toEqual(['1|theirs']);
      await asks.stop();
      const said = await ownArchive(archive, withRegistry({ ...people, onConflict: 'overwrite' })).start();
      expect(await archive.lines(rows)).toEqual(['1|ours']);
      await said.stop();
      expect((await (await own.start()).status()).archive.stopped).toEqual([]);
    },
    90_000,
  );

  test('is no question when records that were written once into a table of their own alone follow their keys from now on', async () => {
    const once = await ownArchive(archive, withRegistry({ ...people, appendOnly: true })).start();
    await write(1, { email: 'first' });
    await archive.becomes(rows, ['1|first']);
    await once.stop();
    await (await ownArchive(archive, withRegistry({ ...people, appendOnly: true })).start()).stop();
    await write(1, { email: 'second' });
    expect((await (await own.start()).status()).archive.stopped).toEqual([]);
    expect(await archive.lines(rows)).toEqual(['1|second']);
  }, 90_000);

  test('is one that Millrace made itself, or found empty, only until it is known: rows are followed over restarts', async () => {
    const first = await own.start();
    await write(1, { email: 'ours' });
    await archive.becomes(rows, ['1|ours']);
    await first.stop();
    await write(1, { email: 'meanwhile' });
    const second = await own.start();
    expect((await second.status()).archive.stopped).toEqual([]);
    expect(await archive.lines(rows)).toEqual(['1|meanwhile']);
  }, 60_000);
});

describe('on the command line', () => {
  const environment = archive.environment;
  let folder = '';
  let count = 0;
  const file = (words: string) => {
    writeFileSync(join(folder, 'millrace.yaml'), `version: 1\nrecords:\n${words}`);
  };
  const userWords = (more = '') =>
    `  user: { key: "user:{id:int}", table: users, hash: { email: text, age: int }${more} }\n`;
  const visitWords = '  visit: { key: "visit:{id}", table: visits, hash: { n: int } }\n';
  const cli = (...args: string[]) => runCli(args, environment({ MILLRACE_ONLY: 'archive' }), folder);
  beforeEach(() => {
    folder = join(root, String(count++));
    mkdirSync(folder);
  });

  test('plan and apply say which rows are in question, what would become of them, and which were left', async () => {
    await tableWith(`(1, 'theirs', 1), (2, 'theirs', 2), (3, 'theirs', 3)`);
    await write(1, { email: 'ours' });
    await write(2, { email: 'ours' });
    await write(4, { email: 'ours' });
    file(userWords());
    const asked = await cli('config', 'plan');
    expect(asked.code).toBe(1);
    expect(asked.output).toContain('  ! public.users has rows already, and mapping user does not say');
    expect(asked.output).toContain('  2 rows of users have the key of a record');
    const refused = await cli('config', 'apply');
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('user cannot be served: public.users has rows already');
    expect(await archive.lines(rows)).toEqual(['1|theirs', '2|theirs', '3|theirs']);
    file(userWords(', on_conflict: skip'));
    const skips = await cli('config', 'plan');
    expect(skips.output).toContain('3 keys, 1 to be written, 2 rows left as they were');
    expect((await cli('config', 'apply')).code).toBe(0);
    expect(await archive.lines(rows)).toEqual(['1|theirs', '2|theirs', '3|theirs', '4|ours']);
    const dry = await cli('reconcile', '--dry-run');
    expect(dry.output).toContain('Left as they were: 2 rows that user found under their keys (on_conflict)');
    expect(dry.code).toBe(0);
  }, 90_000);

  test('a record that is taken out is in the plan, with what of it is parked, until it is forgotten', async () => {
    await write(1, { email: 'ours' });
    await archive.redis.client.hset('visit:a', 'n', 'many');
    await archive.redis.client.hset('visit:b', 'n', '1');
    file(userWords() + visitWords);
    expect((await cli('run', '--once')).code).toBe(2);
    file(userWords());
    const plan = await cli('config', 'plan');
    expect(plan.output).toContain(
      '- record visit: visit:…  taken out: the rows of "public"."visits" stay as they are; 1 record of it is parked\n' +
        '    → to forget it, and that one: millrace config apply --forget visit',
    );
    expect((await cli('config', 'apply', '--forget', 'visits')).output).toContain('Did you mean visit?');
    const applied = await cli('config', 'apply', '--forget', 'visit');
    expect(applied.output).toContain(
      'record visit is forgotten, with 1 parked record; the rows of "public"."visits" stay',
    );
    expect(applied.code).toBe(0);
    expect(await archive.letters()).toEqual([]);
    expect(await archive.lines('SELECT id, n FROM visits')).toEqual(['b|1']);
    expect((await cli('config', 'plan')).output).not.toContain('visit');
    // It is nobody's by now, and so it is asked again.
    file(userWords() + visitWords);
    expect((await cli('config', 'plan')).output).toContain('public.visits has rows already');
  }, 90_000);

  test('what waits in the stream of a record that was taken out is passed over, and counted', async () => {
    file(userWords() + visitWords);
    expect((await cli('run', '--once')).code).toBe(0);
    const { client } = archive.redis;
    await client.xadd('millrace:changes', '*', 'visit', 'a', 'visit-', 'b');
    await client.xadd('millrace:changes', '*', 'visit*', 'c d', 'nonsense', 'x');
    const daemon = await own.start();
    await eventually(async () =>
      expect((await daemon.status()).archive.incidents.map(({ what }) => what)).toContain(
        '3 changes of visit that waited in the stream were passed over, for that mapping was taken out of the file',
      ),
    );
    expect((await archive.letters()).map(({ message }) => message)).toEqual([
      'nobody knows what the field "nonsense" means',
    ]);
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    expect(metrics).toMatch(/millrace_unmapped_keys_total\{[^}]*\} 3/);
  }, 60_000);
});

test('trace says that a deletion is not followed yet, where deletions were not followed when the row was written', async () => {
  const before = await own.start();
  await write(1, { email: 'ours' });
  await archive.becomes(rows, ['1|ours']);
  await before.stop();
  const deleting = ownArchive(archive, withRegistry({ ...people, onDelete: 'delete' }));
  const config = deleting.config();
  const sentence = async () =>
    (await traceRecord(config, requirePostgres(config), 'user', Buffer.from('1'))).verdict.sentence;
  expect(await sentence()).toBe(
    'Applied: row 1 of users, equal to Redis. A deletion of its key would leave the row, for it was written before deletions were followed: the next full pass changes that.',
  );
  await deleting.start();
  expect(await sentence()).toBe('Applied: row 1 of users, equal to Redis.');
}, 60_000);
