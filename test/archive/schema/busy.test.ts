import { setTimeout as delay } from 'node:timers/promises';
import { connectTo, fingerprint, foundDatabase, texts } from './support/databases';
import { migrate } from './support/schema';

test('a reader in a long transaction makes the migration give up, and names itself', async () => {
  const { url, admin } = await foundDatabase();
  const reader = await connectTo(url);
  await reader.query(`SET application_name = 'nightly report'; BEGIN; SELECT count(*) FROM predictions`);
  const before = await fingerprint(admin);
  const [pid = ''] = await texts(reader, 'SELECT pg_backend_pid()');
  const error = await migrate(admin, { lockTimeoutMs: 50, patienceMs: 300 }).catch(
    (refusal: unknown) => refusal,
  );
  expect(error).toMatchObject({
    kind: 'retryable',
    code: 'E_PG_BUSY',
    message: expect.stringMatching(
      new RegExp(
        `pid ${pid} \\(nightly report\\) of role \\w+ has locks on predictions, idle in transaction`,
      ),
    ) as string,
    hint: expect.stringContaining(`SELECT pg_terminate_backend(${pid});`) as string,
  });
  expect(await fingerprint(admin)).toEqual(before);
});

test('the migration goes on by itself as soon as the reader is done', async () => {
  const { url, admin } = await foundDatabase();
  const reader = await connectTo(url);
  await reader.query('BEGIN; SELECT count(*) FROM metrics');
  const migrating = migrate(admin, { lockTimeoutMs: 50 });
  await delay(200); // not waiting for a result: the reader simply takes that long
  await reader.query('COMMIT');
  expect((await migrating).adopted).toHaveLength(9);
});

test('others queue behind the migration no longer than one lock timeout', async () => {
  const { url, admin } = await foundDatabase();
  const [reader, writer] = [await connectTo(url), await connectTo(url)];
  await reader.query('BEGIN; SELECT count(*) FROM predictions');
  const migrating = migrate(admin, { lockTimeoutMs: 100, patienceMs: 2_000 }).catch(
    (error: unknown) => error,
  );
  for (let write = 0; write < 20; write++) {
    const began = Date.now();
    await writer.query('INSERT INTO predictions (model_version_id) VALUES (1)');
    expect(Date.now() - began).toBeLessThan(1_000);
    await delay(50);
  }
  await reader.query('COMMIT');
  expect(await migrating).toMatchObject({ adopted: { length: 9 } });
});
