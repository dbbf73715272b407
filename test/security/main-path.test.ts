import { temporaryFolder } from '../support/temporary-folder';
import { testCertificates } from '../support/tls';
import { mainPath } from './support/main-path';
import { plainWorld, tlsWorld } from './support/worlds';

// The same path through both pipelines, whatever lies between us and the servers; with the least rights: least-privilege.test.ts.

const folders = [temporaryFolder(), temporaryFolder()] as const;

test('the main path passes over plain connections, as superuser', async () => {
  await mainPath(await plainWorld(), folders[0]);
});

test('the main path passes over TLS with certificates of both sides, by every connection', async () => {
  const world = await tlsWorld(await testCertificates());
  // Postgres lets this role in over TLS only. Redis has a plain port, too: nobody of ours may be found there.
  const seen = new Set<string>();
  const look = setInterval(() => {
    void world.redis.client.client('LIST').then((list) => {
      for (const [, port, name] of String(list).matchAll(/laddr=\S+:(\d+) .*? name=(millrace-\S+)/g))
        seen.add(
          `${name} ${world.environment['REDIS_URL']?.endsWith(`:${port}`) === true ? 'tls' : 'plain'}`,
        );
    });
  }, 20);
  await mainPath(world, folders[1]).finally(() => clearInterval(look));
  const names = ['aliases', 'archive', 'archive-tail', 'mirror', 'writer'];
  expect([...seen]).toEqual(expect.arrayContaining(names.map((name) => `millrace-${name} tls`)));
  expect([...seen].filter((one) => one.endsWith('plain'))).toEqual([]);
});
