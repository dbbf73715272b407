import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describeError } from '../../src/foundation/errors';
import { PostgresConnection } from '../../src/connections/postgres/postgres';
import { parsePostgresUrl } from '../../src/connections/postgres/postgres-url';
import { inspectServer, RedisConnection } from '../../src/connections/redis';
import { redisTarget } from '../../src/connections/redis-url';
import { FunctionClient } from '../../src/writer/function-client';
import { eventually } from '../support/eventually';

// Servers that answer, and refuse. That they ought to be started is said of none of them.

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that does this with whoever connects. */
async function serving(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Says this to whoever says anything, and hangs up. */
const saying = (reply: Buffer): Promise<number> =>
  serving((socket) => socket.on('data', () => socket.end(reply)));

const replies = [
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
  ['ERR Protocol error: invalid bulk length', 'E_REDIS', 'name the Redis server'],
] as const;
const answered = replies.map(([reply, ...rest]) => [`-${reply}\r\n`, ...rest] as const);

/** How a server gives a reply: to each command, to the first and then it hangs up, or as a greeting before it hangs up. */
const manners: Readonly<Record<string, (socket: Socket, reply: string) => void>> = {
  'to every command': (socket, reply) =>
    socket.on('data', (chunk: Buffer) =>
      socket.write(reply.repeat(chunk.toString().match(/\*\d+\r\n\$/g)?.length ?? 1)),
    ),
  'and hangs up': (socket, reply) => socket.once('data', () => socket.end(reply)),
  'before anything was asked': (socket, reply) => socket.end(reply),
};

/** What a first connection comes to, and the first question. */
async function connectTo(port: number, password?: string): Promise<ReturnType<typeof describeError>> {
  const connection = new RedisConnection(redisTarget({ host: '127.0.0.1', port, db: 0, password }), 'test');
  const error: unknown = await connection
    .connect()
    .then(() => inspectServer(connection))
    .catch((one: unknown) => one);
  connection.close();
  return describeError(error);
}

test.each(
  Object.keys(manners).flatMap((manner) => [undefined, 'password'].map((password) => [manner, password])),
)(
  'Redis answers %s, asked with the password %s: the first connection ends soon, and says why',
  async (manner = '', password) => {
    const forms = [
      ...answered,
      ['HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n', 'E_REPLY', 'REDIS_URL'],
      ['SSH-2.0-OpenSSH_9.2\r\n', 'E_REPLY', 'REDIS_URL'],
      ['*1\r\n'.repeat(5_000), 'E_REPLY', 'REDIS_URL'],
      // INFO is answered, and has nothing else to say for an hour.
      ...(manner === 'to every command'
        ? ([['$39\r\nloading:1\r\nloading_eta_seconds:3600\r\n\r\n\r\n', 'E_REDIS', 'Wait']] as const)
        : []),
    ] as const;
    const said = await Promise.all(
      forms.map(async ([reply]) => {
        const port = await serving((socket) => manners[manner]?.(socket, reply));
        return connectTo(port, password);
      }),
    );
    expect(said.map(({ code, hint }, at) => [forms[at]?.[0].slice(0, 40), code, hint])).toEqual(
      forms.map(([reply, code, hint]) => [reply.slice(0, 40), code, expect.stringContaining(hint) as string]),
    );
    expect(JSON.stringify(said)).not.toMatch(/Ensure the|Cannot connect/);
  },
);

test('a reply that comes later is told in the same words', () => {
  const connection = new RedisConnection(redisTarget({ host: '127.0.0.1', port: 1, db: 0 }), 'test');
  for (const [reply, code] of replies) {
    const error = connection.translate(Object.assign(new Error(reply), { name: 'ReplyError' }));
    expect(describeError(error)).toMatchObject({ code });
  }
  connection.close();
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
  const port = await saying(reply);
  const target = parsePostgresUrl(`postgresql://u:p@127.0.0.1:${port}/d`, {});
  if (typeof target === 'string') throw new Error(target);
  const connection = new PostgresConnection(target, 'test');
  const error = describeError(await connection.query('SELECT 1').catch((one: unknown) => one));
  connection.close();
  expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) as string });
  expect(`${error.message}${error.hint}`).not.toMatch(/Ensure the|Cannot connect/);
});

test.each([
  ['after a first one', true],
  ['of a connection that is closed', false],
])('a socket’s errors end nothing, %s', async (_when, tls) => {
  let accepted = false;
  const port = await serving((socket) => {
    accepted = true;
    if (tls) socket.end('no TLS');
  });
  const connection = new RedisConnection(redisTarget({ host: '127.0.0.1', port, db: 0, tls }), 'test');
  const connecting = connection.connect().catch(describeError);
  await eventually(() => accepted);
  const { stream } = connection.client;
  if (tls) expect(await connecting).toMatchObject({ code: 'E_REDIS_TLS' });
  connection.close();
  for (const message of ['the first', 'the second']) stream.emit('error', new Error(message));
  await connecting;
});

test('a socket’s errors end nothing in the client of a writer who gave ioredis’ options', async () => {
  let accepted = false;
  const port = await serving(() => {
    accepted = true;
  });
  const writer = new FunctionClient({ host: '127.0.0.1', port });
  const client = await writer.read((one) => Promise.resolve(one));
  await eventually(() => accepted);
  const { stream } = client;
  writer.close();
  for (const message of ['the first', 'the second']) stream.emit('error', new Error(message));
});
