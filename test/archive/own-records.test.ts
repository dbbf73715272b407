import { archiveDryRun } from '../../src/archive/pass/dry-run';
import { requirePostgres } from '../../src/config/load';
import { useArchive } from './support/archive';
import { cart, ownArchive, session, user, withRegistry } from './support/own-records';

const archive = useArchive();
const catalogue = withRegistry(cart, session, user);
const own = ownArchive(archive, catalogue);

const users = 'SELECT id, email, age, active, prefs, seen_at AT TIME ZONE $$UTC$$, score, tier FROM users ORDER BY id';
const sessions = 'SELECT sid, user_id, ip, deleted_at IS NOT NULL FROM sessions ORDER BY sid';
const carts = 'SELECT user_id, item, amount, encode(note, $$hex$$), token FROM carts ORDER BY user_id, item';
const write = (key: string, fields: Readonly<Record<string, string | Buffer>>) =>
  archive.redis.client.hset(key, { ...fields });

describe('a hash of the user’s own', () => {
  test('becomes a row of a table that is made for it, by the pass and by the mirror', async () => {
    await write('user:1', { email: 'a@b.c', age: '7', active: 'yes', prefs: '{"a":1}', seen_at: '2026-01-05T14:30:00', score: '0.5', plan: 'gold' });
    await write('user:2', { email: 'found@b.c', age: '' });
    await own.start();
    expect(await archive.lines(users)).toEqual(['1|a@b.c|7|t|{"a":1}|2026-01-05 14:30:00|0.5|gold', '2|found@b.c||||||']);
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
