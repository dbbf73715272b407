import {
  fitted,
  ratesBetween,
  screenLines,
  type WatchSample,
  type View,
} from '../../src/terminal/watch-screen';
import { describeDaemon } from '../../src/terminal/describe-status';
import { frame } from '../../src/terminal/terminal-view';
import type { DaemonStatus } from '../../src/control/daemon-status';
import { harmless } from '../../src/foundation/harmless';
import { cutToWidth, displayWidth } from '../../src/terminal/display-width';

const now = Date.UTC(2026, 0, 5, 12);

const aliases = (more: object = {}) => ({
  database: '/srv/sports_data.db',
  journalMode: 'wal',
  redis: 'localhost:6379',
  mode: 'tail',
  captureGaps: [],
  notCaptured: null,
  unserved: [],
  cannotWrite: null,
  tables: [],
  checkpoint: null,
  lagRecords: 0,
  lagSeconds: 0,
  lastProgressAt: now,
  lastPass: { startedAt: now - 30_000, ms: 12, total: 12_345, added: 1, updated: 2, deleted: 3 },
  passRunning: false,
  nextPassAt: now + 90_000,
  applied: 0,
  changelogRows: 3,
  paused: null,
  incidents: [],
  failure: null,
  ...more,
});

const archive = (more: object = {}) => ({
  redis: 'localhost:6379',
  postgres: 'localhost:5432/ai_models',
  role: 'owner',
  owner: 'me',
  mirror: { state: 'listening', mirrored: 0 },
  position: null,
  lagRecords: 1_234_567,
  lagSeconds: 61.5,
  deadLetters: 0,
  memory: { streamLength: 7, firstWaiting: null, usedBytes: 5e8, limitBytes: 1e9, fullInSeconds: 3_600 },
  lastProgressAt: now,
  lastPass: null,
  passRunning: true,
  nextPassAt: now + 90_000,
  applied: 0,
  paused: null,
  incidents: [],
  evicts: false,
  failure: null,
  ...more,
});

const sample = (at: number, of: object = {}, more: object = {}): WatchSample => ({
  at,
  status: {
    pid: 7,
    startedAt: now - 7_200_000,
    ready: true,
    troubles: [],
    leftOut: [],
    health: { overall: { level: 'ok', says: 'In order', parked: 0 }, aliases: null, archive: null },
    aliases: aliases(),
    archive: archive(),
    ...of,
    ...more,
  } as unknown as DaemonStatus,
});

const view = (last: WatchSample | undefined, more: Partial<View> = {}): View => ({
  now,
  last,
  before: undefined,
  silent: undefined,
  ...more,
});

const text = (of: View): string =>
  screenLines(of)
    .map((line) => line.text)
    .join('\n');

test('the view tells lag, rates, passes, parked records and incidents of both pipelines, newest incident first', () => {
  const before = sample(now - 2_000, {
    aliases: aliases({ applied: 100 }),
    archive: archive({ applied: 0 }),
  });
  const last = sample(now, {
    aliases: aliases({
      applied: 104,
      nextPassAt: now + 90_000,
      incidents: [{ at: now - 5_000, what: 'the triggers were reinstalled', outage: null }],
    }),
    archive: archive({
      applied: 20_000,
      deadLetters: 10_000,
      paused: { at: now - 60_000, by: 'ops' },
      incidents: [{ at: now - 1_000, what: 'Redis went backwards', outage: null }],
    }),
  });
  const shown = text(view(last, { before }));
  expect(shown).toContain('running for 2 h 0 min');
  expect(shown).toContain('lag        in step   2/s');
  expect(shown).toContain('lag        1,234,567 behind, 61.5 s   10,000/s');
  expect(shown).toContain('changelog  3 rows');
  expect(shown).toContain('last pass  30 s ago, 12 ms: 12,345 aliases, +1 ~2 -3');
  expect(shown).toContain('next pass  in 90 s');
  expect(shown).toContain('next pass  running now');
  expect(shown).toContain('parked     10,000 records');
  expect(shown).toContain('full in 60 min at this rate');
  expect(shown).toMatch(/PAUSED +since .* by ops/);
  expect(shown).toMatch(/archive: Redis went backwards[^]*aliases: the triggers were reinstalled/);
});

test('`status` and the live view say the same of a pipeline, in two layouts', () => {
  const incident = { at: now - 5_000, what: 'Redis went backwards', outage: null };
  const error = { code: 'E_PG', message: 'Postgres is away' };
  const common = {
    ...{ paused: { at: now - 60_000, by: 'ops' }, incidents: [incident], lagRecords: 4_321, lagSeconds: 1.5 },
    ...{ failure: error, failingSince: now - 9_000 },
  };
  const differed = { ...{ startedAt: now - 30_000, ms: 12, keys: 1_200 }, differences: { model: 2 } };
  const { status } = sample(now, {
    health: {
      overall: { level: 'bad', says: 'Not in order', parked: 1 },
      aliases: { level: 'bad', says: 'Failing, trying again', parked: 0 },
      archive: { level: 'warn', says: 'In step, 1,000 parked', parked: 1_000 },
    },
    aliases: aliases({ ...common, mode: 'closed', lastPass: { ...aliases().lastPass, skipped: 1_234 } }),
    archive: archive({
      ...common,
      deadLetters: 1_000,
      mirror: { state: 'refused', message: 'no rights', hint: 'grant them' },
      lastPass: { ...differed, statistics: { model: 1, version: 0 } },
    }),
  });
  const printed = describeDaemon(status, now).join('\n');
  const shown = text(view({ at: now, status }));
  const said = (name: string, where: string) =>
    [...where.matchAll(new RegExp(`^  ${name}:? +(.*)$`, 'gim'))].map(([, rest = '']) => rest.trim());
  for (const [name, each] of Object.entries({
    ...{ state: 2, PAUSED: 2, lag: 2, failure: 2, mode: 1, role: 1, mirror: 1, stream: 1, parked: 1 },
    'not served': 1,
  })) {
    expect([name, said(name, printed).length]).toEqual([name, each]);
    expect([name, said(name, shown)]).toEqual([name, said(name, printed)]);
  }
  // The one names the moment, the other says how long ago it was.
  const untimed = (passes: readonly string[]) => passes.map((pass) => pass.replace(/^.*?, /, ''));
  expect(untimed(said('last pass', shown))).toEqual([
    '12 ms: 12,345 aliases, +1 ~2 -3',
    '12 ms: 1,200 keys, 2 differed; written: model 1',
  ]);
  expect(untimed(said('last pass', printed))).toEqual(untimed(said('last pass', shown)));
  expect(printed).toContain('    → grant them');
});

test('a pass of some mappings is told as that; a cache of documents is one while its file is closed, too', () => {
  const of = (more: object) =>
    sample(now, { aliases: aliases({ documents: true, mode: 'closed', ...more }) });
  const { status } = of({ passRunning: true, passOf: ['card', 'team'] });
  const printed = describeDaemon(status, now);
  expect(printed).toContain('Cache');
  expect(text(view({ at: now, status }))).toMatch(/next pass\s+one of card, team is running now/);
  expect(text(view(of({ passRunning: true, passOf: null })))).toMatch(/next pass\s+running now/);
});

test('parked records are told by whoever may count them', () => {
  const of = (role: string) => sample(now, { archive: archive({ role, owner: 'another' }) }).status;
  for (const [role, counts] of Object.entries({
    owner: true,
    uncertain: true,
    standby: false,
    starting: false,
  })) {
    const status = of(role);
    expect(describeDaemon(status, now).some((one) => one.includes('Parked:'))).toBe(counts);
    expect(text(view({ at: now, status })).includes('parked ')).toBe(counts);
  }
});

test('a daemon of another process gives no rate', () => {
  const counted = (at: number, applied: number, pid: number) =>
    sample(at, { aliases: aliases({ applied }) }, { pid });
  expect(ratesBetween(counted(0, 5, 1), counted(1_000, 9, 1))).toEqual({ aliases: 4, archive: 0 });
  expect(ratesBetween(counted(0, 5, 1), counted(1_000, 9, 2))).toEqual({ aliases: null, archive: null });
  expect(ratesBetween(undefined, counted(1_000, 9, 2))).toEqual({ aliases: null, archive: null });
});

test('a daemon that went away is told, with the age of what is shown; one that never answered, what to do', () => {
  const gone = text(view(sample(now - 12_000), { silent: 'no daemon answers at http://localhost:8611' }));
  expect(gone).toContain('no daemon answers at http://localhost:8611; what follows is 12 s old');
  expect(gone).toContain('aliases   /srv/sports_data.db');
  expect(text(view(undefined, { silent: 'no daemon answers' }))).toContain('millrace run');
});

test('whatever the window, no row is too wide and none too many, Persian, wide and combined characters included', () => {
  const long = 'جدول می‌خواهم e\u0301 日本語 👨‍👩‍👧 '.repeat(20);
  const last = sample(now, { ready: false, troubles: [long, long] });
  const lines = screenLines(view(last));
  for (const columns of [1, 2, 3, 10, 37, 80, 200]) {
    for (const rows of [1, 2, 5, 24, 60]) {
      const fit = fitted(lines, { columns, rows });
      expect(fit.length).toBeLessThanOrEqual(rows);
      for (const line of fit) expect(displayWidth(line.text)).toBeLessThanOrEqual(columns);
    }
  }
  expect(fitted(lines, { columns: 80, rows: 5 }).at(-1)?.text).toMatch(/q leaves; \d+ more lines/);
});

test('columns are counted as terminals draw: joiners none, combined ones with their letter, wide ones two', () => {
  expect(displayWidth('می‌خواهم')).toBe(7);
  expect(displayWidth('e\u0301')).toBe(1);
  expect(displayWidth('日本')).toBe(4);
  expect(displayWidth('👨‍👩‍👧')).toBe(2);
  expect(cutToWidth('日本語', 4)).toBe('日…');
  expect(cutToWidth('سلام', 3)).toBe('سل…');
  expect(cutToWidth('abc', 3)).toBe('abc');
});

test('an error message cannot speak to the terminal, nor turn the direction of the text', () => {
  const hostile = '\u001b]0;owned\u0007\u202eabc\n\u009b2J';
  const shown = text(view(sample(now, { troubles: [hostile] })));
  expect(shown).toContain('\\x1b]0;owned\\x07\\x202eabc\\n\\x9b2J');
  expect(harmless('فارسی')).toBe('فارسی');
});

test('a frame clears each row before it writes it, and what is below before the last', () => {
  const drawn = frame(
    [
      { text: 'one', tone: 'bad' },
      { text: 'two', tone: 'plain' },
    ],
    false,
  );
  expect(drawn).toBe('\u001b[H\u001b[2K\u001b[31mone\u001b[0m\r\n\u001b[Jtwo');
  expect(frame([{ text: 'one', tone: 'bad' }], true)).toBe('\u001b[H\u001b[Jone');
});
