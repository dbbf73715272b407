import { copyFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { loadConfig } from '../../src/config/load';
import type { Environment } from '../../src/config/environment';
import { describeError, type ErrorReport } from '../../src/foundation/errors';
import { RedisConnection } from '../../src/connections/redis';
import { ModelStore } from '../../src/writer/model-store';
import { startCli } from '../support/cli';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { type Identity, testCertificates, type TestCertificates } from '../support/tls';
import { tlsRedis, type TlsRedis } from '../support/tls-redis';

// A real Redis with real certificates: whom we trust, whom we do not, and what we say of it.

const secret = 'gRzx0-secret';
const folder = temporaryFolder();
let files: TestCertificates;
let redis: TlsRedis;
/** With user and password. */
let url: string;
/** Trusts the authority of the server. */
let trusting: Environment;
const open: RedisConnection[] = [];
beforeAll(async () => {
  files = await testCertificates();
  redis = await tlsRedis(files);
  await redis.client.call('ACL', 'SETUSER', 'tester', 'on', `>${secret}`, '~*', '&*', '+@all');
  url = redis.tlsUrl.replace('://', `://tester:${secret}@`);
  trusting = { REDIS_URL: url, REDIS_CA_FILE: files.ca.certFile };
});
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await redis.present(files.server);
  await redis.askForClients(false);
});

/** What connecting fails with; undefined: it does not. Nobody's password is in it. */
async function failure(environment: Environment): Promise<ErrorReport | undefined> {
  try {
    const connection = new RedisConnection(loadConfig(environment).redis, 'test');
    open.push(connection);
    await connection.connect();
    return undefined;
  } catch (error) {
    const report = describeError(error);
    expect(JSON.stringify(report)).not.toContain(secret);
    return report;
  }
}

const inPlain = (text: string): string => text.replace('rediss:', 'redis:');
const clientFiles = ({ certFile, keyFile }: Identity) => ({
  REDIS_CERT_FILE: certFile,
  REDIS_KEY_FILE: keyFile,
});

test('a private authority is trusted, by address and by name, from the settings or as redis-py writes it', async () => {
  expect(await failure(trusting)).toBeUndefined();
  expect(await failure({ ...trusting, REDIS_URL: url.replace('127.0.0.1', 'localhost') })).toBeUndefined();
  expect(
    await failure({ REDIS_URL: `${url}/2?ssl_cert_reqs=required&ssl_ca_certs=${files.ca.certFile}` }),
  ).toBeUndefined();
});

test.each(['', '0'])(
  'unknown authorities are refused, NODE_TLS_REJECT_UNAUTHORIZED=%p or not',
  async (value) => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = value;
    try {
      const unknown = { code: 'E_REDIS_TLS', hint: expect.stringContaining('REDIS_CA_FILE') as string };
      expect(await failure({ REDIS_URL: url })).toMatchObject(unknown);
      expect(await failure({ ...trusting, REDIS_CA_FILE: files.otherCa.certFile })).toMatchObject(unknown);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  },
);

test('certificates that have expired, are for another name or signed by themselves are told apart', async () => {
  const told = async (identity: Identity) => {
    await redis.present(identity);
    const report = await failure(trusting);
    expect(report?.code).toBe('E_REDIS_TLS');
    return report?.message;
  };
  expect(await told(files.expired)).toContain('has expired');
  expect(await told(files.otherHost)).toContain('for other names (IP: 127.0.0.1 is not in');
  expect(await told(files.selfSigned)).toContain('not signed by an authority that is known here');
  await redis.present(files.selfSigned);
  expect(await failure({ ...trusting, REDIS_CA_FILE: files.selfSigned.certFile })).toBeUndefined();
});

test('rediss:// to a plain port, and redis:// to one for TLS, are told from a server that is down', async () => {
  const plainUrl = redis.url.replace('redis://', `rediss://tester:${secret}@`);
  expect(await failure({ REDIS_URL: plainUrl })).toMatchObject({
    code: 'E_REDIS_TLS',
    message: expect.stringContaining('does not speak TLS') as string,
  });
  const speaks = { code: 'E_REDIS_TLS', hint: expect.stringContaining('rediss://') as string };
  expect(await failure({ REDIS_URL: inPlain(url) })).toMatchObject(speaks);
  // A proxy of another make hangs up in another way.
  const proxy = createServer({ cert: files.server.cert, key: files.server.key }).on(
    'tlsClientError',
    () => undefined,
  );
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  expect(await failure({ REDIS_URL: `redis://127.0.0.1:${port}` })).toMatchObject(speaks);
  proxy.close();
  expect(await failure({ REDIS_URL: `redis://127.0.0.1:${port}` })).toMatchObject({
    code: 'E_REDIS_UNREACHABLE',
  });
});

test.each(['TLSv1.2', 'TLSv1.3'])(
  'a server that asks for a certificate gets ours, or the error says so: %s',
  async (protocol) => {
    await redis.client.config('SET', 'tls-protocols', protocol);
    await redis.askForClients(true);
    expect(await failure({ ...trusting, ...clientFiles(files.client) })).toBeUndefined();
    const wanted = { code: 'E_REDIS_TLS', hint: expect.stringContaining('REDIS_CERT_FILE') as string };
    expect(await failure(trusting)).toMatchObject(wanted);
    expect(await failure({ ...trusting, ...clientFiles(files.otherClient) })).toMatchObject(wanted);
    await redis.client.config('SET', 'tls-protocols', '');
  },
);

test('a running connection takes the files as they are when it connects anew', async () => {
  const ca = join(folder, 'renewed.crt');
  copyFileSync(files.ca.certFile, ca);
  const connection = new RedisConnection(loadConfig({ ...trusting, REDIS_CA_FILE: ca }).redis, 'test');
  open.push(connection);
  await connection.connect();
  copyFileSync(files.selfSigned.certFile, ca);
  await redis.present(files.selfSigned);
  await redis.client.client('KILL', 'USER', 'tester');
  await eventually(async () => expect(await connection.client.ping()).toBe('PONG'));
  // Half written: what was read last goes on.
  writeFileSync(ca, '-----BEGIN');
  await redis.client.client('KILL', 'USER', 'tester');
  await eventually(async () => expect(await connection.client.ping()).toBe('PONG'));
});

test('ModelStore takes the certificates from its URL', async () => {
  await redis.askForClients(true);
  const { certFile, keyFile } = files.client;
  const store = new ModelStore(
    `${url}?ssl_ca_certs=${files.ca.certFile}&ssl_certfile=${certFile}&ssl_keyfile=${keyFile}`,
  );
  expect(await store.createModel({ name: 'over TLS' })).toBe(1);
  store.close();
});

test('doctor trusts the authorities of NODE_EXTRA_CA_CERTS, and nobody else', async () => {
  const dbPath = join(folder, 'sports_data.db');
  aliasDatabase(dbPath).close();
  const settings = { REDIS_URL: url, DB_PATH: dbPath };
  const doctor = async (env: Record<string, string>) =>
    (await startCli(['doctor', '--only', 'aliases'], { ...settings, ...env }, folder).ended).output;
  expect(await doctor({ NODE_EXTRA_CA_CERTS: files.ca.certFile })).toMatch(/✓ Redis 7/);
  const without = await doctor({});
  expect(without).toContain('E_REDIS_TLS');
  expect(without).not.toContain(secret);
});

describe('settings', () => {
  const refused = (environment: Environment): string => {
    try {
      loadConfig(environment);
    } catch (error) {
      const { code, message } = describeError(error);
      expect(code).toBe('E_CONFIG');
      expect(message).not.toContain(secret);
      return message;
    }
    throw new Error('not refused');
  };

  test.each([
    'ssl_cert_reqs=none',
    'ssl_cert_reqs=optional',
    'ssl_check_hostname=false',
    'rejectUnauthorized=false',
    'rejectUnauthorized=0',
  ])('%s is refused: the server is always verified', (parameter) => {
    expect(refused({ REDIS_URL: `${url}?${parameter}` })).toContain('asks not to verify the server');
  });

  test('what is not known about TLS is refused, not ignored', () => {
    expect(refused({ REDIS_URL: `${url}?tls_insecure=1` })).toContain('not known');
  });

  test('certificates without rediss:// are refused: nothing would be encrypted', () => {
    const unencrypted = 'nothing would be encrypted';
    expect(refused({ REDIS_CA_FILE: files.ca.certFile })).toContain(unencrypted);
    expect(refused({ ...trusting, REDIS_URL: inPlain(url) })).toContain(unencrypted);
    expect(refused({ REDIS_URL: `${inPlain(url)}?ssl_ca_certs=${files.ca.certFile}` })).toContain(
      unencrypted,
    );
  });

  test('files that are missing, hold no certificate or do not fit are told at the start', () => {
    const { client, otherClient, ca } = files;
    expect(refused({ ...trusting, REDIS_CA_FILE: join(folder, 'none') })).toContain(
      'REDIS_CA_FILE cannot be read (ENOENT)',
    );
    expect(refused({ ...trusting, REDIS_CA_FILE: ca.keyFile })).toContain(
      'REDIS_CA_FILE holds no certificate',
    );
    expect(refused({ ...trusting, REDIS_CERT_FILE: client.certFile })).toContain('REDIS_KEY_FILE is missing');
    expect(refused({ ...trusting, REDIS_KEY_FILE: client.keyFile })).toContain('REDIS_CERT_FILE is missing');
    expect(
      refused({ ...trusting, REDIS_CERT_FILE: otherClient.certFile, REDIS_KEY_FILE: client.keyFile }),
    ).toContain('key values mismatch');
    expect(refused({ REDIS_URL: `${url}?ssl_ca_certs=${join(folder, 'none')}` })).toContain(
      'ssl_ca_certs cannot be read',
    );
  });
});
