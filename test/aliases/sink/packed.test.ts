import { comparePacked, eachText, pack, textsIn } from '../../../src/aliases/sink/packed';
import { testRedis, type TestRedis } from '../../support/stores';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});

const unpack = (packed: Buffer) => {
  const read = textsIn(packed);
  const texts: (string | Buffer)[] = [];
  eachText(packed, (from, to) => texts.push(read(from, to)));
  return texts;
};
const throughRedis = (texts: readonly (string | Buffer)[]) =>
  redis.client.callBuffer('EVAL', 'return cmsgpack.pack(cmsgpack.unpack(ARGV[1]))', 0, pack(texts));

const lengths = [0, 1, 31, 32, 255, 256, 65_535, 65_536, 200_000];
const ascii = lengths.map((length) => 'x'.repeat(length));
const others = [
  'é',
  '\u{1F600} ',
  '\0',
  'a"\\/\n\u007F',
  '\uFFFD',
  ...lengths.map((length) => 'é'.repeat(length)),
];
const bytes = [Buffer.from([0xff, 0xfe]), Buffer.concat([Buffer.from('team:'), Buffer.from([0xc3])])];

test.each([
  ['none', []],
  ['fifteen', Array.from({ length: 15 }, (_, at) => String(at))],
  ['sixteen', Array.from({ length: 16 }, (_, at) => String(at))],
  ['seventy thousand', Array.from({ length: 70_000 }, (_, at) => String(at))],
  ['of all lengths', ascii],
  ['of all sorts', [...ascii, ...others]],
  ['that are no texts', [...ascii, ...bytes, ...others]],
])('Redis unpacks texts, and packs them, as we do: %s', async (_, texts) => {
  const packed = (await throughRedis(texts)) as Buffer;
  expect(unpack(packed)).toEqual(texts);
  expect(unpack(pack(texts))).toEqual(texts);
});

test('Redis has the very bytes of each text', async () => {
  const texts = ['é', 'plain', ...bytes];
  const script =
    'local result = {} for i, t in ipairs(cmsgpack.unpack(ARGV[1])) do result[i] = t end return result';
  const found = (await redis.client.callBuffer('EVAL', script, 0, pack(texts))) as Buffer[];
  expect(found).toEqual(texts.map((text) => Buffer.from(text)));
});

test('texts of Redis are compared with ours, whatever is absent among them', async () => {
  const texts = [...ascii, ...others];
  const compared = async (change: string) => {
    const script = `local t = cmsgpack.unpack(ARGV[1]) ${change} return cmsgpack.pack(t)`;
    const found = (await redis.client.callBuffer('EVAL', script, 0, pack(texts))) as Buffer;
    return comparePacked(found, pack(texts));
  };
  const same = texts.map(() => 'same');
  expect(await compared('')).toEqual(same);
  expect(await compared("t[1] = false t[3] = t[3] .. 'x' t[#t] = false")).toEqual(
    same.map((_, at) => (at === 0 || at === texts.length - 1 ? 'absent' : at === 2 ? 'different' : 'same')),
  );
  expect(await compared('t[2], t[4] = t[4], t[2]')).toEqual(
    same.map((_, at) => (at === 1 || at === 3 ? 'different' : 'same')),
  );
  expect(comparePacked(pack([]), pack([]))).toEqual([]);
});
