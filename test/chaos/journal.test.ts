import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import { Journal, readJournals } from './journal';

const folder = temporaryFolder();

test('a journal says of each write when it began, and whether it is known to be done', async () => {
  const path = join(folder, 'one');
  const journal = new Journal(path);
  await journal.note({ keys: [['k', '1']] }, () => undefined);
  await journal.note({ keys: [['k', null]] }, () => Promise.reject(new Error('the connection was lost')));
  await journal.note(
    { keys: [['k', '2']] },
    () => Promise.reject(new Error('busy')),
    () => true,
  );
  await journal.note({ once: ['a'] }, () => undefined);
  await journal.note({ parked: ['p'] }, () => undefined);
  // Killed before its second line, and in the middle of the next.
  void journal.note({ once: ['b'] }, () => new Promise(() => undefined));
  appendFileSync(path, '{"n":9,"beg');
  journal.close();
  const { keys, once, parked, harmed, deeds } = readJournals([path]);
  const [first, second, ...more] = keys.get('k') ?? [];
  expect(first).toMatchObject({ value: '1', ended: expect.any(Number) as number });
  expect(second).toMatchObject({ value: null, ended: undefined });
  expect(more).toEqual([]);
  expect(once.map(({ name, ended }) => [name, ended !== undefined])).toEqual([
    ['a', true],
    ['b', false],
  ]);
  expect(parked.map(({ name }) => name)).toEqual(['p']);
  expect(harmed).toEqual(['the connection was lost', 'busy']);
  expect(deeds).toBe(6);
});
