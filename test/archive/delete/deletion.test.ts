import { CaptureWatch } from '../../../src/archive/capture-watch';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { keepLog, type TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import {
  plainDataset,
  plainExperiment,
  plainExprun,
  plainHyperparams,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../../support/plain-writer';
import { useArchive } from '../support/archive';

const archive = useArchive();
const { start, becomes, lines, letters, untilParked, pass } = archive;

const counts = `SELECT (SELECT count(*) FROM models), (SELECT count(*) FROM model_versions), (SELECT count(*) FROM datasets),
  (SELECT count(*) FROM training_runs), (SELECT count(*) FROM hyperparameters), (SELECT count(*) FROM metrics),
  (SELECT count(*) FROM experiments), (SELECT count(*) FROM experiment_runs), (SELECT count(*) FROM predictions)`;
const whole = '1|1|1|1|2|3|1|1|1';

/** One of each, with two hyperparameters and two metric keys. */
async function writeFamily(): Promise<void> {
  const { client } = archive.redis;
  const version = await plainVersion(client, await plainModel(client, { name: 'm' }));
  const dataset = await plainDataset(client, { name: 'd' });
  const run = await plainRun(client, version, { dataset_id: String(dataset) });
  await plainHyperparams(client, run, { lr: '0.1', epochs: '3' });
  await plainMetric(client, run, { epoch: 1 });
  await plainMetric(client, run, { epoch: 2 });
  await plainMetric(client, run, { epoch: 1, name: 'a:b', split: 'val' });
  await plainExprun(client, await plainExperiment(client, { name: 'e' }), run);
  await plainPrediction(client, version);
  await becomes(counts, [whole]);
}

/** Children first, and how many rows of each table are left then. */
const steps: readonly (readonly [key: string, left: string])[] = [
  ['aidb:prediction:1', '1|1|1|1|2|3|1|1|0'],
  ['aidb:exprun:1:1', '1|1|1|1|2|3|1|0|0'],
  ['aidb:experiment:1', '1|1|1|1|2|3|0|0|0'],
  ['aidb:metric:1:loss:train', '1|1|1|1|2|1|0|0|0'],
  ['aidb:metric:1:a:b:val', '1|1|1|1|2|0|0|0|0'],
  ['aidb:hyperparam:1', '1|1|1|1|0|0|0|0|0'],
  ['aidb:run:1', '1|1|1|0|0|0|0|0|0'],
  ['aidb:dataset:1', '1|1|0|0|0|0|0|0|0'],
  ['aidb:version:1', '1|0|0|0|0|0|0|0|0'],
  ['aidb:model:1', '0|0|0|0|0|0|0|0|0'],
];

const remove: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
  DEL: (key) => archive.redis.client.del(key),
  UNLINK: (key) => archive.redis.client.unlink(key),
  'the function library': (key) => {
    const [, kind = '', id = '', name = '', ...split] = key.split(':');
    const { store } = archive;
    const number = Number(id);
    switch (kind) {
      case 'prediction':
        return store.deletePrediction(number);
      case 'exprun':
        return store.deleteExperimentRun(number, Number(name));
      case 'experiment':
        return store.deleteExperiment(number);
      case 'metric':
        return name === 'a'
          ? store.deleteMetric(number, { metricName: 'a:b', split: 'val' })
          : store.deleteMetric(number, { metricName: name, split: split.join(':') });
      case 'hyperparam':
        return store.deleteHyperparameters(number);
      case 'run':
        return store.deleteTrainingRun(number);
      case 'dataset':
        return store.deleteDataset(number);
      case 'version':
        return store.deleteModelVersion(number);
      default:
        return store.deleteModel(number);
    }
  },
};

describe.each(Object.keys(remove))('what %s deletes', (how) => {
  test('is deleted in Postgres, kind by kind, with ON_DELETE=delete', async () => {
    await start({ ON_DELETE: 'delete' });
    await writeFamily();
    for (const [key, left] of steps) {
      await remove[how]?.(key);
      await becomes(counts, [left]);
    }
    expect(await letters()).toEqual([]);
    expect(await lines('SELECT count(*) FROM millrace.id_map')).toEqual(['0']);
  });

  test('stays in Postgres with ON_DELETE=keep, which is the default', async () => {
    const daemon = await start();
    await writeFamily();
    for (const [key] of steps) await remove[how]?.(key);
    await plainModel(archive.redis.client, { name: 'last' });
    await becomes(`SELECT count(*) FROM models WHERE name = 'last'`, ['1']);
    await pass(daemon);
    expect(await lines(counts)).toEqual([whole.replace('1', '2')]);
    expect(await letters()).toEqual([]);
  });
});

test('what expires or is evicted is not deleted, with ON_DELETE=delete either', async () => {
  const daemon = await start({ ON_DELETE: 'delete' });
  await writeFamily();
  const { client } = archive.redis;
  const all = await client.keys('aidb:*');
  const gone = all.filter((key) => !/counter|idx/.test(key));
  for (const key of gone.slice(0, 5)) await client.pexpire(key, 50);
  await eventually(async () => (await client.exists(...gone.slice(0, 5))) === 0);
  await client.config('SET', 'maxmemory-policy', 'allkeys-random');
  await client.config('SET', 'maxmemory', '1');
  await eventually(async () => (await client.keys('aidb:*')).length === 0).finally(async () => {
    await client.config('SET', 'maxmemory', '0');
    await client.config('SET', 'maxmemory-policy', 'noeviction');
  });
  await plainModel(client, { name: 'last' });
  await becomes(`SELECT count(*) FROM models WHERE name = 'last'`, ['1']);
  await pass(daemon);
  expect(await lines(counts)).toEqual([whole.replace('1', '2')]);
});

/** What Redis says when a record goes without anybody having deleted it: of whatever version, whether this one has the command or not. */
const lapses: readonly (readonly string[])[] = [
  ['expired'],
  ['evicted'],
  ['rename_from'],
  ['move_from'],
  ['hexpire', 'hexpired', 'del'], // its last field expired: Redis 7.4, Valkey 9
  ['hexpire', 'del'], // the same, found by a reader: newer ones
  ['hexpired', 'hdel', 'del'],
];
const say = async (key: string, ...events: readonly string[]) => {
  for (const event of events) await archive.redis.client.publish(`__keyspace@0__:${key}`, event);
};
/** Has keys gone, and says nothing. */
const vanish = (...keys: readonly string[]) =>
  archive.redis.client
    .multi()
    .config('SET', 'notify-keyspace-events', '')
    .del(...keys)
    .config('SET', 'notify-keyspace-events', 'AK')
    .exec();

test('what is gone without having been deleted stays in Postgres, whatever Redis says of it', async () => {
  const daemon = await start({ ON_DELETE: 'delete' });
  const { client } = archive.redis;
  const version = await plainVersion(client, await plainModel(client));
  for (const index of [...lapses.keys(), 'deleted']) {
    const run = await plainRun(client, version);
    await plainHyperparams(client, run, { lr: String(index) });
    await plainMetric(client, run);
    await plainExprun(client, await plainExperiment(client, { name: `e ${index}` }), run);
    await plainPrediction(client, version);
  }
  const all = `SELECT (SELECT count(*) FROM experiments), (SELECT count(*) FROM experiment_runs), (SELECT count(*) FROM hyperparameters),
    (SELECT count(*) FROM metrics), (SELECT count(*) FROM predictions)`;
  const keysOf = (id: number) =>
    [
      `exprun:${id}:${id}`,
      `hyperparam:${id}`,
      `metric:${id}:loss:train`,
      `prediction:${id}`,
      `experiment:${id}`,
    ].map((key) => `aidb:${key}`);
  const many = lapses.length + 1;
  await becomes(all, [Array(5).fill(many).join('|')]);
  for (const [index, events] of lapses.entries()) {
    await vanish(...keysOf(index + 1));
    for (const key of keysOf(index + 1)) await say(key, ...events);
  }
  await client.del(...keysOf(many));
  await becomes(all, [
    Array(5)
      .fill(many - 1)
      .join('|'),
  ]);
  await pass(daemon);
  // What comes under their keys is another record, and its end is its own.
  for (const index of lapses.keys()) {
    await plainHyperparams(client, index + 1, { other: '1' });
    await client.hset(`aidb:experiment:${index + 1}`, {
      name: `other ${index}`,
      created_at: '2020-01-01T00:00:00',
    });
  }
  await becomes(`SELECT count(*) FROM experiments WHERE name LIKE 'other%'`, [String(lapses.length)]);
  await becomes(`SELECT count(*) FROM hyperparameters WHERE param_name = 'other'`, [String(lapses.length)]);
  for (const index of lapses.keys())
    await client.del(`aidb:hyperparam:${index + 1}`, `aidb:experiment:${index + 1}`);
  await becomes(all, [
    Array(5)
      .fill(many - 1)
      .join('|'),
  ]);
  expect(await letters()).toEqual([]);
});

test('RENAME, MOVE and another type are no deletions', async () => {
  const daemon = await start({ ON_DELETE: 'delete' });
  await writeFamily();
  const { client } = archive.redis;
  await client.rename('aidb:hyperparam:1', 'elsewhere');
  await client.rename('aidb:prediction:1', 'aidb:prediction:7');
  await client.move('aidb:experiment:1', 1);
  await client.set('aidb:exprun:1:1', 'of another type');
  await plainModel(client, { name: 'last' });
  await becomes(`SELECT count(*) FROM models WHERE name = 'last'`, ['1']);
  await pass(daemon);
  expect(await lines(counts)).toEqual(['2|1|1|1|2|3|1|1|2']);
});

describe('a hyperparameter that is taken out of its hash', () => {
  const params = 'SELECT param_name FROM hyperparameters ORDER BY 1';

  test('is deleted with ON_DELETE=delete, and the others stay', async () => {
    await start({ ON_DELETE: 'delete' });
    await writeFamily();
    await archive.redis.client.hdel('aidb:hyperparam:1', 'lr');
    await becomes(params, ['epochs']);
    await archive.redis.client.hdel('aidb:hyperparam:1', 'epochs');
    await becomes(params, []);
  });

  test('stays when its own lifetime ends, whoever else is deleted or written afterwards', async () => {
    const daemon = await start({ ON_DELETE: 'delete' });
    await writeFamily();
    const { client } = archive.redis;
    await say('aidb:hyperparam:1', 'hexpire');
    await client
      .multi()
      .config('SET', 'notify-keyspace-events', '')
      .hdel('aidb:hyperparam:1', 'lr')
      .config('SET', 'notify-keyspace-events', 'AK')
      .exec();
    await say('aidb:hyperparam:1', 'hexpired');
    // Told after it: what is written now does not come in one page with what ended.
    await plainModel(client, { name: 'last' });
    await becomes(`SELECT name FROM models WHERE name = 'last'`, ['last']);
    await client.hset('aidb:hyperparam:1', { new: '1', other: '2' });
    await becomes(params, ['epochs', 'lr', 'new', 'other']);
    await pass(daemon);
    await client.hdel('aidb:hyperparam:1', 'new');
    await becomes(params, ['epochs', 'lr', 'other']);
  });

  test('stays with ON_DELETE=keep', async () => {
    await start();
    await writeFamily();
    await archive.redis.client.hdel('aidb:hyperparam:1', 'lr');
    await archive.redis.client.hset('aidb:hyperparam:1', 'new', '1');
    await becomes(params, ['epochs', 'lr', 'new']);
  });

  test('is not one whose new value cannot be stored: its row keeps the old one', async () => {
    await start({ ON_DELETE: 'delete' });
    await writeFamily();
    await archive.redis.client.hset('aidb:hyperparam:1', { lr: 'a\0b', epochs: '4' });
    await becomes('SELECT param_name, param_value FROM hyperparameters ORDER BY 1', ['epochs|4', 'lr|0.1']);
    await untilParked('aidb:hyperparam:1');
  });
});

describe('a parent that is still referred to', () => {
  test('is parked with the tables that do, and goes when its children have gone', async () => {
    await start({ ON_DELETE: 'delete' });
    await writeFamily();
    const { client } = archive.redis;
    await client.del('aidb:model:1');
    await untilParked('aidb:model:1');
    expect(await letters()).toMatchObject([
      {
        code: '23503',
        message: 'was deleted in Redis, but not in Postgres: rows of model_versions still refer to it',
      },
    ]);
    await client.del('aidb:version:1', 'aidb:dataset:1');
    await untilParked('aidb:dataset:1', 'aidb:model:1', 'aidb:version:1');
    for (const [key] of steps.slice(0, 6)) await client.del(key);
    await becomes(counts, ['1|1|1|1|0|0|0|0|0']);
    await client.del('aidb:run:1');
    await becomes(counts, ['0|0|0|0|0|0|0|0|0']);
    await untilParked();
  });

  test('goes at once when its children go in the same moment, or move to another', async () => {
    await start({ ON_DELETE: 'delete' });
    await writeFamily();
    const { client } = archive.redis;
    const other = await plainVersion(client, 1, { version: 'other' });
    await becomes('SELECT count(*) FROM model_versions', ['2']);
    await client
      .multi()
      .del('aidb:version:1')
      .hset('aidb:run:1', 'model_version_id', String(other))
      .del('aidb:prediction:1')
      .exec();
    await becomes('SELECT version FROM model_versions', ['other']);
    await client.del('aidb:version:2', ...steps.map(([key]) => key));
    await becomes(counts, ['0|0|0|0|0|0|0|0|0']);
    expect(await letters()).toEqual([]);
  });

  test('that comes back in Redis is no longer to be deleted', async () => {
    const daemon = await start({ ON_DELETE: 'delete' });
    await writeFamily();
    const { client } = archive.redis;
    const before = await client.hgetall('aidb:model:1');
    await client.del('aidb:model:1');
    await untilParked('aidb:model:1');
    await client.hset('aidb:model:1', { ...before, description: 'back' });
    await becomes('SELECT description FROM models', ['back']);
    await pass(daemon);
    await untilParked();
    expect(await lines(counts)).toEqual([whole]);
  });
});

describe('deleted and written again at once', () => {
  let daemon: TestDaemon;
  beforeEach(async () => {
    daemon = await start({ ON_DELETE: 'delete' });
    await writeFamily();
  });

  test('under the same id: the row is there, with the new contents', async () => {
    const { client } = archive.redis;
    const experiment = await client.hgetall('aidb:experiment:1');
    const prediction = await client.hgetall('aidb:prediction:1');
    await client
      .pipeline()
      .del('aidb:experiment:1')
      .hset('aidb:experiment:1', { ...experiment, description: 'again' })
      .del('aidb:prediction:1')
      .hset('aidb:prediction:1', prediction)
      .del('aidb:hyperparam:1')
      .hset('aidb:hyperparam:1', { lr: '0.2' })
      .exec();
    await becomes('SELECT name, description FROM experiments', ['e|again']);
    await becomes('SELECT param_name, param_value FROM hyperparameters', ['lr|0.2']);
    await pass(daemon);
    expect(await lines('SELECT count(*) FROM predictions')).toEqual(['1']);
    expect(await letters()).toEqual([]);
  });

  test('under another id and the same name: the row follows the new record', async () => {
    const { client } = archive.redis;
    const created = '2030-01-01T00:00:00';
    await client
      .multi()
      .del('aidb:exprun:1:1')
      .del('aidb:experiment:1')
      .hset('aidb:experiment:2', { id: '2', name: 'e', description: 'another', created_at: created })
      .exec();
    await becomes('SELECT name, description FROM experiments', ['e|another']);
    expect(await lines(`SELECT redis_id, owned FROM millrace.id_map WHERE kind = 'experiment'`)).toEqual([
      '2|t',
    ]);
    await client.hset('aidb:experiment:2', 'description', 'changed');
    await becomes('SELECT name, description FROM experiments', ['e|changed']);
  });

  test('a metric key: the old points are gone, the new ones are all there', async () => {
    const { client } = archive.redis;
    const point = (epoch: number, value: number) =>
      `{"epoch": ${epoch}, "step": null, "metric_name": "loss", "metric_value": ${value}, "split": "train", "timestamp": "2030-01-01T00:00:00"}`;
    // As many as before, so that nothing but the deletion tells them apart.
    await client
      .multi()
      .del('aidb:metric:1:loss:train')
      .zadd('aidb:metric:1:loss:train', 1, point(1, 7), 2, point(2, 8))
      .exec();
    await becomes(`SELECT metric_value FROM metrics WHERE metric_name = 'loss' ORDER BY 1`, ['7', '8']);
  });
});

test('a metric key deleted and written again with as many points: with ON_DELETE=keep both generations are there', async () => {
  await start();
  await writeFamily();
  const { client } = archive.redis;
  await client.del('aidb:metric:1:loss:train');
  await plainMetric(client, 1, { epoch: 1, value: '7' });
  await plainMetric(client, 1, { epoch: 2, value: '8' });
  const sql = `SELECT metric_value FROM metrics WHERE metric_name = 'loss' ORDER BY 1`;
  await becomes(sql, ['0.5', '0.5', '7', '8']);
});

test('a prediction logged and deleted in one page leaves no row', async () => {
  await start({ ON_DELETE: 'delete' });
  const { store } = archive;
  const version = await store.createModelVersion({
    modelId: await store.createModel({ name: 'm' }),
    version: '1',
  });
  const log = () => store.logPrediction({ modelVersionId: version, input: 1, output: 2, confidence: 0.5 });
  const ids = await Promise.all(Array.from({ length: 50 }, log));
  await Promise.all(ids.slice(1).map((id) => store.deletePrediction(id)));
  await becomes('SELECT redis_id FROM predictions', [String(ids[0])]);
});

test('a row that another session deletes in the same moment is gone, and no fault', async () => {
  await start({ ON_DELETE: 'delete' });
  await writeFamily();
  const session = await archive.postgres.pool.connect();
  try {
    await session.query('BEGIN; DELETE FROM predictions');
    await archive.redis.client.del('aidb:prediction:1');
    // Ours waits for the other one's row.
    await eventually(async () => (await lines('SELECT FROM pg_locks WHERE NOT granted')).length > 0);
    await session.query('COMMIT');
  } finally {
    session.release();
  }
  await plainModel(archive.redis.client, { name: 'last' });
  await becomes(`SELECT count(*) FROM models WHERE name = 'last'`, ['1']);
  expect(await letters()).toEqual([]);
});

test('a row of another program, to which a record was mapped by skip, is not deleted', async () => {
  const first = await start();
  await first.stop();
  await archive.postgres.query(`INSERT INTO models (name, description) VALUES ('m', 'theirs')`);
  await start({ ON_DELETE: 'delete' });
  const { client } = archive.redis;
  const model = await plainModel(client, { name: 'm' });
  await becomes('SELECT owned FROM millrace.id_map', ['f']);
  await client.del(`aidb:model:${model}`);
  await becomes('SELECT count(*) FROM millrace.id_map', ['0']);
  expect(await lines('SELECT name, description FROM models')).toEqual(['m|theirs']);
});

test('a row that two records share passes to the other one when its own is deleted', async () => {
  await start({ ON_DELETE: 'delete' });
  const { client } = archive.redis;
  const one = await plainModel(client, { name: 'm', description: 'one' });
  await becomes('SELECT description FROM models', ['one']);
  const two = await plainModel(client, { name: 'm', description: 'two' });
  await becomes('SELECT count(*) FROM millrace.id_map', ['2']);
  await client.del(`aidb:model:${one}`);
  await becomes('SELECT description FROM models', ['two']);
  await client.del(`aidb:model:${two}`);
  await becomes('SELECT count(*) FROM models', ['0']);
});

test('a parked record that is deleted does not come back with its parent', async () => {
  await start({ ON_DELETE: 'delete' });
  const { client } = archive.redis;
  await plainVersion(client, 1, { version: 'a' });
  await plainVersion(client, 1, { version: 'b' });
  await untilParked('aidb:version:1', 'aidb:version:2');
  await client.del('aidb:version:1');
  await untilParked('aidb:version:2');
  await plainModel(client);
  await becomes('SELECT version FROM model_versions', ['b']);
});

test('a record parked for its type is not deleted in Postgres when its key has expired', async () => {
  const daemon = await start({ ON_DELETE: 'delete' });
  const { client } = archive.redis;
  await plainModel(client, { name: 'm' });
  await becomes('SELECT name FROM models', ['m']);
  await client.set('aidb:model:1', 'of another type');
  await untilParked('aidb:model:1');
  await client.pexpire('aidb:model:1', 50); // one that has passed before Redis looks is a deletion
  await eventually(async () => (await client.exists('aidb:model:1')) === 0);
  await pass(daemon);
  await untilParked();
  expect(await lines('SELECT name FROM models')).toEqual(['m']);
});

describe('after an upgrade from a version that did not count the lives of Redis', () => {
  const forget = (beganAt: string) =>
    archive.postgres.query(
      `DROP TABLE millrace.incarnations, millrace.kept; ALTER TABLE millrace.id_map DROP COLUMN life;
       ALTER TABLE millrace.dead_letters DROP COLUMN life; UPDATE millrace.checkpoint SET began_at = '${beganAt}'`,
    );

  test.each([
    ['-infinity', '0|0', 'all there is may be deleted, for it came in the only one'],
    ['now', '1|1', 'nothing that was there is deleted, for nobody knows when it came'],
  ])('that began at %s: %#', async (beganAt, left) => {
    const first = await start({ ON_DELETE: 'delete' });
    const { client } = archive.redis;
    const version = await plainVersion(client, await plainModel(client));
    const prediction = await plainPrediction(client, version);
    const experiment = await plainExperiment(client, { name: 'e' });
    const both = 'SELECT (SELECT count(*) FROM predictions), (SELECT count(*) FROM experiments)';
    await becomes(both, ['1|1']);
    await first.stop();
    await forget(beganAt);
    const second = await start({ ON_DELETE: 'delete' });
    await pass(second);
    const later = await plainExperiment(client, { name: 'later' });
    await becomes('SELECT count(*) FROM experiments', ['2']);
    await client.del(
      `aidb:prediction:${prediction}`,
      `aidb:experiment:${experiment}`,
      `aidb:experiment:${later}`,
    );
    await becomes(both, [left]);
  });
});

/**
 * Deletions that wait in the stream while it begins anew, under ON_DELETE=delete. `delete`: one experiment and one prediction, by the
 * function library, so that the stream knows of it whether a daemon listens or not. Rows are named by what was written.
 */
describe('a deletion that waits while the stream begins anew', () => {
  const rows = `SELECT name FROM experiments UNION SELECT input_data ->> 'is' FROM predictions ORDER BY 1`;
  let daemon: TestDaemon | undefined;
  /** Ids start over with a flush: each writes what the others wrote, under the same ids. */
  const write = async (name: string) => {
    const { store } = archive;
    const modelVersionId = await store.createModelVersion({
      modelId: await store.createModel({ name: `model of ${name}` }),
      version: '1',
    });
    await store.createExperiment({ name: `e ${name}` });
    await store.logPrediction({ modelVersionId, input: { is: `p ${name}` }, output: 1, confidence: 0.5 });
  };
  const acts: Readonly<Record<string, () => Promise<unknown>>> = {
    stop: async () => {
      await daemon?.stop();
    },
    start: async () => {
      daemon = await start({ ON_DELETE: 'delete' });
    },
    /** Whatever was in the stream until now is applied. */
    rest: async () => {
      const name = `seen ${Math.random()}`;
      await plainModel(archive.redis.client, { name });
      await becomes(`SELECT name FROM models WHERE name = '${name}'`, [name]);
    },
    write: () => write('one'),
    'write again': () => write('two'),
    flush: () => archive.redis.client.flushall(),
    delete: async () => {
      await archive.store.deleteExperiment(1);
      await archive.store.deletePrediction(1);
    },
    renew: async () => {
      const { client, server } = archive.redis;
      await client.xadd('millrace:changes', `${Date.now() + 400 * 86_400_000}-1`, 'model', '1');
      const connection = new RedisConnection(
        redisTarget({ host: server.host, port: server.port, db: 0 }),
        'test',
      );
      await new CaptureWatch({ redis: connection, log: keepLog(), onIncident: () => undefined }).look();
      connection.close();
      expect(await client.keys('millrace:changes:*')).toEqual([]);
    },
  };
  const one = ['e one', 'p one'];
  const two = ['e two', 'p two'];
  test.each([
    // What was archived before the renewal stays: nobody can tell any more whose deletion it was.
    ['write, start, stop, delete, renew, start', one],
    ['write, start, stop, renew, delete, start', one],
    ['write, start, stop, delete, renew, flush, write again, start', [...one, ...two]],
    ['write, start, stop, flush, write again, delete, renew, start', one],
    ['write, start, stop, flush, write again, renew, delete, start', one],
    ['write, start, flush, write again, rest, stop, delete, renew, start', [...one, ...two]],
    ['write, start, stop, delete, renew, start, flush, write again', [...one, ...two]],
    // What was not leaves no row, and what comes later goes as ever.
    ['start, stop, write, delete, renew, start', []],
    ['start, renew, rest, write, rest, delete', []],
  ] as const)('%s', async (order, left) => {
    for (const act of [...order.split(', '), 'rest']) await acts[act]?.();
    expect((await lines(rows)).sort()).toEqual([...left].sort());
    expect(await letters()).toEqual([]);
  });
});
