import { documentRights } from '../../../src/aliases/inspect/document-rights';
import { dryRun } from '../../../src/aliases/pass/dry-run';
import { AliasSink } from '../../../src/aliases/sink/sink';
import { RedisConnection } from '../../../src/connections/redis';
import { daemonGrants, documentCommands } from '../../../src/connections/redis-grants';
import { redisTarget } from '../../../src/connections/redis-url';
import { readAsset } from '../../../src/foundation/package-root';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { documentKeyspace } from '../../../src/mapping/documents';
import { testRedis, type TestRedis } from '../../support/stores';
import { documentOf } from '../support/documents';

/** What the daemon's user needs for documents: enough, and not more. */
const values = {
  string: ['one', 'two'],
  hash: ['{"a":"1","b":"1"}', '{"a":"2"}'],
  set: ['["1","2"]', '["2","3"]'],
  zset: ['[["a","1"],["b","1"]]', '[["a","2"]]'],
} as const;
const kinds = (['string', 'hash', 'set', 'zset'] as const).flatMap((holds) =>
  [undefined, 60].map((ttl) => ({ holds, ttl })),
);
const documents = kinds.map(({ holds, ttl }) => {
  const name = `${holds}${ttl ?? ''}`;
  return documentOf(name, { prefix: `d[${name}] x:`, holds, ttl });
});

let redis: TestRedis;
const target = () => ({
  ...redisTarget({ host: '127.0.0.1', port: redis.server.port, db: 0, username: 'daemon', password: 'x' }),
});
const grant = (...rules: string[]) =>
  redis.client.call('ACL', 'SETUSER', 'daemon', 'reset', 'on', '>x', '-@all', ...rules);
beforeAll(async () => {
  redis = await testRedis();
});

test('with what is granted documents of all forms are written, and shown by a dry run; and all of it is needed', async () => {
  await grant(...daemonGrants(aiRegistry, documents).split(/ (?=[^()]*(?:\(|$))/));
  await redis.client.config('RESETSTAT');
  const connection = new RedisConnection(target(), 'test');
  await connection.connect();
  const sink = new AliasSink(connection);
  await sink.adopt((await sink.load()).raw, null);
  for (const at of [0, 0, 1, 2]) {
    const batches = documents.map((document) => {
      const keyspace = documentKeyspace(document);
      const value = values[keyspace.holds][at] ?? '';
      return { type: document.name, keyspace, aliases: ['1'], values: [value], exact: true };
    });
    await dryRun(connection, () => undefined).send(batches);
    await sink.send(batches);
    // Somebody else takes a lifetime away, or gives one.
    for (const { key, ttl } of documents) {
      if (ttl === undefined) await redis.client.pexpire(`${key.prefix}1`, 60_000);
      else await redis.client.persist(`${key.prefix}1`);
    }
  }
  connection.close();
  expect(await redis.client.call('ACL', 'LOG')).toEqual([]);
  const called = await redis.client.info('commandstats');
  for (const command of documentCommands(documents)) expect(called).toContain(`cmdstat_${command.slice(1)}:`);
});

test('doctor names what is missing, and finds nothing when that is granted', async () => {
  const plain = daemonGrants(aiRegistry).split(/ (?=[^()]*(?:\(|$))/);
  await grant(...plain);
  const finding = await documentRights(target(), documents);
  expect(finding).toMatchObject({ level: 'problem', what: expect.stringContaining('lacks') as string });
  const missing = finding.remedy?.replace('ACL SETUSER <user> ', '').split(' ') ?? [];
  expect(missing).toEqual(expect.arrayContaining(['+hset', '+sadd', '+zadd', '+pexpire', '+persist']));
  await redis.client.call('ACL', 'SETUSER', 'daemon', ...missing);
  // A command that was refused hid its key.
  const { remedy = '' } = await documentRights(target(), documents);
  await redis.client.call('ACL', 'SETUSER', 'daemon', ...remedy.split(' ').slice(3));
  expect(await documentRights(target(), documents)).toMatchObject({ level: 'ok' });
});

test('who serves aliases alone needs no more than before, and docs/07-security.md tells what documents add', () => {
  expect(daemonGrants(aiRegistry, [])).toBe(daemonGrants(aiRegistry));
  const docs = readAsset('docs/07-security.md');
  for (const command of documentCommands(documents))
    expect(docs).toMatch(new RegExp(`\`([^\`]* )?\\${command}\\b`));
});
