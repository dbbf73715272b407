import { readFileSync } from 'node:fs';
import { eventually } from '../support/eventually';
import { useArchive } from './support/archive';
import { daemonProcesses } from './support/daemon-process';

const archive = useArchive();
const start = daemonProcesses();

/** 300 MB and four times MAX_RECORD_SIZE. */
const mostMegabytes = 300 + 4 * 32;
const json = (megabytes: number) => Buffer.from(JSON.stringify('x'.repeat(megabytes * 1_000_000)));

test('memory stays within its bound, whatever is written to Redis', async () => {
  const { client } = archive.redis;
  const at = '2026-01-05T14:30:00.000001';
  await client.hset('aidb:model:1', { id: 1, name: 'one', created_at: at });
  await client.hset('aidb:version:1', { id: 1, model_id: 1, version: '1', created_at: at });
  await client.hset('aidb:run:1', { id: 1, model_version_id: 1, started_at: at });
  const daemon = await start(archive.environment({ MAX_RECORD_SIZE: '32MB' }));
  const parts = { output: '1', model_version_id: '1', timestamp: at };
  const prediction = (id: number, input: Buffer) => client.hset(`aidb:prediction:${id}`, { input, ...parts });
  await prediction(1, json(30));
  await prediction(2, json(40));
  const ten = json(10);
  for (let id = 3; id <= 8; id++) await prediction(id, ten);
  const version = { model_id: '1', version: '2', created_at: at };
  await client.hset('aidb:version:2', { config: json(30), ...version });
  const metric = [Buffer.from('{"metric_name": "loss", "metric_value": 1, "split": '), json(25), Buffer.from('}')]; // prettier-ignore
  await client.zadd('aidb:metric:1:loss:val', 1, Buffer.concat(metric));
  await client.xadd('millrace:changes', '*', 'model', Buffer.alloc(120_000_000));
  await client.call('XADD', ['millrace:changes', '*', ...new Array<string>(400_000).fill('model')]);
  await client.hset('aidb:model:2', { id: 2, name: 'behind it all', created_at: at });
  const tables = ['predictions', 'models', 'model_versions', 'metrics'];
  const counts = `SELECT ${tables.map((table) => `(SELECT count(*) FROM ${table})`).join(', ')}`;
  const parked = async () => (await archive.letters()).map(({ key, code }) => `${key} ${code}`);
  await eventually(
    async () => {
      expect(await archive.lines(counts)).toEqual(['7|2|2|1']);
      expect(await parked()).toEqual([
        'aidb:prediction:2 E_TOO_LARGE',
        ...[1, 2].map(() => expect.stringMatching(/^millrace:changes \d+-\d+ E_TOO_LARGE$/) as string),
      ]);
    },
    { alive: daemon.ended, within: 40_000 },
  );
  const status = readFileSync(`/proc/${daemon.child.pid ?? 0}/status`, 'utf8');
  const peak = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  expect(peak).toBeGreaterThan(50);
  expect(peak).toBeLessThan(mostMegabytes);
}, 90_000);
