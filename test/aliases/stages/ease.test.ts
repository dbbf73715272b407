import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ease } from '../../../src/aliases/stages/ease';
import { temporaryFolder } from '../../support/temporary-folder';

const folder = temporaryFolder();
const path = join(folder, 'file.db');
let now = 0;
let wanted = false;

beforeEach(() => {
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  wanted = false;
  writeFileSync(path, 'a file');
});

/** One that has been at rest for two seconds. */
function resting(): { readonly turn: (rests?: boolean) => boolean } {
  const ease = new Ease({
    source: () => ({ options: { path, mappings: [], aliasCase: 'preserve' }, realPath: path }),
    mustTurn: () => wanted,
  });
  /** @returns whether a turn began */
  const turn = (rests = true): boolean => {
    if (!ease.needsTurn()) return false;
    void ease.begin();
    if (rests) void ease.rest();
    return true;
  };
  for (let ms = 0; ms <= 2_000; ms += 25) {
    now += 25;
    turn();
  }
  now += 200;
  expect(turn()).toBe(true);
  return { turn };
}

/** How many of the next wake-ups, so many milliseconds apart, lead to a turn. */
const turnsIn = ({ turn }: ReturnType<typeof resting>, wakeUps: number, ms: number, rests = true): number =>
  Array.from({ length: wakeUps }).filter(() => {
    now += ms;
    return turn(rests);
  }).length;

test('at rest one wake-up in eight leads to a turn', () => {
  expect(turnsIn(resting(), 40, 25)).toBe(5);
});

test.each([
  ['the file is written to', () => appendFileSync(path, 'more')],
  ['a log appears beside it', () => writeFileSync(`${path}-wal`, 'log')],
  [
    'another file takes its place',
    () => {
      writeFileSync(`${path}-new`, 'a file');
      renameSync(`${path}-new`, path);
    },
  ],
])('when %s each leads to a turn for a second', (_what, happens) => {
  const ease = resting();
  happens();
  expect(turnsIn(ease, 39, 25)).toBe(39);
  now += 200;
  expect(turnsIn(ease, 40, 25)).toBe(5);
});

test('each does when a pass is wanted, or a turn has not come to its end', () => {
  const ease = resting();
  wanted = true;
  expect(turnsIn(ease, 4, 5)).toBe(4);
  wanted = false;
  expect(turnsIn(ease, 4, 5)).toBe(0);
  now += 200;
  expect(turnsIn(ease, 4, 5, false)).toBe(4);
});
