import { type Difference, dryRun } from '../../../src/aliases/pass/dry-run';
import { beginPass } from '../../../src/aliases/pass/passes';
import { blockedError, type PassReport, writtenBy } from '../../../src/aliases/pass/report';
import { checkpointKey, parseCheckpoint } from '../../../src/aliases/sink/checkpoint';
import { Introduction } from '../../../src/aliases/sink/introduction';
import { AliasSink, CheckpointMoved } from '../../../src/aliases/sink/sink';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { describeError } from '../../../src/foundation/errors';
import type { Keyspace } from '../../../src/mapping/documents';
import { testRedis, type TestRedis } from '../../support/stores';
import { documentOf } from '../support/documents';
import { MemoryTruth } from '../support/memory-truth';
import { beginCounting, rawKeys, writesCounted } from '../support/raw-keys';

/** Full passes over documents whose truth is a map in memory. */
let redis: TestRedis;
let connection: RedisConnection;
let sink: AliasSink;
const truths = new Map<string, MemoryTruth>();

const newSink = async () => {
  const begun = new AliasSink(connection);
  await begun.adopt((await begun.load()).raw, null);
  return begun;
};
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  truths.clear();
  connection = new RedisConnection(
    redisTarget({ host: '127.0.0.1', port: redis.server.port, db: 0 }),
    'test',
  );
  await connection.connect();
  sink = await newSink();
});
afterEach(() => {
  connection.close();
});

const serve = (name: string, keyspace: Keyspace, rows: Readonly<Record<string, string>>) => {
  const truth = new MemoryTruth(keyspace, rows);
  truths.set(name, truth);
  return truth;
};

interface How {
  readonly claimed?: 'all' | ReadonlySet<string>;
  readonly force?: boolean;
  readonly wording?: string;
  readonly onJudged?: () => void;
  readonly onStep?: () => void;
  readonly onDifference?: (difference: Difference) => void;
}

const introduce = ({ claimed = new Set(), wording = 'one' }: How) =>
  new Introduction(sink, {
    documents: [...truths].map(([name, { keyspace }]) => documentOf(name, keyspace)),
    hashes: new Map([...truths.keys()].map((name) => [name, `${wording} wording of ${name}`])),
    claimed,
  });

async function pass(how: How = {}): Promise<PassReport> {
  const introduction = introduce(how);
  const { onDifference } = how;
  const begun = beginPass({
    ...{ connection, truths: () => truths, aliasTruths: () => new Map(), aliasCase: 'preserve' },
    target: onDifference === undefined ? sink : dryRun(connection, onDifference),
    doubtful: () => [],
    standing: (name) => introduction.standing(name),
    onJudged: (names) => {
      if (onDifference === undefined) introduction.judged(names);
      how.onJudged?.();
    },
    force: how.force ?? false,
  });
  let report = await begun.step();
  while (report === 'more') {
    report = await begun.step().catch(async (error: unknown) => {
      if (!(error instanceof CheckpointMoved)) throw error;
      const { raw, checkpoint } = await sink.load();
      if (checkpoint !== undefined) sink.resume(raw, checkpoint);
      return 'more' as const;
    });
    how.onStep?.();
  }
  if (onDifference === undefined) introduction.written(writtenBy(report));
  await sink.drain();
  return report;
}

const withoutCheckpoint = async () => {
  const { [checkpointKey]: checkpoint, ...others } = await rawKeys(redis.client);
  expect(checkpoint).toBeDefined();
  return others;
};
/** As if nobody had ever looked at the keys that are there. */
const forgetCheckpoint = async () => {
  await redis.client.del(checkpointKey);
  sink = await newSink();
};
const inCheckpoint = async () => parseCheckpoint((await redis.client.get(checkpointKey)) ?? '')?.mappings;

const forms: readonly { readonly holds: Keyspace['holds']; readonly a: string; readonly b: string }[] = [
  { holds: 'string', a: '{"id":1}', b: '{"id":2}' },
  { holds: 'hash', a: '{"f":"1","g":"2"}', b: '{"f":"2"}' },
  { holds: 'set', a: '["1","2"]', b: '["2","3"]' },
  { holds: 'zset', a: '[["x","1"],["y","0.1"]]', b: '[["x","2"]]' },
];
const kinds = forms.flatMap((form) => [undefined, 3_600].map((ttl) => ({ ...form, ttl })));

describe.each(kinds)('documents that are a $holds and live for $ttl s', ({ holds, ttl, a, b }) => {
  const keyspace = { prefix: 'doc:', holds, ttl };

  test('a pass brings what is missing, wrong or too much in step, and the next one writes nothing', async () => {
    const truth = serve('doc', keyspace, { 1: a, 2: a, 3: a, 4: a });
    expect(await pass()).toMatchObject({ total: 4, added: 4, updated: 0, deleted: 0, blocked: [] });
    const right = await withoutCheckpoint();
    for (const name of ['5', '6']) truth.rows.set(name, b);
    await pass();
    for (const name of ['5', '6']) truth.rows.delete(name);
    truth.rows.set('2', b);
    await redis.client.del('doc:1');
    await redis.client.del('doc:3');
    await redis.client.rpush('doc:3', 'of another type');
    expect(await pass()).toMatchObject({ total: 4, added: 2, updated: 1, deleted: 2, blocked: [] });
    // Fields of a hash have no order, so this one is made anew.
    await redis.client.del('doc:2');
    truth.rows.set('2', a);
    expect(await pass()).toMatchObject({ added: 1 });
    expect(await withoutCheckpoint()).toEqual(right);

    await beginCounting(redis.client);
    expect(await pass()).toMatchObject({ total: 4, added: 0, updated: 0, deleted: 0 });
    expect(await writesCounted(redis.client)).toEqual({});
  });

  test('a lifetime that is missing is a difference, if there should be one', async () => {
    serve('doc', keyspace, { 1: a });
    await pass();
    await redis.client.persist('doc:1');
    expect(await pass()).toMatchObject({ updated: ttl === undefined ? 0 : 1 });
    expect((await redis.client.pttl('doc:1')) > 0).toBe(ttl !== undefined);
  });

  interface Other {
    readonly what: string;
    readonly found: { readonly stale: number; readonly different: number };
    /** What a pass does with the key once the mapping is claimed. */
    readonly done: { readonly added: number; readonly updated: number; readonly deleted: number };
    readonly make: () => unknown;
  }
  const others: readonly Other[] = [
    {
      what: 'a key that no row stands for',
      found: { stale: 1, different: 0 },
      done: { added: 1, updated: 0, deleted: 1 },
      make: () => redis.client.set('doc:9', 'x'),
    },
    {
      what: 'another value',
      found: { stale: 0, different: 1 },
      done: { added: 1, updated: 1, deleted: 0 },
      make: () => truths.get('doc')?.rows.set('2', b),
    },
    {
      what: 'another type',
      found: { stale: 0, different: 1 },
      done: { added: 2, updated: 0, deleted: 0 },
      make: async () => {
        await redis.client.del('doc:2');
        await redis.client.rpush('doc:2', 'x');
      },
    },
  ];
  test.each(others)(
    'a new mapping that finds $what writes and deletes nothing until it is claimed',
    async ({ found, done, make }) => {
      serve('doc', keyspace, { 1: a, 2: a, 3: a });
      serve('beside', { prefix: 'beside:', holds }, { 1: a });
      await pass();
      await forgetCheckpoint();
      await redis.client.del('doc:3', 'beside:1');
      await make();
      const before = await withoutCheckpoint();
      for (let time = 1; time <= 2; time++) {
        const report = await pass();
        const keys = 2 + found.stale;
        expect(report).toMatchObject({ added: time === 1 ? 1 : 0, updated: 0, deleted: 0, blocked: ['doc'] });
        expect(report.types['doc']?.blocked).toEqual({ reason: 'new', prefix: 'doc:', keys, ...found });
        const { 'beside:1': written, ...after } = await withoutCheckpoint();
        expect([after, written]).toEqual([before, expect.any(String)]);
        expect(introduce({}).mayWrite('doc')).toBe(false);
      }
      expect(Object.keys((await inCheckpoint()) ?? {})).toEqual(['beside']);
      expect(await pass({ claimed: new Set(['doc']) })).toMatchObject({ blocked: [], ...done });
      expect(introduce({}).mayWrite('doc')).toBe(true);
      expect(await pass()).toMatchObject({ total: 4, added: 0, updated: 0, deleted: 0, blocked: [] });
    },
  );

  test('a new mapping asks nobody where keys are missing, or as it says', async () => {
    serve('doc', keyspace, { 1: a, 2: b, 3: a });
    await pass();
    await forgetCheckpoint();
    await redis.client.del('doc:3');
    expect(await pass()).toMatchObject({ added: 1, updated: 0, deleted: 0, blocked: [] });
    await redis.client.flushall();
    sink = await newSink();
    expect(await pass()).toMatchObject({ added: 3, blocked: [] });
  });

  test('a dry run lists what differs as text of both sides, and writes nothing', async () => {
    const truth = serve('doc', keyspace, { 1: a, 2: a, 3: a, 4: a });
    await pass();
    truth.rows.set('1', b);
    truth.rows.delete('2');
    await redis.client.del('doc:3', 'doc:4');
    await redis.client.rpush('doc:4', 'x', 'y');
    const before = await rawKeys(redis.client);
    const found: Difference[] = [];
    const report = await pass({ onDifference: (difference) => found.push(difference) });
    expect(report).toMatchObject({ added: 2, updated: 1, deleted: 1 });
    const [changed, gone, missing, other] = found.sort((one, two) => (one.key < two.key ? -1 : 1));
    expect(changed).toEqual({ key: 'doc:1', change: 'update', redis: a, table: b });
    expect(gone).toMatchObject({ key: 'doc:2', change: 'delete', table: null });
    expect(missing).toEqual({ key: 'doc:3', change: 'add', redis: null, table: a });
    expect(other).toEqual({ key: 'doc:4', change: 'add', redis: '(a list)', table: a });
    expect(await rawKeys(redis.client)).toEqual(before);
  });
});

describe('a new mapping', () => {
  const keyspace = { prefix: 'card:', holds: 'hash' } as const;
  const card = '{"name":"x"}';

  test('that is blocked says how many keys there are, and what to do', async () => {
    serve('card', keyspace, { 1: card });
    await redis.client.hset('card:1', 'name', 'y');
    await redis.client.hset('card:2', 'name', 'y');
    const report = await pass();
    expect(describeError(blockedError('card', report))).toMatchObject({
      code: 'E_NEW_MAPPING',
      message:
        'card is new, and card:* has keys already (2; not as it says: 1; without a row: 1): it left them all as they are',
      hint: expect.stringContaining('millrace config apply --yes card') as string,
    });
  });

  test('that is another by prefix or kind is new again; by another wording it is not', async () => {
    serve('card', keyspace, { 1: card });
    await pass();
    expect(introduce({}).standing('card')).toBe('known');
    expect(introduce({ wording: 'other' }).standing('card')).toBe('changed');
    expect(introduce({ wording: 'other' }).mayWrite('card')).toBe(true);
    serve('card', { prefix: 'cards:', holds: 'hash' }, {});
    expect(introduce({}).standing('card')).toBe('new');
    serve('card', { prefix: 'card:', holds: 'set' }, {});
    expect(introduce({}).standing('card')).toBe('new');
    expect(introduce({ claimed: 'all' }).standing('card')).toBe('claimed');
    expect(introduce({}).standing('team')).toBe('known'); // an alias table
  });

  test('that another instance introduces meanwhile is not new any more', async () => {
    serve('card', keyspace, { 1: card });
    const introduction = introduce({});
    await redis.client.hset('card:1', 'name', 'y');
    const begun = beginPass({
      ...{ connection, truths: () => truths, aliasTruths: () => new Map(), aliasCase: 'preserve' },
      ...{ target: sink, doubtful: () => [], onJudged: () => undefined, force: false },
      standing: (name) => introduction.standing(name),
    });
    await begun.step();
    introduction.judged(['card']); // as it would be found in the checkpoint
    let report = await begun.step();
    while (report === 'more') report = await begun.step();
    expect(report).toMatchObject({ updated: 1, blocked: [] });
  });

  test('that is introduced while another instance moves the checkpoint is introduced all the same', async () => {
    serve('card', keyspace, { 1: card, 2: card });
    const rival = new AliasSink(connection);
    const { raw, checkpoint } = await rival.load();
    if (checkpoint !== undefined) rival.resume(raw, checkpoint);
    const moved = rival.send([]); // arrives before ours
    expect(await pass()).toMatchObject({ added: 2 });
    await moved;
    expect(await inCheckpoint()).toEqual({ card: { hash: 'one wording of card', prefix: 'card:', holds: 'hash' } }); // prettier-ignore
  });

  test('whose row goes while the tail may not write it yet: its key goes in the same pass', async () => {
    const truth = serve('card', keyspace, { 1: card, 2: card });
    await pass();
    await forgetCheckpoint();
    expect(await pass({ onJudged: () => truth.rows.delete('2') })).toMatchObject({ deleted: 1 });
    expect(await redis.client.keys('card:*')).toEqual(['card:1']);
  });
});

test('a lifetime that a mapping has no more goes from its keys, of whatever kind', async () => {
  for (const { holds, a } of forms) serve(holds, { prefix: `${holds}:`, holds, ttl: 60 }, { 1: a });
  await pass();
  for (const { holds, a } of forms) serve(holds, { prefix: `${holds}:`, holds }, { 1: a });
  expect(await pass({ wording: 'other' })).toMatchObject({ added: 0, updated: 4, deleted: 0 });
  for (const { holds } of forms) expect(await redis.client.pttl(`${holds}:1`)).toBe(-1);
  expect((await inCheckpoint())?.['hash']?.hash).toBe('other wording of hash');
});

test('of one that is changed, and whose pass is broken off, the next pass brings the rest in step, lifetimes and all', async () => {
  const rows = Object.fromEntries(Array.from({ length: 2_500 }, (_, at) => [`${at}`, 'x']));
  serve('doc', { prefix: 'doc:', holds: 'string', ttl: 60 }, rows);
  await pass();
  serve('doc', { prefix: 'doc:', holds: 'string' }, rows);
  const living = async () => {
    const names = Object.keys(rows).map((name) => `doc:${name}`);
    const left = await Promise.all(names.map((name) => redis.client.pttl(name)));
    return left.filter((ms) => ms >= 0).length;
  };
  let steps = 0;
  const killed = pass({
    wording: 'other',
    onJudged: () => (steps = 1),
    onStep: () => {
      if (steps > 0 && steps++ === 3) throw new Error('killed');
    },
  });
  await expect(killed).rejects.toThrow('killed');
  await sink.drain();
  expect([0, 2_500]).not.toContain(await living());
  const { raw, checkpoint } = await sink.load();
  if (checkpoint !== undefined) sink.resume(raw, checkpoint);
  expect(introduce({ wording: 'other' }).standing('doc')).toBe('unwritten');
  expect(introduce({ wording: 'one' }).standing('doc')).toBe('changed');
  expect(introduce({ wording: 'other' }).mayWrite('doc')).toBe(true);
  expect(await pass({ wording: 'other' })).toMatchObject({ total: 2_500, added: 0, deleted: 0 });
  expect(await living()).toBe(0);
  expect(introduce({ wording: 'other' }).standing('doc')).toBe('known');
});

test.each([
  [['alias:team:']],
  [['a*b:']],
  [['entity:t[ae]am:', 'entity:t?am:', 'entity:x\\y^-z:']],
  [['a*b:', '[x]:', 'entity:', 'é:', '😀:', 'alias:team:']],
  [['é:', 'è:']],
])(
  'prefixes %j: what belongs to them is counted and cleaned, and nothing else is touched',
  async (prefixes) => {
    prefixes.forEach((prefix, at) => serve(`m${at}`, { prefix, holds: 'string' }, { 'é:1': 'x', '2': 'y' }));
    await pass();
    const { client } = redis;
    for (const near of [
      'aXb:1',
      'a:1',
      'ab:1',
      'x:1',
      'entity',
      'entity:tXam:1',
      'entity:team:1',
      'alias:teams:1',
      'e:1',
      'aidb:1',
    ])
      // prettier-ignore
      if (!prefixes.some((prefix) => near.startsWith(prefix))) await client.set(near, near);
    const before = await withoutCheckpoint();
    for (const prefix of prefixes) {
      await client.set(`${prefix}gone`, 'x');
      await client.set(prefix, 'the empty name');
      await client.set(Buffer.concat([Buffer.from(prefix), Buffer.from([0xff])]), 'x');
    }
    expect(await pass()).toMatchObject({ total: 2 * prefixes.length, added: 0, updated: 0, deleted: 3 * prefixes.length }); // prettier-ignore
    expect(await withoutCheckpoint()).toEqual(before);
  },
);

test('a name of tens of megabytes stops no pass, also where prefixes have no beginning in common', async () => {
  const small = { ...redisTarget({ host: '127.0.0.1', port: redis.server.port, db: 0 }), maxRecordBytes: 1_000_000 }; // prettier-ignore
  connection.close();
  connection = new RedisConnection(small, 'test');
  await connection.connect();
  sink = await newSink();
  serve('one', { prefix: 'one:', holds: 'set' }, { 1: '["1"]' });
  serve('two', { prefix: 'two:', holds: 'set' }, { 1: '["1"]' });
  await pass();
  const name = `two:${'x'.repeat(20_000_000)}`;
  await redis.client.mset(name, '', 'two:gone', '', 'one:gone', '');
  expect(await pass()).toMatchObject({ total: 2, added: 0, updated: 0, deleted: 2 });
  expect(await redis.client.exists(name)).toBe(1);
});

test('the breaker stops one mapping, and the others go on', async () => {
  const rows = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`${at}`, '["1"]']));
  const one = serve('one', { prefix: 'one:', holds: 'set' }, rows);
  const two = serve('two', { prefix: 'two:', holds: 'set' }, rows);
  await pass();
  one.rows.clear();
  for (let at = 0; at < 100; at++) two.rows.delete(`${at}`);
  const report = await pass();
  expect(report).toMatchObject({ deleted: 100, blocked: ['one'] });
  expect(describeError(blockedError('one', report))).toMatchObject({
    code: 'E_MASS_DELETION',
    message: 'the pass would delete 300 of 300 one:* keys: it left them all as they are',
  });
  expect(await redis.client.keys('one:*')).toHaveLength(300);
  expect(await pass({ force: true })).toMatchObject({ deleted: 300, blocked: [] });
});

test('documents that are large together are read and sent a few at a time', async () => {
  const text = (letter: string) => letter.repeat(900_000);
  const rows = (letter: string) =>
    Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`${at}`, text(letter)]));
  const truth = serve('doc', { prefix: 'doc:', holds: 'string' }, rows('a'));
  await pass();
  for (const [name, value] of Object.entries(rows('b'))) truth.rows.set(name, value);
  for (const name of ['10', '11', '12']) {
    await redis.client.set(`doc:${name}`, 'stale, until there is a row for it');
  }
  const looked = jest.spyOn(truth, 'lookUp');
  const report = await pass({
    onJudged: () => {
      for (const name of ['10', '11', '12']) truth.rows.set(name, text('c'));
    },
  });
  expect(report).toMatchObject({ added: 0, updated: 12, deleted: 0 });
  for (const { value } of looked.mock.results as { value: readonly string[] }[])
    expect(value.join('').length).toBeLessThanOrEqual(2_000_000);
  expect(looked.mock.calls.length).toBeGreaterThanOrEqual(6);
  expect(await redis.client.get('doc:8')).toBe(text('b'));
});

test('what a checkpoint says of mappings is believed only if it is that', () => {
  const checkpoint = { incarnation: 'x', position: null, stamp: 'x', at: 1, by: 'x' };
  const of = (mappings: unknown) => parseCheckpoint(JSON.stringify({ ...checkpoint, mappings }))?.mappings;
  const good = { card: { hash: 'x', prefix: 'card:', holds: 'hash' } };
  expect(of(good)).toEqual(good);
  for (const garbage of [
    null,
    1,
    [],
    { card: null },
    { card: { hash: 'x' } },
    { card: { ...good.card, holds: 'list' } },
  ])
    expect(of(garbage)).toBeUndefined();
});

test('of one that is new, and whose pass is broken off, the next pass reads and writes what the first one has left', async () => {
  const rows = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`${at}`, 'x']));
  serve('doc', { prefix: 'doc:', holds: 'string' }, rows);
  let steps = 0;
  const killed = pass({
    onStep: () => {
      if (sink.checkpoint?.mappings?.['doc'] !== undefined && ++steps > 3) throw new Error('killed');
    },
  });
  await expect(killed).rejects.toThrow('killed');
  await sink.drain();
  const written = (await redis.client.dbsize()) - 1;
  expect(written > 0 && written < 5_000).toBe(true);
  await redis.client.pexpire('doc:0', 60_000); // of whoever had the prefix
  await beginCounting(redis.client);
  expect(await pass()).toMatchObject({ total: 5_000, added: 5_000 - written, updated: 1, deleted: 0 });
  const { mset, ...others } = await writesCounted(redis.client);
  expect(mset).toBeGreaterThan(0);
  expect(others).toEqual({}); // nothing key by key
  expect(await redis.client.pttl('doc:0')).toBe(-1);
  expect(introduce({}).standing('doc')).toBe('known');
});
