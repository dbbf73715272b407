import { describeError } from '../../src/foundation/errors';
import { freePort } from '../../src/embedded/process/ask-redis';
import { startDaemon } from '../support/daemon';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { untilFailure } from './support/failure';

// Each mistake in POSTGRES_URL is one message with the remedy; the password is in none.

let redis: TestRedis;
let postgres: TestPostgres;
beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
});

const secret = 'gRzx0-secret';
const refusal = async (url: string | undefined) => {
  const environment = { REDIS_URL: redis.url, MILLRACE_ONLY: 'archive', ...(url && { POSTGRES_URL: url }) };
  const refused = await startDaemon(environment).then(
    () => undefined,
    (error: unknown) => describeError(error),
  );
  expect(JSON.stringify(refused)).not.toContain(secret);
  return refused;
};
const changed = (change: (url: URL) => void): string => {
  const url = new URL(postgres.url);
  change(url);
  return url.href;
};

test('without POSTGRES_URL it says which ways there are', async () => {
  const refused = await refusal(undefined);
  expect(refused).toMatchObject({ code: 'E_POSTGRES_URL', message: 'POSTGRES_URL not set' });
  for (const way of ['postgresql://', 'millrace run --embedded']) expect(refused?.hint).toContain(way);
});

test.each(['not a url', 'mysql://u:gRzx0-secret@host/db', 'postgresql://u:gRzx0-secret%@host/db'])(
  '%s is refused as POSTGRES_URL, without a word of it',
  async (url) => {
    const refused = await refusal(url);
    expect(refused?.message).toMatch(/POSTGRES_URL/);
    expect(refused?.message).toContain('postgresql://user:password@host:port/database');
  },
);

test('a wrong password, a wrong user and a database that does not exist stop it with the remedy', async () => {
  expect(await refusal(changed((url) => (url.password = secret)))).toMatchObject({
    code: 'E_PG_AUTH',
    hint: expect.stringContaining('POSTGRES_URL') as string,
  });
  expect(await refusal(changed((url) => (url.username = 'nobody')))).toMatchObject({ code: 'E_PG_AUTH' });
  expect(await refusal(changed((url) => (url.pathname = '/nowhere')))).toMatchObject({
    code: 'E_PG_DATABASE',
    message: expect.stringContaining('nowhere') as string,
    hint: expect.stringContaining('CREATE DATABASE') as string,
  });
});

test('a Postgres that does not answer is waited for, and the password is in no message', async () => {
  const port = await freePort();
  const url = changed((one) => {
    one.port = String(port);
    one.password = secret;
  });
  const daemon = await startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: url }, { awaitPass: false });
  const failure = await untilFailure(daemon, 'E_PG_UNREACHABLE');
  expect(failure?.message).toContain(`127.0.0.1:${port}`);
  expect(failure?.hint).toMatch(/POSTGRES_URL.*--embedded/);
  expect(JSON.stringify([daemon.log.lines, await daemon.status()])).not.toContain(secret);
});
