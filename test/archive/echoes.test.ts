import { Echoes } from '../../src/archive/echoes';

const carrying = (position: string, ...carried: string[]) => ({ position, carried });
const never = () => false;

test('what came by value is known at once, until it is deleted or Redis goes backwards', () => {
  const echoes = new Echoes(() => Promise.resolve('0-0'));
  echoes.read(carrying('1-1', '7', '8', '9'));
  echoes.delete('8');
  expect(['7', '8', '9'].map((id) => echoes.has(id))).toEqual([true, false, true]);
  echoes.clear();
  expect(echoes.has('7')).toBe(false);
});

test('the last 50,000 are remembered, and not many more', () => {
  const echoes = new Echoes(() => Promise.resolve('0-0'));
  const ids = Array.from({ length: 200_000 }, (_unused, id) => String(id));
  for (let at = 0; at < ids.length; at += 1_000) echoes.read(carrying('1-1', ...ids.slice(at, at + 1_000)));
  const known = ids.filter((id) => echoes.has(id));
  expect(known.length).toBeGreaterThanOrEqual(50_000);
  expect(known.length).toBeLessThanOrEqual(100_000);
  expect(known).toEqual(ids.slice(-known.length));
});

test('where nothing comes by value nobody waits, nor asks', async () => {
  const asked = jest.fn(() => Promise.resolve('9-9'));
  const echoes = new Echoes(asked);
  await echoes.settle(never);
  echoes.read(carrying('1-1'));
  await echoes.settle(never);
  expect(asked).not.toHaveBeenCalled();
});

test('otherwise until the tail has read what the stream held, whatever comes later', async () => {
  const echoes = new Echoes(() => Promise.resolve('5-10'));
  echoes.read(carrying('5-9', '1'));
  let settled = false;
  const settling = echoes.settle(never).then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toBe(false);
  echoes.read(carrying('5-10'));
  await settling;
  await echoes.settle(never); // and at once
});

test('not when it was enough, nor when the stream cannot be asked', async () => {
  const echoes = new Echoes(() => Promise.resolve('9-9'));
  echoes.read(carrying('1-1', '1'));
  await echoes.settle(() => true);
  const deaf = new Echoes(() => Promise.reject(new Error('gone')));
  deaf.read(carrying('1-1', '1'));
  await deaf.settle(never);
});

test('a tail that does not get on is not waited for, for ever', async () => {
  const echoes = new Echoes(() => Promise.resolve('9-9'));
  echoes.read(carrying('1-1', '1'));
  const startedAt = performance.now();
  await echoes.settle(never);
  expect(performance.now() - startedAt).toBeGreaterThan(900);
});
