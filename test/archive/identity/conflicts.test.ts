import type { TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import {
  plainDataset,
  plainExperiment,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../../support/plain-writer';
import { useArchive } from '../support/archive';
import { emptied } from '../support/in-step';

const archive = useArchive();
const { start, becomes, lines, letters, pass, differences } = archive;

const models = 'SELECT id, name, description, architecture FROM models ORDER BY id';
const mapped = 'SELECT redis_id, pg_id, owned FROM millrace.id_map WHERE kind = $1 ORDER BY redis_id';

/** A daemon whose tables hold what another program wrote before. */
async function startWith(sql: string, changes: Readonly<Record<string, string>>): Promise<TestDaemon> {
  const first = await start();
  await first.stop();
  await archive.postgres.query(sql);
  return start(changes);
}

const foreign = `INSERT INTO models (name, description) VALUES ('other', 'o'), ('resnet', 'of another program')`;
const at = (second: number): string => `2026-01-01T00:00:0${second}`;

/** A full pass would find nothing to write, and so nothing turns back and forth. */
const expectStable = () => eventually(async () => expect(await differences()).toEqual({}));

describe('a name that another program has already', () => {
  const resnet = () =>
    plainModel(archive.redis.client, { name: 'resnet', description: 'of Redis', architecture: 'cnn' });

  test.each([
    ['skip', '2|resnet|of another program|'],
    ['overwrite', '2|resnet|of Redis|cnn'],
    ['merge', '2|resnet|of another program|cnn'],
  ])('under %s leads to that row, which becomes %s; children follow', async (strategy, expected) => {
    await startWith(foreign, { ON_CONFLICT: strategy });
    const version = await plainVersion(archive.redis.client, await resnet(), { version: '7' });
    await plainPrediction(archive.redis.client, version);
    await becomes(models, ['1|other|o|', expected]);
    await becomes(
      'SELECT m.id, v.version FROM predictions p JOIN model_versions v ON v.id = p.model_version_id JOIN models m ON m.id = v.model_id',
      ['2|7'],
    );
    await expectStable();
  });

  test('under skip stays as it is when the record changes; under overwrite it follows', async () => {
    const daemon = await startWith(foreign, { ON_CONFLICT: 'skip,experiment=overwrite' });
    await archive.postgres.query(`INSERT INTO experiments (name, hypothesis) VALUES ('e', 'theirs')`);
    const model = await resnet();
    const experiment = await plainExperiment(archive.redis.client, { name: 'e', hypothesis: 'ours' });
    await becomes('SELECT hypothesis FROM experiments', ['ours']);
    await archive.redis.client.hset(`aidb:model:${model}`, 'description', 'changed');
    await archive.redis.client.hset(`aidb:experiment:${experiment}`, 'hypothesis', 'changed');
    await becomes('SELECT hypothesis FROM experiments', ['changed']);
    await pass(daemon);
    expect(await lines(models)).toEqual(['1|other|o|', '2|resnet|of another program|']);
  });

  test('is handled by the strategy of its kind', async () => {
    await startWith(
      `INSERT INTO models (name) VALUES ('m'); INSERT INTO datasets (name, description) VALUES ('d', 'theirs');
       INSERT INTO experiments (name, status) VALUES ('e', 'theirs')`,
      { ON_CONFLICT: 'skip,model=overwrite,dataset=merge' },
    );
    const { client } = archive.redis;
    await plainModel(client, { name: 'm', description: 'ours' });
    await plainDataset(client, { name: 'd', description: 'ours', source_path: '/ours' });
    await plainExperiment(client, { name: 'e', status: 'ours' });
    await becomes('SELECT description FROM models', ['ours']);
    await becomes('SELECT description, source_path FROM datasets', ['theirs|/ours']);
    await becomes(`SELECT count(*) FROM millrace.id_map WHERE kind = 'experiment'`, ['1']);
    expect(await lines('SELECT status FROM experiments')).toEqual(['theirs']);
  });

  test('gets a row of its own when that program deletes or renames its row', async () => {
    const daemon = await startWith(foreign, { ON_CONFLICT: 'skip' });
    await resnet();
    await becomes(`SELECT pg_id, owned FROM millrace.id_map WHERE kind = 'model'`, ['2|f']);
    await archive.postgres.query(`UPDATE models SET name = 'theirs' WHERE id = 2`);
    await pass(daemon);
    await becomes('SELECT name, description FROM models ORDER BY id', [
      'other|o',
      'theirs|of another program',
      'resnet|of Redis',
    ]);
    await expectStable();
  });

  test('of a version under its model is handled likewise', async () => {
    await startWith(
      `INSERT INTO models (name) VALUES ('m'); INSERT INTO model_versions (model_id, version, status) VALUES (1, '1.0', 'theirs')`,
      { ON_CONFLICT: 'skip' },
    );
    const { client } = archive.redis;
    const model = await plainModel(client, { name: 'm' });
    await plainRun(client, await plainVersion(client, model, { version: '1.0' }), { run_name: 'r' });
    await plainVersion(client, model, { version: '2.0' });
    await becomes('SELECT version, status FROM model_versions ORDER BY version', [
      '1.0|theirs',
      '2.0|created',
    ]);
    await becomes('SELECT run_name, model_version_id FROM training_runs', ['r|1']);
  });
});

describe('two Redis models of one name', () => {
  const older = () =>
    plainModel(archive.redis.client, { name: 'twin', description: 'older', created_at: at(1) });
  const newer = () =>
    plainModel(archive.redis.client, {
      name: 'twin',
      description: 'newer',
      architecture: 'cnn',
      created_at: at(2),
    });
  const content = 'SELECT name, description, architecture FROM models';

  describe.each([
    ['one after the other', [older, newer], true],
    ['the newer first', [newer, older], true],
    ['in one page', [older, newer], false],
    ['in one page, the newer first', [newer, older], false],
  ])('that come %s', (_how, writers, apart) => {
    const writeBoth = async () => {
      // What is there before the daemon comes is one chunk of its pass.
      for (const write of writers) {
        await write();
        if (apart) await becomes('SELECT count(*) FROM millrace.dead_letters', ['0']);
      }
    };
    const startIn = async (strategy: string) => {
      if (!apart) await writeBoth();
      const daemon = await start({ ON_CONFLICT: strategy });
      if (apart) {
        for (const [index, write] of writers.entries()) {
          await write();
          await becomes(`SELECT count(*) FROM millrace.id_map WHERE kind = 'model'`, [String(index + 1)]);
        }
      }
      return daemon;
    };

    test('share the row of the newer one under overwrite, and nothing turns over', async () => {
      const daemon = await startIn('overwrite');
      await becomes(content, ['twin|newer|cnn']);
      await expectStable();
      expect((await pass(daemon)).differences).toEqual({});
      const ids = { older: writers[0] === older ? 1 : 2, newer: writers[0] === older ? 2 : 1 };
      await archive.redis.client.hset(`aidb:model:${ids.older}`, 'description', 'older, changed');
      await archive.redis.client.hset(`aidb:model:${ids.newer}`, 'description', 'newer, changed');
      await becomes(content, ['twin|newer, changed|cnn']);
      await expectStable();
      expect(await lines(content)).toEqual(['twin|newer, changed|cnn']);
    });

    test('share one row under skip, which follows one of them', async () => {
      await startIn('skip');
      const rows = await lines(content);
      expect(rows).toHaveLength(1);
      expect((await lines(mapped, ['model'])).map((line) => line.split('|')[2]).sort()).toEqual(['f', 't']);
      await expectStable();
      const [owner] = await lines(`SELECT redis_id FROM millrace.id_map WHERE owned`);
      await archive.redis.client.hset(`aidb:model:${owner}`, 'description', 'changed');
      await becomes('SELECT description FROM models', ['changed']);
      await expectStable();
    });

    test('share one row under merge, filled from both, and what is filled stays', async () => {
      const daemon = await startIn('merge');
      await becomes('SELECT name, architecture FROM models', ['twin|cnn']);
      const before = await lines(content);
      expect((await pass(daemon)).differences).toEqual({});
      expect(await lines(content)).toEqual(before);
      const [owner] = await lines(`SELECT redis_id FROM millrace.id_map WHERE owned`);
      await archive.redis.client.hset(`aidb:model:${owner}`, 'description', 'changed');
      await becomes(content, ['twin|changed|cnn']);
      await expectStable();
    });
  });

  test('have their children under the one row', async () => {
    await start({ ON_CONFLICT: 'overwrite' });
    const { client } = archive.redis;
    const [one, two] = [await older(), await newer()];
    await plainVersion(client, one, { version: '1' });
    await plainVersion(client, two, { version: '2' });
    await becomes(
      'SELECT m.name, version FROM model_versions v JOIN models m ON m.id = v.model_id ORDER BY version',
      ['twin|1', 'twin|2'],
    );
  });

  test('part again when one is renamed: each has a row, its own versions under it', async () => {
    const daemon = await start({ ON_CONFLICT: 'skip' });
    const { client } = archive.redis;
    const one = await older();
    await becomes(content, ['twin|older|']);
    const two = await newer();
    await becomes(`SELECT count(*) FROM millrace.id_map WHERE kind = 'model'`, ['2']);
    await plainVersion(client, one, { version: '1' });
    await plainVersion(client, two, { version: '1' });
    await becomes('SELECT version FROM model_versions', ['1']);
    await client.hset(`aidb:model:${one}`, 'name', 'renamed');
    await becomes('SELECT name FROM models', ['renamed']);
    // The other one did not change: a pass finds that the name has no row now, the next one its versions.
    await eventually(async () => {
      await pass(daemon);
      expect(
        await lines(
          'SELECT m.name, m.description, v.version FROM models m LEFT JOIN model_versions v ON v.model_id = m.id ORDER BY m.id',
        ),
      ).toEqual(['renamed|older|1', 'twin|newer|1']);
    });
    await expectStable();
  });
});

test('two versions of a model with one string share a row, and runs of both are under it', async () => {
  await start({ ON_CONFLICT: 'overwrite' });
  const { client } = archive.redis;
  const model = await plainModel(client);
  const one = await plainVersion(client, model, { version: '1.0', status: 'first', created_at: at(1) });
  const two = await plainVersion(client, model, { version: '1.0', status: 'second', created_at: at(2) });
  await plainRun(client, one, { run_name: 'a' });
  await plainRun(client, two, { run_name: 'b' });
  const sql =
    'SELECT run_name, version, v.status FROM training_runs r JOIN model_versions v ON v.id = r.model_version_id ORDER BY 1';
  await becomes(sql, ['a|1.0|second', 'b|1.0|second']);
  await expectStable();
});

describe('adopted tables without UNIQUE(name)', () => {
  const tables = `CREATE TABLE models (id serial PRIMARY KEY, name varchar(40), description text,
    architecture text, framework text, task_type text, input_shape text, output_shape text, created_at timestamp, updated_at timestamp);
    INSERT INTO models (id, name, description) VALUES (5, 'twin', 'five'), (9, 'twin', 'nine');
    SELECT setval('models_id_seq', 9)`;
  const adopted = async (changes: Readonly<Record<string, string>> = {}) => {
    await emptied(archive.postgres);
    await archive.postgres.query(tables);
    await start(changes);
  };
  const all = 'SELECT id, name, description FROM models ORDER BY id';

  test.each([
    ['skip', '5|twin|five'],
    ['overwrite', '5|twin|ours'],
    ['merge', '5|twin|five'],
  ])('with two rows of one name: under %s the older one is meant', async (strategy, expected) => {
    await adopted({ ON_CONFLICT: strategy });
    await plainModel(archive.redis.client, { name: 'twin', description: 'ours' });
    await becomes(`SELECT pg_id FROM millrace.id_map WHERE kind = 'model'`, ['5']);
    await becomes(all, [expected, '9|twin|nine']);
    await expectStable();
  });

  test('a row of ours goes on following its record when another program adds one of its name', async () => {
    await adopted();
    const id = await plainModel(archive.redis.client, { name: 'mine', description: '1' });
    await becomes(`SELECT id, description FROM models WHERE name = 'mine'`, ['10|1']);
    await archive.postgres.query(`INSERT INTO models (id, name) VALUES (1, 'mine')`);
    await archive.redis.client.hset(`aidb:model:${id}`, 'description', '2');
    await becomes(`SELECT id, description FROM models WHERE name = 'mine' ORDER BY id`, ['1|', '10|2']);
    expect(await letters()).toEqual([]);
    await expectStable();
  });
});
