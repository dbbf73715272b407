import { plainModel } from '../../support/plain-writer';
import { useArchive } from '../support/archive';
import { Echoes } from '../../../src/archive/stream/echoes';

const archive = useArchive();
const carrying = (position: string, ...echoing: number[]) => ({ position, echoing });
const never = () => false;
const come = (echoes: Echoes, page: ReturnType<typeof carrying>) => {
  echoes.expect(page);
  echoes.read(page);
};

test('what came by value is known at once, until it is deleted or Redis goes backwards', () => {
  const echoes = new Echoes(() => Promise.resolve('0-0'));
  echoes.read(carrying('1-1', 7, 8, 9));
  echoes.delete('8');
  expect(['7', '8', '9'].map((id) => echoes.has(id))).toEqual([true, false, true]);
  echoes.clear();
  expect(echoes.has('7')).toBe(false);
});

test('the last 50,000 are remembered, and not many more', () => {
  const echoes = new Echoes(() => Promise.resolve('0-0'));
  const ids = Array.from({ length: 200_000 }, (_unused, id) => id);
  for (let at = 0; at < ids.length; at += 1_000) echoes.read(carrying('1-1', ...ids.slice(at, at + 1_000)));
  const known = ids.filter((id) => echoes.has(String(id)));
  expect(known.length).toBeGreaterThanOrEqual(50_000);
  expect(known.length).toBeLessThanOrEqual(100_000);
  expect(known).toEqual(ids.slice(-known.length));
});

test('where nothing comes by value nobody waits, nor asks', async () => {
  const asked = jest.fn(() => Promise.resolve('9-9'));
  const echoes = new Echoes(asked);
  await echoes.settle(never);
  come(echoes, carrying('1-1'));
  await echoes.settle(never);
  expect(asked).not.toHaveBeenCalled();
});

test('otherwise until the tail has read what the stream held, whatever comes later', async () => {
  const echoes = new Echoes(() => Promise.resolve('5-10'));
  come(echoes, carrying('5-9', 1));
  let settled = false;
  const settling = echoes.settle(never).then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toBe(false);
  echoes.read(carrying('5-10'));
  await settling;
  await echoes.settle(never); // and at once
});

test('what was only read is waited for, and is no echo before it is known what becomes of it', async () => {
  const echoes = new Echoes(() => Promise.resolve('1-1'));
  echoes.expect(carrying('1-1', 7));
  let settled = false;
  const settling = echoes.settle(never).then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect([settled, echoes.has('7')]).toEqual([false, false]);
  echoes.read(carrying('1-1', 7));
  await settling;
  expect(echoes.has('7')).toBe(true);
});

test('not when it was enough, nor when the stream cannot be asked', async () => {
  const echoes = new Echoes(() => Promise.resolve('9-9'));
  come(echoes, carrying('1-1', 1));
  await echoes.settle(() => true);
  const deaf = new Echoes(() => Promise.reject(new Error('gone')));
  come(deaf, carrying('1-1', 1));
  await deaf.settle(never);
});

test('a tail that does not get on is not waited for, for ever', async () => {
  const echoes = new Echoes(() => Promise.resolve('9-9'));
  come(echoes, carrying('1-1', 1));
  const startedAt = performance.now();
  await echoes.settle(never);
  expect(performance.now() - startedAt).toBeGreaterThan(900);
});

test('what functions write comes by value only: the mirror adds nothing to the stream', async () => {
  const daemon = await archive.start({ MIRROR: 'on' });
  const modelId = await archive.store.createModel({ name: 'm' });
  const modelVersionId = await archive.store.createModelVersion({ modelId, version: '1' });
  const written = 20_000;
  const one = (n: number) => ({ modelVersionId, input: { n } });
  await archive.store.logPrediction(one(0)); // more of them are expected now
  await archive.becomes('SELECT count(*) FROM predictions', ['1']);
  await archive.store.logPredictions(Array.from({ length: written - 1 }, (_unused, n) => one(n)));
  await archive.becomes('SELECT count(*) FROM predictions', [String(written)]);
  // Goes through the mirror, after all that was notified before.
  await plainModel(archive.redis.client);
  await archive.becomes('SELECT count(*) FROM models', ['2']);
  const { archive: status } = await daemon.status();
  expect(status.mirror.mirrored).toBeLessThan(written / 10); // all but a few: models, a version
});

test('an id is known as the one way to write it, and not beyond what can be told apart', () => {
  const echoes = new Echoes(() => Promise.resolve('0-0'));
  echoes.read(carrying('1-1', 0, 7, 999_999_999_999_999, 1e16));
  const others = ['', '00', '07', '7 ', '+7', '7.0', '7e0', 'x', '10000000000000000'];
  expect(others.filter((id) => echoes.has(id))).toEqual([]);
  expect(['0', '7', '999999999999999'].every((id) => echoes.has(id))).toBe(true);
});
