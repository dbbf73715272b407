import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { readDaemonRecord } from '../../src/control/daemon-record';
import { createSampleDatabase } from '../../src/embedded/sample-db';
import { askPostgres } from '../support/ask-postgres';
import { type CliRun, startCli } from '../support/cli';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
// Where we are root, Postgres runs as another user, who has to get in.
chmodSync(folder, 0o755);

/** A working folder, and a folder for temporary files that must be empty again in the end. */
function places(name: string): { home: string; temporary: string } {
  const [home, temporary] = [join(folder, name), join(folder, `${name}-temporary`)];
  for (const place of [home, temporary]) mkdirSync(place);
  return { home, temporary };
}

const demo = ({ home, temporary }: ReturnType<typeof places>, env: Record<string, string> = {}): CliRun =>
  startCli(['demo'], { TMPDIR: temporary, ...env }, home);

/** Whether a server listens there still. */
const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });

async function expectNothingLeft(output: string, { temporary }: ReturnType<typeof places>): Promise<void> {
  const ports = [...output.matchAll(/on port (\d+)/g)].map((match) => Number(match[1]));
  expect(ports).toHaveLength(2);
  expect(await Promise.all(ports.map(listens))).toEqual([false, false]);
  expect(readdirSync(temporary)).toEqual([]);
}

test('demo, with nothing it may use configured, fills, syncs, verifies and shows, and leaves nothing behind', async () => {
  const where = places('alone');
  const run = demo(where, {
    POSTGRES_URL: 'postgresql://nobody@127.0.0.1:1/none',
    REDIS_URL: 'redis://127.0.0.1:1',
    DB_PATH: '/nowhere.db',
    ON_DELETE: 'delete',
  });
  const { code, output } = await run.ended;
  const nine = '  Models: 2\n  Versions: 1\n  Datasets: 2\n  Runs: 1\n  Hyperparams: 5\n  Metrics: 20\n';
  expect(output).toContain(`${nine}  Experiments: 1\n  Predictions: 10\n  Errors: 0\n`);
  expect(output).toMatch(/=== Sync Complete in \d+\.\d\ds ===/);
  expect(output).toContain('✓ Sync complete:\n  - Total aliases: 80\n  - Added: 80\n');
  for (const told of ['20 of 20 metrics', '10 of 10 predictions', '80 of 80 aliases']) {
    expect(output).toContain(`✓ ${told} are equal`);
  }
  expect(output).not.toMatch(/✗|!/);
  expect(output.match(/ {3}\d+\.\d ms later/g)).toHaveLength(6);
  expect(output).toMatch(/HSET aidb:prediction:12 .*\n.*redis_id = 12 {2}-> {2}0\.42 /);
  expect(output).toMatch(/-> {2}completed \| 0\.46 /);
  expect(code).toBe(0);
  await expectNothingLeft(output, where);
  expect(readdirSync(where.home)).toEqual([]);
}, 60_000);

test('Ctrl+C in the middle of the demo stops everything and leaves nothing behind', async () => {
  const where = places('interrupted');
  const run = demo(where);
  await eventually(() => run.output().includes('Live changes'), { within: 30_000, alive: run.ended });
  run.child.kill('SIGINT');
  const { code, output } = await run.ended;
  expect(output).toMatch(/\nStopped\.\n$/);
  expect(code).toBe(1);
  await expectNothingLeft(output, where);
}, 60_000);

test('Ctrl+C while the servers start leaves nothing behind either', async () => {
  const where = places('hasty');
  const run = demo(where);
  await eventually(() => readdirSync(where.temporary).length > 0, { alive: run.ended });
  run.child.kill('SIGINT');
  expect((await run.ended).code).toBe(1);
  expect(readdirSync(where.temporary)).toEqual([]);
}, 60_000);

const started = async (home: string): Promise<CliRun> => {
  const run = startCli(['run', '--embedded'], { HTTP_PORT: '0' }, home);
  await eventually(() => run.output().includes('Stop with Ctrl+C'), { within: 30_000, alive: run.ended });
  return run;
};

const stopped = async (run: CliRun): Promise<number | null> => {
  run.child.kill('SIGINT');
  return (await run.ended).code;
};

test('run --embedded shows a change down each pipeline; demo uses its stores; neither leaves more the second time', async () => {
  const where = places('beside');
  for (const time of ['first', 'second']) {
    const run = await started(where.home);
    expect(run.output()).toMatch(
      /GET "alias:team:millrace first steps" {2}-> {2}\["1"\] {3}\d+\.\d ms later/,
    );
    expect(run.output()).toMatch(/FROM predictions WHERE redis_id = \d+ {2}-> {2}0\.97 {3}\d+\.\d ms later/);
    const { code, output } = await demo(where).ended;
    expect(output).toMatch(/^With the daemon that runs in this folder/);
    expect(output).toContain(time === 'first' ? 'Redis filled' : 'records of an earlier demo');
    expect(output).toContain('✓ 10 of 10 predictions are equal');
    expect(output.match(/ {3}\d+\.\d ms later/g)).toHaveLength(6);
    expect(code).toBe(0);
    const url = readDaemonRecord(join(where.home, '.millrace'))?.postgresUrl ?? '';
    const counts =
      'SELECT (SELECT count(*) FROM models)::int AS models, (SELECT count(*) FROM predictions)::int AS predictions';
    expect(await askPostgres(url, counts)).toEqual([{ models: 3, predictions: 10 }]);
    const db = new Database(join(where.home, 'sports_data.db'), { readonly: true });
    const left = "SELECT count(*) FROM team_aliases WHERE alias LIKE 'rmcf%' OR alias LIKE 'millrace%'";
    expect(db.prepare(left).pluck().get()).toBe(0);
    db.close();
    if (time === 'second') {
      await askPostgres(url, 'UPDATE predictions SET confidence = 0.5 WHERE redis_id % 10 = 5');
      const tampered = await demo(where).ended;
      expect(tampered.output).toContain('✗ 9 of 10 predictions are equal');
      expect(tampered.output).toMatch(
        /predictions with redis_id \d+, .*: confidence is "0.5" in Postgres, and must be/,
      );
      expect(tampered.code).toBe(1);
    }
    expect(await stopped(run)).toBe(0);
  }
  expect(readdirSync(where.temporary)).toEqual([]);
}, 90_000);

test('a change that cannot be shown at the start is told, and the daemon runs on', async () => {
  // On the servers of the test before, if it has been run.
  const home = join(folder, 'beside');
  const path = join(home, 'sports_data.db');
  mkdirSync(home, { recursive: true });
  for (const ending of ['', '-wal', '-shm']) rmSync(path + ending, { force: true });
  createSampleDatabase(path);
  const db = new Database(path);
  db.exec('DROP TABLE team_aliases');
  db.close();
  const run = await started(home);
  expect(run.output()).toContain('No change could be shown travelling: no such table: team_aliases');
  expect(run.output()).toContain('See changes travel, in a second terminal');
  expect(await stopped(run)).toBe(0);
}, 60_000);
