import Redis from 'ioredis';
import { describeError } from '../../src/foundation/errors';
import { readAsset } from '../../src/foundation/package-root';
import { ensureLibrary, functionLibrary, grants } from '../../src/writer/library';
import { ModelStore } from '../../src/writer/model-store';
import { testRedis, type TestRedis } from '../support/stores';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushdb();
  await redis.client.call('FUNCTION', 'FLUSH');
});

const installed = () => redis.client.fcall('millrace_version', 0);

test('the library is loaded once, and found by whoever comes later', async () => {
  expect(await ensureLibrary(redis.client)).toBe('loaded');
  expect(await ensureLibrary(redis.client)).toBe('current');
  expect(await installed()).toBe(functionLibrary().version);
});

test('an older library is replaced, one that was changed by hand is not, a newer one kept', async () => {
  await ensureLibrary(redis.client, functionLibrary('0.0.9'));
  expect(await ensureLibrary(redis.client)).toBe('upgraded');
  const { source, version } = functionLibrary();
  const other = { source: source.replace(version, `${version.split(' ')[0] ?? ''} other`), version: 'other' };
  await redis.client.call('FUNCTION', 'LOAD', 'REPLACE', other.source);
  // Its hash is not that of its text: somebody has changed it.
  await expect(ensureLibrary(redis.client)).rejects.toMatchObject({ code: 'E_REDIS_FUNCTIONS' });
  await redis.client.call('FUNCTION', 'DELETE', 'millrace');
  expect(await ensureLibrary(redis.client)).toBe('loaded');
  expect(await installed()).toBe(version);
  const newer = functionLibrary('0.10.0');
  expect(await ensureLibrary(redis.client, newer)).toBe('upgraded');
  expect(await ensureLibrary(redis.client, functionLibrary('0.9.9'))).toBe('current');
  expect(await installed()).toBe(newer.version);
});

test('several processes may load it at once', async () => {
  const clients = Array.from({ length: 4 }, () => new Redis(redis.url));
  const outcomes = await Promise.all(clients.map((client) => ensureLibrary(client)));
  for (const client of clients) client.disconnect();
  expect(outcomes.filter((outcome) => outcome === 'loaded')).toHaveLength(1);
  expect(new Set(outcomes)).toEqual(new Set(['loaded', 'current']));
});

test('a library of somebody else under our name is left alone', async () => {
  const foreign = `#!lua name=millrace\nredis.register_function('theirs', function() return 1 end)`;
  await redis.client.call('FUNCTION', 'LOAD', foreign);
  await expect(ensureLibrary(redis.client)).rejects.toMatchObject({
    code: 'E_REDIS_FUNCTIONS',
    kind: 'fatal',
  });
  expect(await redis.client.fcall('theirs', 0)).toBe(1);
});

test('ModelStore loads the library where it is missing, also when Redis has lost it meanwhile', async () => {
  const store = new ModelStore(redis.url);
  const ids = await Promise.all(Array.from({ length: 20 }, () => store.logPrediction({ modelVersionId: 1 })));
  expect(new Set(ids).size).toBe(20);
  await redis.client.call('FUNCTION', 'FLUSH');
  expect(await store.logPrediction({ modelVersionId: 1 })).toBe(21);
  store.close();
});

test('without the rights the error names the grants, and with just those everything works', async () => {
  const acl = (...rules: string[]) => redis.client.call('ACL', 'SETUSER', 'writer', ...rules);
  await acl('reset', 'on', '>secret', '~aidb:*', '~millrace:*', '+select', '+info');
  const client = new Redis(redis.url, { username: 'writer', password: 'secret' });
  const denied: unknown = await ensureLibrary(client).catch((error: unknown) => error);
  expect(denied).toMatchObject({ code: 'E_REDIS_FUNCTIONS', kind: 'fatal' });
  expect(describeError(denied).hint).toContain(grants);
  await acl(...grants.split(' '));
  expect(await ensureLibrary(client)).toBe('loaded');
  const store = new ModelStore(client);
  await store.createModel({ name: 'm' });
  await store.updateModel(1, { name: 'n' });
  await store.createModelVersion({ modelId: 1, version: '1' });
  await store.createTrainingRun({ modelVersionId: 1 });
  await store.logHyperparameters(1, { lr: 1 });
  await store.logMetrics(1, [{ metricName: 'loss', metricValue: 1 }]);
  await store.addRunToExperiment({ experimentId: 1, trainingRunId: 1 });
  await store.logPredictions([{ modelVersionId: 1 }]);
  expect(await store.deleteExperimentRun(1, 1)).toBe(true);
  expect(await store.deletePrediction(1)).toBe(true);
  expect(await store.deleteModel(1)).toBe(true);
  expect(await store.deleteHyperparameters(1)).toBe(true);
  store.close();
  client.disconnect();
});

test('a server without functions is told apart from one that lost them', async () => {
  const old = await testRedis({ extraArgs: ['--rename-command', 'FCALL', ''] });
  const failure = { code: 'E_REDIS_FUNCTIONS', kind: 'fatal' };
  await expect(ensureLibrary(old.client)).rejects.toMatchObject(failure);
  await expect(ensureLibrary(old.client)).rejects.toThrow('older than version 7');
});

test('docs/04-writing.md names every function and the grants', async () => {
  await ensureLibrary(redis.client);
  const docs = readAsset('docs/04-writing.md');
  const [[, , , , , functions]] = (await redis.client.call('FUNCTION', 'LIST')) as [unknown[]];
  const names = (functions as string[][]).map((entry) => entry[1] ?? '');
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) {
    expect(name).toMatch(/^millrace_/);
    expect(docs).toContain(`\`${name.replace(/^millrace_delete(?!_model$)/, '')}\``);
  }
  expect(docs).toContain(grants);
});
