import type { TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { hasPty, startInPty } from '../support/pty';
import { plainModel, plainPrediction, plainRun } from '../support/plain-writer';
import { type CliEnd, runCli } from '../support/run-cli';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from '../archive/support/archive';
import { emptied } from '../archive/support/in-step';

const archive = useArchive();
const { start, letters, untilParked, lines, becomes, environment } = archive;
const folder = temporaryFolder();

const cli = (...args: string[]): Promise<CliEnd> =>
  runCli(args, { ...environment(), MILLRACE_ONLY: 'archive', HTTP_PORT: '0' }, folder);
const deadLetters = (...args: string[]) => cli('dead-letters', ...args);
const parsed = (output: string) =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A model with a bad time, a run of a version that is not there, and two predictions of it. */
async function parkFour(): Promise<Record<string, string>> {
  const { client } = archive.redis;
  await plainModel(client, { name: 'm', created_at: 'yesterday' });
  await plainRun(client, 9);
  await plainPrediction(client, 9);
  await plainPrediction(client, 9);
  await untilParked('aidb:model:1', 'aidb:prediction:1', 'aidb:prediction:2', 'aidb:run:1');
  return Object.fromEntries((await letters()).map(({ key, id }) => [key, id]));
}

test('list says what is parked and why, by id, kind and error, and exits with 2', async () => {
  await start();
  const ids = await parkFour();
  const all = await deadLetters('list');
  expect(all.output).toContain(
    `${ids['aidb:model:1']}  aidb:model:1  22007 created_at: "yesterday" is not a time\n`,
  );
  expect(all.output).toContain(
    `${ids['aidb:run:1']}  aidb:run:1  E_PARENT model_version_id: waits for version 9, which is not there\n`,
  );
  expect(all.output).toContain('4 of 4 parked records.\n');
  expect(all.code).toBe(2);
  const some = await Promise.all([
    deadLetters('list', '--kind', 'prediction', '--limit', '1'),
    deadLetters('list', '--error', '22007', '--json'),
    deadLetters('list', ids['aidb:run:1'] ?? '', '--json'),
    deadLetters('list', '--kind', 'metric'),
  ]);
  expect(some.map(({ code }) => code)).toEqual([2, 2, 2, 0]);
  const [predictions, errors, byId, none] = some.map(({ output }) => output);
  expect(predictions).toMatch(/^\d+ {2}aidb:prediction:1 {2}E_PARENT .*\n1 of 2 parked records\.\n$/);
  expect(parsed(errors ?? '')).toMatchObject([
    {
      kind: 'model',
      key: 'aidb:model:1',
      code: '22007',
      column: 'created_at',
      waitingFor: null,
      attempts: 1,
    },
  ]);
  expect(parsed(byId ?? '')).toMatchObject([{ key: 'aidb:run:1', waitingFor: 'version:9' }]);
  expect(none).toBe(
    'None of the 4 parked records is of the kind metric; there are model 22007 (1), prediction E_PARENT (2), run E_PARENT (1).\n',
  );
});

test('show prints the contents as found, and 1 for what is not there', async () => {
  await start();
  const ids = await parkFour();
  const shown = await deadLetters('show', ids['aidb:run:1'] ?? '', ids['aidb:model:1'] ?? '');
  expect(shown.code).toBe(0);
  expect(shown.output).toContain('  waits for version:9\n');
  expect(shown.output).toContain('  model_version_id: 9\n');
  expect(shown.output).toContain('  status: running\n');
  expect(shown.output).toContain('  created_at: yesterday\n');
  expect(shown.output).toMatch(/ {2}parked \d{4}-\d\d-\d\d .*, tried once, last /);
  const [json] = parsed((await deadLetters('show', '--kind', 'model', '--json')).output);
  expect(json?.['contents']).toContainEqual(['created_at', 'yesterday']);
  const nothing = await deadLetters('show', '99999');
  expect(nothing.code).toBe(1);
  expect(nothing.output).toMatch(
    /None of the 4 parked records has the number 99999; there are .* \(E_NO_LETTERS\)\n.*`millrace dead-letters list`/,
  );
});

test('retry has the daemon try again within seconds, and drop gives up, each what it is told', async () => {
  await start();
  const ids = await parkFour();
  const { client } = archive.redis;
  // Mended where nobody notices: without notifications.
  const [, setting = ''] = (await client.config('GET', 'notify-keyspace-events')) as string[];
  await client.config('SET', 'notify-keyspace-events', '');
  await client.hset('aidb:model:1', { created_at: '2026-01-01T00:00:00', updated_at: '2026-01-01T00:00:00' });
  await client.config('SET', 'notify-keyspace-events', setting);
  const retried = await deadLetters('retry', '--kind', 'model');
  expect(retried).toEqual({
    code: 0,
    output: '1 will be tried again: by the daemon within a second, or at its next start.\n',
  });
  await becomes('SELECT name FROM models', ['m']);
  await untilParked('aidb:prediction:1', 'aidb:prediction:2', 'aidb:run:1');
  // Tried in vain, it stays, counted.
  expect(parsed((await deadLetters('retry', '--error', 'E_PARENT', '--json')).output)).toEqual([
    { retried: 3 },
  ]);
  await becomes('SELECT attempts FROM millrace.dead_letters', ['2', '2', '2']);
  expect(await deadLetters('drop', ids['aidb:prediction:1'] ?? '', '--yes')).toEqual({
    code: 0,
    output: expect.stringMatching(/^1 dropped\. .* comes back at the next full pass/) as string,
  });
  await untilParked('aidb:prediction:2', 'aidb:run:1');
  expect(parsed((await deadLetters('drop', '--all', '--json', '--yes')).output)).toEqual([{ dropped: 2 }]);
  expect(await deadLetters('drop', '1', '--yes')).toMatchObject({ code: 1 });
  expect(await letters()).toEqual([]);
  expect((await deadLetters('list')).code).toBe(0);
});

test('what no record fits is told as that, with what there is, by every verb and filter', async () => {
  await start();
  await parkFour();
  const filter = ['--kind', 'metric', '--error', 'NOPE'];
  const told = await Promise.all(
    ['list', 'retry', 'drop', 'show'].map((verb) => deadLetters(verb, ...filter)),
  );
  for (const { output } of told)
    expect(output).toContain(
      'None of the 4 parked records is of the kind metric and has the code NOPE; there are model 22007 (1), prediction E_PARENT (2), run E_PARENT (1).',
    );
  expect(told.map(({ code }) => code)).toEqual([0, 0, 0, 1]);
  expect(await lines('SELECT count(*), bool_or(due) FROM millrace.dead_letters')).toEqual(['4|f']);
  await archive.postgres.query('DELETE FROM millrace.dead_letters');
  expect((await deadLetters('list', ...filter)).output).toBe('Nothing is parked.\n');
});

test('drop asks whoever is at the terminal, and refuses where nobody is', async () => {
  await start();
  await parkFour();
  const alone = await deadLetters('drop', '--error', 'E_PARENT');
  expect(alone.code).toBe(1);
  expect(alone.output).toMatch(/3 would be dropped, and nobody is here.*\(E_NOT_CONFIRMED\)\n.*--yes/);
  expect(await letters()).toHaveLength(4);
  if (!hasPty()) return;
  for (const [keys, left, code] of [
    ['n\r', 4, 1],
    ['\u0003', 4, 1],
    ['\u0004', 4, 1],
    ['y\r', 1, 0],
  ] as const) {
    const terminal = { env: environment(), cwd: folder, rows: 20, columns: 300 };
    const asking = startInPty(['dead-letters', 'drop', '--error', 'E_PARENT'], terminal);
    await eventually(() => expect(asking.output()).toContain('Drop 3 parked records? '), {
      alive: asking.ended,
      within: 30_000,
    });
    expect(asking.output()).toContain('comes back at the next full pass');
    asking.type(keys);
    expect(await asking.ended).toContain(`[code ${code}, line discipline restored]`);
    expect({ keys, left: await letters() }).toMatchObject({ left: { length: left } });
  }
}, 60_000);

test('arguments that mean nothing are refused with what is meant, before anything is touched', async () => {
  await start();
  await parkFour();
  const refused = await Promise.all([
    deadLetters('list', 'one'),
    deadLetters('list', '--kind', 'models'),
    deadLetters('list', '--limit', '0'),
    deadLetters('retry'),
    deadLetters('drop'),
    deadLetters('show'),
    deadLetters('lose', '1'),
  ]);
  expect(refused.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  const [id, kind, limit, retry, drop, show, verb] = refused.map(({ output }) => output);
  expect(id).toContain('a parked record is named by its number');
  expect(kind).toContain('the kinds are model, dataset,');
  expect(limit).toContain('a count is a whole number above 0');
  expect(retry).toMatch(
    /dead-letters retry: which ones\?[^]*Name their numbers, or --kind, or --error, or --all/,
  );
  expect(drop).toContain('dead-letters drop: which ones?');
  expect(show).toMatch(/which ones\?[^]*or --error\./);
  expect(verb).toContain("unknown command 'lose'");
  expect(
    await lines('SELECT count(*), count(*) FILTER (WHERE due OR attempts > 1) FROM millrace.dead_letters'),
  ).toEqual(['4|0']);
});

test('without tables, and without a POSTGRES_URL, the error says what to do', async () => {
  await emptied(archive.postgres);
  const missing = await deadLetters('list');
  expect(missing.code).toBe(1);
  expect(missing.output).toContain('millrace migrate');
  const unset = await runCli(['dead-letters', 'list'], { MILLRACE_ONLY: 'archive' }, folder);
  expect(unset.code).toBe(1);
  expect(unset.output).toMatch(/POSTGRES_URL not set[^]*`millrace run --embedded`/);
});

describe('what is parked is counted', () => {
  const counted = async (daemon: TestDaemon) => {
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    return [
      (await daemon.status()).archive.deadLetters,
      Number(/^millrace_dead_letters\S* (\d+)$/m.exec(metrics)?.[1]),
    ];
  };

  test('in the status of the daemon, in /metrics, and by the exit code of status, with a daemon and without', async () => {
    const daemon = await start();
    expect(await counted(daemon)).toEqual([0, 0]);
    await parkFour();
    await eventually(async () => expect(await counted(daemon)).toEqual([4, 4]));
    // Parked records are no disorder.
    expect((await daemon.status()).troubles).toEqual([]);
    const asked = { ...environment(), MILLRACE_ONLY: 'archive', HTTP_PORT: new URL(daemon.url).port };
    const beside = await runCli(['status'], asked, folder);
    expect(beside.output).toContain('Parked:      4 records (millrace dead-letters list)');
    expect(beside.code).toBe(2);
    await daemon.stop();
    const alone = await cli('status', '--json');
    expect(JSON.parse(alone.output)).toMatchObject({ daemon: null, stores: { archive: { deadLetters: 4 } } });
    expect(alone.code).toBe(2);
    await deadLetters('drop', '--all', '--yes');
    expect((await cli('status')).code).toBe(0);
  });
});

test('contents with NUL, escape sequences, other directions and Persian are printed so that no terminal is harmed', async () => {
  await start();
  const { client } = archive.redis;
  await plainModel(client, {
    name: 'مدل می‌خواهم\u0000\u001b[31m\u202ertl\n',
    description: Buffer.from('\u001b]0;title\u0007 سلام', 'utf8').toString(),
  });
  await client.hset(
    Buffer.from('aidb:model:\u001b[2Jکلید', 'utf8'),
    'name',
    'n',
    'created_at',
    '2026-01-01T00:00:00',
  );
  await client.xadd('millrace:changes', '*', 'stranger\u001b[31m', 'x');
  await eventually(async () => expect(await letters()).toHaveLength(3));
  const listed = await deadLetters('list');
  const shown = await deadLetters('show', '--kind', 'model');
  const json = await deadLetters('show', '--kind', 'model', '--json');
  for (const { output } of [listed, shown, json]) {
    // eslint-disable-next-line no-control-regex
    expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
  expect(listed.output).toContain('aidb:model:\\x1b[2Jکلید');
  expect(listed.output).toContain('NUL');
  expect(shown.output).toContain('name: مدل می‌خواهم\\x00\\x1b[31m\\x202ertl\\x0a\n');
  expect(shown.output).toContain('description: \\x1b]0;title\\x07 سلام\n');
  expect(parsed(json.output)).toHaveLength(2);
  const stranger = await deadLetters('list', '--kind', '?');
  expect(stranger.output).toMatch(/E_STREAM_FIELD: .*stranger/);
});
