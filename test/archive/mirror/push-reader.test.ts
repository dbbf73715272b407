import fc from 'fast-check';
import { PushReader } from '../../../src/archive/mirror/push-reader';

const bulk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
const reply = (...values: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat([Buffer.from(`*${values.length}\r\n`), ...values.map((value) => bulk(Buffer.from(value)))]);
const prefix = '__keyspace@0__:aidb:';
const message = (key: Buffer, event: string): Buffer =>
  reply('pmessage', '__keyspace@0__:aidb:[mr]*', Buffer.concat([Buffer.from(prefix), key]), event);
const confirmation = Buffer.from('*3\r\n$10\r\npsubscribe\r\n$3\r\na:*\r\n:1\r\n');

/** What is told, piece after piece. */
function read(pieces: readonly Buffer[]): string[] {
  const told: string[] = [];
  const reader = new PushReader(prefix.length, {
    onMessage: (key, event) => told.push(`${event} ${key}`),
    onSubscribed: () => told.push('subscribed'),
    onPong: () => told.push('pong'),
    onRefused: (reason) => told.push(`refused ${reason}`),
  });
  for (const piece of pieces) reader.read(piece);
  return told;
}

const everything = Buffer.concat([
  confirmation,
  message(Buffer.from('run:1'), 'hset'),
  reply('pong', ''),
  message(Buffer.from([0x6d, 0x3a, 0xff, 0x0d, 0x0a, 0x00, 0x2a, 0x24]), 'del'),
  Buffer.from('-NOPERM no: you may not\r\n'),
  message(Buffer.alloc(0), 'set'),
]);
const told = [
  ...['subscribed', 'hset run:1', 'pong', 'del m:\u00ff\r\n\u0000*$'],
  ...['refused NOPERM no: you may not', 'set '],
];

test('replies are told wherever they are cut, once or everywhere', () => {
  expect(read([everything])).toEqual(told);
  for (let cut = 1; cut < everything.length; cut++)
    expect(read([everything.subarray(0, cut), everything.subarray(cut)])).toEqual(told);
  expect(read([...everything].map((byte) => Buffer.from([byte])))).toEqual(told);
});

test('keys of any bytes and lengths arrive as they are, cut anyhow', () => {
  const keys = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });
  const cuts = fc.array(fc.nat({ max: 4_000 }), { maxLength: 10 });
  fc.assert(
    fc.property(keys, cuts, (all, places) => {
      const data = Buffer.concat(all.map((key) => message(Buffer.from(key), 'hset')));
      const ends = [...places.filter((at) => at < data.length).sort((a, b) => a - b), data.length];
      const pieces = ends.map((end, index) => data.subarray(ends[index - 1] ?? 0, end));
      expect(read(pieces)).toEqual(all.map((key) => `hset ${Buffer.from(key).toString('latin1')}`));
    }),
  );
});

test('a key of any length is passed over, however it is cut, and never held; what follows it arrives', () => {
  const key = Buffer.alloc(1024 * 1024, '\r\n*4$');
  const data = Buffer.concat([message(key, 'hset'), message(Buffer.from('run:1'), 'hset')]);
  for (const size of [1_000, 65_536, 65_537, key.length]) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < data.length; at += size) pieces.push(data.subarray(at, at + size));
    const longest = Math.max(...pieces.map(({ length }) => length), 2 * 65_536);
    const concat = jest.spyOn(Buffer, 'concat');
    expect(read(pieces).filter((one) => one.length < 100)).toEqual(['hset ', 'hset run:1']);
    for (const { value } of concat.mock.results)
      expect((value as Buffer).length).toBeLessThanOrEqual(longest);
    concat.mockRestore();
  }
});

test.each([['$1'], ['*1'], ['-ERR 1']])(
  '%s… that never ends is nothing that Redis sends, told before it fills the memory',
  (begin) => {
    const endless = [Buffer.from(begin.startsWith('$') ? `*4\r\n${begin}` : begin), ...new Array<Buffer>(300).fill(Buffer.alloc(1_000, '1'))]; // prettier-ignore
    expect(() => read(endless)).toThrow(/Redis sent a/);
  },
);

test.each([
  '+OK\r\n',
  '$3\r\nabc\r\n',
  '*4\r\n+pmessage\r\n',
  '*x\r\n',
  '*9\r\n',
  '*4\r\n$-1\r\n',
  'HTTP/1.1 400\r\n',
])('%j is nothing that Redis sends to a subscriber', (text) => {
  expect(() => read([Buffer.from(text)])).toThrow('Redis sent a');
});
