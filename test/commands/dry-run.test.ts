import { describeRecord, shortened } from '../../src/terminal/describe-difference';
import { useArchive } from '../archive/support/archive';
import { runCli } from '../support/run-cli';
import {
  plainExperiment,
  plainHyperparams,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../support/plain-writer';
import { temporaryFolder } from '../support/temporary-folder';

const archive = useArchive();
const folder = temporaryFolder();

const dryRun = (...args: string[]) =>
  runCli(['reconcile', '--dry-run', '--only', 'archive', ...args], archive.environment(), folder);

test('a dry run tells column by column what Redis and Postgres have, in Persian too, and what is missing or unfit', async () => {
  const { client } = archive.redis;
  const model = await plainModel(client, { name: 'فارسی', description: 'old' });
  const version = await plainVersion(client, model);
  const run = await plainRun(client, version, { final_loss: '0.5' });
  await plainHyperparams(client, run, { lr: '0.1', 'batch size': '32' });
  await (await archive.start()).stop();
  await client.hset(
    `aidb:model:${model}`,
    'description',
    `tab\there ${'x'.repeat(200)}مدل`,
    'framework',
    'torch',
  );
  await archive.postgres.query(
    `UPDATE models SET description = 'tab\there ${'x'.repeat(200)}other', framework = NULL`,
  );
  await archive.postgres.query(`UPDATE training_runs SET final_loss = NULL, status = E'don\u0007e'`);
  await client.hset(`aidb:hyperparam:${run}`, 'lr', '0.01', 'momentum', '0.9');
  await plainMetric(client, run, { epoch: 3, timestamp: '2026-01-01T00:00:00' });
  await plainPrediction(client, version);
  await plainExperiment(client, { created_at: 'yesterday' });
  await client.del('millrace:changes');
  const { code, output } = await dryRun();
  expect(code).toBe(3);
  const told = output.split(/^(?=≠)/m);
  expect(told).toContain(
    `≠ aidb:model:${model}\n    row 1 of models:\n` +
      `      description: …${'x'.repeat(12)}مدل -> …${'x'.repeat(12)}other\n      framework: torch -> (null)\n`,
  );
  expect(told).toContain(
    `≠ aidb:run:${run}\n    row 1 of training_runs:\n      status: running -> don\\x07e\n      final_loss: 0.5 -> (null)\n`,
  );
  expect(output).toMatch(
    /≠ aidb:hyperparam:1\n {4}lr\n {4}row \d of hyperparameters:\n {6}param_value: 0\.01 -> 0\.1\n/,
  );
  expect(told).toContain(`≠ aidb:hyperparam:${run}\n    momentum\n    missing in Postgres\n`);
  expect(output).not.toContain('batch size');
  expect(output).toMatch(/≠ aidb:metric:1:loss:train\n {4}\{"epoch": 3.*\n {4}missing in Postgres\n/);
  expect(told.find((one) => one.startsWith('≠ aidb:prediction:1\n'))).toContain('    missing in Postgres\n');
  expect(output).toMatch(/≠ aidb:experiment:1\n {4}cannot become a row: created_at .*yesterday.*\(22007\)\n/);
  expect(output).toMatch(/differing: .*\nDry run: nothing was changed\.\n$/);
});

test('--json has the whole values; --limit cuts the list, and the total is told', async () => {
  const { client } = archive.redis;
  const long = 'long '.repeat(1_000);
  for (let index = 0; index < 5; index++) await plainModel(client, { name: `m${index}` });
  await (await archive.start()).stop();
  await client.hset('aidb:model:2', 'description', long);
  await archive.postgres.query(`UPDATE models SET task_type = 'other' WHERE name <> 'm1'`);
  const json = (await dryRun('--json')).output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(json).toContainEqual({
    kind: 'model',
    key: 'aidb:model:2',
    change: 'different',
    table: 'models',
    row: expect.stringMatching(/^\d+$/) as string,
    columns: [{ column: 'description', redis: long, postgres: '' }],
  });
  expect(json.at(-1)).toMatchObject({ differences: { model: 5 }, told: 5, dryRun: true });
  const { code, output: cut } = await dryRun('--limit', '2');
  expect(code).toBe(3);
  expect(cut.match(/^≠/gm)).toHaveLength(2);
  expect(cut).toContain('… the first 2 of 5; --limit tells more.\n');
  expect((await dryRun('--limit', '-1')).code).toBe(1);
});

test('a record mapped to the row of another program differs only where it would be mapped otherwise, or fill something', async () => {
  const { client } = archive.redis;
  await (await archive.start()).stop();
  await archive.postgres.query(`INSERT INTO models (name, description) VALUES ('theirs', 'kept')`);
  await plainModel(client, { name: 'theirs', description: 'ours', framework: 'torch' });
  await (await archive.start()).stop();
  expect(await dryRun()).toEqual({
    code: 0,
    output: expect.stringContaining('differing: none') as string,
  });
  const merging = await runCli(
    ['reconcile', '--dry-run', '--only', 'archive'],
    archive.environment({ ON_CONFLICT: 'merge' }),
    folder,
  );
  expect(merging.output).toContain(
    '≠ aidb:model:1\n    row 1 of models:\n      framework: torch -> (null)\n',
  );
  expect(merging.output).not.toContain('description');
});

test('what is parked is found each time, and is no difference that a pass would repair', async () => {
  const { client } = archive.redis;
  const run = await plainRun(client, await plainVersion(client, await plainModel(client)));
  await plainExperiment(client, { created_at: 'yesterday' });
  await plainHyperparams(client, run, { lr: '0.1', bad: 'NUL \u0000' });
  await (await archive.start()).stop();
  await archive.untilParked('aidb:experiment:1', `aidb:hyperparam:${run}`);
  const parked = await dryRun();
  expect(parked.output).toContain('Parked already, of these: 2 (millrace dead-letters list)\n');
  expect(parked.code).toBe(2);
  expect((await dryRun('--limit', '1')).code).toBe(3); // of the other one nothing is known
  // Beside a parked one, under the same key.
  await client.hset(`aidb:hyperparam:${run}`, 'momentum', '0.9');
  expect((await dryRun()).code).toBe(3);
  // The letters of what is gone are parked all the same.
  await client.del('aidb:experiment:1', `aidb:hyperparam:${run}`);
  const gone = await dryRun();
  expect(gone.output).toContain('differing: none');
  expect(gone.code).toBe(2);
});

test('long values are cut to where they part, and never inside a character', () => {
  const same = 'س'.repeat(80);
  expect(shortened(`${same}الف`, `${same}ب`)).toEqual([`…${'س'.repeat(12)}الف`, `…${'س'.repeat(12)}ب`]);
  expect(shortened('', null)).toEqual(["''", '(null)']);
  const [left, right] = shortened(`${'😀'.repeat(50)}a`, `${'😀'.repeat(50)}b`);
  expect([left.at(-1), right.at(-1)]).toEqual(['a', 'b']);
  expect(left).not.toMatch(/\p{Cs}/u);
  const [end] = shortened('x'.repeat(500), 'y');
  expect(end).toBe(`${'x'.repeat(59)}…`);
  const hostile = describeRecord({ kind: 'model', key: 'aidb:model:\u001b[2J', change: 'missing' });
  expect(hostile).toBe('≠ aidb:model:\\x1b[2J\n    missing in Postgres');
});
