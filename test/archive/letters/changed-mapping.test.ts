import { deadLetterStore } from '../../../src/archive/letters/letter-store';
import { packFound } from '../../../src/archive/record/found';
import { requirePostgres } from '../../../src/config/load';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { isOwn, kindOf } from '../../../src/mapping/kinds';
import type { RecordMapping } from '../../../src/mapping/own-records';
import { useArchive } from '../support/archive';
import { alone, fields, ownArchive, session, user } from '../support/own-records';

const archive = useArchive();
const box: RecordMapping = {
  ...{ ...user, name: 'box', table: 'boxes' },
  key: { prefix: 'box:', parts: [{ column: 'id', type: 'int', rest: false, after: '' }] },
  columns: fields({ n: 'int', s: 'text' }),
};
const under = (...mappings: readonly RecordMapping[]) => ownArchive(archive, alone(...mappings));

async function contents(mapping: RecordMapping): Promise<unknown> {
  const [letter] = await archive.letters();
  const postgres = new PostgresConnection(requirePostgres(under(mapping).config()), 'test');
  try {
    return await deadLetterStore(postgres, alone(mapping)).contents(letter?.id ?? '');
  } finally {
    postgres.close();
  }
}

test('a column more: a record that is parked is read again, and no pass is stopped by it', async () => {
  await archive.redis.client.hset('box:1', { n: 'bad', s: 'x', t: 'y' });
  const daemon = await under(box).start();
  await archive.untilParked('box:1');
  await daemon.stop();
  const wider = { ...box, columns: fields({ t: 'text', n: 'int', s: 'text' }) };
  expect(await contents(wider)).toEqual([
    ['n', 'bad'],
    ['s', 'x'],
  ]);
  const again = await under(wider).start();
  expect((await again.status()).archive.lastPass?.statistics).toMatchObject({ errors: 1 });
  expect(await contents(wider)).toEqual([
    ['t', 'y'],
    ['n', 'bad'],
    ['s', 'x'],
  ]);
  await again.stop();
  const text = { ...box, columns: fields({ s: 'text', t: 'text' }) };
  await under(text).start();
  await archive.becomes('SELECT s, t FROM boxes', ['x|y']);
  expect(await archive.letters()).toEqual([]);
}, 60_000);

test('columns in another order, one renamed and one gone: what Redis has no more gets into the columns of its fields', async () => {
  await archive.redis.client.hset('session:s', {
    started_at: '2026-01-05T14:30:00',
    ip: '::1',
    user_id: '6',
  });
  const wide = { ...session, columns: fields({ gone: 'text', started_at: 'time!', ip: 'text' }) };
  const daemon = await under(user, wide).start();
  await archive.untilParked('session:s');
  await daemon.stop();
  await archive.redis.client.del('session:s');
  const turned: RecordMapping = {
    ...session,
    columns: [
      { column: 'address', field: 'ip', type: 'text', required: false },
      ...fields({ more: 'text', started_at: 'time!' }),
    ],
  };
  await under(user, turned).start();
  await archive.redis.client.hset('user:6', { email: 'late@b.c' });
  await archive.becomes('SELECT sid, user_id, address, more, started_at IS NULL FROM sessions', [
    's|6|::1||f',
  ]);
  await archive.untilParked();
}, 60_000);

test('another key: the letter stays, and no record is taken for another', async () => {
  await archive.redis.client.hset('box:12', { n: 'bad' });
  const daemon = await under(box).start();
  await archive.untilParked('box:12');
  await daemon.stop();
  await archive.redis.client.hset('bx:2', { n: '2' });
  const renamed = { ...box, key: { ...box.key, prefix: 'bx:' } };
  await under(renamed).start();
  await archive.becomes('SELECT id, n FROM boxes', ['2|2']);
  expect(await archive.letters()).toMatchObject([{ key: 'box:12', code: 'E_ID' }]);
  expect(await contents(renamed)).toContainEqual(['n', 'bad']);
}, 60_000);

test('a letter without the names of its fields is not trusted: Redis is asked', async () => {
  const { client } = archive.redis;
  await client.hset('box:1', { n: 'bad', s: 'x' });
  const daemon = await under(box).start();
  await archive.untilParked('box:1');
  await daemon.stop();
  const kind = kindOf(alone(box), 'box');
  if (!isOwn(kind)) throw new Error('box is no record of the user’s own');
  const values = [Buffer.from('1'), Buffer.from('of another column')];
  await archive.postgres.pool.query('UPDATE millrace.dead_letters SET payload = $1', [
    packFound({ kind, id: Buffer.from('1'), parents: [], values }),
  ]);
  expect(await contents(box)).toEqual([]);
  await client.hset('box:1', { n: '7' });
  await under(box).start();
  await archive.becomes('SELECT id, n, s FROM boxes', ['1|7|x']);
  await archive.untilParked();
}, 60_000);

test('a mapping that is taken out: its letters stay, are shown, and are tried again when it is back', async () => {
  await archive.redis.client.hset('box:1', { n: 'bad' });
  const daemon = await under(box, user).start();
  await archive.untilParked('box:1');
  await daemon.stop();
  const without = await under(user).start();
  expect(await contents(user)).toContainEqual(['n', 'bad']);
  await archive.redis.client.hset('box:1', { n: '1' });
  await archive.pass(without);
  expect((await archive.letters()).map(({ key }) => key)).toEqual(['box:1']);
  await without.stop();
  await under(box, user).start();
  await archive.becomes('SELECT id, n FROM boxes', ['1|1']);
  await archive.untilParked();
}, 60_000);
