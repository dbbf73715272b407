import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load';
import { readAsset } from '../../src/foundation/package-root';
import { RedisConnection } from '../../src/connections/redis';
import { temporaryFolder } from '../support/temporary-folder';
import { type Identity, identityOf } from '../support/tls';
import { tlsRedis } from '../support/tls-redis';

const folder = temporaryFolder();

test('the authority and the certificates of docs/07-security.md work, made with its commands', async () => {
  const section = readAsset('docs/07-security.md').split('## An authority of your own')[1] ?? '';
  const commands = /```sh\n(.*?)```/s.exec(section)?.[1] ?? 'false';
  execFileSync('sh', ['-e', '-c', commands], { cwd: folder, stdio: 'pipe' });
  // The test's server runs as another user where we are root.
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'server.key'), 0o644);
  const made = (name: string): Identity => identityOf(join(folder, name));
  const redis = await tlsRedis({ ca: made('ca'), server: made('server') });
  await redis.askForClients(true);
  const connection = new RedisConnection(
    loadConfig({
      REDIS_URL: redis.tlsUrl,
      REDIS_CA_FILE: made('ca').certFile,
      REDIS_CERT_FILE: made('millrace').certFile,
      REDIS_KEY_FILE: made('millrace').keyFile,
    }).redis,
    'test',
  );
  await connection.connect();
  connection.close();
});
