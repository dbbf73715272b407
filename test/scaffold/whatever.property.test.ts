import fc from 'fast-check';
import { parse } from 'yaml';
import { mappingsOf } from '../../src/config/mappings';
import { parseRedisUrl } from '../../src/connections/redis-url';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { catalogueOf } from '../../src/mapping/kinds';
import { recordKinds } from '../../src/mapping/record-kinds';
import { readAsset } from '../../src/foundation/package-root';
import type { Proposal } from '../../src/scaffold/file-text';
import { lookAtRedis } from '../../src/scaffold/redis/look-redis';
import { mappingFile } from '../mapping/file/support';
import { testRedis, type TestRedis } from '../support/stores';
import { proposedFor, textOf } from './support';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});

/** Names as people give them, and as nobody should. */
const word = fc.oneof(
  fc.constantFrom(
    ...[
      'user',
      'users',
      'order',
      'id',
      'tags',
      'model',
      'models',
      'product',
      'alias',
      'aidb',
      'millrace',
      'pg_class',
    ],
    ...[
      'member',
      'score',
      'value',
      'field',
      'place',
      'entry',
      'deleted_at',
      'ctid',
      'too-large',
      '__proto__',
    ],
    ...[
      '',
      ' ',
      'a b',
      'a"b',
      "a'b",
      'a\nb',
      'a: b',
      '{a}',
      '[a]',
      '*',
      '-',
      '_',
      'a\\b',
      '$value',
      'null',
      'x'.repeat(200),
    ],
    ...[
      '\u0442\u0435\u0433',
      '\u{1f4be}',
      '\u2028',
      '\ufeff',
      'e\u0301',
      'UPPER',
      'camelCase',
      '9223372036854775807',
      '99999999999999999999',
    ],
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const id = fc.oneof(
  fc.nat(9).map(String),
  fc.uuid(),
  fc.constantFrom('007', '18446744073709551616', 'ada', 'about-us', '-1'),
);
const key = fc
  .oneof(
    word,
    fc.tuple(word, id).map((parts) => parts.join(':')),
    fc.tuple(word, id).map((parts) => parts.join('-')),
    fc.tuple(word, id, word).map((parts) => parts.join(':')),
    fc.tuple(word, id, word, id).map((parts) => parts.join(':')),
  )
  .map((text) => Buffer.from(text));
const anyKey = fc.oneof({ weight: 9, arbitrary: key }, { weight: 1, arbitrary: bytes(12) });
const value = fc
  .oneof(
    fc.constantFrom(
      ...[
        '1',
        '2.5',
        '',
        'true',
        '2026-01-05T14:30:00Z',
        '0f8fad5b-d9cb-469f-a165-70867728950e',
        '[1]',
        'HYLL',
      ],
      ...[
        '{"a":1,"b":{"c":[]}}',
        '{"$value":1,"":2,"a\\u0000":3}',
        '{"id":7,"member":"x"}',
        '{',
        'x'.repeat(3_000),
      ],
    ),
    fc.json(),
    fc.string({ unit: 'binary', maxLength: 8 }),
    bytes(8),
  )
  .map((text) => (typeof text === 'string' ? Buffer.from(text) : text));

function bytes(maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength }).map((some) => Buffer.from(some));
}

const kept = fc.record({
  key: anyKey,
  type: fc.constantFrom('set', 'hash', 'sadd', 'zadd', 'rpush', 'xadd'),
  names: fc.uniqueArray(
    fc.oneof(
      word.map((text) => Buffer.from(text)),
      bytes(6),
    ),
    {
      ...{ minLength: 1, maxLength: 4, selector: (name) => name.toString('hex') },
    },
  ),
  values: fc.array(value, { minLength: 4, maxLength: 4 }),
  expires: fc.constantFrom(...Array<null>(6).fill(null), 100),
});
type Kept = typeof kept extends fc.Arbitrary<infer T> ? T : never;

async function fill(some: readonly Kept[]): Promise<void> {
  const pipeline = redis.client.pipeline().flushall();
  for (const { key: name, type, names, values, expires } of some) {
    const [first = Buffer.alloc(0)] = values;
    const pairs = names.flatMap((one, at) => [one, values[at] ?? first]);
    if (type === 'set') pipeline.set(name, first);
    else if (type === 'hash') pipeline.hset(name, ...pairs);
    else if (type === 'sadd') pipeline.sadd(name, ...values);
    else if (type === 'zadd') pipeline.zadd(name, ...values.flatMap((one, at) => [at, one]));
    else if (type === 'rpush') pipeline.rpush(name, ...values);
    else pipeline.xadd(name, '*', ...pairs);
    if (expires !== null) pipeline.expire(name, expires);
  }
  await pipeline.exec(); // one that is of another type already refuses, and stays
}

async function proposed(schema: string): Promise<Proposal> {
  const target = parseRedisUrl(redis.url);
  if (typeof target === 'string') throw new Error(target);
  const found = await lookAtRedis(target, [], aiRegistry);
  return proposedFor(schema, {
    redis: found,
    postgres: {
      tables: new Set(['users', 'redis_users']),
      archive: false,
      mapped: [{ name: 'user', prefix: 'user:', table: 'users' }],
    },
  });
}

const shop = readAsset('examples/mappings/shop.sql');

test('whatever is in Redis, the file is one that check accepts, means what was proposed, and as comments means nothing', async () => {
  let records = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(kept, { maxLength: 25, size: 'large' }),
      fc.boolean(),
      async (some, withShop) => {
        await fill(some);
        const proposal = await proposed(withShop ? shop : '');
        const text = textOf(proposal);
        const read = mappingsOf(text, 'millrace.yaml', { aliasTables: undefined, catalogue: aiRegistry });
        expect('problems' in read ? read.problems : []).toEqual([]);
        const mappings = mappingFile(text).records.map(({ mapping }) => mapping);
        expect(
          mappings.map(({ name, table, holds, columns, onDelete }) => ({
            ...{ name, table, holds, onDelete },
            columns: columns.map(({ column, field, type, none }) => [column, field, type, none === '']),
          })),
        ).toEqual(
          proposal.records.map(({ name, table, holds, columns, deletes }) => ({
            ...{ name, table, holds, onDelete: deletes ? 'delete' : 'keep' },
            columns: columns.map(({ column, field, type, maybeEmpty }) => [
              column,
              holds === 'string' ? '$value' : field,
              type,
              maybeEmpty,
            ]),
          })),
        );
        catalogueOf(recordKinds(mappings)); // which refuses names that cannot be served
        records += mappings.length;
        const asComments = textOf({
          ...proposal,
          documents: [],
          includes: [],
          recordsHeldBack: 'nobody knows',
        });
        expect(parse(asComments)).toEqual({ version: 1 });
      },
    ),
    { numRuns: 200 },
  );
  expect(records).toBeGreaterThan(200);
}, 120_000);
