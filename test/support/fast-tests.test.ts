import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface FastTests {
  readonly tests: () => readonly string[];
  readonly wayToSlow: (path: string) => readonly string[] | undefined;
}
const { tests, wayToSlow } = jest.requireActual<FastTests>('./fast-tests.cjs');
const root = join(__dirname, '..', '..');
const isFast = (path: string): boolean => wayToSlow(path) === undefined;

test('fast is what imports nothing that starts anything, however far away', () => {
  expect(wayToSlow('test/archive/write/names.test.ts')).toEqual([
    'test/archive/write/names.test.ts',
    'test/archive/support/archive.ts',
    'test/support/daemon.ts',
    'src/daemon/daemon.ts',
  ]);
  expect(wayToSlow('test/setup/setup.test.ts')?.at(-1)).toBe('node:child_process');
  // This one names the word, and imports nothing.
  expect(isFast('test/support/fast-tests.test.ts')).toBe(true);
});

test('what is pure is fast, the most of it with rooms of its own; and what starts something is not', () => {
  const fast = tests().filter(isFast);
  expect(fast.filter((path) => path.startsWith('test/archive/record/')).length).toBeGreaterThan(2);
  expect(fast.length).toBeGreaterThan(40);
  // Whatever helpers there will be: these start things, by whatever way they come.
  const starts = /\b(testRedis|testPostgres|ownPostgres|startDaemon|startCli|startInPty|useArchive)\(/;
  for (const path of fast.filter((one) => one !== 'test/support/fast-tests.test.ts'))
    expect([path, starts.exec(readFileSync(join(root, path), 'utf8'))?.[0]]).toEqual([path, undefined]);
  expect(tests().filter((path) => !isFast(path)).length).toBeGreaterThan(fast.length);
});
