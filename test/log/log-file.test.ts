import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describeError } from '../../src/foundation/errors';
import { type LogFile, openLogFile, type LogFileOptions } from '../../src/log/log-file';
import { temporaryFolder } from '../support/temporary-folder';

const root = temporaryFolder();
let folder: string;
let path: string;
let folders = 0;
/** What the file told its owner, in order. */
let told: string[];
let time = 0;
const files: LogFile[] = [];

beforeEach(() => {
  folder = join(root, String(++folders));
  mkdirSync(folder);
  path = join(folder, 'millrace.log');
  told = [];
});
afterEach(() => {
  for (const file of files.splice(0)) file.close();
});

function open(options: Partial<LogFileOptions> = {}): LogFile {
  const file = openLogFile({
    path,
    maxBytes: 0,
    keep: 5,
    onTrouble: (doing, error) => told.push(`not ${doing}: ${describeError(error).code}`),
    onRecovered: (missing) => told.push(`recovered, ${String(missing)} missing`),
    now: () => time,
    ...options,
  });
  files.push(file);
  return file;
}

/** The file and those set aside, oldest first. */
const names = (): string[] => {
  const [current = '', ...aside] = readdirSync(folder).sort();
  return [...aside, current];
};
const lines = (): string[] =>
  names().flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1));
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_unused, at) => `line ${String(from + at)}`);

test('10,000 lines over many rotations are all there, in order, and no file is above the limit', () => {
  const file = open({ maxBytes: 10_000, keep: 1000 });
  const expected = numbered(1, 10_000);
  for (const line of expected) file.write(line);
  expect(lines()).toEqual(expected);
  expect(names().length).toBeGreaterThan(8);
  expect(Math.max(...names().map((name) => statSync(join(folder, name)).size))).toBeLessThanOrEqual(10_000);
  expect(told).toEqual([]);
});

test('only so many files are kept, the newest ones, and no file of another name is removed', () => {
  const others = [
    'millrace.log.1',
    'millrace.log.20260101',
    'millrace.logbook',
    'other.log.20260101T000000000-1',
  ];
  for (const name of others) writeFileSync(join(folder, name), 'mine\n');
  const file = open({ maxBytes: 100, keep: 2 });
  for (const line of numbered(1, 200)) file.write(line);
  for (const name of others) {
    expect(readFileSync(join(folder, name), 'utf8')).toBe('mine\n');
    rmSync(join(folder, name));
  }
  expect(names()).toHaveLength(3);
  expect(lines()).toEqual(numbered(201 - lines().length, 200));
});

test('a restart appends, and begins a new line where the last one was torn', () => {
  const first = open();
  first.write('one');
  first.close();
  appendFileSync(path, 'tor');
  open().write('two');
  expect(lines()).toEqual(['one', 'tor', 'two']);
});

test('a line longer than the limit has a file of its own', () => {
  const file = open({ maxBytes: 10 });
  const long = 'x'.repeat(100);
  for (const line of ['a', long, 'b']) file.write(line);
  expect(names().map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual([
    'a\n',
    `${long}\n`,
    'b\n',
  ]);
});

test('logrotate may move the file away or empty it: the next line is in the file at LOG_FILE, without a signal', () => {
  const file = open();
  file.write('one');
  renameSync(path, `${path}.1`);
  file.write('two');
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('one\n');
  expect(readFileSync(path, 'utf8')).toBe('two\n');
  truncateSync(path);
  file.write('three');
  expect(readFileSync(path, 'utf8')).toBe('three\n');
  rmSync(path);
  file.write('four');
  expect(readFileSync(path, 'utf8')).toBe('four\n');
  expect(told).toEqual([]);
});

test('two that rotate one file lose no line of either', () => {
  const two = [open({ maxBytes: 200, keep: 1000 }), open({ maxBytes: 200, keep: 1000 })];
  const expected = numbered(1, 1000);
  for (const [at, line] of expected.entries()) two[at % 2]?.write(line);
  expect(lines()).toEqual(expected);
});

test('a link stays a link, and what is set aside lies beside the file it names', () => {
  const target = join(root, 'linked');
  mkdirSync(target);
  symlinkSync(join(target, 'real.log'), path);
  const file = open({ maxBytes: 100, keep: 1000 });
  for (const line of numbered(1, 50)) file.write(line);
  expect(readdirSync(folder)).toEqual(['millrace.log']);
  expect(readdirSync(target).length).toBeGreaterThan(3);
  expect(readFileSync(path, 'utf8')).toContain('line 50\n');
});

test('a file that can never be opened is an error at the start', () => {
  expect(() => open({ path: join(folder, 'missing', 'millrace.log') })).toThrow(/ENOENT/);
  expect(() => open({ path: folder })).toThrow(/EISDIR/);
});

test('where the file cannot be set aside it grows, which is said once', () => {
  const file = open({ path: '/dev/null', maxBytes: 10 });
  for (const line of numbered(1, 10)) file.write(line);
  expect(told).toEqual([]); // not a file: never set aside
  // The folder's listing fails for the name that is too long with its suffix.
  path = join(folder, 'x'.repeat(250));
  const grows = open({ path, maxBytes: 100 });
  for (const line of numbered(1, 100)) grows.write(line);
  expect(told).toEqual(['not rotated: ENAMETOOLONG']);
  expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toEqual(numbered(1, 100));
});

test('a folder that is gone is told once; when it is back, lines are written again and the missing ones counted', () => {
  const file = open();
  file.write('one');
  rmSync(folder, { recursive: true });
  for (const line of ['two', 'three', 'four']) file.write(line);
  time += 10_000;
  file.write('five');
  expect(told).toEqual(['not written: ENOENT']);
  mkdirSync(folder);
  file.write('too soon: the pause is not over');
  time += 10_000;
  file.write('six');
  expect(told).toEqual(['not written: ENOENT', 'recovered, 5 missing']);
  expect(lines()).toEqual(['six']);
});

/** A real file system of 64 kB. @returns how to take it away, or undefined where that is not allowed */
function smallDisk(at: string): (() => void) | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at], { stdio: 'ignore' });
    return () => execFileSync('umount', ['-l', at]);
  } catch {
    process.stderr.write('SKIPPED a full disk of its own: no file system can be mounted here\n');
    return undefined;
  }
}

test('a disk that is full at a rotation is told once, and lines go on as soon as there is room', () => {
  const unmount = smallDisk(folder);
  if (unmount === undefined) return;
  try {
    const file = open({ maxBytes: 20_000 });
    const ballast = join(folder, 'ballast');
    file.write('first');
    try {
      writeFileSync(ballast, Buffer.alloc(100_000)); // all that is left
    } catch {
      expect(statSync(folder).isDirectory()).toBe(true);
    }
    // The first page of the file is there; the next one is not.
    for (const line of numbered(1, 2_000)) file.write(line);
    expect(told).toEqual(['not written: ENOSPC']);
    const before = lines().filter((line) => line.startsWith('line '));
    rmSync(ballast);
    time += 10_000;
    for (const line of numbered(2_001, 4_000)) file.write(line);
    expect(told[1]).toMatch(/^recovered, \d+ missing$/);
    expect(told).toHaveLength(2);
    const missing = Number(/\d+/.exec(told[1] ?? '')?.[0]);
    const last = numbered(2_001, 4_000);
    expect(missing).toBe(2_000 - before.filter((line) => numbered(1, 2_000).includes(line)).length);
    expect(lines().slice(-last.length)).toEqual(last);
    expect(names().length).toBeGreaterThan(1);
  } finally {
    files.splice(0).forEach((file) => {
      file.close();
    });
    unmount();
  }
});

test('nobody but its group may read it, whatever the umask, nor what was set aside, of earlier versions too', () => {
  const older = `${path}.20260105T143000123-1`;
  for (const name of [path, older]) {
    writeFileSync(name, 'old\n');
    chmodSync(name, 0o666);
  }
  const mask = process.umask(0);
  try {
    const file = open({ maxBytes: 12 });
    for (let line = 0; line < 4; line++) file.write('a line');
  } finally {
    process.umask(mask);
  }
  expect(names().length).toBeGreaterThan(2);
  for (const name of names()) expect([name, statSync(join(folder, name)).mode & 0o137]).toEqual([name, 0]);
});

test('what was set aside and is gone by the time it is looked at keeps nobody from starting', () => {
  symlinkSync(join(folder, 'gone'), `${path}.20260105T143000123-1`);
  open().write('a line');
  expect(readFileSync(path, 'utf8')).toBe('a line\n');
});
