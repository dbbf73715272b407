import { enableNotifications, inspectNotifications } from '../../../src/archive/mirror/notifications';
import { testRedis, type TestRedis } from '../../support/stores';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});

const setting = 'notify-keyspace-events';
const put = (value: string) => redis.client.config('SET', setting, value);
const flags = async () => new Set(((await redis.client.config('GET', setting)) as string[])[1]);

test('missing flags are added, and those that are on stay', async () => {
  await put('Exe');
  expect(await inspectNotifications(redis.client)).toEqual({ value: 'xeE', missing: 'Kg$shz' });
  expect(await flags()).toEqual(new Set('xeE')); // looking changes nothing
  expect(await enableNotifications(redis.client)).toBe('switched on');
  expect(await flags()).toEqual(new Set('xeEKg$shz'));
  expect(await enableNotifications(redis.client)).toBe('on');
});

test.each(['KA', 'AKE', 'Kg$shz', 'zhs$gKxm'])('%s is enough', async (value) => {
  await put(value);
  expect(await enableNotifications(redis.client)).toBe('on');
});

test.each(['', 'A', 'K', 'Kgx', 'KEx$lshzt'])('%j is not enough, and then it is', async (value) => {
  await put(value);
  expect(await enableNotifications(redis.client)).toBe('switched on');
  expect(await inspectNotifications(redis.client)).toBe('on');
});

test('without CONFIG the refusal names the setting and the grant', async () => {
  await put('Ex');
  await redis.client.call('ACL', 'SETUSER', 'plain', 'on', '>secret', '~*', '&*', '+@all', '-config');
  const plain = redis.client.duplicate({ username: 'plain', password: 'secret' });
  const refusal = {
    refused: expect.stringContaining('NOPERM') as unknown,
    hint: expect.stringMatching(/notify-keyspace-events Kg\$shz.*\+config\|get \+config\|set/) as unknown,
  };
  expect(await inspectNotifications(plain)).toEqual(refusal);
  expect(await enableNotifications(plain)).toEqual(refusal);
  await redis.client.call('ACL', 'SETUSER', 'plain', '+config|get');
  expect(await inspectNotifications(plain)).toEqual({ value: 'xE', missing: 'Kg$shz' });
  expect(await enableNotifications(plain)).toEqual({
    ...refusal,
    hint: expect.stringContaining('notify-keyspace-events xEKg$shz') as unknown,
    missing: 'Kg$shz',
  });
  plain.disconnect();
});

test('a CONFIG that was renamed away is a refusal; a lost connection is an error', async () => {
  const renamed = await testRedis({ extraArgs: ['--rename-command', 'CONFIG', ''] });
  expect(await enableNotifications(renamed.client)).toMatchObject({
    refused: expect.stringContaining('unknown command') as unknown,
  });
  const gone = redis.client.duplicate({ retryStrategy: null });
  await gone.ping();
  gone.disconnect();
  await expect(enableNotifications(gone)).rejects.toThrow('Connection is closed');
});
