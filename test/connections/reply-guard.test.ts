import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { describeError } from '../../src/foundation/errors';
import { RedisConnection } from '../../src/connections/redis';
import { ReplyGuard } from '../../src/connections/reply-guard';
import { redisTarget } from '../../src/connections/redis-url';
import { eventually } from '../support/eventually';

type Value = string | number | null | Error | readonly Value[];

const encode = (value: Value): string => {
  if (value === null) return '$-1\r\n';
  if (typeof value === 'number') return `:${value}\r\n`;
  if (typeof value === 'string') return `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
  if (value instanceof Error) return `-${value.message}\r\n`;
  return `*${value.length}\r\n${value.map(encode).join('')}`;
};

const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\r\n', '*3\r\n', ''),
    fc.integer(),
    fc.constant(null),
    fc.constant(new Error('ERR no')),
    fc.array(tie('value'), { maxLength: 6 }),
  ),
}));

test('whatever Redis answers passes, wherever it is cut, and each answer is weighed alone', () => {
  const replies = fc.array(anyValue, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(replies, fc.array(fc.nat()), (values, places) => {
      const texts = values.map(encode);
      const data = Buffer.from(texts.join(''));
      // About what the largest takes: all of them together would be refused.
      const most = Math.max(...texts.map((text) => Buffer.byteLength(text) * 200));
      const guard = new ReplyGuard(most);
      const ends = [...places.map((at) => at % data.length).sort((a, b) => a - b), data.length];
      let from = 0;
      for (const end of ends) guard.read(data.subarray(from, (from = end)));
      expect(() => guard.read(Buffer.from('?'))).toThrow('a value of type 63');
    }),
  );
});

const megabyte = 1024 * 1024;
/** What a server may send by mistake or on purpose, and what is said of it. */
const hostile: readonly (readonly [what: string, reply: Iterable<string>, code: string])[] = [
  ['nested 5,000 deep', ['*1\r\n'.repeat(5_000)], 'E_REPLY'],
  ['nested 100,000 deep, piece by piece', new Array<string>(1_000).fill('*1\r\n'.repeat(100)), 'E_REPLY'],
  ['nested in the second place', ['*2\r\n:1\r\n'.repeat(5_000)], 'E_REPLY'],
  ['a value of 2^60 bytes', ['$1152921504606846976\r\nx'], 'E_REPLY_TOO_LARGE'],
  ['a value of 400 MB', [`$${400 * megabyte}\r\nx`], 'E_REPLY_TOO_LARGE'],
  ['a value of 400 MB inside of others', [`*1\r\n*2\r\n:1\r\n$${400 * megabyte}\r\nx`], 'E_REPLY_TOO_LARGE'],
  ['an array of 2^31 values', ['*2147483648\r\n'], 'E_REPLY_TOO_LARGE'],
  ['arrays that fill the memory by being announced', ['*33000000\r\n'.repeat(30)], 'E_REPLY_TOO_LARGE'],
  ['a length of a thousand digits', [`$${'9'.repeat(1_000)}`], 'E_REPLY_TOO_LARGE'],
  ['a line that never ends', new Array<string>(2_000).fill('+'.repeat(1_000)), 'E_REPLY'],
  ['a number that never ends', new Array<string>(2_000).fill(`:${'1'.repeat(1_000)}`), 'E_REPLY'],
  ['a length that is none', ['$-\r\n'], 'E_REPLY'],
  ['another protocol', ['HTTP/1.1 400 Bad Request\r\n\r\n'], 'E_REPLY'],
];

test('a reply that would take the process with it costs its connection, and nothing else', async () => {
  const outcomes = await Promise.all(
    hostile.map(async ([what, reply]) => {
      const server = await pretended((socket) => {
        for (const piece of reply) socket.write(piece);
      });
      const connection = new RedisConnection(server.target, 'test');
      try {
        const { code, hint } = await connection.connect().then(
          () => ({ code: 'none', hint: '' }),
          (error: unknown) => describeError(error),
        );
        expect(hint).not.toContain('is running');
        server.answer = wellBehaved;
        await eventually(() => connection.connect().then(() => true, () => false)); // prettier-ignore
        expect(await connection.client.get('key')).toBe('value');
        return [what, code];
      } finally {
        connection.close();
      }
    }),
  );
  expect(outcomes).toEqual(hostile.map(([what, , code]) => [what, code]));
});

test('the connection that follows is waited for over attempts that fail', async () => {
  const server = await pretended(wellBehaved);
  const connection = new RedisConnection(server.target, 'test');
  try {
    await connection.connect();
    let refused = 0;
    server.answer = (socket) => {
      if (++refused === 3) server.answer = wellBehaved;
      socket.resetAndDestroy();
    };
    await expect(connection.client.get('key')).rejects.toThrow();
    await connection.reconnected();
    expect(refused).toBe(3);
    expect(await connection.client.get('key')).toBe('value');
  } finally {
    connection.close();
  }
  await expect(connection.reconnected()).rejects.toMatchObject({ code: 'E_REDIS_UNREACHABLE' });
});

test('a connection that is closed between two attempts is not waited for', async () => {
  const server = await pretended(wellBehaved);
  const connection = new RedisConnection(server.target, 'test');
  await connection.connect();
  server.answer = (socket) => socket.resetAndDestroy();
  await expect(connection.client.get('key')).rejects.toThrow();
  expect(connection.client.status).toBe('reconnecting');
  const from = performance.now();
  const waiting = connection.reconnected();
  connection.close();
  for (const asked of [waiting, connection.reconnected()])
    await expect(asked).rejects.toMatchObject({ code: 'E_REDIS_UNREACHABLE' });
  expect(performance.now() - from).toBeLessThan(1_000);
});

test('an answer may take as long as bytes of it arrive; silence counts as a lost connection', async () => {
  const server = await pretended(wellBehaved);
  const [slow, silent] = [1, 2].map(() => new RedisConnection(server.target, 'test'));
  if (slow === undefined || silent === undefined) throw new Error('two were made');
  try {
    await Promise.all([slow.connect(), silent.connect()]);
    server.answer = (socket, asked) => {
      if (asked.includes('silent')) return;
      socket.write('$14\r\n');
      let sent = 0;
      const drip = setInterval(() => {
        socket.write(sent < 14 ? 'x' : '\r\n');
        if (sent++ === 14) clearInterval(drip);
      }, 400);
    };
    const lost = silent.client.get('silent').catch((error: unknown) => silent.translate(error));
    const from = performance.now();
    expect(await slow.client.get('slow')).toBe('x'.repeat(14));
    expect(performance.now() - from).toBeGreaterThan(5_500);
    expect(describeError(await lost)).toMatchObject({ code: 'E_REDIS_UNREACHABLE' });
  } finally {
    slow.close();
    silent.close();
  }
});

type Answer = (socket: Socket, asked: string) => void;

/** To each of the commands. */
const wellBehaved: Answer = (socket, asked) => {
  for (const [, name] of asked.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
    socket.write(
      name === 'info' ? '$17\r\nredis_version:7\r\n\r\n' : name === 'get' ? '$5\r\nvalue\r\n' : '+OK\r\n',
    );
  }
};

async function pretended(answer: Answer) {
  const sockets = new Set<Socket>();
  const pretending = { answer, target: redisTarget({ host: '127.0.0.1', port: 1, db: 0 }) };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => pretending.answer(socket, data.toString('latin1')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  pretending.target = redisTarget({ host: '127.0.0.1', port, db: 0 });
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return pretending;
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
