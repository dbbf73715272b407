import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { displayWidth } from '../../src/terminal/display-width';
import { firstPass, startCli } from '../support/cli';
import { eventually } from '../support/eventually';
import { hasPty, type PtyRun, startInPty } from '../support/pty';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';

const folder = temporaryFolder();
chmodSync(folder, 0o755);
let redis: TestRedis;
let env: Record<string, string>;

beforeAll(async () => {
  redis = await testRedis();
  const path = join(folder, 'aliases.db');
  aliasDatabase(path).close();
  const port = String(30_000 + (process.pid % 10_000));
  env = { REDIS_URL: redis.url, DB_PATH: path, HTTP_PORT: port, MILLRACE_ONLY: 'aliases' };
});

const watch = (...args: string[]): PtyRun =>
  startInPty(['status', '--watch', '0.2', ...args], { env, cwd: folder, rows: 20, columns: 70 });

const inPty = hasPty() ? test : test.skip;

inPty(
  'the live view outlives its daemon, follows the window, and leaves the terminal as it was',
  async () => {
    const view = watch();
    const shows = (pattern: RegExp) =>
      eventually(() => expect(view.screen().join('\n')).toMatch(pattern), { alive: view.ended });
    await shows(/no daemon answers at .*; asking again/);
    const daemon = startCli(['run'], env, folder);
    await firstPass(daemon);
    await shows(/in order[^]*aliases[^]*lag +in step/);
    view.resize(6, 30);
    await shows(/q leaves; \d+ more/);
    expect(view.screen().length).toBe(6);
    for (const row of view.screen()) expect(displayWidth(row)).toBeLessThanOrEqual(30);
    view.resize(20, 70);
    daemon.child.kill('SIGTERM');
    await daemon.ended;
    await shows(/no daemon answers[^]*old[^]*aliases/);
    const again = startCli(['run'], env, folder);
    await firstPass(again);
    await shows(/in order[^]*lag +in step/);
    again.child.kill('SIGTERM');
    await again.ended;
    view.type('q');
    const output = await view.ended;
    const [entered, left] = ['\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l'];
    expect(output.startsWith(entered)).toBe(true);
    expect(output.split(left)).toHaveLength(2);
    expect(output).toMatch(/\[code 0, line discipline restored\]$/);
  },
);

inPty.each([
  ['Ctrl+C', '\u0003'],
  ['Ctrl+D', '\u0004'],
])('%s ends the live view cleanly', async (_name, key) => {
  const view = watch();
  await eventually(() => expect(view.screen().join('\n')).toContain('asking again'), { alive: view.ended });
  view.type(key);
  const output = await view.ended;
  expect(output).toContain('\u001b[?25h\u001b[?1049l');
  expect(output).toMatch(/\[code 0, line discipline restored\]$/);
});

test('where there is no terminal, a block of lines comes at each look, and with --json a line of JSON', async () => {
  const plain = startCli(['status', '--watch', '0.2'], env, folder);
  const json = startCli(['status', '--watch', '0.2', '--json'], env, folder);
  await eventually(() => expect(plain.output().match(/^--- /gm)?.length).toBeGreaterThan(1));
  await eventually(() => expect(json.output().split('\n').length).toBeGreaterThan(2));
  plain.child.kill('SIGINT');
  json.child.kill('SIGTERM');
  const block = await plain.ended;
  expect(block.code).toBe(0);
  expect(block.output).not.toContain('\u001b');
  expect(block.output).toContain('no daemon answers');
  const lines = (await json.ended).output.trim().split('\n');
  const shape = z.object({ at: z.iso.datetime(), daemon: z.null(), silent: z.string() });
  for (const line of lines) shape.parse(JSON.parse(line));
});

test('who stops reading ends the watch without a complaint', async () => {
  const run = startCli(['status', '--watch', '0.2', '--json'], env, folder);
  await eventually(() => expect(run.output()).toContain('\n'));
  run.child.stdout?.destroy();
  const { code, output } = await run.ended;
  expect(code).toBe(0);
  expect(output).not.toContain('EPIPE');
});
