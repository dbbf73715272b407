import { type AddressInfo, createServer, type Server } from 'node:net';
import { describeError } from '../../src/foundation/errors';
import { PostgresConnection } from '../../src/connections/postgres/postgres';
import { parsePostgresUrl } from '../../src/connections/postgres/postgres-url';
import { parseRequireAuth } from '../../src/connections/postgres/postgres-auth';

// A server that is not the one it says it is, and asks for the password in a way that it could use.

const secret = 'gRzx0-secret';
let heard = '';
let asks: Buffer;
let server: Server;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.on('data', (more) => (heard += more.toString('latin1')));
      socket.write(asks);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void server.close());

const authentication = (kind: number, rest = ''): Buffer => {
  const message = Buffer.alloc(9 + rest.length);
  message.write('R');
  message.writeInt32BE(8 + rest.length, 1);
  message.writeInt32BE(kind, 5);
  message.write(rest, 9, 'latin1');
  return message;
};
const asking = {
  password: authentication(3),
  md5: authentication(5, 'salt'),
  none: authentication(0),
  'scram-sha-256': authentication(10, 'SCRAM-SHA-256\0\0'),
};

async function failure(parameters: string, environment = {}): Promise<string> {
  heard = '';
  const { port } = server.address() as AddressInfo;
  const target = parsePostgresUrl(`postgresql://u:${secret}@127.0.0.1:${port}/db${parameters}`, environment);
  if (typeof target === 'string') throw new Error(target);
  const connection = new PostgresConnection(target, 'test');
  try {
    await connection.query('SELECT 1');
    return 'connected';
  } catch (error) {
    return describeError(error).code;
  } finally {
    connection.close();
  }
}

test.each(['password', 'md5'] as const)(
  'without TLS a server that asks for %s gets nothing',
  async (method) => {
    asks = asking[method];
    expect(await failure('')).toBe('E_PG_AUTH_METHOD');
    expect(await failure('?sslmode=disable')).toBe('E_PG_AUTH_METHOD');
    expect(await failure('?require_auth=scram-sha-256')).toBe('E_PG_AUTH_METHOD');
    expect(await failure(`?require_auth=!${method}`)).toBe('E_PG_AUTH_METHOD');
    expect(await failure('', { PGREQUIREAUTH: 'none' })).toBe('E_PG_AUTH_METHOD');
    expect(heard).toBe('');
  },
);

test('one that asks for nothing is refused where a method is required, and SCRAM where it is not allowed', async () => {
  asks = asking.none;
  expect(await failure('?require_auth=scram-sha-256')).toBe('E_PG_AUTH_METHOD');
  asks = asking['scram-sha-256'];
  expect(await failure('?require_auth=md5')).toBe('E_PG_AUTH_METHOD');
  expect(heard).toBe('');
});

test('require_auth is understood as libpq means it', () => {
  expect(parseRequireAuth('md5, scram-sha-256')).toEqual(['md5', 'scram-sha-256']);
  expect(parseRequireAuth('!password,!md5')).toEqual(['scram-sha-256', 'none']);
  for (const wrong of ['scram', 'md5,!none', '']) expect(parseRequireAuth(wrong)).toEqual(expect.any(String));
});
