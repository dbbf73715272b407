import { type AddressInfo, createServer, type Server } from 'node:net';
import { describeError } from '../src/errors';
import { PostgresConnection } from '../src/postgres';
import { parsePostgresUrl } from '../src/postgres-url';
import { RedisConnection } from '../src/redis';
import { redisTarget } from '../src/redis-url';

// Servers that answer, and refuse. That they ought to be started is said of none of them.

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that says this to whoever says anything. */
async function saying(reply: Buffer | string, ends = false): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => (ends ? socket.end(reply) : socket.write(reply)));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test.each([
  ['BUSY Redis is busy running a script. You can only call SCRIPT KILL.', 'E_REDIS', 'SCRIPT KILL'],
  ['LOADING Redis is loading the dataset in memory', 'E_REDIS', 'Wait'],
  ['NOPERM this user has no permissions to run the command', 'E_REDIS_ACL', 'ACL SETUSER'],
  ['NOAUTH Authentication required.', 'E_REDIS_AUTH', 'REDIS_PASSWORD'],
  ['WRONGPASS invalid username-password pair', 'E_REDIS_AUTH', 'REDIS_PASSWORD'],
  ['MISCONF Redis is configured to save RDB snapshots', 'E_REDIS_DISK', 'log'],
  ["READONLY You can't write against a read only replica.", 'E_REDIS_REPLICA', 'primary'],
  ['MASTERDOWN Link with MASTER is down', 'E_REDIS_REPLICA', 'primary'],
  ['NOREPLICAS Not enough good replicas to write.', 'E_REDIS_REPLICA', 'min-replicas-to-write'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'E_REDIS_FULL', 'maxmemory'],
  ['CLUSTERDOWN Hash slot not served', 'E_REDIS_CLUSTER', 'standalone'],
  ['MOVED 1 10.0.0.1:6379', 'E_REDIS_CLUSTER', 'standalone'],
  ['ERR max number of clients reached', 'E_REDIS', 'maxclients'],
  ['DENIED Redis is running in protected mode', 'E_REDIS_AUTH', 'requirepass'],
  ['ERR unknown command', 'E_REDIS', 'Redis answers'],
  ['SOMETHING new', 'E_REDIS', 'Redis answers'],
])('Redis says %s', (reply, code, hint) => {
  const connection = new RedisConnection(redisTarget({ host: '127.0.0.1', port: 1, db: 0 }), 'test');
  const error = describeError(connection.translate(Object.assign(new Error(reply), { name: 'ReplyError' })));
  connection.close();
  expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) as string });
  expect(`${error.message}${error.hint}`).not.toMatch(/Ensure the|Cannot connect/);
});

const fatalOf = (state: string, message: string): Buffer => {
  const body = Buffer.from(`SFATAL\0VFATAL\0C${state}\0M${message}\0\0`);
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

test.each([
  [fatalOf('57P03', 'the database system is starting up'), 'E_PG_UNREACHABLE', 'goes on by itself'],
  [fatalOf('57P01', 'terminating connection due to administrator command'), 'E_PG_UNREACHABLE', 'restarted'],
  [fatalOf('53300', 'sorry, too many clients already'), 'E_PG_CONNECTIONS', 'max_connections'],
  [fatalOf('08P01', 'no more connections allowed (max_client_conn)'), 'E_PG_CONNECTIONS', 'max_client_conn'],
  [fatalOf('08P01', 'unsupported startup parameter: options'), 'E_PG_SCHEMA', 'ignore_startup_parameters'],
  [fatalOf('08P01', 'something'), 'E_PG_UNREACHABLE', 'pooler'],
  [fatalOf('3D000', 'database "d" does not exist'), 'E_PG_DATABASE', 'CREATE DATABASE'],
  [fatalOf('28P01', 'password authentication failed'), 'E_PG_AUTH', 'password'],
  [fatalOf('XX000', 'internal'), 'E_PG', 'log'],
])('Postgres says %#', async (reply, code, hint) => {
  const port = await saying(reply, true);
  const target = parsePostgresUrl(`postgresql://u:p@127.0.0.1:${port}/d`, {});
  if (typeof target === 'string') throw new Error(target);
  const connection = new PostgresConnection(target, 'test');
  const error = describeError(await connection.query('SELECT 1').catch((one: unknown) => one));
  connection.close();
  expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) as string });
  expect(`${error.message}${error.hint}`).not.toMatch(/Ensure the|Cannot connect/);
});
