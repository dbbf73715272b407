import { join } from 'node:path';
import { describeError, type ErrorReport } from '../../src/foundation/errors';
import { PostgresConnection } from '../../src/connections/postgres/postgres';
import { parsePostgresUrl, type PostgresEnvironment } from '../../src/connections/postgres/postgres-url';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';
import { type Identity, testCertificates, type TestCertificates } from '../support/tls';
import { tlsPostgres, type TlsPostgres } from '../support/tls-postgres';

// A real Postgres with real certificates, and sslmode as libpq means it or stricter.

const secret = 'gRzx0-secret';
const folder = temporaryFolder();
let files: TestCertificates;
let postgres: TlsPostgres;
beforeAll(async () => {
  files = await testCertificates();
  postgres = await tlsPostgres(files);
  await postgres.query(`CREATE ROLE secured LOGIN PASSWORD '${secret}'; CREATE ROLE client LOGIN`);
});

interface Login {
  readonly user?: string;
  readonly host?: string;
  readonly environment?: PostgresEnvironment;
}

const address = (
  parameters: string,
  { user = `secured:${secret}`, host = '127.0.0.1' }: Login = {},
): string =>
  `postgresql://${user}@${host}:${new URL(postgres.url).port}/postgres${parameters === '' ? '' : `?${parameters}`}`;

/** The version of TLS, `plain`, or the error. Nobody's password is in it. */
async function connecting(parameters: string, login: Login = {}): Promise<string | ErrorReport> {
  const target = parsePostgresUrl(address(parameters, login), login.environment ?? {});
  if (typeof target === 'string') throw new Error(target);
  const connection = new PostgresConnection(target, 'test');
  try {
    const [row] = await connection.query('SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return row?.['version'] ?? 'plain';
  } catch (error) {
    const report = describeError(error);
    expect(JSON.stringify(report)).not.toContain(secret);
    return report;
  } finally {
    connection.close();
  }
}

const withRoot = (mode: string): string => `sslmode=${mode}&sslrootcert=${files.ca.certFile}`;
const failed = (message: string | RegExp) => ({
  code: 'E_PG_TLS',
  message: expect.stringMatching(message) as string,
});
/** The server takes its new settings when it finds the time. */
const presenting = async (identity: Identity | undefined, mode: string, expected: unknown): Promise<void> => {
  await postgres.present(identity);
  await eventually(async () => expect(await connecting(withRoot(mode))).toEqual(expected));
};
const failure = (message: string | RegExp): unknown => expect.objectContaining(failed(message)) as unknown;

test.each(['prefer', 'require', 'verify-ca', 'verify-full'])(
  'sslmode=%s with the right authority encrypts',
  async (mode) => {
    expect(await connecting(withRoot(mode))).toBe('TLSv1.3');
  },
);

test('by name, with direct negotiation, and with libpq’s variables', async () => {
  expect(await connecting(withRoot('verify-full'), { host: 'localhost' })).toBe('TLSv1.3');
  expect(await connecting(`${withRoot('verify-full')}&sslnegotiation=direct`)).toBe('TLSv1.3');
  const environment = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: files.ca.certFile };
  expect(await connecting('', { environment })).toBe('TLSv1.3');
});

test('where TLS is demanded, a URL without it is told what to add', async () => {
  const refused = await connecting('');
  expect(refused).toMatchObject(failed('over TLS only'));
  expect(refused).toMatchObject({ hint: expect.stringContaining('sslmode=verify-full') as string });
});

test.each(['prefer', 'require', 'verify-ca', 'verify-full'])(
  'sslmode=%s never trusts an authority that nobody named',
  async (mode) => {
    expect(await connecting(`sslmode=${mode}`)).toMatchObject(failed('not signed by an authority'));
    expect(await connecting(`sslmode=${mode}&uselibpqcompat=true`)).toMatchObject(
      failed('not signed by an authority'),
    );
    expect(await connecting(`sslmode=${mode}&sslrootcert=${files.otherCa.certFile}`)).toMatchObject(
      failed('not signed by an authority'),
    );
  },
);

test('a client certificate is shown, and asked for where it is missing or not trusted', async () => {
  const shown = ({ certFile, keyFile }: Identity) =>
    `${withRoot('verify-full')}&sslcert=${certFile}&sslkey=${keyFile}`;
  expect(await connecting(shown(files.client), { user: 'client' })).toBe('TLSv1.3');
  const missing = await connecting(withRoot('verify-full'), { user: 'client' });
  expect(missing).toMatchObject({
    ...failed('client certificate'),
    hint: expect.stringContaining('sslcert') as string,
  });
  expect(await connecting(shown(files.otherClient), { user: 'client' })).toMatchObject(
    failed('refused our side'),
  );
});

test('certificates that have expired, are for another name or signed by themselves are told apart', async () => {
  await presenting(files.expired, 'verify-ca', failure('has expired'));
  await presenting(files.selfSigned, 'verify-ca', failure('not signed by an authority'));
  await presenting(files.otherHost, 'verify-full', failure('for other names'));
  // As with libpq, these ask whether the authority is known, not for whom it signed.
  for (const mode of ['require', 'verify-ca']) expect(await connecting(withRoot(mode))).toBe('TLSv1.3');
});

test('a server without TLS is refused by all but prefer and disable', async () => {
  await presenting(undefined, 'require', failure('does not offer TLS'));
  for (const mode of ['verify-ca', 'verify-full']) {
    expect(await connecting(withRoot(mode))).toMatchObject(failed('does not offer TLS'));
  }
  const admin = { user: `millrace:${new URL(postgres.url).password}` };
  expect(await connecting('sslmode=prefer', admin)).toBe('plain');
  expect(await connecting('sslmode=disable', { ...admin, environment: { PGSSLMODE: 'require' } })).toBe(
    'plain',
  );
  await presenting(files.server, 'verify-full', 'TLSv1.3');
});

describe('POSTGRES_URL', () => {
  test.each([
    ['sslmode=no-verify', 'always does'],
    ['ssl=no-verify', 'always does'],
    ['sslmode=maybe', 'unknown sslmode'],
    ['sslcrl=/a', 'not known'],
    ['sslpassword=gRzx0-secret', 'not known'],
    ['sslnegotiation=indirect', 'sslnegotiation'],
    ['sslmode=verify-full&sslrootcert=/none', 'sslrootcert cannot be read (ENOENT)'],
    ['sslmode=verify-full&sslcert=/none', 'sslkey is missing'],
  ])('%s is refused', (parameters, why) => {
    const told = parsePostgresUrl(address(parameters), {});
    expect(told).toContain(why);
    expect(told).not.toContain(secret);
    expect(parsePostgresUrl(address(''), { PGSSLMODE: 'no-verify' })).toContain('always does');
  });

  test('what is said about TLS does not reach pg, which would understand it differently', () => {
    const given = address(`options=-csearch_path%3Da&${withRoot('require')}`);
    expect(parsePostgresUrl(given, {})).toMatchObject({
      connectionString: given,
      login: {
        ...{ host: '127.0.0.1', port: Number(new URL(postgres.url).port), database: 'postgres' },
        ...{ user: 'secured', password: secret, options: '-csearch_path=a' },
      },
      tls: { optional: false, verifyName: false },
    });
  });

  test('a socket of this machine needs no encryption, and ssl=true means verify-full', () => {
    expect(
      parsePostgresUrl('postgresql:///db?host=/var/run/postgresql', { PGSSLMODE: 'require' }),
    ).toMatchObject({
      tls: undefined,
    });
    expect(parsePostgresUrl(address('ssl=true'), {})).toMatchObject({
      tls: { optional: false, verifyName: true },
    });
    expect(parsePostgresUrl(address('sslmode=require&sslrootcert=system'), {})).toMatchObject({
      tls: { verifyName: true, certificates: undefined },
    });
    expect(parsePostgresUrl(address(`sslrootcert=${join(folder, 'none')}`), {})).toContain('cannot be read');
  });
});
